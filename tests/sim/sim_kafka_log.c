#include "sim/sim_kafka_parts.h"

#include "base/mem.h"

#include <string.h>

struct sim_topic *sim_topic_find(const struct sim_kafka *k, const char *name)
{
    for (struct sim_topic *t = k->topics; t; t = t->next)
        if (strcmp(t->name, name) == 0)
            return t;
    return NULL;
}

struct sim_topic *sim_topic_new(struct sim_kafka *k, const char *name, int partitions)
{
    struct sim_topic *t = xcalloc(1, sizeof *t);

    t->name = xstrdup(name);
    t->partitions = partitions;
    t->logs = xcalloc((size_t)partitions, sizeof *t->logs);
    t->next = k->topics;
    k->topics = t;
    return t;
}

void sim_topic_set(struct sim_topic *t, struct str name, struct str value)
{
    BUG_IF(t->config_count == sizeof t->config / sizeof *t->config);
    t->config[t->config_count++] =
        (struct kafka_header){str_n(str_dup(name), name.n), str_n(str_dup(value), value.n)};
    if (str_is(name, "message.timestamp.type"))
        t->log_append_time = str_is(value, "LogAppendTime");
}

struct sim_log *sim_log_find(const struct sim_kafka *k, const char *topic, int partition)
{
    const struct sim_topic *t = sim_topic_find(k, topic);

    return t && partition >= 0 && partition < t->partitions ? &t->logs[partition] : NULL;
}

int64_t sim_log_end(const struct sim_log *l)
{
    return l->low_kept + (int64_t)l->n;
}

const struct sim_kafka_record *sim_log_at(const struct sim_log *l, int64_t offset)
{
    return offset >= l->low && offset < sim_log_end(l) ? &l->at[offset - l->low_kept] : NULL;
}

int64_t sim_log_add(struct sim_kafka *k, struct sim_topic *t, int partition, struct sim_kafka_record *r)
{
    struct sim_log *l = &t->logs[partition];
    int64_t offset = sim_log_end(l);

    if (t->log_append_time)
        r->ts_ms = machine_true_wall_ms(scheduler_now(k->s));
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 64;
        l->at = xrealloc(l->at, l->cap * sizeof *l->at);
    }
    l->at[l->n++] = *r;
    *r = (struct sim_kafka_record){0};
    if (k->heard)
        k->heard(k->listener, t->name, partition, offset, &l->at[l->n - 1]);
    sim_readers_tell(k, t->name, partition);
    return offset;
}

void sim_record_release(struct sim_kafka_record *r)
{
    xfree(r->key);
    xfree(r->value);
    for (size_t i = 0; i < r->header_count; i++) {
        xfree((char *)(uintptr_t)r->headers[i].name.p);
        xfree((char *)(uintptr_t)r->headers[i].value.p);
    }
    xfree(r->headers);
    *r = (struct sim_kafka_record){0};
}

void sim_topics_free(struct sim_kafka *k)
{
    while (k->lost_n)
        sim_record_release(&k->lost[--k->lost_n]);
    xfree(k->lost);
    while (k->topics) {
        struct sim_topic *t = k->topics;
        k->topics = t->next;
        for (int p = 0; p < t->partitions; p++) {
            for (size_t i = 0; i < t->logs[p].n; i++)
                sim_record_release(&t->logs[p].at[i]);
            xfree(t->logs[p].at);
        }
        for (size_t i = 0; i < t->config_count; i++) {
            xfree((char *)(uintptr_t)t->config[i].name.p);
            xfree((char *)(uintptr_t)t->config[i].value.p);
        }
        xfree(t->logs);
        xfree(t->name);
        xfree(t);
    }
}

/* ---- by hand ---- */

void sim_kafka_create(struct sim_kafka *k, const char *topic, int partitions, const char *timestamp_type,
                      const char *cleanup)
{
    struct sim_topic *t = sim_topic_new(k, topic, partitions);

    sim_topic_set(t, STR("message.timestamp.type"), str_of(timestamp_type));
    sim_topic_set(t, STR("cleanup.policy"), str_of(cleanup));
    sim_topic_set(t, STR("unclean.leader.election.enable"), STR("false"));
}

int64_t sim_kafka_end(const struct sim_kafka *k, const char *topic, int partition)
{
    const struct sim_log *l = sim_log_find(k, topic, partition);

    BUG_IF(!l);
    return sim_log_end(l);
}

void sim_kafka_cut(struct sim_kafka *k, const char *topic, int partition, int64_t low)
{
    struct sim_log *l = sim_log_find(k, topic, partition);

    BUG_IF(!l || low > sim_log_end(l));
    l->low = low > l->low ? low : l->low;
}

void sim_kafka_lose(struct sim_kafka *k, const char *topic, int partition, int64_t end)
{
    struct sim_log *l = sim_log_find(k, topic, partition);

    BUG_IF(!l || end < l->low);
    while (sim_log_end(l) > end) {
        k->lost = xrealloc(k->lost, (k->lost_n + 1) * sizeof *k->lost);
        k->lost[k->lost_n++] = l->at[--l->n];
    }
    sim_readers_tell(k, topic, partition);
}

void sim_kafka_down(struct sim_kafka *k, const char *topic, int partition, int64_t us)
{
    struct sim_log *l = sim_log_find(k, topic, partition);

    BUG_IF(!l);
    l->down_until_us = scheduler_now(k->s) + us;
}
