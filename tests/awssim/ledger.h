#pragma once
/*
 * ledger - the call log: one JSON line for each call answered, each change of an instance's state and each
 * command that a guest ran, in the order in which they happened.
 *
 *   {"seq":7, "kind":"call", "mono_ms", "wall_ms", "service":"ec2", "operation":"StopInstances", "region",
 *    "account", "run", "job", "attempt", "request_id", "ids":[…], "status":200, "code":"", "fault":""}
 *   {"seq":8, "kind":"state", "mono_ms", "wall_ms", "id":"i-…", "from":"running", "to":"stopping",
 *    "cause":"StopInstances", "region", "account", "run", "job", "attempt", "request_id"}
 *   {"seq":9, "kind":"guest", "mono_ms", "wall_ms", "id":"i-…", "command", "found":"ABSENT"}
 *
 * Bound: LEDGER_LINES_MAX lines; the oldest make room, and `seq` shows the gap. The server also writes each
 * line to a file.
 */
#include "awssim/core.h"

enum { LEDGER_LINES_MAX = 400000 };

struct ledger; /* opaque */

struct ledger *ledger_new(void);
void ledger_free(struct ledger *l);
void ledger_listen(struct ledger *l, awssim_listener *listener, void *self);
void ledger_add(struct ledger *l, const struct awssim_event *event);

/* Appends the lines whose seq is over `after`; *last becomes the seq of the newest line there is. */
void ledger_print(const struct ledger *l, int64_t after, struct buf *out);
int64_t ledger_last(const struct ledger *l); /* 0 before the first */
