#pragma once
/*
 * worker_case - a tier of four members on a worker_world, and what is expected of them.
 */
#include "support/worker_world.h"

#define TAGS "\"tags\":{\"Environment\":\"ENV001\",\"Role\":\"App\"}"

extern const char *const case_ids[4];
/* All running: a has no override file, b has one, c's agent is offline, d's guest answers for another
 * command. */
extern const char case_four[];

/* Delivers job j1 of the first n; with an override file or without. */
void case_deliver(struct world *w, enum action action, bool override, size_t n);
/* The same on a fresh world. */
void case_begin(struct world *w, const char *scenario, enum action action, bool override, size_t n);
/* What the JobTerminal of a job says of a member. */
void case_expect(const struct world *w, const char *job, const char *id, enum outcome o, enum cause c);

bool case_reported(struct world *w); /* the first terminal is in the log */
bool case_stopping(struct world *w); /* a stop call has arrived */
bool case_claimed(struct world *w);
