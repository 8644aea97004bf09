#pragma once
/*
 * state - what a producer is made of. Internal to producer.c and admin.c.
 */
#include "producer/partition.h"
#include "producer/precheck.h"
#include "producer/trigger.h"
#include "view/room.h"

struct producer {
    struct context c;
    struct precheck check;
    struct pacing *pacing;
    struct room room;
    struct partition *partitions; /* c.partitions of them, once the topics are known */
    struct trigger *trigger;      /* with them */
    int64_t turned_ms;            /* boot clock of the last turn */
    bool draining;
};
