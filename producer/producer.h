#pragma once
/*
 * producer - the coordinator: for each partition of the log, one producer at a time folds it into the view,
 * answers what the fold owes, and publishes the jobs that are due. Any number of replicas; each leads the
 * partitions whose lock it holds.
 *
 * A library over the ports (ports/ports.h): no clock, socket or thread of its own, never blocks. Before it
 * leads anything it asks Kafka whether the topics are what they have to be; until they are it says why, is
 * not ready, and asks again.
 *
 * Owner: main.c, or a simulation. Free it only when the ports deliver no more completions.
 */
#include "conf/options.h"
#include "ports/ports.h"

struct producer; /* opaque */

/* Keeps options and ports. Sends nothing yet. NULL: e says what is wrong with the settings. */
struct producer *producer_new(const struct options *o, const struct ports *ports, struct err *e);
void producer_free(struct producer *p); /* NULL is fine */

/* Does what is due. Returns when to call again (sooner after any completion), or TURN_DONE after a drain. */
int64_t producer_turn(struct producer *p, int64_t now_ms);
/* Gives up every lock, takes up nothing new, waits for the answers to what is on its way. */
void producer_drain(struct producer *p);

/* /healthz, /readyz, /metrics. `self`: the producer. */
void producer_admin(void *self, const struct http_asked *asked, struct http_answer *answer);
