#pragma once
/*
 * report - what the worker writes: JobTerminal into the log, progress, dead letters.
 *
 * A terminal is kept and sent again until it is acknowledged, as long as its lease is renewed; without a
 * lease it is kept only if every member is done, unchanged or bypassed (a failure told by an attempt that
 * lost its lease would open the next step while the living attempt still acts), and at most REPORT_LATE_MS.
 * While a terminal has to be sent again the worker claims nothing new (report_stuck). Dead letters are
 * acknowledged before what depends on them, and are cut rather than lost; progress is told once and never
 * waited for.
 *
 * Owner: the worker's loop.
 */
#include "conf/options.h"
#include "worker/work.h"

enum {
    REPORT_AGAIN_MS = 1000,
    REPORT_LATE_MS = 10 * 60 * 1000,
    REPORT_POISON_MS =
        2 * 60 * 1000,            /* nobody's lease: then the view delivers it again and it is POISON again */
    REPORT_PROGRESS_MS = 1000,    /* of one job, at most so often */
    REPORT_LETTER_MS = 60 * 1000, /* a dead letter is tried so long */
    REPORT_LETTER_CUT_MAX = 64 * 1024, /* bytes kept of one that its topic does not take whole */
};

struct report; /* opaque */

/* `worker`: the process's id, as records name it. */
struct report *report_new(struct works *ws, const struct options *o, const struct ports *ports,
                          const char *worker);
void report_free(struct report *r);

/* Appends the work's JobTerminal. Its fate becomes WORK_REPORTING, and WORK_OVER (and it is woken) when all
 * is said. */
void report_terminal(struct report *r, struct work *w);
/* What its members do, if that has changed and the last telling is long enough ago. Returns when to ask
 * again, INT64_MAX: no need. */
int64_t report_progress(struct report *r, struct work *w, int64_t now_ms);

struct report_letter { /* what went wrong with which record; borrowed */
    const char *topic;
    int partition;
    int64_t offset, ts_ms, attempts;
    struct str key, value;
    const char *why;
};
typedef void report_done(void *self, uint64_t tag, bool written); /* function types only */
/* A record that cannot be worked on, as it is; where the topic does not take it, its beginning, with x-size
 * and x-sha256 of the whole and x-cut, the bytes that are there. */
void report_dead_letter(struct report *r, const struct report_letter *l, report_done *done, void *self,
                        uint64_t tag);
/* A poisoned job: its dead letter, then JobTerminal(failed, poison). */
void report_poison(struct report *r, const struct report_letter *l, const struct job *job,
                   const struct epoch *ep, const char *token);

int64_t report_turn(struct report *r, int64_t now_ms);
bool report_stuck(const struct report *r); /* a terminal had to be sent again and is not acknowledged yet */
size_t report_in_hand(const struct report *r); /* not acknowledged; progress does not count */

struct report_counts {
    int64_t terminals, letters, failures, dropped, progress;
};
struct report_counts report_counts(const struct report *r);
