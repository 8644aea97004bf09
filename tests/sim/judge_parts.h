#pragma once
/*
 * judge_parts - what the judge remembers: runs, who touched a workload when, who asked which guest, what
 * people meant, whom which job has killed.
 */
#include "model/event.h"
#include "sim/judge.h"

enum {
    JUDGE_RUNS_MAX = 256,
    JUDGE_RUN_ID_MAX = 72,
    JUDGE_JOB_MAX = 100,
    JUDGE_CONTROLS = 16, /* ids that a workload remembers (protocol.md 4.4) */
    JUDGE_SCHEDULES_MAX = 64,
    JUDGE_SCHEDULE_MAX = 64,
    JUDGE_PARTITIONS_MAX = 64,
    JUDGE_PATIENCE_S = 3600, /* a run that asks for less may end by it */
};

struct run {
    char id[JUDGE_RUN_ID_MAX];
    int workload, action;
    bool requested, accepted, finished, goes_on;
    int result, cause;
    int begun;                    /* the latest step that was touched */
    int planned;                  /* steps that have a plan */
    int step[ESTATE_MEMBERS_MAX]; /* that plans the member; -1: none does */
    int outcome[ESTATE_MEMBERS_MAX];
    int why[ESTATE_MEMBERS_MAX]; /* enum cause */
    bool doubt[ESTATE_MEMBERS_MAX];
    bool reached[ESTATE_MEMBERS_MAX]; /* seen in the run's state since it was accepted */
    /* what people meant */
    int partition;
    char epoch[48];
    bool drained;        /* a Drained that ends it is in the log */
    char request[48];    /* that it was accepted for */
    bool dropped;        /* its tick had been taken: it must not begin */
    int64_t paused_ms;   /* since its Pause, true time; 0: it is not paused */
    int64_t cancel_ms;   /* of its first Cancel; 0: none */
    int64_t finished_ms; /* told */
    int64_t patience_s;  /* the shorter of its deadline and its longest pause, as accepted */
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

struct schedule { /* a schedule's, by what the log tells */
    int workload;
    char schedule[JUDGE_SCHEDULE_MAX];
    int64_t tick; /* the last one */
};

struct controls { /* the ids that a workload has heard last */
    char ids[JUDGE_CONTROLS][JUDGE_RUN_ID_MAX];
    size_t next;
};

struct victim { /* a job that somebody died with in hand, or that is in a dead letter */
    char job[JUDGE_JOB_MAX];
    int deaths, since; /* in all; since the view was last lost */
    bool letter;
};

struct way { /* a request on its way to AWS that changes something, if it is accepted */
    const struct run *run;
    int64_t sent_ms, lands_ms;
    bool of[ESTATE_MEMBERS_MAX];
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
    struct schedule schedules[JUDGE_SCHEDULES_MAX];
    size_t schedule_count;
    struct controls controls[ESTATE_WORKLOADS_MAX];
    int64_t barred[JUDGE_PARTITIONS_MAX]; /* offset + 1 of the first record that nobody may skip; 0: none */
    struct way *ways;
    size_t way_count, way_cap;
    struct victim *victims;
    size_t victim_count, victim_cap;
    char first[JUDGE_WORDS_MAX + 40];
};

void judge_say(struct judge *j, const char *rule, const char *fmt, ...) PRINTF_LIKE(3, 4);

struct run *judge_caller(struct judge *j, int member, const char *run);
struct run *judge_run(struct judge *j, int workload, const char *id); /* NULL: not known */

/* judge_will.c: a tick begins one run (P6), pauses and cancels count (P8), a `must` stops who does not
 * know. */
struct judge_place { /* of a record */
    int partition;
    int64_t offset, ts_ms;
};
void judge_requested(struct judge *j, struct run *r, const struct event *ev, const struct judge_place *at);
void judge_answered(struct judge *j, struct run *r, const char *request);
void judge_control(struct judge *j, struct run *r, const struct event *ev, int64_t ts_ms);
void judge_barred(struct judge *j, const struct judge_place *at);  /* a record that nobody here knows */
void judge_will(struct judge *j, const struct run *r, int member); /* it changes this member now */
void judge_broken_off(struct judge *j, const struct run *r);
bool judge_waits_for_ever(const struct judge *j, const struct run *r);

/* judge_way.c: nothing that may still land is left behind by a Drained (P5), or by a step (S1b). */
void judge_drained(struct judge *j, const struct event *ev, int64_t ts_ms);
void judge_step_begins(struct judge *j, const struct run *r, int step, int64_t now_ms);

/* judge_poison.c: a job that kills ends, and is told in a dead letter first (P7). */
void judge_letter(struct judge *j, const struct sim_kafka_record *r);
void judge_given_up(struct judge *j, const struct run *r, const struct event *ev);
