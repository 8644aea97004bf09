#pragma once
/*
 * frozen - the specifications of the runs at hand, as they were frozen when they were accepted, parsed once.
 *
 * A run's never changes: its epoch names it for ever. Each step's planning and each notice need it; read from
 * the view and parsed each time, a large workload's would be on the way of every step. The FROZEN_KEPT used
 * last are kept; the view has them all.
 * Owner: the context. Whoever keeps a pointer beyond a call holds it.
 */
#include "model/event.h"
#include "producer/context.h"

enum { FROZEN_KEPT = 32 };

struct frozen {
    struct epoch epoch;
    struct event ev; /* RunAccepted */
    int held;
    struct frozen *prev, *next;
};

struct frozen *frozen_find(struct context *c, const struct epoch *ep); /* NULL: not kept */
/* Takes `ev` over (zeroes it). */
struct frozen *frozen_keep(struct context *c, const struct epoch *ep, struct event *ev);
struct frozen *frozen_hold(struct frozen *f);
void frozen_let_go(struct frozen *f); /* NULL is fine */
void frozen_forget(struct context *c);
