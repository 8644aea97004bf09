#pragma once
/*
 * sim_redis_parts - what the simulated Redis' two halves share: servers and faults (sim_redis.c), and the
 * port of a process (sim_redis_client.c). Internal.
 *
 * A link is one connection. The client, its commands under way and its replies each hold a reference to it;
 * `client` is NULL once that has gone, `over` once nothing that it carries is heard, `dead` once its server
 * has closed it, so that what is still under way runs no more.
 */
#include "awssim/chance.h"
#include "base/mem.h"
#include "sim/redis_server.h"
#include "sim/sim_redis.h"

enum { SIM_REDIS_NODES = 2, SIM_REDIS_SAVES = 40, SIM_REDIS_HEADS = 64 };

struct sim_redis_node {
    struct sim_redis *r;
    struct redis_server *redis;
    bool down;
    int64_t ahead_ms; /* of true time */
    /* counts restarts and changes of its role: what was planned for an earlier one is void */
    uint64_t lifetime;
};

struct sim_redis_save {
    int64_t at_us;
    struct redis_data data;
};

struct sim_redis {
    struct scheduler *s;
    struct swarm *swarm;
    struct chance chance;
    struct mem_account memory;
    struct sim_redis_node nodes[SIM_REDIS_NODES];
    struct sim_redis_node *primary;
    struct sim_redis_save saves[SIM_REDIS_SAVES]; /* of the primary: the oldest first */
    size_t save_count;
    uint64_t saved_at; /* write commands */
    struct sim_redis_link *links;
};

struct sim_redis_link {
    uint64_t refs;
    struct sim_redis *r;
    struct sim_redis_client *client;
    struct sim_redis_node *node;
    uint64_t owner;
    bool over, dead;
    int64_t last_there_us, last_back_us; /* the latest moments at which something arrives: in order */
    struct sim_redis_link *prev, *next;
};

/* A new connection to whoever is the primary; NULL: it is down. One reference is the caller's. */
struct sim_redis_link *sim_redis_connect(struct sim_redis *r, struct sim_redis_client *c, uint64_t owner);
void sim_redis_link_release(struct sim_redis_link *l);
void sim_redis_forget(struct sim_redis *r, const struct sim_redis_client *c); /* it hears nothing any more */
/* Puts a command on its way. */
/* place: where its process is (sim/place.h). */
void sim_redis_post(struct sim_redis_link *l, uint64_t id, struct redis_blob *wire, int place);
int64_t sim_redis_way_us(struct sim_redis *r); /* one way, drawn */

/* Of the client: from completions of its owner. */
void sim_redis_heard(struct sim_redis_client *c, struct sim_redis_link *l, uint64_t id, struct str wire);
void sim_redis_lost(struct sim_redis_client *c, struct sim_redis_link *l);
