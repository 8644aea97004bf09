#pragma once
/*
 * notices - TierReleased and TierCompleted: for readers alone, best effort. The fold ignores them; a leader
 * that dies between a fold and its notice leaves one out, a second leader may repeat one.
 */
#include "producer/partition.h"

/* They are said together, and apart from the records that a run waits for at that moment. */
enum { NOTICES_WAIT_MS = 100 };

/* A record has been folded with this answer: notes what that began and ended, to be said. */
void notices_folded(struct partition *p, const struct fold_sent *s, const struct view_folded *f);
/* Says what was noted NOTICES_WAIT_MS ago. Returns when to call again. */
int64_t notices_turn(struct partition *p);
void notices_say(struct partition *p); /* all of them, now: before a run's end, or a leader's */
void notices_drop(struct partition *p);
