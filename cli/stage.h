#pragma once
/*
 * stage - what is told of runs while they happen: bars on a terminal, lines in a pipe, one JSON event a line.
 *
 * Fed with records of one or more log partitions; keeps a story for each run that it hears of until that run
 * has ended. On a terminal of some width the bars of the runs in progress stand at the bottom and are redrawn
 * in place, and what people should know besides (a run's end, a refusal, a pause) scrolls above them. Used by
 * watch, and by start and stop with --wait.
 */
#include "cli/log.h"
#include "cli/telling.h"

enum { STAGE_RUNS_MAX = 500 /* told at once; beyond it the oldest is told no more */ };

struct stage; /* opaque */
#define STAGE_CLEANUP CLEANUP(stage_freep)

/* workload NULL: all; run NULL: all of the workload. `quiet`: nothing is told, as for start --wait --output
 * json. */
struct stage *stage_new(const struct cli *c, const char *workload, const char *run, bool quiet);
void stage_freep(struct stage **p);

/* True: it was about one run, and that has its result; or nobody reads what is written any more. */
bool stage_hear(struct stage *s, const struct kafka_record *r, const struct event *ev);
/* The story of the one run; NULL: nothing was heard of it. */
const struct story *stage_story(const struct stage *s);
void stage_settle(struct stage *s); /* what comes next is written below the bars */
