#pragma once
/*
 * story - one run as the log tells it: when it was asked for, began and ended, what came of it, and every
 * member with outcome and cause. For readers.
 *
 * Fed with the records of the run's partition in order; those of other runs are ignored. Readers look at the
 * struct and change nothing in it. A story that does not keep its steps and members (`whole` false) is one
 * line of a history.
 *
 * Bound: STORY_MEMBERS_MAX members; what was heard of others is not kept, and `partial` says so, as it does
 * of a story whose beginning was not heard. Times are ms since 1970 as Kafka stamped the records; 0: not
 * heard. Pure. Owner: whoever made it.
 */
#include "base/hash.h"
#include "model/event.h"
#include "ports/kafka.h"

enum { STORY_MEMBERS_MAX = 1000000 };

struct told_member {
    char *id, *tier, *detail, *from, *to;
    int64_t step, took_ms;
    int outcome, cause;
    UT_hash_handle hh; /* by id, in the order in which they were planned */
};

struct told_tier {
    char *name;
    size_t members, settled, failed, bypassed;
};

struct told_step {
    struct told_tier *tiers;
    size_t tier_count;
    bool planned, released, complete;
};

struct story {
    char *workload, *run, *action, *who, *reason, *detail; /* all but the first two NULL: not heard */
    bool whole;
    bool known, accepted, began, finished, partial;
    int64_t accepted_at; /* offset of the acceptance */
    int64_t counted;     /* members, as counted when it was accepted */
    struct told_step *steps;
    size_t step_count;
    struct told_member *members; /* a table */
    int result, cause;           /* enum result, enum cause; RESULT_NONE: it goes on */
    struct counts counts;
    int64_t asked_ms, began_ms, ended_ms;
};
#define STORY_CLEANUP CLEANUP(story_freep)

struct story *story_new(const char *workload, const char *run, bool whole);
void story_freep(struct story **p);

/* Takes one record in; `ev` NULL: it did not parse. True when the run has its result. */
bool story_hear(struct story *s, const struct kafka_record *r, const struct event *ev);
/* Drops steps and members: the line alone goes on, as `partial`. */
void story_shorten(struct story *s);

const char *story_action(const struct story *s); /* "": not heard yet */
const char *story_detail(const struct story *s); /* "" for none */
int64_t story_moment(const struct story *s);     /* when it was asked for, or the first that is known of it */

/* The names of a step's tiers, joined. */
void story_tiers(const struct told_step *s, struct buf *out);

/*
 * How it stands with a member as people and programs are told: its outcome, "pending", or, of a run that has
 * ended, "unresolved" (it was in hand) and "not reached"; and why.
 */
const char *story_outcome(const struct story *s, const struct told_member *m);
enum cause story_why(const struct story *s, const struct told_member *m);
int64_t story_unresolved(const struct story *s);

/* What programs read: one line of `runs`, and the document of `show` without its "v". The caller's. */
struct json *story_line_json(const struct story *s);
void story_json(const struct story *s, struct json *document);
