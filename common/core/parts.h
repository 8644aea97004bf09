#pragma once
/*
 * parts - a step's plan cut into records that Kafka and the fold take: each below `max` bytes, and
 * PARTS_JOBS_MAX jobs. Pure.
 *
 * A tier that falls into several parts stands in each of them with its options. Members that are left out are
 * cut like jobs. The last of several parts is empty, a seal: a step opens when the last part has been folded,
 * and an empty one is in no time, however wide the step. The bytes of a part are counted from above (every
 * text as if each byte had to be escaped), so that a part never turns out too large.
 */
#include "core/plan.h"

enum {
    PARTS_JOBS_MAX = 5000, /* the fold's bound of one record (docs/protocol.md 4.4) */
    PARTS_MAX = 10000,     /* the fold's bound of one plan */
};

struct plan_parts {
    struct event_plan_tiers *at;
    size_t n;
};

/* Takes what is in `plan` and leaves it empty. At least one part, even for a plan without tiers. False: over
 * PARTS_MAX. */
MUST_CHECK bool parts_cut(struct event_plan_tiers *plan, size_t max, struct plan_parts *out, struct err *e);
void parts_release(struct plan_parts *p);
