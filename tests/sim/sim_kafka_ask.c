#include "sim/sim_kafka_parts.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum kind { ASK_WATERMARKS, ASK_SINCE, ASK_COMMITTED, ASK_COMMIT, ASK_CREATE, ASK_DESCRIBE };

/* A question is the client's until the broker has it, and again when the answer is there. */
struct question {
    uint64_t id, owner;
    struct sim_kafka *k;
    struct sim_kafka_client *c; /* looked at only in the owner's completion */
    enum kind kind;
    union {
        kafka_watermarks_done *watermarks;
        kafka_offsets_done *since;
        kafka_committed_done *committed;
        kafka_done *commit;
        kafka_topics_done *topics;
    } done;
    void *self;
    struct err err;
    char *topic, *group;
    int *partitions;
    size_t n;
    int64_t *low, *high;
    int64_t moment_ms, asked_ms, offset;
    struct kafka_topic *topics; /* names and settings owned */
    struct err *errs;
};

static void question_free(void *self)
{
    struct question *q = self;

    for (size_t i = 0; q->topics && i < q->n; i++) {
        for (size_t c = 0; c < q->topics[i].config_count; c++) {
            xfree((char *)(uintptr_t)q->topics[i].config[c].name.p);
            xfree((char *)(uintptr_t)q->topics[i].config[c].value.p);
        }
        xfree((struct kafka_header *)(uintptr_t)q->topics[i].config);
        xfree((char *)(uintptr_t)q->topics[i].name);
    }
    xfree(q->topics);
    xfree(q->errs);
    xfree(q->topic);
    xfree(q->group);
    xfree(q->partitions);
    xfree(q->low);
    xfree(q->high);
    xfree(q);
}

static void deliver(void *self)
{
    struct question *q = self;
    struct kafka_topics t = {.err = q->err, .at = q->topics, .errs = q->errs, .n = q->n, .brokers = 1};

    q->c->up = q->err.kind != ERR_UNAVAILABLE;
    if (!q->c->up)
        (void)snprintf(q->c->why, sizeof q->c->why, "%s", q->err.msg);
    switch (q->kind) {
    case ASK_WATERMARKS:
        q->done.watermarks(
            q->self, q->id,
            &(struct kafka_watermarks){
                .err = q->err, .low = q->low, .high = q->high, .n = q->n, .asked_boot_ms = q->asked_ms});
        break;
    case ASK_SINCE:
        q->done.since(q->self, q->id, &(struct kafka_offsets){.err = q->err, .offset = q->low, .n = q->n});
        break;
    case ASK_COMMITTED:
        q->done.committed(q->self, q->id,
                          &(struct kafka_committed){.err = q->err, .offset = q->low, .n = q->n});
        break;
    case ASK_COMMIT:
        q->done.commit(q->self, q->id, &q->err);
        break;
    case ASK_CREATE:
    case ASK_DESCRIBE:
        q->done.topics(q->self, q->id, &t);
        break;
    }
    question_free(q);
}

static void answer(struct question *q, int64_t us)
{
    (void)scheduler_after(q->k->s, us,
                          &(struct completion){q->owner, "kafka.answer", deliver, question_free, q});
}

/* ---- at the broker ---- */

static int64_t first_since(const struct sim_log *l, int64_t since_ms)
{
    for (int64_t o = l->low; o < sim_log_end(l); o++)
        if (sim_log_at(l, o)->ts_ms >= since_ms)
            return o;
    return -1;
}

/* NULL: it is wrong, or has no leader. */
static const struct sim_log *log_of(struct question *q, size_t i)
{
    const struct sim_log *l = sim_log_find(q->k, q->topic, q->partitions[i]);

    if (!l) {
        (void)err_set(&q->err, ERR_NOT_FOUND, "kafka: %s[%d]: no such partition", q->topic, q->partitions[i]);
        return NULL;
    }
    if (l->down_until_us > scheduler_now(q->k->s)) {
        (void)err_set(&q->err, ERR_UNAVAILABLE, "kafka: %s[%d]: no leader", q->topic, q->partitions[i]);
        return NULL;
    }
    return l;
}

static void read_offsets(struct question *q)
{
    for (size_t i = 0; i < q->n && !q->err.kind; i++) {
        const struct sim_log *l = log_of(q, i);
        if (l && q->kind == ASK_SINCE)
            q->low[i] = first_since(l, q->moment_ms);
        if (!l || q->kind == ASK_SINCE)
            continue;
        q->low[i] = l->low;
        q->high[i] = sim_log_end(l);
    }
}

static void read_committed(struct question *q)
{
    struct sim_group *g = sim_group_of(q->k, q->group);

    for (size_t i = 0; i < q->n; i++) {
        const int64_t *offset = sim_group_offset(g, q->topic, (int)i, false);
        q->low[i] = offset ? *offset : -1;
    }
}

static void commit(struct question *q)
{
    struct sim_group *g = sim_group_of(q->k, q->group);

    if (g->n)
        (void)err_set(&q->err, ERR_CONFLICT, "kafka: Broker: Unknown member");
    else
        *sim_group_offset(g, q->topic, q->partitions[0], true) = q->offset;
}

static void create(struct question *q)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct kafka_topic *wanted = &q->topics[i];
        if (sim_topic_find(q->k, wanted->name)) {
            (void)err_set(&q->errs[i], ERR_CONFLICT, "kafka: topic %s is there already", wanted->name);
            (void)err_code(&q->errs[i], "TOPIC_ALREADY_EXISTS");
            continue;
        }
        struct sim_topic *t = sim_topic_new(q->k, wanted->name, wanted->partitions);
        for (size_t c = 0; c < wanted->config_count; c++)
            sim_topic_set(t, wanted->config[c].name, wanted->config[c].value);
    }
}

static void copy_config(struct kafka_topic *to, const struct kafka_header *config, size_t n)
{
    struct kafka_header *out = xcalloc(n + 1, sizeof *out);

    for (size_t i = 0; i < n; i++)
        out[i] = (struct kafka_header){str_n(str_dup(config[i].name), config[i].name.n),
                                       str_n(str_dup(config[i].value), config[i].value.n)};
    to->config = out;
    to->config_count = n;
}

static void describe(struct question *q)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct sim_topic *t = sim_topic_find(q->k, q->topics[i].name);
        q->topics[i].partitions = t ? t->partitions : -1;
        q->topics[i].replication = t ? 1 : 0;
        q->topics[i].config_known = t != NULL;
        if (t)
            copy_config(&q->topics[i], t->config, t->config_count);
    }
}

static void at_broker(void *self)
{
    struct question *q = self;

    switch (q->kind) {
    case ASK_WATERMARKS:
    case ASK_SINCE:
        read_offsets(q);
        break;
    case ASK_COMMITTED:
        read_committed(q);
        break;
    case ASK_COMMIT:
        commit(q);
        break;
    case ASK_CREATE:
        create(q);
        break;
    case ASK_DESCRIBE:
        describe(q);
        break;
    }
    answer(q, sim_kafka_wire(q->k));
}

/* ---- asking ---- */

static struct question *question_new(struct sim_kafka_client *c, enum kind kind, void *self)
{
    struct question *q = xcalloc(1, sizeof *q);

    *q = (struct question){
        .id = ++c->k->last_id, .owner = c->owner, .k = c->k, .c = c, .kind = kind, .self = self};
    q->asked_ms = machine_instant(c->machine, scheduler_now(c->k->s)).boot_ms;
    return q;
}

static uint64_t ask(struct question *q)
{
    uint64_t id = q->id;

    if (sim_kafka_cut_us(q->c) > 0 || sim_kafka_strikes(q->k, FAULT_KAFKA_ASK_LOST)) {
        (void)err_set(&q->err, ERR_UNAVAILABLE, "kafka: Local: Timed out");
        answer(q, (int64_t)SIM_ASK_MS * 1000);
    } else {
        (void)scheduler_after(q->k->s, sim_kafka_wire(q->k),
                              &(struct completion){0, "kafka.ask", at_broker, question_free, q});
    }
    return id;
}

static void keep_partitions(struct question *q, const char *topic, const int *partitions, size_t n)
{
    q->topic = xstrdup(topic);
    q->n = n;
    q->low = xcalloc(n + 1, sizeof *q->low);
    q->high = xcalloc(n + 1, sizeof *q->high);
    q->partitions = xcalloc(n + 1, sizeof *q->partitions);
    for (size_t i = 0; i < n; i++)
        q->partitions[i] = partitions ? partitions[i] : (int)i;
}

uint64_t sim_ask_watermarks(struct sim_kafka_client *c, const char *topic, const int *partitions, size_t n,
                            kafka_watermarks_done *done, void *self)
{
    struct question *q = question_new(c, ASK_WATERMARKS, self);

    q->done.watermarks = done;
    keep_partitions(q, topic, partitions, n);
    return ask(q);
}

uint64_t sim_ask_since(struct sim_kafka_client *c, const char *topic, const int *partitions, size_t n,
                       int64_t since_ms, kafka_offsets_done *done, void *self)
{
    struct question *q = question_new(c, ASK_SINCE, self);

    q->done.since = done;
    q->moment_ms = since_ms;
    keep_partitions(q, topic, partitions, n);
    return ask(q);
}

uint64_t sim_ask_committed(struct sim_kafka_client *c, const char *group, const char *topic, int partitions,
                           kafka_committed_done *done, void *self)
{
    struct question *q = question_new(c, ASK_COMMITTED, self);

    q->done.committed = done;
    q->group = xstrdup(group);
    keep_partitions(q, topic, NULL, (size_t)partitions);
    return ask(q);
}

uint64_t sim_ask_commit(struct sim_kafka_client *c, const char *group, const char *topic, int partition,
                        int64_t offset, kafka_done *done, void *self)
{
    struct question *q = question_new(c, ASK_COMMIT, self);

    q->done.commit = done;
    q->group = xstrdup(group);
    q->offset = offset;
    keep_partitions(q, topic, &partition, 1);
    return ask(q);
}

static void keep_topics(struct question *q, size_t n)
{
    q->n = n;
    q->topics = xcalloc(n + 1, sizeof *q->topics);
    q->errs = xcalloc(n + 1, sizeof *q->errs);
}

uint64_t sim_ask_create(struct sim_kafka_client *c, const struct kafka_topic *topics, size_t n,
                        kafka_topics_done *done, void *self)
{
    struct question *q = question_new(c, ASK_CREATE, self);

    q->done.topics = done;
    keep_topics(q, n);
    for (size_t i = 0; i < n; i++) {
        q->topics[i] = (struct kafka_topic){.name = xstrdup(topics[i].name),
                                            .partitions = topics[i].partitions,
                                            .replication = topics[i].replication};
        copy_config(&q->topics[i], topics[i].config, topics[i].config_count);
    }
    return ask(q);
}

uint64_t sim_ask_describe(struct sim_kafka_client *c, const char *const *names, size_t n,
                          kafka_topics_done *done, void *self)
{
    struct question *q = question_new(c, ASK_DESCRIBE, self);

    q->done.topics = done;
    keep_topics(q, n);
    for (size_t i = 0; i < n; i++)
        q->topics[i] = (struct kafka_topic){.name = xstrdup(names[i]), .partitions = -1};
    return ask(q);
}
