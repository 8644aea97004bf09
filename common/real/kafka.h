#pragma once
/*
 * kafka - the Kafka port over librdkafka, put together from kafka_append, kafka_reader and kafka_ask.
 * Internal to real/.
 *
 * Nothing connects before something is asked for. While no broker answers, one is asked each second, and
 * while nothing was heard for 10 s as well, so that kafka_state tells the present.
 */
#include "conf/options.h"
#include "ports/kafka.h"
#include "real/reactor.h"

struct kafka_port; /* opaque */

/* Borrows options and log. NULL: ERR_CONFIG, a kafka.x property cannot be used. */
struct kafka_port *kafka_port_new(struct reactor *r, const struct options *o, const struct log *log,
                                  struct err *e);
struct kafka kafka_port_of(struct kafka_port *p);
/* Opens the producers and asks one question through each: the first append of a cold idempotent client takes
 * 0.5 to 1 s. */
void kafka_port_warm(struct kafka_port *p);

/*
 * Leaves groups, waits for acknowledgements that are out, ends every client: at most timeout_ms. False:
 * something hung; what is left is left to the process's end, which must follow. The reactor must not be
 * stepped any more after it.
 */
bool kafka_port_close(struct kafka_port *p, int64_t timeout_ms);
