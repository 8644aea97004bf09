#pragma once
/*
 * admin - a daemon's admin address, and the question that a container's probe asks there (`--health`).
 */
#include "base/err.h"

enum { ADMIN_HEALTH_MS = 2000 };

/* host:port, [v6]:port, :port. Both owned by the caller; host is empty for all addresses. ERR_CONFIG
 * otherwise. */
MUST_CHECK bool admin_split(const char *listen, char **host, char **port, struct err *e);

/* Asks /healthz of the process that listens there; waits for the answer. An address for all is asked on the
 * loopback. */
MUST_CHECK bool admin_health(const char *listen, struct err *e);
