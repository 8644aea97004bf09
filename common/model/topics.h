#pragma once
/*
 * topics - the names of the topics and what each must be. Source: docs/protocol.md 4.2.
 */
#include "base/str.h"

#include <stddef.h>

enum topic { TOPIC_EVENTS, TOPIC_JOBS, TOPIC_SNAP, TOPIC_PROGRESS, TOPIC_DLQ, TOPICS };
enum { TOPIC_NAME_MAX = 250, TOPICS_CONFIG_MAX = 8 };

struct topic_setting {
    const char *name;
    char value[32];
    bool checked; /* a topic that differs is refused; the others are only set at creation */
};

struct topic_wanted {
    char name[TOPIC_NAME_MAX];
    int partitions;
    bool fixed; /* their number is for ever: it places workloads. Others may grow: any number will do */
    struct topic_setting settings[TOPICS_CONFIG_MAX];
    size_t n;
};

/* "<prefix>.events.v1" and so on. */
void topic_name(enum topic t, const char *prefix, char out[TOPIC_NAME_MAX]);
/* "<prefix>.workers", "<prefix>.coord". */
void topic_group_workers(const char *prefix, char out[TOPIC_NAME_MAX]);
void topic_group_coord(const char *prefix, char out[TOPIC_NAME_MAX]);

/*
 * What a topic must be: partitions (events, snap and progress have log_partitions, jobs its own count),
 * cleanup policy, retention, timestamps; min ISR is max(1, replication - 1).
 */
void topic_want(enum topic t, const char *prefix, int log_partitions, int jobs_partitions, int replication,
                struct topic_wanted *out);

/*
 * Whether what was found will do. `values`: as found, in the order of w->settings; NULL where the broker did
 * not say. Only the checked settings count. The error names the topic, what differs and the remedy.
 */
MUST_CHECK bool topic_check(const struct topic_wanted *w, int partitions, const char *const *values,
                            struct err *e);
