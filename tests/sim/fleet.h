#pragma once
/*
 * fleet - one history: everything made from a seed, run through a time of faults and a time without, judged.
 *
 * Safety: `span` of virtual time in which people act and faults strike; only the rules are judged. Liveness:
 * faults end, everybody lives and is running, people let go of what they pause and hold; within a bounded
 * time every run has its result. Owner: whoever asks for the history.
 */
#include "sim/coverage.h"
#include "sim/daemon.h"
#include "sim/estate.h"
#include "sim/judge.h"
#include "sim/people.h"

enum {
    FLEET_PRODUCERS = 3,
    FLEET_WORKERS = 4,
    FLEET_DAEMONS = FLEET_PRODUCERS + FLEET_WORKERS,
    FLEET_SPAN_S = 3600,
    FLEET_REST_S = 8 * 3600, /* every run has its result by then */
    FLEET_LOG_PARTITIONS = 2,
    FLEET_JOBS_PARTITIONS = 8,
};

struct fleet_config {
    uint64_t seed;
    double faults;      /* 0: none; 1: as usual */
    bool plain;         /* no twist, whatever the seed */
    int64_t until_us;   /* stops there; 0: at the end */
    FILE *trace;        /* NULL: not printed */
    int partitions;     /* of the log */
    coverage_item *met; /* told of each thing that was met; NULL: nobody is */
    void *self;
    const char *ill; /* a process's name; NULL or "": all are well */
    enum daemon_illness illness;
    void (*last)(
        const char *line); /* told the last events of a process that ends the history; NULL: nobody */
};

struct fleet_verdict {
    struct judge_counts judged;
    char first[JUDGE_WORDS_MAX + 40]; /* the first broken rule; "": none */
    uint64_t digest, lines, completions;
    int64_t virtual_us, faults;
    int64_t struck[FAULTS];
};

/* The trace of the history that is being played, for who looks from outside; NULL: none is. */
const struct trace *fleet_trace(void);
uint64_t fleet_fired(void); /* completions of that history so far */
struct fleet_verdict fleet_run(const struct fleet_config *config);
