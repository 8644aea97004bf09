#include "real/kafka_topics.h"

#include "base/mem.h"

#include <string.h>

void topics_init(struct topics *t, const char *const *names, size_t n)
{
    *t = (struct topics){.n = n};
    t->owned = xcalloc(n, sizeof *t->owned);
    t->errs = xcalloc(n, sizeof *t->errs);
    for (size_t i = 0; i < n; i++) {
        t->owned[i].name = xstrdup(names[i]);
        t->owned[i].partitions = -1;
    }
}

static void add_config(struct topic_owned *o, struct str name, struct str value)
{
    o->config = xrealloc(o->config, (o->config_count + 1) * sizeof *o->config);
    o->config[o->config_count++] = (struct kafka_header){
        .name = str_n(xstrndup(name.p ? name.p : "", name.n), name.n),
        .value = str_n(xstrndup(value.p ? value.p : "", value.n), value.n),
    };
}

void topics_wanted(struct topics *t, const struct kafka_topic *topics, size_t n)
{
    *t = (struct topics){.n = n};
    t->owned = xcalloc(n, sizeof *t->owned);
    t->errs = xcalloc(n, sizeof *t->errs);
    for (size_t i = 0; i < n; i++) {
        struct topic_owned *o = &t->owned[i];
        o->name = xstrdup(topics[i].name);
        o->partitions = topics[i].partitions;
        o->replication = topics[i].replication;
        for (size_t c = 0; c < topics[i].config_count; c++)
            add_config(o, topics[i].config[c].name, topics[i].config[c].value);
    }
}

void topics_release(struct topics *t)
{
    for (size_t i = 0; i < t->n; i++) {
        struct topic_owned *o = &t->owned[i];
        for (size_t c = 0; c < o->config_count; c++) {
            xfree((char *)(uintptr_t)o->config[c].name.p);
            xfree((char *)(uintptr_t)o->config[c].value.p);
        }
        xfree(o->config);
        xfree(o->name);
    }
    xfree(t->owned);
    xfree(t->seen);
    xfree(t->errs);
    *t = (struct topics){0};
}

struct kafka_topics topics_view(struct topics *t)
{
    xfree(t->seen);
    t->seen = xcalloc(t->n ? t->n : 1, sizeof *t->seen);
    for (size_t i = 0; i < t->n; i++)
        t->seen[i] = (struct kafka_topic){
            .name = t->owned[i].name,
            .partitions = t->owned[i].partitions,
            .replication = t->owned[i].replication,
            .config = t->owned[i].config,
            .config_count = t->owned[i].config_count,
            .config_known = t->owned[i].config_known,
        };
    return (struct kafka_topics){.at = t->seen, .errs = t->errs, .n = t->n, .brokers = t->brokers};
}

/* ---- found ---- */

void topics_found(struct topics *t, size_t i, const struct rd_kafka_metadata *m)
{
    struct topic_owned *o = &t->owned[i];

    t->brokers = m->broker_cnt;
    t->answered_by = m->orig_broker_id >= 0 || m->broker_cnt == 0 ? m->orig_broker_id : m->brokers[0].id;
    for (int k = 0; k < m->topic_cnt; k++) {
        const struct rd_kafka_metadata_topic *found = &m->topics[k];
        if (strcmp(found->topic, o->name) != 0)
            continue;
        if (found->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
            found->err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
            o->partitions = found->partition_cnt;
            o->replication = found->partition_cnt > 0 ? found->partitions[0].replica_cnt : 0;
        } else if (found->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
            (void)kafka_core_err(&t->errs[i], found->err, NULL); /* there, or not: we may not know */
        }
    }
}

static rd_kafka_AdminOptions_t *admin_options(rd_kafka_t *rk, rd_kafka_admin_op_t op, int timeout_ms,
                                              void *opaque)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, op);
    char why[ERR_MSG_MAX];

    BUG_IF(!options);
    (void)rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, why, sizeof why);
    if (op == RD_KAFKA_ADMIN_OP_CREATETOPICS)
        (void)rd_kafka_AdminOptions_set_operation_timeout(options, timeout_ms, why, sizeof why);
    rd_kafka_AdminOptions_set_opaque(options, opaque);
    return options;
}

bool topics_ask_config(struct topics *t, rd_kafka_t *rk, rd_kafka_queue_t *answers, int timeout_ms,
                       void *opaque)
{
    rd_kafka_ConfigResource_t **ask = xcalloc(t->n, sizeof(rd_kafka_ConfigResource_t *));
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++)
        if (t->owned[i].partitions >= 0)
            ask[n++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, t->owned[i].name);
    if (n > 0) {
        char why[ERR_MSG_MAX];
        rd_kafka_AdminOptions_t *options =
            admin_options(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms, opaque);
        /* Any broker knows; left to itself librdkafka looks for the controller, which a cluster may not
         * name. */
        (void)rd_kafka_AdminOptions_set_broker(options, t->answered_by, why, sizeof why);
        rd_kafka_DescribeConfigs(rk, ask, n, options, answers);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_ConfigResource_destroy_array(ask, n);
    }
    xfree(ask);
    return n > 0;
}

static void take_entries(struct topic_owned *o, const rd_kafka_ConfigResource_t *resource)
{
    size_t n = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &n);

    for (size_t i = 0; i < n; i++)
        add_config(o, str_of(rd_kafka_ConfigEntry_name(entries[i])),
                   str_of(rd_kafka_ConfigEntry_value(entries[i])));
    o->config_known = true;
}

void topics_take_config(struct topics *t, rd_kafka_event_t *event)
{
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    size_t n = 0;

    if (rd_kafka_event_error(event) || !result)
        return;
    const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(result, &n);
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < t->n && !rd_kafka_ConfigResource_error(resources[r]); i++)
            if (!strcmp(t->owned[i].name, rd_kafka_ConfigResource_name(resources[r])))
                take_entries(&t->owned[i], resources[r]);
}

/* ---- created ---- */

static rd_kafka_NewTopic_t *new_topic(const struct topic_owned *o, struct err *e)
{
    char why[ERR_MSG_MAX];
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(o->name, o->partitions, o->replication ? o->replication : -1, why, sizeof why);

    if (!topic) {
        (void)err_set(e, ERR_INVALID, "kafka: topic %s: %s", o->name, why);
        return NULL;
    }
    for (size_t c = 0; c < o->config_count; c++)
        BUG_IF(rd_kafka_NewTopic_set_config(topic, o->config[c].name.p, o->config[c].value.p));
    return topic;
}

bool topics_create(struct topics *t, rd_kafka_t *rk, rd_kafka_queue_t *answers, int timeout_ms, void *opaque,
                   struct err *e)
{
    rd_kafka_NewTopic_t **ask = xcalloc(t->n, sizeof(rd_kafka_NewTopic_t *));
    size_t n = 0;

    while (n < t->n && (ask[n] = new_topic(&t->owned[n], e)))
        n++;
    bool ok = n == t->n;
    if (ok) {
        rd_kafka_AdminOptions_t *options =
            admin_options(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms, opaque);
        rd_kafka_CreateTopics(rk, ask, n, options, answers);
        rd_kafka_AdminOptions_destroy(options);
    }
    rd_kafka_NewTopic_destroy_array(ask, n);
    xfree(ask);
    return ok;
}

void topics_take_created(struct topics *t, rd_kafka_event_t *event)
{
    size_t n = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);

    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < t->n; i++)
            if (rd_kafka_topic_result_error(results[r]) &&
                !strcmp(t->owned[i].name, rd_kafka_topic_result_name(results[r])))
                (void)kafka_core_err(&t->errs[i], rd_kafka_topic_result_error(results[r]),
                                     rd_kafka_topic_result_error_string(results[r]));
}
