#pragma once
/*
 * http - the sending half of the HTTP port over libcurl's multi interface. Internal to real/.
 *
 * HTTP/1.1 with kept-alive connections. Proxies are taken from the environment as curl takes them
 * (http_proxy, HTTPS_PROXY, NO_PROXY, ALL_PROXY), but never for a `direct` request. Headers are sent as
 * given, plus only what HTTP itself needs: no Expect, no Accept, no Content-Type of curl's own.
 *
 * `sent` is false only if curl never came as far as a connection that was ready for the request; whatever is
 * in doubt is true. On a kept-alive connection that turns out to be closed, before any byte of a reply, curl
 * sends the same request once more by itself, within the same deadline: a request must bear that, as it must
 * bear any duplicate in the network.
 */
#include "ports/http.h"
#include "real/reactor.h"

struct http_port; /* opaque */

struct http_port *http_port_new(struct reactor *r);
void http_port_free(struct http_port *p); /* open requests end without a completion */
struct http http_port_of(struct http_port *p);
