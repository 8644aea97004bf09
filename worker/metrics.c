#include "worker/metrics.h"

#include "conf/metrics_table.h"

struct row {
    enum metric_id id;
    int64_t value;
};

static void set(struct metrics *m, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        metrics_set(m, rows[i].id, rows[i].value, NULL);
}

static void set_jobs(const struct metrics_parts *p, struct metrics *m)
{
    struct intake_counts in = p->intake ? intake_counts(p->intake) : (struct intake_counts){0};
    struct jobs_counts j = jobs_counts(p->jobs);
    const struct row rows[] = {
        {METRIC_WORKER_JOBS_IN_FLIGHT, (int64_t)works_count(p->works)},
        {METRIC_WORKER_RECORDS_TOTAL, in.records},
        {METRIC_WORKER_CLAIMS_TOTAL, in.claimed},
        {METRIC_WORKER_CLAIMS_BUSY_TOTAL, in.busy},
        {METRIC_WORKER_CLAIMS_FENCED_TOTAL, in.fenced},
        {METRIC_WORKER_CLAIMS_PAUSED_TOTAL, in.paused},
        {METRIC_WORKER_CLAIMS_DONE_TOTAL, in.done},
        {METRIC_WORKER_CLAIMS_WAITED_TOTAL, in.waited},
        {METRIC_WORKER_POISON_TOTAL, in.poison},
        {METRIC_WORKER_UNPARSEABLE_TOTAL, in.unparseable},
        {METRIC_WORKER_JOBS_REPORTED_TOTAL, j.reported},
        {METRIC_WORKER_JOBS_RELEASED_TOTAL, j.released},
        {METRIC_WORKER_JOBS_DROPPED_TOTAL, j.dropped},
    };

    set(m, rows, sizeof rows / sizeof rows[0]);
}

static void set_calls(const struct metrics_parts *p, struct metrics *m)
{
    struct acts_counts a = acts_counts(p->acts);
    struct guests_counts g = guests_counts(p->guests);
    const struct row rows[] = {
        {METRIC_WORKER_AWS_CALLS_IN_HAND, (int64_t)aws_in_hand(p->aws)},
        {METRIC_WORKER_ACTS_SENT_TOTAL, a.sent},
        {METRIC_WORKER_ACTS_ACCEPTED_TOTAL, a.accepted},
        {METRIC_WORKER_ACTS_INSTANCES_TOTAL, a.instances},
        {METRIC_WORKER_ACTS_REFUSED_TOTAL, a.refused},
        {METRIC_WORKER_ACTS_WITHHELD_TOTAL, a.withheld},
        {METRIC_WORKER_ACTS_UNANSWERED_TOTAL, a.unanswered},
        {METRIC_WORKER_OVERRIDE_COMMANDS_TOTAL, g.commands},
        {METRIC_WORKER_OVERRIDE_ABSENT_TOTAL, g.absent},
        {METRIC_WORKER_OVERRIDE_PRESENT_TOTAL, g.present},
        {METRIC_WORKER_OVERRIDE_UNKNOWN_TOTAL, g.unknown},
    };

    set(m, rows, sizeof rows / sizeof rows[0]);
}

static void set_leases(const struct metrics_parts *p, struct metrics *m)
{
    struct leases_counts l = leases_counts(p->leases);
    struct report_counts r = report_counts(p->report);
    const struct row rows[] = {
        {METRIC_WORKER_VIEW_REFUSALS_TOTAL, p->room->refusals},
        {METRIC_WORKER_LEASE_RENEWALS_TOTAL, l.renewed},
        {METRIC_WORKER_LEASE_FAILURES_TOTAL, l.failed},
        {METRIC_WORKER_LEASES_HELD_TOTAL, l.held},
        {METRIC_WORKER_LEASES_FENCED_TOTAL, l.fenced},
        {METRIC_WORKER_LEASES_LOST_TOTAL, l.lost},
        {METRIC_WORKER_TERMINALS_TOTAL, r.terminals},
        {METRIC_WORKER_LETTERS_TOTAL, r.letters},
        {METRIC_WORKER_APPEND_FAILURES_TOTAL, r.failures},
        {METRIC_WORKER_REPORTS_DROPPED_TOTAL, r.dropped},
        {METRIC_WORKER_REPORTS_IN_HAND, (int64_t)report_in_hand(p->report)},
        {METRIC_WORKER_PROGRESS_TOTAL, r.progress},
    };

    set(m, rows, sizeof rows / sizeof rows[0]);
}

void worker_metrics(const struct metrics_parts *p, struct http_answer *answer)
{
    answer->status = 200;
    answer->content_type = "text/plain; version=0.0.4";
    set_jobs(p, p->metrics);
    set_calls(p, p->metrics);
    set_leases(p, p->metrics);
    metrics_set(p->metrics, METRIC_WORKER_READY, p->ready, NULL);
    metrics_set(p->metrics, METRIC_METRICS_DROPPED_TOTAL, metrics_dropped(p->metrics), NULL);
    metrics_print(p->metrics, &answer->body);
}
