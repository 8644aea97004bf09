/*
 * bench_witness - sees, from outside and by one clock, when the product's records are there and when it asks EC2.
 *
 *   bench_witness BROKERS LOG-TOPIC LOG-PARTITIONS JOBS-TOPIC JOBS-PARTITIONS RELAY-TO-PORT
 *
 * A reader of its own on the same broker, and a relay before the AWS endpoint that passes bytes on untouched. First line:
 * {"port":N}, the relay's. Then one line each, CLOCK_MONOTONIC in microseconds first:
 *   US log TYPE SUBJECT STEP PART/PARTS        a record of the log was returned to a reader
 *   US job KEY STEP                            a record of the jobs topic was
 *   US ask                                     the first bytes of a request for DescribeInstances came through the relay
 * Written when nothing came for SLICE_MS. Ends on SIGTERM.
 */
#include "base/err.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLICE_MS = 50, PAIRS_MAX = 64, COPY = 64 * 1024, READY_US = 10 * 1000 * 1000, WITNESS_NICE = -15 };

struct pair { /* a client's connection and its own to the endpoint */
    int at[2];
    bool asking; /* the last bytes came from the client: what follows belongs to the same request */
};

struct relay {
    int listener, to_port;
    struct pair pairs[PAIRS_MAX];
    size_t n;
    char bytes[COPY];
};

static int64_t now_us(void)
{
    struct timespec t;

    BUG_IF(clock_gettime(CLOCK_MONOTONIC, &t) != 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- the relay ---- */

static struct sockaddr_in local(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void relay_open(struct relay *r, int to_port)
{
    struct sockaddr_in a = local(0);
    socklen_t n = sizeof a;

    r->to_port = to_port;
    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    BUG_IF(r->listener < 0 || bind(r->listener, (struct sockaddr *)&a, sizeof a) || listen(r->listener, 64) ||
           getsockname(r->listener, (struct sockaddr *)&a, &n));
    (void)printf("{\"port\":%d}\n", ntohs(a.sin_port));
    (void)fflush(stdout);
}

static void pair_add(struct relay *r)
{
    struct sockaddr_in a = local(r->to_port);
    struct pair p = {.at = {accept(r->listener, NULL, NULL), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}};
    int yes = 1;

    BUG_IF(r->n == PAIRS_MAX || p.at[0] < 0 || p.at[1] < 0);
    BUG_IF(connect(p.at[1], (struct sockaddr *)&a, sizeof a));
    for (int i = 0; i < 2; i++)
        (void)setsockopt(p.at[i], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    r->pairs[r->n++] = p;
}

static void pair_drop(struct relay *r, size_t i)
{
    (void)close(r->pairs[i].at[0]);
    (void)close(r->pairs[i].at[1]);
    r->pairs[i] = r->pairs[--r->n];
}

static bool pass(struct relay *r, struct pair *p, int from)
{
    ssize_t n = read(p->at[from], r->bytes, sizeof r->bytes);
    int64_t at = now_us();
    size_t found;

    if (n <= 0)
        return false;
    if (from == 0 && !p->asking && str_find(str_n(r->bytes, (size_t)n), STR("DescribeInstances"), &found))
        (void)printf("%" PRId64 " ask\n", at);
    p->asking = from == 0;
    for (ssize_t sent = 0; sent < n;) {
        ssize_t more = write(p->at[1 - from], r->bytes + sent, (size_t)(n - sent));
        if (more <= 0)
            return false;
        sent += more;
    }
    return true;
}

static void *relay_run(void *self)
{
    struct relay *r = self;

    for (;;) {
        struct pollfd fds[1 + 2 * PAIRS_MAX] = {{.fd = r->listener, .events = POLLIN}};
        size_t n = r->n;
        for (size_t i = 0; i < 2 * n; i++)
            fds[1 + i] = (struct pollfd){.fd = r->pairs[i / 2].at[i % 2], .events = POLLIN};
        if (poll(fds, 1 + 2 * n, -1) <= 0)
            continue;
        for (size_t i = n; i-- > 0;) /* from the end: a pair that goes is replaced by one that was looked at */
            if ((fds[1 + 2 * i].revents && !pass(r, &r->pairs[i], 0)) ||
                (fds[2 + 2 * i].revents && !pass(r, &r->pairs[i], 1)))
                pair_drop(r, i);
        if (fds[0].revents)
            pair_add(r);
    }
    return NULL;
}

/* ---- the reader ---- */

struct watch { /* of one topic */
    const char *brokers, *topic;
    int partitions;
    bool jobs;
};

static void add(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, const char *topic, int partitions)
{
    for (int i = 0; i < partitions; i++) {
        int64_t low = 0, high = 0, until = now_us() + READY_US; /* a topic that is new has no leader yet */
        while (rd_kafka_query_watermark_offsets(rk, topic, i, &low, &high, SLICE_MS))
            BUG_IF(now_us() > until);
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = high;
    }
}

static rd_kafka_t *reader_open(const struct watch *w)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    BUG_IF(rd_kafka_conf_set(conf, "bootstrap.servers", w->brokers, why, sizeof why) ||
           rd_kafka_conf_set(conf, "group.id", "bench-witness", why, sizeof why) ||
           rd_kafka_conf_set(conf, "enable.auto.commit", "false", why, sizeof why) ||
           rd_kafka_conf_set(conf, "socket.nagle.disable", "true", why, sizeof why));
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    BUG_IF(!rk);
    (void)rd_kafka_poll_set_consumer(rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    add(rk, list, w->topic, w->partitions);
    BUG_IF(rd_kafka_assign(rk, list));
    rd_kafka_topic_partition_list_destroy(list);
    return rk;
}

/* The number after the first "NAME": of the value; -1: none. */
static int64_t number(const rd_kafka_message_t *m, struct str name)
{
    struct str value = str_n(m->payload, m->len);
    size_t at = 0;
    int64_t n = 0;

    if (!str_find(value, name, &at))
        return -1;
    for (at += name.n; at < value.n && value.p[at] >= '0' && value.p[at] <= '9'; at++)
        n = n * 10 + (value.p[at] - '0');
    return n;
}

static struct str header(const rd_kafka_message_t *m, const char *name)
{
    rd_kafka_headers_t *h = NULL;
    const void *value = NULL;
    size_t n = 0;

    if (rd_kafka_message_headers(m, &h) || rd_kafka_header_get_last(h, name, &value, &n))
        return STR("-");
    return str_n(value, n);
}

static void tell(const rd_kafka_message_t *m, bool is_job, int64_t at)
{
    int64_t step = number(m, STR("\"step\":"));

    if (is_job) {
        (void)printf("%" PRId64 " job " STR_FMT " %" PRId64 "\n", at, STR_ARG(str_n(m->key, m->key_len)), step);
        return;
    }
    struct str type = header(m, "ce_type"), subject = header(m, "ce_subject");
    bool plan = str_is(type, "ec2sched.TierPlanned.v1");
    (void)printf("%" PRId64 " log " STR_FMT " " STR_FMT " %" PRId64 " %" PRId64 "/%" PRId64 "\n", at,
                 STR_ARG(type), STR_ARG(subject), step, plan ? number(m, STR("\"part\":")) : -1,
                 plan ? number(m, STR("\"parts\":")) : -1);
}

static void *watch_run(void *self)
{
    const struct watch *w = self;
    rd_kafka_t *rk = reader_open(w);

    for (;;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, SLICE_MS);
        int64_t at = now_us();
        if (!m) {
            (void)fflush(stdout);
            continue;
        }
        if (!m->err)
            tell(m, w->jobs, at);
        rd_kafka_message_destroy(m);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int64_t partitions[2], port = 0;
    struct relay relay = {0};
    pthread_t threads[2];

    if (argc != 7 || !str_to_i64(str_of(argv[3]), &partitions[0]) || !str_to_i64(str_of(argv[5]), &partitions[1]) ||
        !str_to_i64(str_of(argv[6]), &port)) {
        (void)fprintf(stderr, "usage: bench_witness BROKERS LOG-TOPIC N JOBS-TOPIC N PORT\n");
        return 2;
    }
    (void)setpriority(PRIO_PROCESS, 0, WITNESS_NICE); /* where it may: a witness that waits for a core is late */
    struct watch log = {argv[1], argv[2], (int)partitions[0], false};
    struct watch jobs = {argv[1], argv[4], (int)partitions[1], true};
    relay_open(&relay, (int)port);
    BUG_IF(pthread_create(&threads[0], NULL, watch_run, &log) || pthread_create(&threads[1], NULL, watch_run, &jobs));
    (void)relay_run(&relay);
    return 0;
}
