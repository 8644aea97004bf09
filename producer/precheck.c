#include "producer/precheck.h"

#include "core/topic_found.h"

static void learn(struct precheck *k, const struct kafka_topic *events, const struct kafka_topic *jobs)
{
    char text[TOPIC_VALUE_MAX];
    const char *stamp = topic_found_value(events, "message.timestamp.type", text);

    k->c->partitions = events->partitions;
    k->c->jobs_partitions = jobs->partitions;
    k->c->log_append_time = stamp && str_is(str_of(stamp), "LogAppendTime");
    if (!events->config_known)
        log_warn(
            k->c->ports->log, "topics.unchecked",
            fs("why", "the broker does not tell topic settings: the log's clock is not used as a bound"));
    log_info(k->c->ports->log, "topics.ok", fi("partitions", k->c->partitions),
             fi("jobs", k->c->jobs_partitions), fb("log_append_time", k->c->log_append_time));
    k->ok = true;
    k->due_ms = k->c->now_ms + PRECHECK_WATCH_MS;
}

static bool check(const struct precheck *k, enum topic kind, const struct kafka_topic *found,
                  const struct err *told, struct err *e)
{
    const struct options *o = k->c->options;
    struct topic_wanted want;

    topic_want(kind, o->kafka.prefix, (int)o->kafka.log_partitions, (int)o->kafka.jobs_partitions, 1, &want);
    return topic_found_ok(&want, found, told, e);
}

/* An answer while nothing is wrong, or after a change. Kafka's own trouble is told elsewhere and changes
 * nothing. */
static void watch(struct precheck *k, const struct kafka_topics *t)
{
    struct err e = {0};
    bool known = t->err.kind == ERR_NONE && t->n > 0 && (!t->errs || t->errs[0].kind == ERR_NONE) &&
                 t->at[0].partitions > 0;
    bool changed = known && t->at[0].partitions != k->c->partitions;

    if (!known || changed == k->changed)
        return;
    k->changed = changed;
    if (!changed) {
        log_info(k->c->ports->log, "topics.ok", fi("partitions", k->c->partitions));
        return;
    }
    (void)!check(k, TOPIC_EVENTS, &t->at[0], NULL, &e);
    k->why = e;
    log_error(k->c->ports->log, "topics.changed", fe(&e));
}

static void on_topics(void *self, uint64_t id, const struct kafka_topics *t)
{
    static const enum topic kinds[] = {TOPIC_EVENTS, TOPIC_JOBS, TOPIC_SNAP};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    struct precheck *k = self;
    struct err e = t->err;
    bool ok = e.kind == ERR_NONE &&
              (t->n == KINDS || err_set(&e, ERR_UNAVAILABLE, "kafka told of %zu topics", t->n));

    (void)id;
    k->asked = false;
    if (k->ok) {
        watch(k, t);
        return;
    }
    for (size_t i = 0; ok && i < KINDS; i++)
        ok = check(k, kinds[i], &t->at[i], t->errs ? &t->errs[i] : NULL, &e);
    if (ok) {
        learn(k, &t->at[0], &t->at[1]);
        return;
    }
    k->why = e;
    if (k->c->now_ms < k->say_ms)
        return;
    k->say_ms = k->c->now_ms + PRECHECK_SAY_MS;
    log_error(k->c->ports->log, "topics.wrong", fe(&e));
}

void precheck_turn(struct precheck *k)
{
    const struct kafka *kafka = &k->c->ports->kafka;
    const char *const names[] = {k->c->events, k->c->jobs, k->c->snap};

    if (k->asked || k->c->now_ms < k->due_ms)
        return;
    k->asked = true;
    k->due_ms = k->c->now_ms + (k->ok ? PRECHECK_WATCH_MS : PRECHECK_AGAIN_MS);
    (void)kafka->ops->describe(kafka->port, names, sizeof names / sizeof *names, on_topics, k);
}
