#pragma once
/*
 * foresight - when a step's last report is being read, known before the view has folded it.
 *
 * The leader counts the jobs of the plans that it reads, and their reports. Then it may ask who the next
 * step's members are while the view still folds: reading is all that is begun (owed_foresee); what the view
 * does not confirm is dropped. A count may be wrong (a report twice, a plan from before this leader's time):
 * then there is nothing to foresee, or nothing is confirmed.
 * Owner: the partition. Pure.
 */
#include "model/event.h"
#include "model/ids.h"

enum { FORESIGHT_STEPS_MAX = 1024 /* runs watched; the oldest makes room */ };

struct foreseen; /* foresight.c */

struct foresight {
    struct foreseen *at; /* by epoch */
};

/* A part of a plan was read. */
void foresight_planned(struct foresight *f, const struct epoch *ep, const struct event_planned *plan);
/* A report was read. True: it is, as far as is known, the last of its step. */
MUST_CHECK bool foresight_ended(struct foresight *f, const struct epoch *ep, int64_t step);
void foresight_forget(struct foresight *f);
