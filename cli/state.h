#pragma once
/*
 * state - what is known of one workload at this moment: from the view in Redis, or, without it, folded from
 * the log.
 *
 * The view knows leases, so it alone tells why a run does not start yet and whether a pause has taken hold;
 * the log knows the rest. Times are Redis's clock or the log's, ms since 1970; 0: none.
 */
#include "cli/log.h"

enum { STATE_STEPS_MAX = 200, STATE_WAITING_MAX = 16 };

struct cli_state_step {
    struct strs tiers;
    int64_t jobs, pending, leased; /* leased: -1 without the view */
};

struct cli_hold { /* tier and instance empty: it covers the whole workload */
    char *hold, *tier, *instance;
    int64_t until_ms;
};

struct cli_state {
    bool from_view;
    bool known;     /* the log has records of it */
    char state[16]; /* "idle", "running", "pausing", "paused", "draining" */
    char run[IDS_RUN_MAX + 1],
        action[8];                      /* the current run, also while it drains, or the last one; "": none */
    enum result result;                 /* it has ended */
    int64_t generation, epoch;          /* of the log; offset of its acceptance, -1: none */
    int64_t steps, step, planned, open; /* as core/fold.h */
    int64_t gate_ms, deadline_ms, plan_due_ms;
    struct cli_state_step at[STATE_STEPS_MAX];
    struct counts counts;
    char next_run[IDS_RUN_MAX + 1], next_action[8]; /* "": none */
    struct strs waiting;                            /* runs that wait for admission */
    struct cli_hold *holds;                         /* those that are not over */
    size_t hold_count;
    bool holds_unreadable; /* the view's cannot be read: whom they cover is not known */
    /* draining: why the next run does not start yet; running: that nobody works on it; "": not known */
    char why[120];
    int64_t until_ms; /* not before; 0: not known */
    int64_t now_ms;   /* when it was so */
    int64_t age_ms;   /* of the view: since a leader last confirmed it; -1: never, or unknown */
    bool confirmed;   /* a leader confirms the view: things move */
    char note[160];   /* why the view could not be asked */
};

/*
 * Without Kafka the view is read all the same: c->kafka_lost says then why Kafka could not be asked. False:
 * neither Redis nor Kafka can be asked. Release it in any case.
 */
MUST_CHECK bool cli_state(struct cli *c, const char *workload, struct cli_state *out, struct err *e);
void cli_state_release(struct cli_state *s);

/* What a step of the current run does now, in words: "complete", "in progress", "not begun" … */
const char *cli_state_step_word(const struct cli_state *s, int64_t step);
/* One sentence on when the next run starts: "starts 2026-11-24 20:17:03Z at the earliest: …"; empty when none
 * waits. */
void cli_state_start(const struct cli_state *s, struct buf *out);

/* The same from the view's own words, pure: for tests. */
struct view_peeked;
void cli_state_of_peek(const struct view_peeked *p, struct cli_state *out);
struct fold_workload;
void cli_state_of_fold(const struct fold_workload *w, int64_t now_ms, struct cli_state *out);
