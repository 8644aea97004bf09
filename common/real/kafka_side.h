#pragma once
/*
 * kafka_side - a thread for what librdkafka only offers blocking: metadata, offsets by time and of a group,
 * the end of a client. Internal to real/. There are two: one for groups (kafka_groups), one for all else.
 *
 * Jobs are done one after the other, in order; a finished one is announced on the descriptor given and taken
 * back by the loop. The thread touches the job alone, allocates nothing of ours and calls none of our code.
 * rd_kafka_query_watermark_offsets is not used: it ignores its timeout when a broker hangs; offsets_for_times
 * keeps it.
 */
#include "base/err.h"
#include "ports/kafka.h"

#include <librdkafka/rdkafka.h>
#include <stdint.h>

enum {
    SIDE_WAITING_MAX = 256,
    SIDE_TOPICS_MAX = KAFKA_TOPICS_MAX,
    SIDE_ANSWER_MS = 3000 /* for one broker's answer */
};

enum side_kind {
    SIDE_METADATA, /* of `topics`, one after the other; without any: whether a broker answers */
    /* `low` and `high`: lists of partitions, filled with their first and next offset; without `high`: `low`
     * by the moments in it */
    SIDE_OFFSETS,
    SIDE_COMMITTED, /* `low`: filled with what the client's group has committed; it need not be a member */
    SIDE_END,       /* destroys the client */
};

struct side_job {
    enum side_kind kind;
    rd_kafka_t *rk;
    rd_kafka_topic_t *topics[SIDE_TOPICS_MAX]; /* the job's */
    size_t topic_count;
    rd_kafka_topic_partition_list_t *low, *high; /* the job's */
    /* the answer */
    rd_kafka_resp_err_t code;
    const struct rd_kafka_metadata *metadata[SIDE_TOPICS_MAX]; /* freed with the job; [0] without topics */
    int64_t asked_boot_ms;                                     /* before the question about `high` */
    /* whose it is, called by the loop */
    void (*over)(void *self, struct side_job *job);
    void *self;
    struct side_job *prev, *next;
};

struct kafka_side; /* opaque */

struct kafka_side *kafka_side_new(int wake_fd); /* an eventfd */
/* Ends the thread. False: it hangs in a call past the deadline; thread, queue and clients are then left to
 * the process's end. */
bool kafka_side_stop(struct kafka_side *s, int64_t deadline_ms);

/* Takes the job over until it is handed back. False: too many are waiting, it stays the caller's. SIDE_END is
 * always taken. */
MUST_CHECK bool kafka_side_add(struct kafka_side *s, struct side_job *job);
struct side_job *kafka_side_take(struct kafka_side *s); /* a finished one, the caller's; NULL: none */
void side_job_free(struct side_job *job);
size_t kafka_side_count(struct kafka_side *s); /* jobs not yet taken back */
