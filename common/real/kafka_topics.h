#pragma once
/*
 * kafka_topics - topics wanted or found, between the port's words and librdkafka's. Internal to real/.
 *
 * Owned copies of names and configuration, with one error each; filled step by step by whoever asks.
 */
#include "real/kafka_core.h"

struct topic_owned {
    char *name;
    int partitions, replication;
    struct kafka_header *config; /* names and values owned */
    size_t config_count;
    bool config_known;
};

struct topics { /* zeroed it is valid and empty */
    struct topic_owned *owned;
    struct kafka_topic *seen; /* the same, as the port shows it; made by topics_view */
    struct err *errs;
    size_t n;
    int brokers;
    int answered_by; /* the broker that the metadata came from */
};

void topics_init(struct topics *t, const char *const *names, size_t n); /* to be found */
void topics_wanted(struct topics *t, const struct kafka_topic *topics, size_t n);
void topics_release(struct topics *t);
struct kafka_topics topics_view(struct topics *t); /* borrowed until released */

/* What one metadata answer, asked for topic i, says of it. */
void topics_found(struct topics *t, size_t i, const struct rd_kafka_metadata *m);
/* Asks for the configuration of those that exist. False: none does, there is nothing to wait for. */
MUST_CHECK bool topics_ask_config(struct topics *t, rd_kafka_t *rk, rd_kafka_queue_t *answers, int timeout_ms,
                                  void *opaque);
void topics_take_config(struct topics *t, rd_kafka_event_t *event);
MUST_CHECK bool topics_create(struct topics *t, rd_kafka_t *rk, rd_kafka_queue_t *answers, int timeout_ms,
                              void *opaque, struct err *e);
void topics_take_created(struct topics *t, rd_kafka_event_t *event);
