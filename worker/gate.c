#include "worker/gate.h"

#include "base/log.h"
#include "base/mem.h"
#include "model/topics.h"

#include <string.h>

struct gate {
    const struct options *options;
    const struct ports *ports;
    struct topic_wanted wanted[GATE_TOPICS];
    enum gate_state state;
    struct err why;
    uint64_t asking;
    int64_t next_ms;
    bool said;
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

enum gate_state gate_state(const struct gate *g, struct err *e)
{
    if (g->state == GATE_REFUSED)
        *e = g->why;
    return g->state;
}

static const struct topic_wanted *wanted_of(const struct gate *g, const char *name)
{
    for (size_t i = 0; i < GATE_TOPICS; i++)
        if (strcmp(g->wanted[i].name, name) == 0)
            return &g->wanted[i];
    return NULL;
}

static bool settings_ok(struct gate *g, const struct topic_wanted *w, const struct kafka_topic *t)
{
    for (size_t i = 0; i < w->n; i++) {
        for (size_t k = 0; k < t->config_count; k++) {
            if (!w->settings[i].checked || !str_is(t->config[k].name, w->settings[i].name) ||
                str_is(t->config[k].value, w->settings[i].value))
                continue;
            return err_set(&g->why, ERR_CONFIG,
                           "topic %s: %s is " STR_FMT ", it must be %s: ec2sched topics check", w->name,
                           w->settings[i].name, STR_ARG(t->config[k].value), w->settings[i].value);
        }
    }
    return true;
}

static void say_missing(struct gate *g, const char *name)
{
    if (!g->said)
        log_warn(g->ports->log, "gate.topic_missing", fs("topic", name),
                 fs("remedy", "ec2sched topics create"));
    g->said = true;
}

static void on_described(void *self, uint64_t id, const struct kafka_topics *t)
{
    struct gate *g = self;
    bool missing = t->n < GATE_TOPICS;

    if (id != g->asking)
        return;
    g->asking = 0;
    g->next_ms = clock_now(&g->ports->clock).boot_ms + GATE_AGAIN_MS;
    if (t->err.kind != ERR_NONE) {
        log_warn(g->ports->log, "gate.describe_failed", fe(&t->err));
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        const struct topic_wanted *w = wanted_of(g, t->at[i].name);
        if (t->at[i].partitions < 1) {
            say_missing(g, t->at[i].name);
            missing = true;
        } else if (w && t->at[i].config_known && !settings_ok(g, w, &t->at[i])) {
            g->state = GATE_REFUSED;
            return;
        } else if (!t->at[i].config_known) {
            log_warn(g->ports->log, "gate.config_unknown", fs("topic", t->at[i].name));
        }
    }
    if (!missing)
        g->state = GATE_OPEN;
}

int64_t gate_turn(struct gate *g, int64_t now_ms)
{
    const char *names[GATE_TOPICS];

    if (g->state != GATE_ASKING || g->asking)
        return INT64_MAX;
    if (g->next_ms > now_ms)
        return g->next_ms;
    for (size_t i = 0; i < GATE_TOPICS; i++)
        names[i] = g->wanted[i].name;
    g->asking = g->ports->kafka.ops->describe(g->ports->kafka.port, names, GATE_TOPICS, on_described, g);
    return INT64_MAX;
}
