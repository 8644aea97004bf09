#pragma once
/*
 * work - the jobs in hand: one `struct work` for each claimed attempt, and the table that owns them.
 *
 * Everyone else names a work by its id and looks it up when an answer comes (works_find): it may be gone by
 * then. Whoever has told a work's job_step something wakes it; worker/jobs steps the woken ones in its turn.
 * Fields are grouped by the part that writes them.
 *
 * Owner: worker/jobs. Bound: `worker.concurrency`, kept by worker/intake.
 */
#include "aws/call.h"
#include "base/hash.h"
#include "base/timers.h"
#include "core/job_step.h"

enum work_fate {
    WORK_LIVE,
    WORK_REPORTING /* its terminal is on its way */,
    WORK_RELEASING,
    WORK_OVER /* to be forgotten */
};

struct work {
    uint64_t id;
    struct job job;
    struct epoch epoch;
    char token[IDS_TOKEN_MAX];
    int64_t attempt;
    char att[24]; /* the attempt as text, for the User-Agent */
    struct job_step *step;
    /* jobs */
    enum work_fate fate;
    int64_t since_ms;
    bool woken;
    /* acts */
    bool throttled; /* it waits for tokens, and that has been told */
    /* leases */
    int64_t deadline_ms; /* our own, boot clock */
    int64_t renew_ms;
    bool renewing, living; /* living: the last word was OK */
    int64_t hv;            /* the count that our holds belong to */
    bool reading_holds;
    int64_t holds_ms; /* not read again before */
    /* states */
    size_t watched; /* members that are polled for */
    bool by_tag;    /* in the poll that began last, by their workload's tag */
    size_t unheard; /* of the polls that are out: who has not been told of yet */
    bool polling;   /* a poll that is out counts as its next */
    int polls;      /* since watching began anew */
    int64_t watch_since_ms, poll_ms;
    /* report */
    uint64_t told; /* changes that progress has told */
    int64_t told_ms;
    UT_hash_handle hh;
};

struct works; /* opaque */

struct works *works_new(void);
void works_free(struct works *ws);

/* Takes `job` over (zeroes it). */
struct work *works_add(struct works *ws, struct job *job, const struct epoch *epoch, const char *token,
                       int64_t attempt, int64_t deadline_ms, int64_t now_ms);
struct work *works_find(const struct works *ws, uint64_t id); /* NULL: gone */
void works_remove(struct works *ws, struct work *w);
size_t works_count(const struct works *ws);
struct work *works_first(
    const struct works *ws); /* in the order they came; the present one may be removed while walking, */
struct work *works_next(const struct work *w); /* if its successor was fetched before */

void works_wake(struct works *ws, struct work *w); /* step it in this or the next turn */
void works_wake_at(struct works *ws, struct work *w,
                   int64_t at_ms);                               /* at the latest then; INT64_MAX: never */
struct work *works_take_woken(struct works *ws, int64_t now_ms); /* NULL: none is due */
int64_t works_next_ms(const struct works *ws);                   /* 0: at once; INT64_MAX: nothing waits */

/* Whose calls these are; borrowed from the work. */
struct aws_where work_where(const struct work *w);
