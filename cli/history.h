#pragma once
/*
 * history - the runs that a stretch of the log tells of, one line each: what `runs` shows.
 *
 * Fed with records in the order of their partitions. A run that was asked for before the stretch is known by
 * what came later. Bound: HISTORY_MAX runs; beyond it the oldest go, and `forgotten` says so.
 */
#include "cli/log.h"

enum { HISTORY_MAX = 20000 };

struct past_run {
    char *workload, *run, *who, *reason;
    int action; /* enum action; -1: not heard */
    int result; /* enum result; RESULT_NONE: none heard */
    int cause;
    int64_t asked_ms, began_ms, ended_ms; /* 0: not heard */
    int64_t accepted_at;                  /* offset of the acceptance; -1 */
    struct counts counts;
};

struct history; /* opaque */
#define HISTORY_CLEANUP CLEANUP(history_freep)

struct history *history_new(const char *workload); /* NULL: of all workloads */
void history_freep(struct history **p);
void history_hear(struct history *h, const struct kafka_record *r, const struct event *ev);

/* The latest `limit` of them, the latest first, borrowed; returns how many. */
size_t history_latest(const struct history *h, const struct past_run **out, size_t limit);
size_t history_count(const struct history *h);
bool history_forgotten(const struct history *h);
