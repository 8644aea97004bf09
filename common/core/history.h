#pragma once
/*
 * history - the runs that a stretch of the log tells of, each a story: what `runs` and the monitor show.
 *
 * Fed with records in the order of their partitions. A run that was asked for before the stretch is known by
 * what came later. Bounds: so many runs that have ended and so many that go on, and, if asked for, bytes of
 * all together. Over them the run that ended first goes first; then the members of the run that was heard of
 * first (story_shorten); then that run. `forgotten` says so. Which ended runs are kept does not depend on how
 * the partitions' records were mixed. Pure. Owner: whoever made it.
 */
#include "core/story.h"

struct history_bounds {
    size_t ended, going; /* runs; at least 1 each */
    int64_t bytes;       /* 0: no bound */
    bool whole;          /* with steps and members */
};

struct history; /* opaque */
#define HISTORY_CLEANUP CLEANUP(history_freep)

/* workload NULL: of all workloads. */
struct history *history_new(const char *workload, const struct history_bounds *bounds);
void history_freep(struct history **p);
void history_hear(struct history *h, const struct kafka_record *r, const struct event *ev);
/* Forgets what ended before that moment: it is older than what is told of. */
void history_expire(struct history *h, int64_t before_ms);

/* The latest `limit` of a workload's (NULL: of all), the latest first, borrowed; returns how many. */
size_t history_latest(const struct history *h, const char *workload, const struct story **out, size_t limit);
/* All of them (at most `max`), by the names of their workloads, of each the latest first. */
size_t history_by_workload(const struct history *h, const struct story **out, size_t max);
const struct story *history_run(const struct history *h, const char *workload, const char *run); /* or NULL */
size_t history_count(const struct history *h, const char *workload);
bool history_forgotten(const struct history *h);

struct history_tally {
    size_t ended[RESULT_EXPIRED + 1]; /* kept runs by result; of RESULT_NONE: 0 */
    size_t running, waiting;          /* those that go on: begun, and not */
    int64_t bytes;
};
void history_count_all(const struct history *h, struct history_tally *out);

/* What programs read: {"v": 1, "runs": […], "known": how many there are}. The caller's. */
struct json *history_json(const struct history *h, const char *workload, size_t limit);
