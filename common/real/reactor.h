#pragma once
/*
 * reactor - waits for everything at once (curl_multi_poll) and lets each part of this room deliver what came.
 * Internal to real/.
 *
 * A part is asked, before each wait, for its descriptors and for the moment at which it must be called at the
 * latest; after the wait every part is called, whatever woke us. libcurl's transfers (HTTP requests, the
 * Redis connection, probes) are the reactor's own: each has a struct reactor_transfer, which is told once
 * that it is over. All on the caller's one thread.
 */
#include "base/err.h"

#include <curl/curl.h>
#include <stdint.h>

enum {
    REACTOR_PARTS_MAX = 8,
    REACTOR_FDS_MAX = 64,
    REACTOR_WAIT_MS =
        500, /* no wait is longer: group readers must be polled (max.poll.interval.ms), clocks looked at */
};

struct reactor;      /* opaque */
struct reactor_wait; /* what to wait for */

struct reactor_part {
    void (*wait)(void *self, struct reactor_wait *w,
                 int64_t now_ms);                 /* the last chance to send what is queued */
    void (*dispatch)(void *self, int64_t now_ms); /* completions are called from here */
    void *self;
};

struct reactor_transfer { /* owned by whoever added it, at a fixed address until it is over or removed */
    void (*over)(void *self, CURLcode result); /* the handle is still added: remove it */
    void *self;
};

/* ca_file: the bundle to verify TLS against; NULL: the system's. */
struct reactor *reactor_new(const char *ca_file, struct err *e); /* NULL: e is set */
void reactor_free(struct reactor *r); /* NULL is fine; transfers must have been removed */

void reactor_add(struct reactor *r, struct reactor_part part);
void reactor_wait_fd(struct reactor_wait *w, int fd, bool read, bool write);
void reactor_wait_until(struct reactor_wait *w, int64_t at_ms); /* the earliest of all counts */

/* Waits until at_ms at the latest (boot clock), and at most REACTOR_WAIT_MS; then everyone delivers. */
void reactor_step(struct reactor *r, int64_t at_ms);

/* A handle with what all our transfers share: no signals, verified TLS, our bundle, no redirects, HTTP and
 * HTTPS alone. */
CURL *reactor_easy(struct reactor *r);
void reactor_transfer_add(struct reactor *r, CURL *easy, struct reactor_transfer *t);
void reactor_transfer_remove(
    struct reactor *r, CURL *easy); /* `over` is not called any more; closes a connect-only connection */

/* Sets a CURL option that cannot fail but by our own mistake. */
#define EASY_SET(easy, option, value) BUG_IF(curl_easy_setopt((easy), (option), (value)) != CURLE_OK)
