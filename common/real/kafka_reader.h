#pragma once
/*
 * kafka_reader - readers of single partitions and members of groups. Internal to real/.
 *
 * Readers of single partitions share one client (a second one only where two of them read the same
 * partition), through librdkafka's partition API: no group, no coordinator, one set of threads and
 * connections for all partitions of the log. A position outside the log ends such a reader with
 * OFFSET_OUT_OF_RANGE; it is never moved silently. A member of a group is a client of its own; its records
 * are polled one at a time, rebalances run within that call, on our thread.
 */
#include "real/kafka_core.h"

enum { READERS_MAX = 1024 };

struct kafka_readers; /* opaque */

struct kafka_readers *kafka_readers_new(struct kafka_core *k);
void kafka_readers_free(struct kafka_readers *all); /* without leaving groups: close and finish before */

kafka_reader kafka_readers_assign(struct kafka_readers *all, const char *topic, int partition,
                                  int64_t offset);
kafka_reader kafka_readers_subscribe(struct kafka_readers *all, const char *topic, const char *group);
void kafka_readers_close(struct kafka_readers *all, kafka_reader id, int64_t timeout_ms);
enum kafka_read kafka_readers_read(struct kafka_readers *all, kafka_reader id, struct kafka_record *out,
                                   struct err *e);
void kafka_readers_store(struct kafka_readers *all, kafka_reader id, int partition, int64_t next_offset);
void kafka_readers_pause(struct kafka_readers *all, kafka_reader id, bool paused);
void kafka_readers_group(struct kafka_readers *all, kafka_reader id, struct kafka_group_state *out);

void kafka_readers_close_all(struct kafka_readers *all, int64_t timeout_ms);
bool kafka_readers_closing(const struct kafka_readers *all); /* some have not left yet */
/* True: somebody read and did not reach the end, call again at once: the queue's event comes only to an empty
 * queue. */
bool kafka_readers_unread(struct kafka_readers *all);
void kafka_readers_dispatch(struct kafka_readers *all, int64_t now_ms);
