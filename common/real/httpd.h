#pragma once
/*
 * httpd - a small HTTP server on the loop: the serving half of the HTTP port. Internal to real/.
 *
 * GET and HEAD only; everything else is answered 405 here. The handler runs between two turns, on the loop's
 * thread, and must answer at once. Bounds: connections, time without a byte, bytes of a request's head and of
 * an answer.
 */
#include "ports/http.h"
#include "real/reactor.h"

enum {
    HTTPD_CONNECTIONS_MAX = 64,
    HTTPD_IDLE_S = 15,
    HTTPD_HEAD_MAX = 32 * 1024,
    HTTPD_BODY_MAX = 16 * 1024 * 1024
};

struct httpd; /* opaque */

/* listen: host:port, [v6]:port or :port (all addresses); port 0: the system picks one. NULL: e is set. */
struct httpd *httpd_new(struct reactor *r, const char *listen, http_handler *handler, void *self,
                        struct err *e);
void httpd_free(struct httpd *h); /* NULL is fine; the reactor must not be stepped any more after it */
int httpd_port(const struct httpd *h);
