#pragma once
/*
 * stage - real ports for a test, and waiting for a condition: the reactor is stepped until it holds, or the
 * test fails.
 */
#include "base/log.h"
#include "ports/clock.h"
#include "real/reactor.h"

/* Time that is not the machine's: a simulation's. */
struct stage_time {
    struct instant (*now)(void *self);
    void (*step)(void *self, int64_t until_ms); /* to the next completion, or until then (boot clock) */
    void *self;
};

struct stage {
    struct stage_time time; /* without `now`: the machine's, and the reactor's completions */
    struct reactor *reactor;
    char folder[64]; /* of one's own under /tmp; removed with what is in it */
};

void stage_open(struct stage *s, const char *ca_file);
void stage_close(struct stage *s); /* ports that live on the reactor must have been freed */

typedef bool stage_met(void *self);
/* Steps until met(self); fails the test after deadline_ms, saying `what`. Returns how long it took. */
int64_t stage_until(struct stage *s, const char *what, stage_met *met, void *self, int64_t deadline_ms);
void stage_for(struct stage *s, int64_t ms); /* steps for so long: to see that something does not happen */

struct instant stage_now(const struct stage *s);

int stage_free_port(void);
const struct log *stage_log(void); /* to standard error, if EC2SCHED_TEST_LOG is set */
