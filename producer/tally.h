#pragma once
/*
 * tally - what the records say that this leader folds, for /metrics: runs, members, how long steps took.
 *
 * Each record is counted once, by who leads its partition when it is folded, and only if the view took it: a
 * copy counts nothing, nor does what was in the log before this producer began to lead, nor what is folded
 * again when a view is built anew. A sum over all producers misses what was written while nobody led; the
 * left-out members of a plan in several parts whose leader died between two of them are counted again.
 *
 * A step's time runs from its opening to its end; one that another leader opened, or that opened while its
 * run was paused, is not measured. Bound: TALLY_STEPS_MAX steps a partition at once. Nothing decides by it.
 */
#include "producer/partition.h"

enum { TALLY_STEPS_MAX = 2000 };

/* The series that must be there before their first event. */
void tally_begin(struct metrics *m);

/* The partition is followed from `high` on: what stands before was another's, unless it is led already. */
void tally_from(struct partition *p, int64_t high);
void tally_stop(struct partition *p); /* it is not led here any more */

struct tally; /* what of one record is to be counted when the view has taken it; opaque */
/* NULL: nothing, or it is not ours to count. */
struct tally *tally_of(const struct partition *p, const struct event *ev, int64_t offset);
void tally_free(struct tally *t); /* NULL is fine */

/* The view has taken this record. */
void tally_folded(struct partition *p, const struct fold_sent *s, const struct view_folded *f);
