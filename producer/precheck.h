#pragma once
/*
 * precheck - are the topics what they have to be? Asked of Kafka until the answer is yes; nothing is led
 * before.
 */
#include "producer/context.h"

enum { PRECHECK_AGAIN_MS = 2000, PRECHECK_SAY_MS = 30 * 1000 };

struct precheck {
    struct context *c;
    bool ok, asked;
    int64_t due_ms, say_ms;
    struct err why; /* of the last no */
};

void precheck_turn(struct precheck *k);
