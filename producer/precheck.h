#pragma once
/*
 * precheck - are the topics what they have to be? Asked of Kafka until the answer is yes; nothing is led
 * before. From then on the log's number of partitions is looked at each PRECHECK_WATCH_MS: where it is
 * another one, people's programs put a workload's requests into another partition than its run's, and nothing
 * is led any more.
 */
#include "producer/context.h"

enum { PRECHECK_AGAIN_MS = 2000, PRECHECK_SAY_MS = 30 * 1000, PRECHECK_WATCH_MS = 60 * 1000 };

struct precheck {
    struct context *c;
    bool ok, asked;
    bool changed; /* the log has another number of partitions than it had */
    int64_t due_ms, say_ms;
    struct err why; /* of the last no, or of the change */
};

void precheck_turn(struct precheck *k);
