#pragma once
/*
 * member - what became of one instance, and of a run: outcomes, causes, results, and the counts between them.
 *
 * The words are the contract with people and programs (docs/events.md lists them with these sentences). Pure.
 */
#include "codec/json.h"

#include <stdint.h>

enum action { ACTION_START, ACTION_STOP };
extern const char *const action_names[]; /* "start", "stop", NULL */

enum outcome {
    OUTCOME_NONE, /* not decided yet; never written */
    OUTCOME_DONE, /* we acted, in this attempt or an earlier one of the run, and saw it reach the state */
    OUTCOME_UNCHANGED, /* it was there already */
    OUTCOME_BYPASSED,  /* left alone: on purpose, or for want of proof */
    OUTCOME_FAILED,    /* it should have reached the state and did not */
};
extern const char *const outcome_names[]; /* "", "done", "unchanged", "bypassed", "failed", NULL */

/* Why. One closed list for members, refusals and runs; a word never changes its meaning. */
enum cause {
    CAUSE_NONE,
    /* members, bypassed on purpose */
    CAUSE_OVERRIDE_PRESENT,
    CAUSE_HELD,
    CAUSE_OBSERVE,
    CAUSE_IGNORE_STOP,
    CAUSE_ASG_MEMBER,
    CAUSE_SPOT_ONE_TIME,
    CAUSE_INSTANCE_STORE,
    /* members, bypassed for want of proof */
    CAUSE_OVERRIDE_UNKNOWN,
    /* members, done */
    CAUSE_EARLIER_ATTEMPT,
    /* members, failed */
    CAUSE_NOT_ATTEMPTED,
    CAUSE_NOT_FOUND,
    CAUSE_NOT_READY,
    CAUSE_TIMED_OUT,
    CAUSE_FELL_BACK,
    CAUSE_TERMINATED,
    CAUSE_WRONG_STATE,
    CAUSE_STOP_PROTECTED,
    CAUSE_NOT_SUPPORTED,
    CAUSE_CAPACITY,
    CAUSE_LIMIT,
    CAUSE_DENIED,
    CAUSE_THROTTLED,
    CAUSE_UNAVAILABLE,
    CAUSE_REFUSED_BY_EC2,
    CAUSE_TAGS_CHANGED,
    CAUSE_POISON,
    CAUSE_UNCLAIMED,
    /* runs */
    CAUSE_INVALID,
    CAUSE_UNKNOWN_WORKLOAD,
    CAUSE_SWITCHED_OFF,
    CAUSE_TOO_MANY,
    CAUSE_TOO_MANY_STEPS,
    CAUSE_TOO_MANY_TIERS,
    CAUSE_TOO_LARGE,
    CAUSE_BUSY,
    CAUSE_EXPIRED,
    CAUSE_CANCELLED,
    CAUSE_DEADLINE,
    CAUSE_SUPERSEDED,
    CAUSE_MEMBER_FAILED,
    CAUSE_QUEUE_FULL,
    CAUSE_SPECS_UNREACHABLE,
    CAUSE_COUNT
};
extern const char *const cause_names[];   /* kebab-case, "" for NONE, NULL at the end */
const char *cause_sentence(enum cause c); /* what a person reads */
bool cause_of(struct str word, enum cause *out);

/* A member left so may still be moving, or be moved by a request on the wire: the step guard waits
 * (docs/protocol.md 4.4). */
bool member_unsettled(enum outcome o, enum cause c);

struct member_outcome {
    char *id;
    int outcome, cause; /* enum outcome, enum cause */
    char *from, *to;    /* EC2's state words as seen; may be NULL */
    int64_t took_ms;    /* from the accepted call to the state */
    char *detail;       /* AWS's own words, bounded; may be NULL */
};
struct member_outcomes {
    struct member_outcome *at;
    size_t n;
};
extern const struct json_field member_outcome_fields[];

/* The accounting: resolved = done + unchanged + bypassed + failed. `doubt` and `unsettled` are subsets. */
struct counts {
    int64_t done, unchanged, bypassed, failed, doubt, unsettled;
};
extern const struct json_field counts_fields[];
void counts_add(struct counts *c, enum outcome o, enum cause why);
void counts_sum(struct counts *to, const struct counts *from);
struct counts counts_of(const struct member_outcomes *members);

enum result {
    RESULT_NONE,
    RESULT_SUCCEEDED,
    RESULT_PARTIAL,
    RESULT_FAILED,
    RESULT_HALTED,
    RESULT_CANCELLED,
    RESULT_DEADLINE,
    RESULT_SUPERSEDED,
    RESULT_REFUSED,
    RESULT_EXPIRED,
};
extern const char *const result_names[]; /* "", "succeeded", …, NULL */

enum on_failure { ON_FAILURE_HALT, ON_FAILURE_CONTINUE };
extern const char *const on_failure_names[]; /* "halt", "continue", NULL */

/* Of a run that went through all its steps. */
enum result result_of_counts(const struct counts *c);
/* Whether a step's outcome ends the run before the next step begins. */
bool result_halts(const struct counts *c, enum action action, enum on_failure policy);
