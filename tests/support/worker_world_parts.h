#pragma once
/*
 * worker_world_parts - what the files of worker_world share: a completion to come, and the ports that they
 * make.
 *
 * Owner: the world. Nobody else includes this.
 */
#include "support/worker_world.h"

struct world_event {
    int64_t at_ms;
    uint64_t id;
    bool cancelled;
    void (*fire)(struct world *w, struct world_event *x);
    void *self;
    union {
        http_done *http;
        redis_done *redis;
        kafka_append_done *append;
        kafka_topics_done *topics;
    } done;
    struct awssim_reply reply; /* HTTP */
    struct err err;
    bool sent;
    struct redis_value value; /* Redis: owned list of owned texts */
    char error[32];
    int partition;
    int64_t offset;
    struct world_event *next;
};

/* A completion in ms from now; its list is looked at by moments, the first made first. */
struct world_event *world_later(struct world *w, int64_t ms,
                                void (*fire)(struct world *, struct world_event *), void *self);
struct redis world_redis(struct world *w);
struct kafka world_kafka(struct world *w);
void world_value_free(const struct redis_value *v);
