#pragma once
/*
 * court - the judge of the fleet's simulation (sim/judge) with records and effects made by hand, one after
 * the other: every record is one of partition 0, at `ts_ms`, which a test moves.
 *
 * One workload, "shop", whose machines all run: i-00000001 and i-00000002 of one tier, i-00000003 and
 * i-00000004 of another, whose guests are asked; the last one's keeps it. Owner: a test.
 */
#include "sim/judge.h"
#include "sim/scheduler.h"
#include "support/cmocka_first.h"

enum { SECOND = 1000 };

struct court {
    struct estate e;
    struct scheduler *s;
    struct trace trace;
    struct judge *j;
    int64_t offset, ts_ms;
};

void court_begin(struct court *c);
void court_end(struct court *c);
/* The first broken rule is this one, with these words; or none is broken. */
void court_finds(const struct court *c, const char *rule, const char *words);
void court_finds_nothing(const struct court *c);

/* Records, each with its offset where that matters. */
int64_t court_record(struct court *c, const char *type, const char *fmt, ...) PRINTF_LIKE(3, 4);
int64_t court_request(struct court *c, const char *run);
int64_t court_tick(struct court *c, const char *run, int64_t number);
void court_accept(struct court *c, const char *run, int64_t request);
void court_plan(struct court *c, const char *run, int step, const char *job, const char *members);
void court_terminal(struct court *c, const char *run, int step, const char *job, const char *members);
void court_control(struct court *c, const char *type, const char *run, const char *id);
void court_finish(struct court *c, const char *run, const char *result, int done, int failed);
#define DONE(id)   "{\"id\":\"" id "\",\"outcome\":\"done\"}"
#define FAILED(id) "{\"id\":\"" id "\",\"outcome\":\"failed\",\"cause\":\"wrong-state\"}"
#define POISON(id) "{\"id\":\"" id "\",\"outcome\":\"failed\",\"cause\":\"poison\"}"
/* r1 has planned its first step: i-00000001 and i-00000002. */
void court_begin_run(struct court *c);

/* What AWS's simulator tells: a call, a change, a guest's word. */
void court_call(struct court *c, const char *run, const char *operation, const char *id);
void court_becomes(struct court *c, const char *run, const char *id, const char *to, const char *cause);
void court_says(struct court *c, const char *id, const char *word);
void court_stop(struct court *c, const char *run, const char *id);
