#pragma once
/*
 * kafka_conf - the librdkafka configuration of each kind of client that we open. Internal to real/.
 *
 * Three layers: our defaults (docs/performance.md says why each), then the user's kafka.x.<property>, then
 * what the protocol fixes. A kafka.x property that the protocol fixes is refused, whatever its value.
 */
#include "conf/options.h"

#include <librdkafka/rdkafka.h>

enum kafka_role {
    KAFKA_ROLE_EVENTS = 1, /* producer of the events lane */
    KAFKA_ROLE_JOBS = 2,   /* producer of the jobs lane */
    KAFKA_ROLE_FETCH = 4,  /* readers of single partitions at absolute offsets */
    KAFKA_ROLE_GROUP = 8,  /* a member of a group */
    KAFKA_ROLE_ASK = 16,   /* metadata, offsets, topics; with a group: its offsets, without joining it */
};

/* NULL: ERR_CONFIG, naming the property. The caller owns it until rd_kafka_new takes it. group: for
 * KAFKA_ROLE_GROUP, may be for KAFKA_ROLE_ASK. */
rd_kafka_conf_t *kafka_conf_new(enum kafka_role role, const struct options *o, const char *group,
                                struct err *e);

/* Whether every client could be configured so. */
MUST_CHECK bool kafka_conf_check(const struct options *o, struct err *e);
