#pragma once
/*
 * loop - turns of a program and waits of the reactor in alternation, until there is nothing left to do.
 * main.c fills the program.
 *
 * One iteration: everything that came is delivered (completions only record), the program has its turn and
 * says when it wants the next one, the reactor waits until then. The first SIGTERM, SIGINT or SIGHUP calls
 * `drain`, after which the turn is expected to answer TURN_DONE in good time; past `drain_timeout_ms`, and at
 * a second signal, the loop gives up: the process is then to end without closing anything that could wait.
 */
#include "base/err.h"

#include <stdint.h>

struct reactor;

struct loop_program {
    int64_t (*turn)(void *self, int64_t now_ms); /* the boot-clock moment of the next turn, or TURN_DONE */
    void (*drain)(void *self);                   /* begin to end; NULL: a signal ends the loop at once */
    void *self;
    int64_t drain_timeout_ms;
};

/* signals: a descriptor of signals_open(). True: the program was done; false: it gave up, and e says why. */
MUST_CHECK bool loop_run(struct reactor *r, int signals, const struct loop_program *p, struct err *e);
