/*
 * bench_chain - the bare chain that a barrier's release cannot do without, as fast as this machine does it: a
 * report's record, acknowledged; read by a coordinator; one Lua call in Redis; a job's record; returned to a
 * worker.
 *
 *   bench_chain BROKERS REDIS-SOCKET LOG-TOPIC JOBS-TOPIC JOBS-PARTITIONS COUNT PAUSE-US
 *
 * Three threads with blocking calls over librdkafka and hiredis, with the product's settings
 * (common/real/kafka_conf.c) and nothing else: no group, no epochs, no leases. Prints one line a crossing:
 * microseconds from the acknowledgement of the report in its sender until the job is in the worker's hands.
 * The topics exist; the log has one partition, the jobs' partitions take turns.
 */
#include "base/err.h"
#include "base/str.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WARM_UP = 50, REPORT_BYTES = 520, JOB_BYTES = 420, HEADERS = 7, ANSWER_MS = 15000, SLICE_MS = 200 };

/* As much as a fold of a terminal does: a few reads, a count, the mark of what is due. */
static const char script[] = "local n = redis.call('HINCRBY', KEYS[1], 'n', 1) "
                             "if redis.call('HGET', KEYS[1], 'epoch') == 'x' then return 0 end "
                             "redis.call('HSET', KEYS[1], 'applied', ARGV[1], 'at', ARGV[2]) "
                             "redis.call('ZADD', KEYS[2], n, 'job') "
                             "return n";

struct chain {
    const char *brokers, *log, *jobs;
    redisContext *redis;
    char sha[64];
    rd_kafka_t *sender, *releaser;
    _Atomic int64_t acked_ns, seen; /* of the crossing under way; how many the worker has seen */
    _Atomic bool stop;
    int64_t jobs_partitions, seen_ns;
    pthread_mutex_t lock; /* of seen_ns, with the condition below */
    pthread_cond_t arrived;
};

static int64_t now_ns(void)
{
    struct timespec t;

    BUG_IF(clock_gettime(CLOCK_MONOTONIC, &t) != 0);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];

    BUG_IF(rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK);
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *self)
{
    struct chain *c = self;

    BUG_IF(m->err);
    if (rk == c->sender)
        atomic_store(&c->acked_ns, now_ns());
}

static rd_kafka_t *client(struct chain *c, rd_kafka_type_t type)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    set(conf, "bootstrap.servers", c->brokers);
    set(conf, "socket.nagle.disable", "true");
    set(conf, "log_level", "4");
    rd_kafka_conf_set_opaque(conf, c);
    if (type == RD_KAFKA_PRODUCER) {
        set(conf, "linger.ms", "0");
        set(conf, "acks", "all");
        set(conf, "enable.idempotence", "true");
        rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    } else {
        set(conf, "group.id", "bench-chain");
        set(conf, "fetch.wait.max.ms", "500");
        set(conf, "fetch.min.bytes", "1");
        set(conf, "isolation.level", "read_uncommitted");
        set(conf, "enable.auto.commit", "false");
        set(conf, "auto.offset.reset", "earliest");
    }
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
    BUG_IF(!rk);
    return rk;
}

static rd_kafka_t *reader(struct chain *c, const char *topic, int64_t partitions)
{
    rd_kafka_t *rk = client(c, RD_KAFKA_CONSUMER);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)partitions);

    (void)rd_kafka_poll_set_consumer(rk);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = 0;
    BUG_IF(rd_kafka_assign(rk, list));
    rd_kafka_topic_partition_list_destroy(list);
    return rk;
}

static void append(rd_kafka_t *rk, const char *topic, int64_t partition, size_t bytes)
{
    char key[] = "workload";
    char value[1024];
    rd_kafka_headers_t *headers = rd_kafka_headers_new(HEADERS);

    memset(value, 'x', sizeof value);
    for (int i = 0; i < HEADERS; i++)
        (void)rd_kafka_header_add(headers, "ce_header", -1, "a value of a header, about so long", -1);
    const rd_kafka_vu_t record[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = (int32_t)partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {.ptr = key, .size = sizeof key - 1}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {.ptr = value, .size = bytes}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    BUG_IF(rd_kafka_produceva(rk, record, sizeof record / sizeof *record) != NULL);
}

static void *coordinate(void *self)
{
    struct chain *c = self;
    rd_kafka_t *rk = reader(c, c->log, 1);

    while (!atomic_load(&c->stop)) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, SLICE_MS);
        if (!m)
            continue;
        BUG_IF(m->err);
        redisReply *r = redisCommand(c->redis, "EVALSHA %s 2 {b}:v {b}:due %" PRId64 " %" PRId64, c->sha,
                                     m->offset, now_ns());
        BUG_IF(!r || r->type == REDIS_REPLY_ERROR);
        freeReplyObject(r);
        append(c->releaser, c->jobs, m->offset % c->jobs_partitions, JOB_BYTES);
        rd_kafka_message_destroy(m);
        (void)rd_kafka_poll(c->releaser, 0);
    }
    rd_kafka_destroy(rk);
    return NULL;
}

static void *work(void *self)
{
    struct chain *c = self;
    rd_kafka_t *rk = reader(c, c->jobs, c->jobs_partitions);

    while (!atomic_load(&c->stop)) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, SLICE_MS);
        int64_t at = now_ns();
        if (!m)
            continue;
        BUG_IF(m->err);
        BUG_IF(pthread_mutex_lock(&c->lock));
        c->seen_ns = at;
        atomic_fetch_add(&c->seen, 1);
        BUG_IF(pthread_cond_signal(&c->arrived) || pthread_mutex_unlock(&c->lock));
        rd_kafka_message_destroy(m);
    }
    rd_kafka_destroy(rk);
    return NULL;
}

static void cross(struct chain *c, int64_t number, bool print)
{
    atomic_store(&c->acked_ns, 0);
    append(c->sender, c->log, 0, REPORT_BYTES);
    int64_t give_up = now_ns() + (int64_t)ANSWER_MS * 1000000;
    while (!atomic_load(&c->acked_ns) && now_ns() < give_up)
        (void)rd_kafka_poll(c->sender, SLICE_MS);
    struct timespec until;
    BUG_IF(clock_gettime(CLOCK_REALTIME, &until) != 0);
    until.tv_sec += ANSWER_MS / 1000;
    BUG_IF(pthread_mutex_lock(&c->lock));
    while (atomic_load(&c->seen) <= number)
        BUG_IF(pthread_cond_timedwait(&c->arrived, &c->lock, &until));
    int64_t took = c->seen_ns - atomic_load(&c->acked_ns);
    BUG_IF(pthread_mutex_unlock(&c->lock));
    if (print)
        (void)printf("%" PRId64 "\n", took / 1000);
}

static void redis_open(struct chain *c, const char *socket)
{
    c->redis = redisConnectUnix(socket);
    BUG_IF(!c->redis || c->redis->err);
    redisReply *r = redisCommand(c->redis, "SCRIPT LOAD %s", script);
    BUG_IF(!r || r->type != REDIS_REPLY_STRING);
    (void)snprintf(c->sha, sizeof c->sha, "%s", r->str);
    freeReplyObject(r);
}

int main(int argc, char **argv)
{
    int64_t partitions = 0, count = 0, pause_us = 0;
    pthread_t threads[2];

    if (argc != 8 || !str_to_i64(str_of(argv[5]), &partitions) || partitions < 1 ||
        !str_to_i64(str_of(argv[6]), &count) || !str_to_i64(str_of(argv[7]), &pause_us)) {
        (void)fprintf(stderr, "usage: bench_chain BROKERS REDIS-SOCKET LOG-TOPIC JOBS-TOPIC JOBS-PARTITIONS "
                              "COUNT PAUSE-US\n");
        return 2;
    }
    struct chain c = {.brokers = argv[1],
                      .log = argv[3],
                      .jobs = argv[4],
                      .jobs_partitions = partitions,
                      .lock = PTHREAD_MUTEX_INITIALIZER,
                      .arrived = PTHREAD_COND_INITIALIZER};
    redis_open(&c, argv[2]);
    c.sender = client(&c, RD_KAFKA_PRODUCER);
    c.releaser = client(&c, RD_KAFKA_PRODUCER);
    BUG_IF(pthread_create(&threads[0], NULL, coordinate, &c) || pthread_create(&threads[1], NULL, work, &c));
    for (int64_t i = 0; i < WARM_UP + count; i++) {
        struct timespec pause = {.tv_sec = pause_us / 1000000, .tv_nsec = pause_us % 1000000 * 1000};
        cross(&c, i, i >= WARM_UP);
        (void)nanosleep(&pause, NULL);
    }
    atomic_store(&c.stop, true);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    rd_kafka_destroy(c.sender);
    rd_kafka_destroy(c.releaser);
    redisFree(c.redis);
    return 0;
}
