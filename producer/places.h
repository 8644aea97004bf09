#pragma once
/*
 * places - for each partition that this producer leads: how far the ticks of its schedules have been
 * considered, asked of the view when it begins to lead.
 *
 * A schedule goes on behind the later of its mark in the view and of its last tick that was folded. One
 * without either begins now; where the view has no marks at all (it was lost), the folded tick alone says it.
 * Marks that belong to no schedule any more are dropped. Owner: the trigger.
 */
#include "producer/partition.h"
#include "producer/schedules.h"

struct places; /* opaque */

/* Keeps all three. */
struct places *places_new(struct context *c, struct partition *partitions, struct schedules *s);
void places_free(struct places *p);

/*
 * Follows who leads; `left` is called for a partition that is no longer led here. rows_ms: the boot-clock
 * moment at which the reading of the present rows began. A partition is asked for once its rows are younger
 * than its leading: older ones could lack a schedule whose ticks the leader before has considered.
 */
void places_turn(struct places *p, int64_t rows_ms, void (*left)(void *self, int partition), void *self);
bool places_any_led(const struct places *p);
/* Some partition waits for rows that are read after this moment. */
bool places_want_rows(const struct places *p, int64_t rows_ms);
