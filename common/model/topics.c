#include "model/topics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const short_names[TOPICS] = {"events", "jobs", "snap", "progress", "dlq"};

void topic_name(enum topic t, const char *prefix, char out[TOPIC_NAME_MAX])
{
    (void)snprintf(out, TOPIC_NAME_MAX, "%s.%s.v1", prefix, short_names[t]);
}

void topic_group_workers(const char *prefix, char out[TOPIC_NAME_MAX])
{
    (void)snprintf(out, TOPIC_NAME_MAX, "%s.workers", prefix);
}

void topic_group_coord(const char *prefix, char out[TOPIC_NAME_MAX])
{
    (void)snprintf(out, TOPIC_NAME_MAX, "%s.coord", prefix);
}

static void add(struct topic_wanted *w, const char *name, const char *value, bool checked)
{
    BUG_IF(w->n == TOPICS_CONFIG_MAX);
    struct topic_setting *s = &w->settings[w->n++];

    s->name = name;
    (void)snprintf(s->value, sizeof s->value, "%s", value);
    s->checked = checked;
}

void topic_want(enum topic t, const char *prefix, int log_partitions, int jobs_partitions, int replication,
                struct topic_wanted *out)
{
    enum { DLQ_PARTITIONS = 3, DAY_MS = 86400000 };
    static const int64_t days[TOPICS] = {
        [TOPIC_EVENTS] = 90, [TOPIC_JOBS] = 7, [TOPIC_PROGRESS] = 3, [TOPIC_DLQ] = 90};
    char text[32];

    *out = (struct topic_wanted){.partitions = t == TOPIC_JOBS  ? jobs_partitions
                                               : t == TOPIC_DLQ ? DLQ_PARTITIONS
                                                                : log_partitions};
    out->fixed = t != TOPIC_JOBS && t != TOPIC_DLQ;
    topic_name(t, prefix, out->name);
    add(out, "cleanup.policy", t == TOPIC_SNAP ? "compact" : "delete", true);
    if (days[t]) {
        (void)snprintf(text, sizeof text, "%" PRId64, days[t] * DAY_MS);
        add(out, "retention.ms", text, false);
    }
    (void)snprintf(text, sizeof text, "%d", replication > 1 ? replication - 1 : 1);
    add(out, "min.insync.replicas", text, false);
    add(out, "unclean.leader.election.enable", "false", t == TOPIC_EVENTS);
    if (t == TOPIC_EVENTS)
        add(out, "message.timestamp.type", "LogAppendTime", true);
    add(out, "max.message.bytes", "1048588", false);
}

bool topic_check(const struct topic_wanted *w, int partitions, const char *const *values, struct err *e)
{
    if (partitions < 1)
        return err_set(e, ERR_NOT_FOUND, "topic %s does not exist: create it with `ec2sched topics create`",
                       w->name);
    if (w->fixed && partitions != w->partitions)
        return err_set(e, ERR_CONFIG,
                       "topic %s has %d partitions, kafka.log.partitions is %d: correct the option; a topic "
                       "whose number was changed is no log any more: another kafka.prefix and `ec2sched "
                       "topics create`",
                       w->name, partitions, w->partitions);
    for (size_t i = 0; i < w->n; i++) {
        const struct topic_setting *s = &w->settings[i];
        if (s->checked && values[i] && strcmp(values[i], s->value) != 0)
            return err_set(e, ERR_CONFIG,
                           "topic %s has %s=%.60s, %s is needed: set it with kafka-configs, or `ec2sched "
                           "topics create` anew",
                           w->name, s->name, values[i], s->value);
    }
    return true;
}
