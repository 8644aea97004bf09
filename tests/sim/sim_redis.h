#pragma once
/*
 * sim_redis - one Redis in memory, and ports/redis.h over it for any number of processes.
 *
 * Owner: the fleet, or a test. The server outlives its clients.
 */
#include "ports/redis.h"
#include "sim/scheduler.h"
#include "sim/swarm.h"

struct sim_redis;        /* the server; opaque */
struct sim_redis_client; /* the connection of one process; opaque */

/* swarm NULL: no faults. */
struct sim_redis *sim_redis_new(struct scheduler *s, struct swarm *swarm, uint64_t seed);
void sim_redis_free(struct sim_redis *r); /* its clients must have been freed */

/* owner: its completions are his. */
struct sim_redis_client *sim_redis_client_new(struct sim_redis *r, uint64_t owner);
void sim_redis_client_free(struct sim_redis_client *c); /* after scheduler_end(owner) */
struct redis sim_redis_port(struct sim_redis_client *c);
