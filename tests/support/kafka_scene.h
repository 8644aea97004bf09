#pragma once
/*
 * kafka_scene - a Kafka port for a test, its broker, and what came back: appends, answers, records.
 *
 * The broker is librdkafka's mock cluster, real ones where EC2SCHED_TEST_KAFKA=host:port names them, or,
 * where it says "sim", the fleet's simulation in virtual time, which has to be as the real ones. Topic and
 * group names are this process's own.
 */
#include "real/kafka.h"
#include "sim/sim_kafka.h"
#include "support/stage.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

enum { RECORDS_MAX = 4096, SOON_MS = 15000 };

struct kafka_scene {
    struct stage stage;
    struct kafka_port *port;
    struct kafka kafka;
    struct options options;
    struct options_pair x[4];
    char brokers[256], topic[128], group[128];
    rd_kafka_t *mock_client; /* NULL: real brokers, or simulated ones */
    rd_kafka_mock_cluster_t *mock;
    struct {
        struct scheduler *scheduler; /* NULL: not simulated */
        struct swarm swarm;          /* a test may switch a fault on */
        struct sim_kafka *cluster;
        struct sim_kafka_client *client;
        struct machine machine;
        uint64_t owner;
    } sim;
    /* appends */
    size_t acked, failed, wanted;
    uint64_t acked_ids[RECORDS_MAX];
    int64_t last_offset;
    int last_partition;
    struct err err;
    bool within; /* a call into the port is running */
    /* questions */
    size_t answers, questions;
    int64_t low[16], high[16], offset[16], asked_ms;
    struct kafka_topic found[4];
    char config[64], error_code[ERR_CODE_MAX];
    int brokers_found;
};

void scene_begin(struct kafka_scene *s, int partitions); /* with a topic of so many partitions; 0: without */
/* brokers: of a mock cluster; real ones are as many as they are */
void scene_begin_on(struct kafka_scene *s, int partitions, int brokers);
bool scene_is_simulated(const struct kafka_scene *s);
void scene_open_port(struct kafka_scene *s);
void scene_warm(struct kafka_scene *s); /* as a daemon does before its first append */
void scene_finish(struct kafka_scene *s);

uint64_t scene_append(struct kafka_scene *s, int partition, struct str key, struct str value);
/* waits until they are in the log */
void scene_append_numbers(struct kafka_scene *s, int partition, int from, int n);
bool scene_all_appended(void *self);

/* Callbacks and conditions about the questions asked: each answer is counted, the last one kept. */
void scene_created(void *self, uint64_t id, const struct kafka_topics *t);
void scene_got_watermarks(void *self, uint64_t id, const struct kafka_watermarks *w);
void scene_got_committed(void *self, uint64_t id, const struct kafka_committed *c);
bool scene_answered(void *self);
bool scene_is_down(void *self);

struct collected {
    struct kafka_scene *s;
    kafka_reader reader;
    size_t n, want;
    int64_t offsets[RECORDS_MAX], values[RECORDS_MAX];
    int partitions[RECORDS_MAX];
    bool store;
    struct err err;
    bool foreign; /* a record of a partition that was not assigned at that moment */
};

void collected_read(struct collected *c, bool group);
bool collected_all(void *self);
bool collected_all_of_group(void *self);
