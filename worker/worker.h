#pragma once
/*
 * worker - a process of the fleet that does the SSM and EC2 work: claims jobs, acts, watches, reports.
 *
 * A library over the ports: nothing here waits, asks the system for anything, or decides what a job needs
 * (core/job_step does). Its parts are the files beside it; this one hands them to each other and gives each
 * its turn.
 *
 * Life: worker_new wires the parts and takes an in-hand note; the group is joined when the topics are there
 * (worker/gate). After worker_drain no record is read and no changing call begins: calls that are out are
 * waited for, leases without an unanswered call are handed back, terminals are waited for, the group is left;
 * then worker_turn returns TURN_DONE.
 */
#include "conf/options.h"
#include "ports/ports.h"

enum {
    WORKER_LEAVE_MS = 2000,
    WORKER_HEALTH_MS = 5000 /* without a turn: unhealthy */,
    WORKER_ADMIN_MAX = 256 * 1024
};

struct worker; /* opaque */

/* Keeps options and ports. NULL: ERR_CONFIG in plain words. */
struct worker *worker_new(const struct options *o, const struct ports *ports, struct err *e);
void worker_free(struct worker *w); /* NULL is fine; only when the ports deliver no more completions */

/* self: the worker. Returns when to call again, or TURN_DONE. */
int64_t worker_turn(void *self, int64_t now_ms);
void worker_drain(void *self);

/* GET /healthz, /readyz, /metrics. self: the worker. */
void worker_admin(void *self, const struct http_asked *asked, struct http_answer *answer);
