#pragma once
/*
 * plan - an action on a workload as steps, and the members of a step as jobs. Pure.
 *
 * Steps: the tiers with the same sequence number form one step; steps in ascending order; gaps are allowed; a
 * tier without the action's section takes no part; on stop a tier with IgnoreStop keeps its place in the
 * order and its members are left out (ignore-stop). Source: docs/contract.md.
 */
#include "model/event.h"

/* An instance as the planner sees it, borrowed from the DescribeInstances reply. */
struct plan_member {
    struct str id, state; /* EC2's state word */
    struct str tier;      /* value of the tier tag */
    bool asg_member, spot_one_time, instance_store;
};

struct plan_hold {
    struct str tier, instance; /* both empty: the whole workload */
    int64_t until_ms;
};

/* Steps of an action; only the named tiers when only_tiers is not empty. Owned by the caller
 * (event_accepted's table frees them). */
void plan_steps(const struct spec *s, enum action action, const struct strs *only_tiers,
                struct event_steps *out);

struct plan_context {
    const struct event_accepted *run;
    const struct epoch *epoch;
    enum action action;
    int64_t step, accepted_ms, wall_ms;
    const struct plan_hold *holds;
    size_t hold_count;
};

/*
 * Jobs and left-out members of one step, tier by tier in the order of the step; members sorted by id inside a
 * tier. Refuses with CAUSE_TOO_MANY in *cause (and e) when a synchronous tier has over 1,000 members, the
 * workload is over MaxInstances, or a step needs over 10,000 jobs.
 */
MUST_CHECK bool plan_step(const struct plan_context *c, const struct plan_member *members, size_t n,
                          struct event_plan_tiers *out, enum cause *cause, struct err *e);
void plan_release(struct event_plan_tiers *tiers);

/*
 * Every step as it would be planned now: what could not be is refused before anything moves, with plan_step's
 * causes. Of the run only `steps`, `spec` and `on_failure` are looked at.
 */
MUST_CHECK bool plan_whole(const struct event_accepted *run, enum action action,
                           const struct plan_member *members, size_t n, enum cause *cause, struct err *e);
/* Whether one of `n` holds, by the clock of whoever asks, covers this member. */
bool plan_held(const struct plan_hold *holds, size_t n, int64_t wall_ms, const struct plan_member *m);
/* Whether the log takes a run's RunAccepted with its frozen specification: CAUSE_TOO_LARGE otherwise. */
MUST_CHECK bool plan_record_fits(const struct event *accepted, struct err *e);
/* Why a member is left alone whatever its state, holds apart; CAUSE_NONE: it is not. */
enum cause plan_left_out(enum action action, const struct tier *t, const struct plan_member *m);
/* What to do about CAUSE_TOO_MANY, by the text that came with it. */
const char *plan_too_many_remedy(const char *detail);
