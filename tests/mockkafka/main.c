/*
 * ec2sched-mockkafka - librdkafka's mock cluster as a process of its own: the demo's embedded broker, and a
 * test's.
 *
 *   ec2sched-mockkafka [--brokers N] [--stdin] TOPIC:PARTITIONS…
 *
 * Makes the topics, prints one line {"bootstrap":"127.0.0.1:PORT,…"} and runs until SIGTERM or SIGINT; with
 * --stdin also until its standard input ends, so that it cannot outlive who started it. Memory only: a
 * partition keeps 5 MiB or 100,000 records and drops older ones silently; no configuration of topics, no
 * replication. Not for figures, and not for anybody's data.
 */
#include "base/str.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

enum { BROKERS_MAX = 9, PARTITIONS_MAX = 1024 };

struct wish {
    int64_t brokers;
    bool until_stdin_ends;
    char **topics;
    int topic_count;
};

static bool read_arguments(struct wish *w, int argc, char **argv)
{
    int i = 1;

    *w = (struct wish){.brokers = 1};
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (!strcmp(argv[i], "--stdin"))
            w->until_stdin_ends = true;
        else if (strcmp(argv[i], "--brokers") != 0 || i + 1 >= argc ||
                 !str_to_i64(str_of(argv[++i]), &w->brokers) || w->brokers < 1 || w->brokers > BROKERS_MAX)
            return false;
    }
    w->topics = argv + i;
    w->topic_count = argc - i;
    return true;
}

static bool make_topic(rd_kafka_mock_cluster_t *cluster, const char *text, int brokers)
{
    struct str name, count;
    char topic[250];
    int64_t n = 0;

    if (!str_cut(str_of(text), ':', &name, &count) || !name.n || name.n >= sizeof topic ||
        !str_to_i64(count, &n) || n < 1 || n > PARTITIONS_MAX)
        return false;
    (void)snprintf(topic, sizeof topic, STR_FMT, STR_ARG(name));
    return rd_kafka_mock_topic_create(cluster, topic, (int)n, brokers < 3 ? brokers : 3) ==
           RD_KAFKA_RESP_ERR_NO_ERROR;
}

static int watch_signals(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void run(int signals, bool until_stdin_ends)
{
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
                           {.fd = until_stdin_ends ? 0 : -1, .events = POLLIN}};
    char rest[256];

    for (;;) {
        if (poll(fds, 2, -1) < 0 || fds[0].revents)
            return;
        if (fds[1].revents && read(0, rest, sizeof rest) <= 0)
            return;
    }
}

int main(int argc, char **argv)
{
    int signals = watch_signals(); /* before librdkafka's threads begin */
    struct wish w;
    char why[512];

    if (signals < 0 || !read_arguments(&w, argc, argv)) {
        (void)fprintf(stderr, "usage: ec2sched-mockkafka [--brokers N] [--stdin] TOPIC:PARTITIONS...\n");
        return 2;
    }
    rd_kafka_t *rk =
        rd_kafka_new(RD_KAFKA_PRODUCER, NULL, why, sizeof why); /* the cluster lives in a client */
    rd_kafka_mock_cluster_t *cluster = rk ? rd_kafka_mock_cluster_new(rk, (int)w.brokers) : NULL;
    if (!cluster) {
        (void)fprintf(stderr, "ec2sched-mockkafka: %s\n", rk ? "the mock cluster cannot be made" : why);
        return 1;
    }
    for (int i = 0; i < w.topic_count; i++)
        if (!make_topic(cluster, w.topics[i], (int)w.brokers)) {
            (void)fprintf(stderr, "ec2sched-mockkafka: %s: NAME:PARTITIONS is needed, at most %d\n",
                          w.topics[i], PARTITIONS_MAX);
            return 2;
        }
    (void)printf("{\"bootstrap\":\"%s\"}\n", rd_kafka_mock_cluster_bootstraps(cluster));
    (void)fflush(stdout);
    run(signals, w.until_stdin_ends);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(rk);
    return 0;
}
