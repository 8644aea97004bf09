#pragma once
/*
 * kafka_core - what the parts of the Kafka port share: clients and their complaints, the way to wake the
 * loop, health. Internal.
 *
 * Every queue of every client and the side threads write to one eventfd: the loop drains it, then lets each
 * part look at its queues.
 */
#include "base/log.h"
#include "ports/kafka.h"
#include "real/kafka_conf.h"
#include "real/kafka_side.h"

struct kafka_core {
    const struct options *options;
    const struct log *log;
    int wake_fd;
    struct kafka_side *side;       /* NULL until the first client */
    struct kafka_side *group_side; /* for the offsets of groups; NULL until somebody asks */
    uint64_t last_id;              /* of questions, appends and readers */
    bool up;
    int64_t heard_ms; /* when a broker last answered anything */
    char why[ERR_MSG_MAX];
};

/* Says what happened in our words: kind by the code, its name as the code. Always false. */
bool kafka_core_err(struct err *e, rd_kafka_resp_err_t code, const char *text);
void kafka_core_heard(struct kafka_core *k);
/* Keeps the complaint; one that says that nobody answers ends `up`. */
void kafka_core_complain(struct kafka_core *k, rd_kafka_resp_err_t code, const char *text);

struct kafka_client { /* zeroed: not open */
    rd_kafka_t *rk;
    rd_kafka_queue_t *logs;
    struct kafka_side *side; /* which asks with it, and ends it; NULL when opened: the core's first */
};

/* Takes conf, also when it fails. */
MUST_CHECK bool kafka_client_open(struct kafka_client *c, struct kafka_core *k, rd_kafka_type_t type,
                                  rd_kafka_conf_t *conf, struct err *e);
void kafka_client_serve(struct kafka_client *c, struct kafka_core *k); /* its log lines */
/* Ends it on its side thread; its queues, topics and messages must have been given back. A group must have
 * been left. */
void kafka_client_end(struct kafka_client *c, struct kafka_core *k);
void kafka_core_watch(const struct kafka_core *k,
                      rd_kafka_queue_t *q); /* an element in the empty queue wakes the loop */
