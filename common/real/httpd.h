#pragma once
/*
 * httpd - a small HTTP server on the loop: the serving half of the HTTP port. Internal to real/.
 *
 * GET and HEAD only; everything else is answered 405 here. The handler runs between two turns, on the loop's
 * thread, and must answer at once, with a body or with a stream. Bounds: connections, time without a byte (a
 * stream that has nothing to say is not counted), bytes of a request's head, of an answer, and of a stream
 * that its client has not taken yet; arguments and headers beyond HTTPD_PAIRS_MAX are not handed on.
 */
#include "ports/http.h"
#include "real/reactor.h"

enum {
    HTTPD_CONNECTIONS_MAX = 64,
    HTTPD_IDLE_S = 15,
    HTTPD_HEAD_MAX = 32 * 1024,
    HTTPD_BODY_MAX = 64 * 1024 * 1024,
    HTTPD_STREAM_MAX = 1024 * 1024, /* what one read() of a stream may append */
    HTTPD_PAIRS_MAX = 64
};

struct httpd; /* opaque */

/* listen: host:port, [v6]:port or :port (all addresses); port 0: the system picks one. idle_s: HTTPD_IDLE_S,
 * or what a test has the patience for. NULL: e is set. */
struct httpd *httpd_new(struct reactor *r, const char *listen, int idle_s, http_handler *handler, void *self,
                        struct err *e);
/* Closes every stream. NULL is fine; the reactor must not be stepped any more after it. */
void httpd_free(struct httpd *h);
int httpd_port(const struct httpd *h);
