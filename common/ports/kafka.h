#pragma once
/*
 * kafka - the seam to Kafka: append, read, groups, offsets, topics.
 *
 * What a user of this port may rely on (each promise has a test of its own against a real broker):
 *  K1 append: exactly one completion for each call, from the loop, never from within it. Success = the record
 *     is in the log, acknowledged by all in-sync replicas, at the partition and offset given. Failure = it
 *     may or may not be in the log. Records appended to one partition by one lane keep their order among
 *     those that succeed.
 *  K2 an assigned reader hands out the records of its partition in offset order from the offset given, each
 *     once.
 *  K3 a group reader hands out only records of partitions that are assigned to it at that moment; offsets are
 *     committed only as far as they were stored (kafka_store); after a rebalance reading goes on behind the
 *     group's committed offset.
 *  K4 high watermark: covers every record acknowledged before it was asked for.
 *  K5 since: the first offset whose record was stamped at or after the moment asked for; -1: there is none,
 *     as the broker says (librdkafka's mock broker does not know of times and always says so).
 * There are no transactions; consumers read uncommitted. Nothing here blocks: what librdkafka only offers
 * blocking runs on the real port's side threads.
 */
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Producers of their own, with their own delivery bounds. */
enum kafka_lane {
    KAFKA_LANE_EVENTS, /* linger 0, delivery 30 s: the log, snapshots, dead letters */
    KAFKA_LANE_JOBS,   /* delivery 60 s: job deliveries, progress */
    KAFKA_LANES
};

enum {
    KAFKA_RECORD_MAX = 900 * 1000, /* bytes of a value */
    /* Bytes of a dead letter's value: somebody else's record, as it was. Its topic may take less. */
    KAFKA_LETTER_MAX = 8 * 1024 * 1024,
    KAFKA_HEADERS_MAX = 64,       /* of a record */
    KAFKA_TOPICS_MAX = 64,        /* in one question */
    KAFKA_PARTITIONS_MAX = 10000, /* in one question */
    KAFKA_PARTITION_BY_KEY = -1,
};

struct kafka_header {
    struct str name, value;
};

struct kafka_append { /* borrowed for the call only */
    enum kafka_lane lane;
    const char *topic;
    int partition; /* KAFKA_PARTITION_BY_KEY: the client's own partitioner (jobs, progress, dead letters) */
    struct str key, value; /* key with n == 0 and p == NULL: none; value with p == NULL: a tombstone */
    const struct kafka_header *headers;
    size_t header_count;
    bool letter; /* up to KAFKA_LETTER_MAX, on the events lane */
};

/* Larger than the port, the client or the topic takes: err.code is KAFKA_TOO_LARGE, and it is not in the log.
 */
#define KAFKA_TOO_LARGE "MSG_SIZE_TOO_LARGE"

struct kafka_appended { /* borrowed for the callback only */
    struct err err;
    int partition;
    int64_t offset;
};

typedef void kafka_append_done(void *self, uint64_t id,
                               const struct kafka_appended *a); /* function types only */

struct kafka_record { /* borrowed until the next call on its reader */
    const char *topic;
    int partition;
    int64_t offset;
    int64_t ts_ms; /* the broker's LogAppendTime, or the producer's if the topic says so */
    struct str key, value;
    struct kafka_header *headers;
    size_t header_count;
};

/*
 * FAILED: err is set, reading goes on, but for one case: code OFFSET_OUT_OF_RANGE (ERR_NOT_FOUND), an
 * assigned reader's position is not, or no longer, in the log. Such a reader hands out no more records, and
 * is never moved elsewhere by itself.
 */
enum kafka_read { KAFKA_NOTHING, KAFKA_RECORD, KAFKA_FAILED };

/*
 * Readers are made by the port and named by a handle >= 1, which is gone with close(). Whoever stops reading
 * before NOTHING has the next turn without a wait; whoever then does not read at all waits like anybody.
 */
typedef uint64_t kafka_reader;

struct kafka_group_state {
    bool joined;             /* it is a member with an assignment, maybe an empty one */
    int32_t partitions[512]; /* assigned at this moment */
    size_t n;
    uint64_t generation; /* changes with each rebalance */
};

struct kafka_watermarks {
    struct err err;
    const int64_t *low,
        *high; /* one each per partition, in the order asked; high: offset of the next record */
    size_t n;
    int64_t asked_boot_ms; /* before the question was sent: their age counts from here */
};
typedef void kafka_watermarks_done(void *self, uint64_t id, const struct kafka_watermarks *w);

struct kafka_offsets {
    struct err err;
    const int64_t *offset; /* per partition, in the order asked; -1: no record is that young */
    size_t n;
};
typedef void kafka_offsets_done(void *self, uint64_t id, const struct kafka_offsets *o);

struct kafka_committed {
    struct err err;
    const int64_t *offset; /* per partition, the group's position; -1: none */
    size_t n;
};
typedef void kafka_committed_done(void *self, uint64_t id, const struct kafka_committed *c);

struct kafka_topic { /* wanted (create) or found (describe); owned by whoever made it */
    const char *name;
    int partitions;                    /* found: -1 = there is no such topic */
    int replication;                   /* wanted: 0 = the broker's default */
    const struct kafka_header *config; /* wanted, or found: name = value */
    size_t config_count;
    bool config_known; /* found: the broker answered DescribeConfigs */
};

struct kafka_topics {
    struct err err; /* of the whole question */
    const struct kafka_topic *at;
    /* One each. create: ERR_CONFLICT, code TOPIC_ALREADY_EXISTS, when it is there. describe: ERR_NONE, unless
     * it
       could not be told whether the topic is there (DENIED, for example); partitions is -1 then as well. */
    const struct err *errs;
    size_t n;
    int brokers; /* live, as the metadata says */
};
typedef void kafka_topics_done(void *self, uint64_t id, const struct kafka_topics *t);
typedef void kafka_done(void *self, uint64_t id, const struct err *err); /* err->kind ERR_NONE: done */

struct kafka_state {
    bool up;               /* a broker answered lately; asking for the state keeps this true to the present */
    char why[ERR_MSG_MAX]; /* the last thing the client complained about */
    size_t unacked;        /* appends without a completion yet */
};

struct kafka_ops {
    uint64_t (*append)(void *port, const struct kafka_append *a, kafka_append_done *done, void *self);

    /* A reader of one partition from an absolute offset >= 0, without a group; several may read the same
     * one. */
    kafka_reader (*assign)(void *port, const char *topic, int partition, int64_t offset);
    /* A member of a group (eager round-robin), offsets stored by hand and committed each second and at
     * closing.
       A group without an offset begins at the first record. */
    kafka_reader (*subscribe)(void *port, const char *topic, const char *group);
    /* Leaves the group in the background, or gives up after timeout_ms; no more records, the handle is
     * gone. */
    void (*close)(void *port, kafka_reader reader, int64_t timeout_ms);
    enum kafka_read (*read)(void *port, kafka_reader reader, struct kafka_record *out,
                            struct err *e); /* never waits */
    void (*store)(void *port, kafka_reader reader, int partition,
                  int64_t next_offset); /* group readers: position to commit */
    void (*pause)(void *port, kafka_reader reader,
                  bool paused); /* all its partitions; keep reading while paused (it answers NOTHING) */
    void (*group)(void *port, kafka_reader reader, struct kafka_group_state *out);

    uint64_t (*watermarks)(void *port, const char *topic, const int *partitions, size_t n,
                           kafka_watermarks_done *done, void *self);
    /* Where the records of a moment begin, so that history need not be read from the beginning of time. */
    uint64_t (*since)(void *port, const char *topic, const int *partitions, size_t n, int64_t since_ms,
                      kafka_offsets_done *done, void *self);
    uint64_t (*committed)(void *port, const char *group, const char *topic, int partitions,
                          kafka_committed_done *done, void *self);
    /* Commits one offset for a group without joining it; the group must have no members. */
    uint64_t (*commit)(void *port, const char *group, const char *topic, int partition, int64_t offset,
                       kafka_done *done, void *self);
    /* At most KAFKA_TOPICS_MAX at once, as in describe. */
    uint64_t (*create)(void *port, const struct kafka_topic *topics, size_t n, kafka_topics_done *done,
                       void *self);
    uint64_t (*describe)(void *port, const char *const *names, size_t n, kafka_topics_done *done, void *self);
    void (*state)(void *port, struct kafka_state *out);
};

struct kafka {
    const struct kafka_ops *ops;
    void *port;
};
