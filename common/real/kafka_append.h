#pragma once
/*
 * kafka_append - the two producers and the appends that wait for their acknowledgement. Internal to real/.
 *
 * Idempotent, acks=all. A fatal error of a producer (librdkafka 2.0.2 raises one where a batch may have been
 * written) ends it: what was in its hands is completed as failed, which its caller may send again, and the
 * next append makes a new producer.
 */
#include "real/kafka_core.h"

struct kafka_lanes; /* opaque */

struct kafka_lanes *kafka_lanes_new(struct kafka_core *k);
void kafka_lanes_free(struct kafka_lanes *l); /* appends without an answer end without a completion */
void kafka_lanes_warm(struct kafka_lanes *l); /* opens both: the first append then costs no connecting */
uint64_t kafka_lanes_append(struct kafka_lanes *l, const struct kafka_append *a, kafka_append_done *done,
                            void *self);
size_t kafka_lanes_unacked(const struct kafka_lanes *l);
bool kafka_lanes_dispatch(struct kafka_lanes *l); /* true: there is more, call again soon */
