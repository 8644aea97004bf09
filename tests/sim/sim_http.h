#pragma once
/*
 * sim_http - ports/http.h over AWS's simulator in the same process: no socket, the same code as its server.
 *
 * A request reaches AWS some milliseconds after it was sent, and has its effect then, whether or not its
 * sender still waits or lives; the reply is on its way after that. Faults of the way (lost, late by minutes,
 * a reply that is lost or cut) are asked of the swarm here; faults of AWS itself (5xx, throttling, HTML, a
 * wrong Date) are rules of the scenario. AWS's clock is true time.
 *
 * Owner: the fleet. `struct sim_aws` is the one AWS, a client is one process's.
 */
#include "awssim/core.h"
#include "sim/machine.h"
#include "sim/scheduler.h"
#include "sim/swarm.h"

struct sim_aws;         /* opaque */
struct sim_http_client; /* opaque */

/* NULL: the scenario is wrong. swarm NULL: no faults. */
struct sim_aws *sim_aws_new(struct scheduler *s, struct swarm *swarm, struct str scenario, uint64_t seed,
                            struct err *e);
void sim_aws_free(struct sim_aws *a);
/* Each event at the moment of its effect. */
void sim_aws_listen(struct sim_aws *a, awssim_listener *listener, void *self);
/* A person at the console, or a test: a request to its control paths (tests/awssim/README.md). */
void sim_aws_control(struct sim_aws *a, const char *path, struct str body);
/* True time in ms at which the request was sent that has its effect just now (in the listener); 0: none. */
struct sim_aws_sent { /* borrowed */
    struct str body;
    const struct http_header *headers;
    size_t header_count;
    uint64_t owner;            /* the process that sent it */
    int64_t sent_ms, lands_ms; /* true time; INT64_MAX: it is lost on the way */
};
/* Told of each request that leaves a process, before anything comes of it. */
typedef void sim_aws_sending(void *self, const struct sim_aws_sent *sent);
void sim_aws_watch(struct sim_aws *a, sim_aws_sending *sending, void *self);
/* How long a request may be under way at most; 20 minutes, beyond the signature's window, unless said. */
void sim_aws_slowest(struct sim_aws *a, int64_t ms);
int64_t sim_aws_sent_ms(const struct sim_aws *a);

struct sim_http_client *sim_http_client_new(struct sim_aws *a, uint64_t owner, const struct machine *m);
void sim_http_client_count(struct sim_http_client *c, struct calls *calls); /* tells it of each call */
void sim_http_client_free(struct sim_http_client *c);                       /* after scheduler_end(owner) */
struct http sim_http_port(struct sim_http_client *c);
