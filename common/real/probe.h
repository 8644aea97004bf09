#pragma once
/*
 * probe - whether something accepts TCP connections at a host and port, asked without waiting. Internal to
 * real/.
 */
#include "ports/process.h"
#include "real/reactor.h"

struct probes; /* opaque */

struct probes *probes_new(struct reactor *r);
void probes_free(struct probes *all); /* open ones end without a completion */
void probes_start(struct probes *all, uint64_t id, const char *host, int tcp_port, int64_t timeout_ms,
                  process_probed *done, void *self);
