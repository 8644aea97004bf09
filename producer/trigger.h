#pragma once
/*
 * trigger - fires the schedules of the partitions that this producer leads: each tick once, through the log.
 *
 * A tick that is due has its row read once more, consistently, and is then appended as RunRequested with its
 * nominal local time; the fold takes the first record of a tick and drops every other (docs/protocol.md 4.9),
 * so neither a second leader nor a second attempt fires it twice. How far the ticks of each schedule have
 * been considered stands in the view: a new leader goes on there, and fires late, or reports, what nobody
 * fired meanwhile (core/catchup). A schedule that nobody has seen before begins now.
 *
 * Rows are read while anything is led, each `schedule.refresh`, half a period off the round times at which
 * ticks are. Owner: the producer.
 */
#include "producer/partition.h"
#include "producer/schedules.h"

struct trigger; /* opaque */

/* Keeps both. partitions: c->partitions of them. */
struct trigger *trigger_new(struct context *c, struct partition *partitions);
void trigger_free(struct trigger *t); /* NULL is fine */

/* Does what is due. Returns when to call again (boot clock). */
int64_t trigger_turn(struct trigger *t);

struct trigger_state {
    size_t schedules, invalid;
    int64_t next_ms; /* wall time of the next tick here; INT64_MAX: none */
    int64_t read_ms; /* wall time of the last reading; 0: not yet */
    int64_t firing;  /* workloads with a tick in hand */
};
void trigger_state(const struct trigger *t, struct trigger_state *out);
/* Which workloads are not as their schedules want them, into the registry. */
void trigger_tell(const struct trigger *t);
