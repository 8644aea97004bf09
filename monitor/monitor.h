#pragma once
/*
 * monitor - a reader of the log that keeps the last runs in memory and serves them: JSON, server-sent events,
 * metrics.
 *
 * A library over the ports, of which it uses three: Kafka (to read, without a group, and to ask), the clock,
 * and chance (for its name). It writes nowhere, asks neither Redis nor AWS, and decides nothing: any number
 * of them may run, and none is missed. What it knows is the log's, read anew at each start.
 *
 * Life: monitor_new wires the parts; the log is read as soon as the topics are there (monitor/follow). After
 * monitor_drain nothing is read, the clients of events are let go, and monitor_turn returns TURN_DONE: at the
 * latest after MONITOR_LEAVE_MS, with those that do not take their end.
 *
 * Memory: the history (monitor.memory), the feed's window (FEED_BYTES_MAX), and what each client of events
 * has not taken yet (HTTP's bound on a read, times STREAMS_MAX).
 */
#include "conf/options.h"
#include "ports/ports.h"

enum {
    MONITOR_GOING_MAX = 5000,      /* runs that go on */
    MONITOR_EXPIRE_MS = 60 * 1000, /* between two looks for what is older than monitor.since */
    MONITOR_LEAVE_MS = 1000,
    MONITOR_HEALTH_MS = 5000 /* without a turn: unhealthy */
};

struct monitor; /* opaque */

/* Keeps options and ports. */
struct monitor *monitor_new(const struct options *o, const struct ports *ports);
/* NULL is fine; only when the ports deliver no more completions and every stream has been closed. */
void monitor_free(struct monitor *m);

/* self: the monitor. Returns when to call again, or TURN_DONE. */
int64_t monitor_turn(void *self, int64_t now_ms);
void monitor_drain(void *self);

/* GET /healthz, /readyz, /metrics, and monitor/api. self: the monitor. */
void monitor_admin(void *self, const struct http_asked *asked, struct http_answer *answer);
