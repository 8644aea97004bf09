#pragma once
/*
 * redis - the Redis port: commands in order over one connection that reopens itself. Internal to real/.
 *
 * It connects when first asked for anything. On each connection AUTH, SELECT and INFO server come first; only
 * with the server's run_id in hand is a command sent. A Cluster or Sentinel server is refused with a message.
 * At most 128 commands are in flight; each has its deadline (redis.timeout) from the moment it was queued, or
 * from the moment its connection was lost when it is to be sent again. Reconnecting waits 20 ms, doubling up
 * to 1 s, with jitter. NOSCRIPT is an answer like any other here.
 */
#include "ports/redis.h"
#include "ports/rng.h"
#include "real/reactor.h"

struct redis_settings {
    const char *url, *username, *password; /* the last two override the URL's; NULL: not set */
    int64_t timeout_ms;
};

struct redis_port; /* opaque */

struct redis_port *redis_port_new(struct reactor *r, struct rng rng, const struct redis_settings *s,
                                  struct err *e);
void redis_port_free(struct redis_port *p); /* what is queued ends without a completion */
struct redis redis_port_of(struct redis_port *p);
