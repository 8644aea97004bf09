#pragma once
/*
 * notices - TierReleased and TierCompleted: for readers alone, best effort. The fold ignores them; a leader
 * that dies between a fold and its notice leaves one out, a second leader may repeat one.
 */
#include "producer/partition.h"

/* A record has been folded with this answer: says what that began and ended. */
void notices_folded(struct partition *p, const struct fold_sent *s, const struct view_folded *f);
