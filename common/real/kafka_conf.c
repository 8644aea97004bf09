#include "real/kafka_conf.h"

#include "base/str.h"

#include <signal.h>
#include <string.h>

_Static_assert(SIGIO == 29, "the number in the table below");

enum {
    PRODUCERS = KAFKA_ROLE_EVENTS | KAFKA_ROLE_JOBS,
    READERS = KAFKA_ROLE_FETCH | KAFKA_ROLE_GROUP,
    CONSUMERS = READERS | KAFKA_ROLE_ASK,
    ALL = PRODUCERS | CONSUMERS,
};

struct setting {
    const char *name, *value;
    int roles;
};

/*
 * The two bounds of prefetching: a queue over either is not fetched for until the broker's thread looks
 * again, up to a second later (the property for that, fetch.queue.backoff.ms, came with 2.2). Small ones cost
 * half a second in the middle of a burst and hold a replay at their size a second; large ones cost memory
 * while we are behind, and nothing else: partitions belong to one member, so no record is kept from another.
 */
static const struct setting defaults[] = {
    {"client.id", "ec2sched", ALL},
    {"log_level", "4", ALL},
    {"socket.nagle.disable", "true", ALL},
    {"socket.keepalive.enable", "true", ALL},
    {"socket.timeout.ms", "10000", ALL}, /* a frozen broker holds a request that long */
    {"reconnect.backoff.ms", "20", ALL},
    {"reconnect.backoff.max.ms", "1000", ALL},
    {"linger.ms", "0", PRODUCERS},
    {"retry.backoff.ms", "20", PRODUCERS},
    {"delivery.timeout.ms", "30000", KAFKA_ROLE_EVENTS},
    /* a dead letter and its headers: its topic decides */
    {"message.max.bytes", "9000000", KAFKA_ROLE_EVENTS},
    {"delivery.timeout.ms", "60000", KAFKA_ROLE_JOBS},
    {"queue.buffering.max.messages", "100000", PRODUCERS},
    {"queue.buffering.max.kbytes", "262144", PRODUCERS},
    {"fetch.wait.max.ms", "500", KAFKA_ROLE_FETCH},
    /* The first fetch behind a join goes out as soon as one partition is ready, and the others wait for its
     * end: so long may a worker's first job take, and a job's whose partition has moved to another worker. */
    {"fetch.wait.max.ms", "100", KAFKA_ROLE_GROUP},
    {"fetch.min.bytes", "1", READERS},
    {"fetch.error.backoff.ms", "20", READERS},
    {"queued.min.messages", "100000", KAFKA_ROLE_FETCH},
    {"queued.max.messages.kbytes", "16384", KAFKA_ROLE_FETCH}, /* a partition */
    {"queued.min.messages", "10000", KAFKA_ROLE_GROUP},
    {"queued.max.messages.kbytes", "16384", KAFKA_ROLE_GROUP}, /* all partitions together */
    {"session.timeout.ms", "10000",
     KAFKA_ROLE_GROUP | KAFKA_ROLE_ASK}, /* also how long a commit waits for a coordinator */
    {"heartbeat.interval.ms", "2000", KAFKA_ROLE_GROUP},
    {"max.poll.interval.ms", "300000", KAFKA_ROLE_GROUP},
    {NULL, NULL, 0},
};

static const struct setting fixed[] = {
    {"log.queue", "true", ALL},
    {"internal.termination.signal", "29",
     ALL}, /* SIGIO between its own threads: ending a client takes no second */
    {"acks", "all", PRODUCERS},
    {"enable.idempotence", "true", PRODUCERS},
    {"isolation.level", "read_uncommitted",
     CONSUMERS}, /* no transactions: never wait for the last stable offset */
    {"partition.assignment.strategy", "roundrobin", KAFKA_ROLE_GROUP},
    {"enable.auto.commit", "true", KAFKA_ROLE_GROUP}, /* of what was stored by hand */
    {"enable.auto.commit", "false", KAFKA_ROLE_FETCH | KAFKA_ROLE_ASK},
    {"auto.commit.interval.ms", "1000", KAFKA_ROLE_GROUP},
    {"auto.commit.enable", "false", KAFKA_ROLE_FETCH}, /* of the partition API, on its own switch */
    {"enable.auto.offset.store", "false", CONSUMERS},
    {"enable.partition.eof", "false", CONSUMERS},
    {"auto.offset.reset", "earliest", KAFKA_ROLE_GROUP},
    {"auto.offset.reset", "error",
     KAFKA_ROLE_FETCH}, /* a position outside the log is never silently another one */
    {NULL, NULL, 0},
};

/* Also fixed, by other means than a value of ours; and other names of the above. */
static const char *const refused[] = {
    "bootstrap.servers",
    "metadata.broker.list",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "transactional.id",
    "transaction.timeout.ms",
    "request.required.acks",
    "enable.gapless.guarantee",
    "enabled_events",
    "opaque",
    "default_topic_conf",
    "plugin.library.paths",
    NULL,
};

static bool is_fixed(const char *name)
{
    for (const struct setting *s = fixed; s->name; s++)
        if (!strcmp(s->name, name))
            return true;
    for (const char *const *r = refused; *r; r++)
        if (!strcmp(*r, name))
            return true;
    return false;
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *e)
{
    char why[ERR_MSG_MAX];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return true;
    return err_set(e, ERR_CONFIG, "kafka: %s", why);
}

static bool set_table(rd_kafka_conf_t *conf, const struct setting *table, enum kafka_role role, struct err *e)
{
    for (const struct setting *s = table; s->name; s++)
        if ((s->roles & (int)role) && !set(conf, s->name, s->value, e))
            return false;
    return true;
}

static bool set_users(rd_kafka_conf_t *conf, const struct options *o, struct err *e)
{
    for (size_t i = 0; i < o->kafka.x_count; i++) {
        const struct options_pair *x = &o->kafka.x[i];
        char why[ERR_MSG_MAX];
        if (is_fixed(x->name))
            return err_set(e, ERR_CONFIG, "kafka.x.%s: set by ec2sched itself; take it away", x->name);
        rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, x->name, x->value, why, sizeof why);
        if (result == RD_KAFKA_CONF_UNKNOWN)
            return err_set(e, ERR_CONFIG, "kafka.x.%s: librdkafka %s has no such property", x->name,
                           rd_kafka_version_str());
        if (result != RD_KAFKA_CONF_OK) /* librdkafka's words may repeat the value */
            return err_set(e, ERR_CONFIG, "kafka.x.%s: %s", x->name, x->secret ? "not a valid value" : why);
    }
    return true;
}

rd_kafka_conf_t *kafka_conf_new(enum kafka_role role, const struct options *o, const char *group,
                                struct err *e)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    if (set_table(conf, defaults, role, e) && set_users(conf, o, e) && set_table(conf, fixed, role, e) &&
        set(conf, "bootstrap.servers", o->kafka.brokers, e) && (!group || set(conf, "group.id", group, e)))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

bool kafka_conf_check(const struct options *o, struct err *e)
{
    static const enum kafka_role roles[] = {KAFKA_ROLE_EVENTS, KAFKA_ROLE_GROUP};

    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        rd_kafka_conf_t *conf = kafka_conf_new(roles[i], o, NULL, e);
        if (!conf)
            return false;
        rd_kafka_conf_destroy(conf);
    }
    return true;
}
