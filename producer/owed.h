#pragma once
/*
 * owed - the decisions that the view says this partition's leader owes, each a piece of work in hand until
 * its record has been folded.
 *
 * Level-triggered: the view is asked when a fold says that something is owed, and each 250 ms; a debt without
 * work gets one, work whose debt is gone is dropped. Work takes one question at a time; it ends by appending
 * a record (work_appended) and is then kept until the tail has folded that record: a debt that still stands
 * afterwards is taken up anew. Whoever dies or loses the lock leaves the debt for the next.
 */
#include "aws/ec2.h"
#include "producer/partition.h"

enum {
    WORKS_MAX = 256 /* in hand at once, of one partition */,
    WORK_AGAIN_MS = 1000,
    WORK_BACKOFF_MAX_MS = 30 * 1000
};

struct admission; /* admit.c */
struct planning;  /* planner.c */
struct settling;  /* settle.c */

struct work {
    struct work *prev, *next; /* in partition->owed.works, an orphan in context->orphans */
    struct partition *p;
    enum view_debt kind;
    char *workload, *detail; /* detail: request, run or nothing: with kind and workload it names the debt */
    int64_t at_ms;           /* since when it is owed (Redis's clock, or a record's) */
    int64_t began_ms;        /* boot clock: when this producer took it up */
    uint64_t round;          /* of the last answer that named it */
    bool waiting;            /* for one completion */
    bool foreseen;           /* the view has not named it yet: it asks and appends nothing */
    int64_t foreseen_at;     /* offset of the record that let it be foreseen */
    bool orphan;             /* dropped meanwhile: freed by that completion */
    int64_t retry_ms;        /* boot clock; 0: not waiting for a moment */
    int tries;
    int64_t folded_at; /* offset of its record; VIEW_NOT_KNOWN: not appended yet */
    struct admission *admission;
    struct planning *planning;
    struct settling *settling;
};

void owed_turn(struct partition *p);
/* The record at `offset`, sent into the view just now, ends a step, as far as is known: the next one's
 * members are asked for while the view folds it. The view's next answer confirms the work, or it is
 * dropped. */
void owed_foresee(struct partition *p, const struct event *ended, int64_t offset);
/* Another record of the workload was read, which may change what its plan does. */
void owed_disturb(struct partition *p, const char *workload);
void owed_drop(struct partition *p);       /* all work; what waits for a completion is freed by it */
void owed_free_orphans(struct context *c); /* no completion comes any more */

/* ---- for those who do the work ---- */
void work_wait(struct work *w); /* before a question is asked */
/* First thing in its completion. False: it was dropped meanwhile, and is gone. */
MUST_CHECK bool work_back(struct work *w);
void work_retry(struct work *w, int64_t in_ms); /* it begins again then */
void work_backoff(struct work *w);              /* the same, later each time, with jitter */
/* The view could not be read: later again; an answer that is none of its own (ERR_INVALID) has it built
 * anew. */
void work_view_failed(struct work *w, const struct err *err);
void work_append(struct work *w, struct event *ev); /* takes ev; the work's last step */
void work_end(struct work *w);                      /* it is done with, without a record of its own */
struct context *work_context(const struct work *w);
