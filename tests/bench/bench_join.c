/*
 * bench_join - what a worker's first job cannot do without: a process, a client of the brokers, its group.
 *
 *   bench_join BROKERS GROUP TOPIC COUNT
 *
 * One consumer of librdkafka with the worker's settings (common/real/kafka_conf.c) and nothing else. Prints
 * the wall time, in microseconds since 1970, of the moments at which the group had given it its partitions,
 * and at which the first record was returned; reads COUNT of them, commits, leaves the group and ends.
 */
#include "base/err.h"
#include "base/str.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <time.h>

enum { ANSWER_S = 30, SLICE_MS = 100 };

static int64_t now_us(void)
{
    struct timespec t;

    BUG_IF(clock_gettime(CLOCK_REALTIME, &t) != 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];

    BUG_IF(rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK);
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *self)
{
    int64_t *joined_us = self;
    bool given = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;

    if (given && !*joined_us)
        *joined_us = now_us();
    BUG_IF(rd_kafka_assign(rk, given ? partitions : NULL));
}

static rd_kafka_t *consumer(const char *brokers, const char *group, int64_t *joined_us)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    set(conf, "bootstrap.servers", brokers);
    set(conf, "group.id", group);
    set(conf, "log_level", "4");
    set(conf, "socket.nagle.disable", "true");
    set(conf, "reconnect.backoff.ms", "20");
    set(conf, "fetch.wait.max.ms", "100");
    set(conf, "fetch.error.backoff.ms", "20");
    set(conf, "session.timeout.ms", "10000");
    set(conf, "heartbeat.interval.ms", "2000");
    set(conf, "isolation.level", "read_uncommitted");
    set(conf, "partition.assignment.strategy", "roundrobin");
    set(conf, "enable.auto.commit", "false");
    set(conf, "auto.offset.reset", "earliest");
    rd_kafka_conf_set_opaque(conf, joined_us);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    BUG_IF(!rk);
    return rk;
}

/* Until so many records are there; when the first of them was. */
static int64_t read_records(rd_kafka_t *rk, int64_t count)
{
    int64_t give_up = now_us() + (int64_t)ANSWER_S * 1000000;
    int64_t first_us = 0;

    for (int64_t n = 0; n < count;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, SLICE_MS);
        BUG_IF(now_us() > give_up || (m && m->err));
        if (!m)
            continue;
        first_us = n++ ? first_us : now_us();
        rd_kafka_message_destroy(m);
    }
    return first_us;
}

int main(int argc, char **argv)
{
    int64_t joined_us = 0, count = 0;

    if (argc != 5 || !str_to_i64(str_of(argv[4]), &count) || count < 1) {
        (void)fprintf(stderr, "usage: bench_join BROKERS GROUP TOPIC COUNT\n");
        return 2;
    }
    rd_kafka_t *rk = consumer(argv[1], argv[2], &joined_us);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, argv[3], RD_KAFKA_PARTITION_UA);
    (void)rd_kafka_poll_set_consumer(rk);
    BUG_IF(rd_kafka_subscribe(rk, topics));
    int64_t first_us = read_records(rk, count);
    (void)printf("%" PRId64 " %" PRId64 "\n", joined_us, first_us);
    BUG_IF(rd_kafka_commit(rk, NULL, 0));
    rd_kafka_topic_partition_list_destroy(topics);
    (void)rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    return 0;
}
