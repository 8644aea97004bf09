#pragma once
/*
 * wanted - which workloads of the led partitions are not as their schedules want them: what the alarm on a
 * workload that should be down, and is not, is made of.
 *
 * A workload's wish is its latest tick that has come due, of all its enabled schedules: what a schedule has
 * been considered up to, if that is a tick of it, or its next one that is due and not told yet. Schedules
 * that are new, changed, paused or gone have no tick, and wish nothing before the next one. Whether the wish
 * is met is asked of the view (wanted_step) until it is, at most WANTED_ASKS each WANTED_LOOK_MS, the one
 * that was asked longest ago first; then no more before the next tick. Nothing is told of a workload before
 * its first answer. Owner: the trigger. Nothing decides by it.
 */
#include "producer/partition.h"
#include "producer/schedules.h"

enum { WANTED_LOOK_MS = 2000, WANTED_ASKS = 20 };

struct wanted; /* opaque */

/* Keeps all three. */
struct wanted *wanted_new(struct context *c, const struct partition *partitions, struct schedules *s);
void wanted_free(struct wanted *w); /* NULL is fine; the view answers no more */

void wanted_turn(struct wanted *w);
void wanted_tell(const struct wanted *w); /* puts what is known into the context's registry */
