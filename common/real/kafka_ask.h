#pragma once
/*
 * kafka_ask - questions about Kafka and changes of topics, each with one completion: watermarks, offsets by
 * time, a group's offsets, create and describe topics. Internal to real/. One client of its own, which
 * neither produces nor reads nor has a group, opened by the first question; and those of kafka_groups.
 */
#include "real/kafka_core.h"

enum { ASK_ADMIN_MS = 10000 /* for an administrative answer */ };

struct kafka_asker; /* opaque */

struct kafka_asker *kafka_asker_new(struct kafka_core *k);
void kafka_asker_free(
    struct kafka_asker
        *a); /* what is open ends without a completion; the side thread must have ended its jobs */

uint64_t kafka_ask_watermarks(struct kafka_asker *a, const char *topic, const int *partitions, size_t n,
                              kafka_watermarks_done *done, void *self);
uint64_t kafka_ask_since(struct kafka_asker *a, const char *topic, const int *partitions, size_t n,
                         int64_t since_ms, kafka_offsets_done *done, void *self);
uint64_t kafka_ask_committed(struct kafka_asker *a, const char *group, const char *topic, int partitions,
                             kafka_committed_done *done, void *self);
uint64_t kafka_ask_commit(struct kafka_asker *a, const char *group, const char *topic, int partition,
                          int64_t offset, kafka_done *done, void *self);
uint64_t kafka_ask_create(struct kafka_asker *a, const struct kafka_topic *topics, size_t n,
                          kafka_topics_done *done, void *self);
uint64_t kafka_ask_describe(struct kafka_asker *a, const char *const *names, size_t n,
                            kafka_topics_done *done, void *self);

void kafka_ask_probe(
    struct kafka_asker *a); /* does any broker answer? The answer goes to the core's health */
bool kafka_asker_pending(const struct kafka_asker *a); /* completions are due now */
void kafka_asker_dispatch(struct kafka_asker *a);
