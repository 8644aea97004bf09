#pragma once
/*
 * metrics - what a process counts, kept by a table and printed in Prometheus' text format (version 0.0.4).
 *
 * A table says of each metric its name, type, help, labels and buckets: the program, docs/metrics.md and the
 * tests read the same one (conf/metrics_table). Values are whole numbers; those of a row with `ms` are handed
 * in as milliseconds and printed as seconds, Prometheus' base unit. A counter only grows: by metrics_add, or
 * by metrics_set with a sum that its owner counts. A gauge that is not set is not printed: not known is not
 * zero; metrics_clear forgets what was set, before a new look.
 *
 * Labels: one value a name, in the table's order, from closed lists or lists with a bound. Each row has at
 * most `series_max` of them; what comes after that is folded into one series whose labels all say "other"
 * (counters and histograms) or left out (gauges), and counted, so that no fleet can blow up who scrapes.
 *
 * Owner: the program; single-threaded. Nothing decides by it. Source: Prometheus, "Exposition formats" and
 * "Metric and label naming".
 */
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    METRICS_LABELS_MAX = 4,
    METRICS_VALUE_MAX = 256, /* bytes of a label's value; what is longer is cut */
    METRICS_SERIES_MAX = 4096,
    METRICS_BUCKETS_MAX = 16,
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
extern const char *const metric_type_names[]; /* "counter", "gauge", "histogram", NULL */

struct metric {
    const char *name; /* behind METRICS_PREFIX */
    enum metric_type type;
    const char *help;                       /* one line */
    const char *labels[METRICS_LABELS_MAX]; /* names, NULL behind the last */
    bool ms;                                /* values are milliseconds, and printed as seconds */
    const int64_t *buckets; /* of a histogram: upper bounds, ascending, 0 behind the last; ms */
    size_t series_max;      /* 0: METRICS_SERIES_MAX */
    unsigned programs;      /* which of them serve it: a mask that is the table's */
};
#define METRICS_PREFIX "ec2sched_"

/* The values of labels, in the table's order. */
#define METRIC_LABELS(...) ((const char *const[METRICS_LABELS_MAX]){__VA_ARGS__})

struct metrics; /* opaque */

/* Keeps the table: `n` rows, of which those with `program` in their mask are printed. */
struct metrics *metrics_new(const struct metric *table, size_t n, unsigned program);
void metrics_free(struct metrics *m); /* NULL is fine */

/* `id`: the row. labels: METRIC_LABELS, or NULL where the row has none. Adding 0 makes the series appear, so
 * that its first event is seen as a rise. */
void metrics_add(struct metrics *m, size_t id, int64_t by, const char *const *labels);
void metrics_set(struct metrics *m, size_t id, int64_t value, const char *const *labels);
void metrics_observe(struct metrics *m, size_t id, int64_t ms, const char *const *labels);
void metrics_clear(struct metrics *m, size_t id); /* a gauge's: none of its series is known any more */
int64_t metrics_dropped(const struct metrics *m); /* values that found no room for a series of their own */

/* All rows of the program, in the table's order; without samples, name and help alone. */
void metrics_print(const struct metrics *m, struct buf *out);
