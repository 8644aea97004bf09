#include "monitor/metrics.h"

#include "conf/metrics_table.h"

#include <stdio.h>

static void set_runs(const struct history *h, struct metrics *m)
{
    struct history_tally t;

    history_count_all(h, &t);
    for (int i = RESULT_NONE + 1; i <= RESULT_EXPIRED; i++)
        metrics_set(m, METRIC_MONITOR_RUNS, (int64_t)t.ended[i], METRIC_LABELS(result_names[i]));
    metrics_set(m, METRIC_MONITOR_RUNS_GOING, (int64_t)t.running, METRIC_LABELS("running"));
    metrics_set(m, METRIC_MONITOR_RUNS_GOING, (int64_t)t.waiting, METRIC_LABELS("waiting"));
    metrics_set(m, METRIC_MONITOR_HISTORY_BYTES, t.bytes, NULL);
    metrics_set(m, METRIC_MONITOR_HISTORY_FORGOTTEN, history_forgotten(h), NULL);
}

static void set_log(const struct follow *f, struct metrics *m)
{
    struct follow_counts n = follow_counts(f);

    metrics_set(m, METRIC_MONITOR_RECORDS_TOTAL, n.records, NULL);
    metrics_set(m, METRIC_MONITOR_PROGRESS_TOTAL, n.progress, NULL);
    metrics_set(m, METRIC_MONITOR_RECORDS_UNPARSED_TOTAL, n.unparsed, NULL);
    metrics_set(m, METRIC_MONITOR_AS_OF_TIMESTAMP_SECONDS, follow_as_of(f), NULL);
    for (int i = 0; i < follow_count(f); i++) {
        const struct follow_partition *x = follow_partition(f, i);
        char number[16];
        (void)snprintf(number, sizeof number, "%d", i);
        metrics_set(m, METRIC_MONITOR_LOG_LAG_RECORDS, x->end > x->next ? x->end - x->next : 0,
                    METRIC_LABELS(number));
        metrics_set(m, METRIC_MONITOR_LAST_RECORD_TIMESTAMP_SECONDS, x->record_ms, METRIC_LABELS(number));
    }
}

static void set_events(const struct feed *f, const struct streams *s, struct metrics *m)
{
    struct streams_counts n = streams_count(s);

    metrics_set(m, METRIC_MONITOR_WINDOW_RECORDS, (int64_t)(feed_next(f) - feed_first(f)), NULL);
    metrics_set(m, METRIC_MONITOR_WINDOW_BYTES, (int64_t)feed_bytes(f), NULL);
    metrics_set(m, METRIC_MONITOR_EVENT_CLIENTS, (int64_t)n.open, NULL);
    metrics_set(m, METRIC_MONITOR_EVENT_CLIENTS_TOTAL, n.opened, NULL);
    metrics_set(m, METRIC_MONITOR_EVENT_CLIENTS_REFUSED_TOTAL, n.refused, NULL);
    metrics_set(m, METRIC_MONITOR_EVENT_CLIENTS_CUT_TOTAL, n.cut, NULL);
}

void monitor_metrics(const struct metrics_parts *p, struct http_answer *answer)
{
    answer->status = 200;
    answer->content_type = "text/plain; version=0.0.4";
    set_runs(p->history, p->metrics);
    set_log(p->follow, p->metrics);
    set_events(p->feed, p->streams, p->metrics);
    metrics_set(p->metrics, METRIC_METRICS_DROPPED_TOTAL, metrics_dropped(p->metrics), NULL);
    metrics_print(p->metrics, &answer->body);
}
