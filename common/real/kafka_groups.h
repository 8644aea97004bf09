#pragma once
/*
 * kafka_groups - the offsets of groups, read and committed from outside of them. Internal to real/.
 *
 * One client for each group asked about, opened by the first question: a consumer with the group's name that
 * never subscribes, so never joins. librdkafka's administrative requests for the same (to 2.0.2 at least) end
 * the process by an assertion when a broker goes away under them. A client takes 0.2 MB (measured) and a
 * thread for each broker, plus three.
 *
 * Reading blocks, so a side thread of its own does it: a coordinator that hangs holds no question about
 * watermarks. One question of a group is out at a time; those that come meanwhile are put together in the
 * next one, so each answer is younger than its question. A failure is theirs as well: with G groups, a
 * question ends within G times SIDE_ANSWER_MS. Commits are answered on a queue, within GROUPS_COMMIT_MS.
 */
#include "real/kafka_core.h"

enum {
    ASK_GROUPS_MAX = 4,
    /* session.timeout.ms waiting for a coordinator, then socket.timeout.ms for its answer (kafka_conf) */
    GROUPS_COMMIT_MS = 20000,
};

struct kafka_groups; /* opaque */

/* code: of the whole question; list: one element for each partition, with errors of their own; NULL with a
 * code. Both borrowed. */
typedef void kafka_groups_done(void *self, rd_kafka_resp_err_t code,
                               const rd_kafka_topic_partition_list_t *list);

struct kafka_groups *kafka_groups_new(struct kafka_core *k);
void kafka_groups_free(struct kafka_groups *s); /* what is open ends without a completion */

/* Of partitions 0 to n - 1. False: e is set, done is not called; otherwise it is, by a dispatch. */
MUST_CHECK bool kafka_groups_committed(struct kafka_groups *s, const char *group, const char *topic, size_t n,
                                       kafka_groups_done *done, void *self, struct err *e);
/* The one element of `list` is committed. As above. */
MUST_CHECK bool kafka_groups_commit(struct kafka_groups *s, const char *group,
                                    const rd_kafka_topic_partition_list_t *list, kafka_groups_done *done,
                                    void *self, struct err *e);
void kafka_groups_dispatch(struct kafka_groups *s);
