#include "worker/gate.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/topic_found.h"

struct gate {
    const struct options *options;
    const struct ports *ports;
    struct topic_wanted wanted[GATE_TOPICS];
    bool open;
    struct err why;
    uint64_t asking;
    int64_t next_ms, say_ms;
};

struct gate *gate_new(const struct options *o, const struct ports *ports)
{
    static const enum topic topics[GATE_TOPICS] = {TOPIC_EVENTS, TOPIC_JOBS, TOPIC_PROGRESS, TOPIC_DLQ};
    struct gate *g = xcalloc(1, sizeof *g);

    g->options = o;
    g->ports = ports;
    for (size_t i = 0; i < GATE_TOPICS; i++)
        topic_want(topics[i], o->kafka.prefix, (int)o->kafka.log_partitions, (int)o->kafka.jobs_partitions, 1,
                   &g->wanted[i]);
    return g;
}

void gate_free(struct gate *g)
{
    xfree(g);
}

bool gate_open(const struct gate *g, struct err *why)
{
    *why = g->why;
    return g->open;
}

static void on_described(void *self, uint64_t id, const struct kafka_topics *t)
{
    struct gate *g = self;
    struct err e = t->err;
    int64_t now_ms = clock_now(&g->ports->clock).boot_ms;
    bool ok = e.kind == ERR_NONE &&
              (t->n == GATE_TOPICS || err_set(&e, ERR_UNAVAILABLE, "kafka told of %zu topics", t->n));

    if (id != g->asking)
        return;
    g->asking = 0;
    g->next_ms = now_ms + GATE_AGAIN_MS;
    for (size_t i = 0; ok && i < GATE_TOPICS; i++) {
        ok = topic_found_ok(&g->wanted[i], &t->at[i], t->errs ? &t->errs[i] : NULL, &e);
        if (ok && !t->at[i].config_known)
            log_warn(g->ports->log, "topics.unchecked", fs("topic", g->wanted[i].name));
    }
    g->open = ok;
    g->why = e;
    if (ok || now_ms < g->say_ms)
        return;
    g->say_ms = now_ms + GATE_SAY_MS;
    log_error(g->ports->log, "topics.wrong", fe(&e));
}

int64_t gate_turn(struct gate *g, int64_t now_ms)
{
    const char *names[GATE_TOPICS];

    if (g->open || g->asking)
        return INT64_MAX;
    if (g->next_ms > now_ms)
        return g->next_ms;
    for (size_t i = 0; i < GATE_TOPICS; i++)
        names[i] = g->wanted[i].name;
    g->asking = g->ports->kafka.ops->describe(g->ports->kafka.port, names, GATE_TOPICS, on_described, g);
    return INT64_MAX;
}
