#include "monitor/metrics.h"

#include <inttypes.h>

#define PREFIX "ec2sched_monitor_"

static void head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_addf(b, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void single(struct buf *b, const char *name, const char *type, const char *help, int64_t value)
{
    head(b, name, type, help);
    buf_addf(b, PREFIX "%s %" PRId64 "\n", name, value);
}

static void print_runs(const struct history *h, struct buf *b)
{
    struct history_tally t;

    history_count_all(h, &t);
    head(b, "runs", "gauge", "runs in the history that have ended, by result");
    for (int i = RESULT_NONE + 1; i <= RESULT_EXPIRED; i++)
        buf_addf(b, PREFIX "runs{result=\"%s\"} %zu\n", result_names[i], t.ended[i]);
    head(b, "runs_going", "gauge", "runs in the history that go on");
    buf_addf(b, PREFIX "runs_going{state=\"running\"} %zu\n" PREFIX "runs_going{state=\"waiting\"} %zu\n",
             t.running, t.waiting);
    single(b, "history_bytes", "gauge", "memory of the history", t.bytes);
    single(b, "history_forgotten", "gauge",
           "1: there was no room for all runs (monitor.runs, monitor.memory)", history_forgotten(h));
}

static void print_log(const struct follow *f, struct buf *b)
{
    struct follow_counts n = follow_counts(f);

    single(b, "records_total", "counter", "records of the log that were read", n.records);
    single(b, "progress_total", "counter", "records of the progress topic that were read", n.progress);
    single(b, "records_unparsed_total", "counter", "records that do not parse", n.unparsed);
    single(b, "as_of_timestamp_seconds", "gauge", "all that was in the log then is read, 0: never yet",
           follow_as_of(f) / 1000);
    head(b, "log_lag_records", "gauge", "records of a log partition that are not read yet");
    for (int i = 0; i < follow_count(f); i++) {
        const struct follow_partition *x = follow_partition(f, i);
        buf_addf(b, PREFIX "log_lag_records{partition=\"%d\"} %" PRId64 "\n", i,
                 x->end > x->next ? x->end - x->next : 0);
    }
    head(b, "last_record_timestamp_seconds", "gauge",
         "stamp of the last record read of a log partition, 0: none");
    for (int i = 0; i < follow_count(f); i++)
        buf_addf(b, PREFIX "last_record_timestamp_seconds{partition=\"%d\"} %" PRId64 "\n", i,
                 follow_partition(f, i)->record_ms / 1000);
}

static void print_events(const struct feed *f, const struct streams *s, struct buf *b)
{
    struct streams_counts n = streams_count(s);

    single(b, "window_records", "gauge", "records in the window that clients resume in",
           (int64_t)(feed_next(f) - feed_first(f)));
    single(b, "window_bytes", "gauge", "bytes of that window", (int64_t)feed_bytes(f));
    single(b, "event_clients", "gauge", "clients that follow the events", (int64_t)n.open);
    single(b, "event_clients_total", "counter", "clients that began to", n.opened);
    single(b, "event_clients_refused_total", "counter", "clients for whom there was no place", n.refused);
    single(b, "event_clients_cut_total", "counter", "clients that were slower than the window", n.cut);
}

void monitor_metrics(const struct metrics_parts *p, struct http_answer *answer)
{
    answer->status = 200;
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    print_runs(p->history, &answer->body);
    print_log(p->follow, &answer->body);
    print_events(p->feed, p->streams, &answer->body);
}
