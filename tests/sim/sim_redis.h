#pragma once
/*
 * sim_redis - the Redis of the fleet in virtual time: a primary, a second server that may take its place, and
 * ports/redis.h over them for any number of processes.
 *
 * The servers are redis_server: they run the product's own scripts. A command reaches its server some hundred
 * microseconds after it was sent, in the order of its connection, and has its effect then, whether or not its
 * sender still waits or lives; the reply is on its way after that. A connection that its client gave up may
 * still have commands under way: they run late, after they were sent again.
 *
 * Faults are asked of the swarm each time that a command reaches a server: the connection is lost before or
 * after it ran; it is slow, beyond the deadline or below it; scripts forgotten; no memory, a replica,
 * loading, each for seconds; FLUSHALL; a restart with everything or with the last seconds lost; a failover to
 * a replica that is behind, after which the old primary may live on for some of its clients and come back: as
 * a replica, or as the primary again, under its old run_id; a key that a foreign writer makes of another
 * type. What the product asks for and redis_server does not know is a bug of the simulation: it ends there.
 *
 * Servers' clocks differ from true time by up to SIM_REDIS_SKEW_MS. Owner: the fleet, or a test. The servers
 * outlive their clients.
 */
#include "ports/redis.h"
#include "sim/scheduler.h"
#include "sim/swarm.h"

enum { SIM_REDIS_SKEW_MS = 1500, SIM_REDIS_TIMEOUT_MS = 1000 /* of a command, as redis.timeout's default */ };

struct sim_redis;        /* the servers; opaque */
struct sim_redis_client; /* the connection of one process; opaque */

/* swarm NULL: no faults. */
struct sim_redis *sim_redis_new(struct scheduler *s, struct swarm *swarm, uint64_t seed);
void sim_redis_free(struct sim_redis *r); /* its clients must have been freed */

/* owner: its completions are his. */
struct sim_redis_client *sim_redis_client_new(struct sim_redis *r, uint64_t owner);
/* The process alone cannot reach any server for so long. */
void sim_redis_client_cut(struct sim_redis_client *c, int64_t us);
void sim_redis_client_count(struct sim_redis_client *c, struct calls *calls); /* tells it of each command */
void sim_redis_client_free(struct sim_redis_client *c);                       /* after scheduler_end(owner) */
struct redis sim_redis_port(struct sim_redis_client *c);

/* A person, or a test: strikes now, whatever the swarm says. Only kinds that befall a server. */
void sim_redis_strike(struct sim_redis *r, enum fault f);
/* A command of somebody else on the primary; its reply is added to `out`. */
void sim_redis_ask(struct sim_redis *r, const struct str *words, size_t n, struct buf *out);
