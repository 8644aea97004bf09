#pragma once
/*
 * context - what all partitions of one producer share: options, ports, the view, where specifications and
 * instances come from, names.
 *
 * Owner: the producer; every part borrows it for its life. Counters are for /metrics alone: nothing decides
 * by them.
 */
#include "aws/call.h"
#include "base/log.h"
#include "base/metrics.h"
#include "conf/options.h"
#include "model/topics.h"
#include "ports/ports.h"
#include "specs/source.h"
#include "view/view.h"

enum { CONTEXT_ID_MAX = 33, CONTEXT_SOURCE_MAX = 80 };

struct context_counters {
    int64_t folds, ignored, unparsed;          /* records folded; without effect; that do not parse */
    int64_t appended, append_failures;         /* records of ours in the log */
    int64_t published, republished, unclaimed; /* deliveries; again after a loss; jobs given up */
    int64_t planned, plan_failures, drained, snapshots;
    int64_t rebuilds, openings, view_failures;
    int64_t ticks_fired, ticks_late, ticks_missed, schedule_failures; /* late: over a minute */
};

struct work;        /* owed.h */
struct waiting;     /* journal.c */
struct publication; /* pump.c */
struct frozen;      /* frozen.h */

struct context {
    const struct options *options;
    const struct ports *ports;
    struct view *view;
    struct source *source;
    struct aws *aws;
    char id[CONTEXT_ID_MAX];              /* of this process */
    char source_name[CONTEXT_SOURCE_MAX]; /* in CloudEvents: /ec2sched/producer/<id> */
    char events[TOPIC_NAME_MAX], jobs[TOPIC_NAME_MAX], snap[TOPIC_NAME_MAX];
    char coord[TOPIC_NAME_MAX], workers[TOPIC_NAME_MAX]; /* groups */
    int partitions, jobs_partitions;                     /* as found */
    bool log_append_time;                                /* the broker's clock stamps the log */
    int64_t now_ms;                                      /* boot clock at the beginning of this turn */
    size_t in_flight;                                    /* appends without an answer */
    /* Readings of rows for ticks that are under way, and their records without an answer; workloads with a
     * tick in hand; when the last tick came due (boot clock). See context_ticks_first. */
    size_t ticks_in_flight, ticks_in_hand;
    int64_t ticks_due_ms;
    struct waiting *waiting;          /* of the appends in flight: who hears of it */
    struct publication *publications; /* the same of deliveries */
    struct work *orphans;             /* dropped work whose answer is still to come (owed.h) */
    struct context_counters counters;
    struct metrics *metrics; /* the registry; the counters are put into it when it is asked */

    /* How far the workers have read the jobs topic, one per partition; older than a second: asked again. */
    int64_t *read_to;
    int64_t read_at_ms; /* INT64_MIN: never */
    bool reading;
    struct frozen *frozen; /* used last, first */
    size_t frozen_count;
};

int64_t context_wall_ms(const struct context *c);
/*
 * Many ticks at once: their records go before what can wait, for so long at most after the last of them came
 * due. Folding them, and admitting their runs, would take the time, and the machine of broker and view, in
 * which the others become records.
 */
enum { CONTEXT_ADMITS_WAIT_MS = 1000, CONTEXT_FOLDS_WAIT_MS = 200, CONTEXT_TICKS_MANY = 32 };
bool context_admits_wait(const struct context *c);
bool context_folds_wait(const struct context *c);
/* 32 hex digits of chance. */
void context_nonce(const struct context *c, char out[CONTEXT_ID_MAX]);
