#pragma once
/*
 * journal - appends records of ours to the log and to the snapshot topic, with their headers.
 *
 * A completion comes from the loop. A failure says nothing about whether the record is in the log: whoever
 * appends is idempotent.
 */
#include "producer/context.h"

typedef void journal_done(void *self, uint64_t id, const struct kafka_appended *a); /* function types only */

/* What waits for a completion that never comes: at the producer's end. */
void journal_forget(struct context *c);
/* False, and nothing was sent: the record is over EVENT_TEXT_MAX. `done` may be NULL: nobody waits. */
MUST_CHECK bool journal_event(struct context *c, int partition, const struct event *ev, journal_done *done,
                              void *self, struct err *e);
void journal_snapshot(struct context *c, int partition, const char *workload, struct str value,
                      journal_done *done, void *self);
/* For readers, best effort: TierReleased and TierCompleted. */
void journal_tier(struct context *c, int partition, enum event_type type, const char *workload,
                  const char *run, const char *epoch, int64_t step, const struct strs *tiers);
