#pragma once
/*
 * scheduler - virtual time, and what happens in it: a heap of (moment, lot, sequence) with a completion each.
 *
 * Time is in microseconds since the simulation began and moves only from one completion to the next. What is
 * due at the same moment comes in an order that the seed draws (the lot); who needs an order of its own, as a
 * connection does, gives moments that rise. Every completion belongs to an owner: 0 is the world (a broker, a
 * server, AWS), the others are processes. An owner that is held (SIGSTOP) hears nothing: what is due is kept
 * and comes in its order when it goes on. An owner that is gone (SIGKILL) never hears anything again: its
 * completions are dropped, which frees what they carry.
 *
 * Owner: the fleet, or a test. Cost: O(log n) a completion.
 */
#include <stdbool.h>
#include <stdint.h>

struct scheduler; /* opaque */

struct completion {
    uint64_t owner;
    const char *what; /* a constant: "kafka.ack" */
    void (*fire)(void *self);
    void (*drop)(void *self); /* it will never be fired: frees self; NULL: nothing to free */
    void *self;
};

/* Told before each completion, the world's (owner 0) too: the moment at which a process may die or be
 * stopped. */
typedef void scheduler_watch(void *self, uint64_t owner, const char *what);

struct scheduler *scheduler_new(uint64_t seed);
void scheduler_free(struct scheduler *s); /* drops everything */
void scheduler_watched(struct scheduler *s, scheduler_watch *watch, void *self);

int64_t scheduler_now(const struct scheduler *s); /* microseconds */
/* At the earliest `us` from now; returns a ticket >= 1. */
uint64_t scheduler_after(struct scheduler *s, int64_t us, const struct completion *c);
/* Drops it; a ticket that is over is ignored. */
void scheduler_cancel(struct scheduler *s, uint64_t ticket);

uint64_t scheduler_owner(struct scheduler *s); /* a new one, >= 1 */
void scheduler_hold(struct scheduler *s, uint64_t owner, bool held);
void scheduler_end(struct scheduler *s, uint64_t owner); /* gone: drops all that is its own */

/* Fires the next completion, if it is due until then. False: there was none; it is until_us now. */
bool scheduler_step(struct scheduler *s, int64_t until_us);
uint64_t scheduler_fired(const struct scheduler *s); /* how many so far */
