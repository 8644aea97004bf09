#pragma once
/*
 * fold_parts - what the files of the fold share: records in and out of a workload's remembered runs, and the
 * current run. Internal.
 *
 * Each function answers true when the record changed anything that decides (FOLD_OK), false when it did not
 * (FOLD_IGN); their rules are docs/protocol.md 4.4, their names the script's.
 */
#include "base/hash.h"
#include "core/fold.h"

struct fold_job {
    char *id;
    UT_hash_handle hh;
};

/* An epoch or request as a record of this partition names it, checked already; FOLD_NEVER: it names none, or
 * another generation's. */
struct fold_scope {
    int partition;
    int64_t generation;
};
/* False: the text is no epoch, or of another partition: the record is nothing. */
MUST_CHECK bool fold_epoch(const struct fold_scope *s, const char *text, int64_t *offset);

/* ---- fold_runs: requests, admission, results ---- */
bool fold_requested(struct fold_workload *w, int64_t offset, int64_t ts, const struct event *ev);
/* `accepted` counts up for each run that was taken in. */
bool fold_accepted_run(struct fold_workload *w, int64_t offset, int64_t ts, int64_t request,
                       const struct event_accepted *a, int64_t *accepted);
bool fold_refused(struct fold_workload *w, int64_t ts, int64_t request, enum cause cause);
bool fold_finished(struct fold_workload *w, struct str run);
/* A run gets its one result. `total` NULL: nothing was resolved. */
void fold_result(struct fold_workload *w, const char *run, enum result res, enum cause cause, int64_t epoch,
                 const struct counts *total, int64_t ts);
bool fold_waiting_control(struct fold_workload *w, const struct event *ev, enum result why, int64_t ts);
void fold_next_ends(struct fold_workload *w, enum result res, int64_t ts);
void fold_next_clear(struct fold_next *n);
void fold_runs_release(struct fold_workload *w);

/* ---- fold_current: the current run, step by step ---- */
bool fold_drained(struct fold_workload *w, int64_t ts, int64_t old, int64_t next);
bool fold_planned(struct fold_workload *w, int64_t ts, int64_t epoch, const struct event_planned *p);
bool fold_plan_failed(struct fold_workload *w, int64_t ts, int64_t epoch, int64_t step, enum cause cause);
bool fold_terminal(struct fold_workload *w, int64_t ts, int64_t epoch, const struct event_terminal *t);
bool fold_control(struct fold_workload *w, int64_t ts, const struct event *ev);
void fold_drain(struct fold_workload *w, int64_t ts); /* the current run is to make room */
void fold_unsteered(struct fold_workload *w);         /* no plan, no deadline: it can be steered no more */
void fold_current_clear(struct fold_workload *w);

/* ---- fold_holds ---- */
bool fold_hold_set(struct fold_workload *w, int64_t ts, const struct event_hold *h);
bool fold_hold_cleared(struct fold_workload *w, const char *hold);
void fold_holds_release(struct fold_workload *w);
