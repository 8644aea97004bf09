#pragma once
/*
 * redis_link - one connection to a Redis server: bytes out, parsed replies in. Internal to real/; real/redis
 * decides what to say.
 *
 * A connect-only transfer of libcurl (so names are resolved off the thread, TLS is verified as for AWS, UNIX
 * sockets work) with hiredis' reader behind it. Nothing here waits. A link lives once: after LINK_LOST make a
 * new one.
 */
#include "ports/redis.h"
#include "real/reactor.h"
#include "real/redis_address.h"

#include <stdint.h>

enum {
    LINK_CONNECT_MS = 3000,                   /* name, TCP and TLS together */
    LINK_REPLY_BYTES_MAX = 256 * 1024 * 1024, /* unparsed bytes of one reply */
};

enum redis_link_state { LINK_CONNECTING, LINK_UP, LINK_LOST };

struct redis_link; /* opaque */

struct redis_link *redis_link_new(struct reactor *r, const struct redis_address *a);
void redis_link_free(struct redis_link *l); /* closes; NULL is fine */
enum redis_link_state redis_link_state(const struct redis_link *l);
const char *redis_link_why(const struct redis_link *l); /* of LINK_LOST */

size_t redis_link_queued(const struct redis_link *l);         /* bytes not yet taken by the system */
void redis_link_write(struct redis_link *l, struct str wire); /* queues */
void redis_link_flush(struct redis_link *l);                  /* gives the system what it takes now */
void redis_link_wait(struct redis_link *l, struct reactor_wait *w);

/* Reads what is there. True: one reply, valid until the next call. False: none is complete, or the link is
 * lost. */
bool redis_link_next(struct redis_link *l, struct redis_value *out);
