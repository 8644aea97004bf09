#pragma once
/*
 * judge_parts - what the judge remembers: runs, who touched a workload when, who asked which guest.
 */
#include "sim/judge.h"

enum { JUDGE_RUNS_MAX = 256, JUDGE_RUN_ID_MAX = 72, JUDGE_JOB_MAX = 100 };

struct run {
    char id[JUDGE_RUN_ID_MAX];
    int workload, action;
    bool requested, accepted, finished, goes_on;
    int result, cause;
    int begun;                    /* the latest step that was touched */
    int planned;                  /* steps that have a plan */
    int step[ESTATE_MEMBERS_MAX]; /* that plans the member; -1: none does */
    int outcome[ESTATE_MEMBERS_MAX];
    bool doubt[ESTATE_MEMBERS_MAX];
    bool reached[ESTATE_MEMBERS_MAX]; /* seen in the run's state since it was accepted */
};

struct ask { /* an attempt that asked a guest, and what it said */
    int member;
    char run[JUDGE_RUN_ID_MAX], job[JUDGE_JOB_MAX], attempt[24], found[24];
    int64_t found_ms; /* true time */
};

struct line { /* the runs that touched one workload, in the order of their first touch */
    struct run *runs[JUDGE_RUNS_MAX];
    size_t n;
};

struct judge {
    const struct estate *estate;
    struct trace *trace;
    const char *topic;
    struct run runs[JUDGE_RUNS_MAX];
    size_t run_count;
    struct line lines[ESTATE_WORKLOADS_MAX];
    struct ask *asks;
    size_t ask_count, ask_cap;
    char state[ESTATE_MEMBERS_MAX][24];
    struct judge_counts counts;
    int64_t sent_ms;
    char first[JUDGE_WORDS_MAX + 40];
};

void judge_say(struct judge *j, const char *rule, const char *fmt, ...) PRINTF_LIKE(3, 4);
