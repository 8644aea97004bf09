#include "worker/metrics.h"

#include <inttypes.h>

struct row {
    const char *name, *type, *help;
    int64_t value;
};

static void print(const struct row *rows, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_addf(out,
                 "# HELP ec2sched_worker_%s %s\n# TYPE ec2sched_worker_%s %s\nec2sched_worker_%s %" PRId64
                 "\n",
                 rows[i].name, rows[i].help, rows[i].name, rows[i].type, rows[i].name, rows[i].value);
}

static void print_jobs(const struct metrics_parts *p, struct buf *out)
{
    struct intake_counts in = p->intake ? intake_counts(p->intake) : (struct intake_counts){0};
    struct jobs_counts j = jobs_counts(p->jobs);
    const struct row rows[] = {
        {"jobs_in_flight", "gauge", "jobs in hand", (int64_t)works_count(p->works)},
        {"records_total", "counter", "deliveries read from the jobs topic", in.records},
        {"claims_total", "counter", "jobs claimed", in.claimed},
        {"claims_busy_total", "counter",
         "deliveries of jobs that another attempt holds, or whose step may not begin", in.busy},
        {"claims_fenced_total", "counter", "deliveries of runs that are over or draining", in.fenced},
        {"claims_paused_total", "counter", "deliveries of paused runs", in.paused},
        {"claims_done_total", "counter", "deliveries of jobs that are terminal already", in.done},
        {"claims_waited_total", "counter", "deliveries dropped because the view could not grant", in.waited},
        {"poison_total", "counter", "jobs that killed their workers", in.poison},
        {"unparseable_total", "counter",
         "records sent to the dead letters, as they were or cut to what the topic takes", in.unparseable},
        {"jobs_reported_total", "counter", "jobs that came to their end here", j.reported},
        {"jobs_released_total", "counter", "jobs handed back", j.released},
        {"jobs_dropped_total", "counter", "jobs left to the expiry of their lease", j.dropped},
    };

    print(rows, sizeof rows / sizeof rows[0], out);
}

static void print_calls(const struct metrics_parts *p, struct buf *out)
{
    struct acts_counts a = acts_counts(p->acts);
    struct guests_counts g = guests_counts(p->guests);
    const struct row rows[] = {
        {"aws_calls_in_hand", "gauge", "AWS calls not completed", (int64_t)aws_in_hand(p->aws)},
        {"acts_sent_total", "counter", "start and stop calls that left", a.sent},
        {"acts_accepted_total", "counter", "start and stop calls that EC2 accepted", a.accepted},
        {"acts_instances_total", "counter", "instances in accepted calls", a.instances},
        {"acts_refused_total", "counter", "start and stop calls that EC2 refused", a.refused},
        {"acts_withheld_total", "counter", "calls that the lease check held back at the last moment",
         a.withheld},
        {"acts_unanswered_total", "counter", "start and stop calls whose answer never came", a.unanswered},
        {"override_commands_total", "counter", "override questions sent", g.commands},
        {"override_absent_total", "counter", "members that may be stopped", g.absent},
        {"override_present_total", "counter", "members with an override file", g.present},
        {"override_unknown_total", "counter", "answers that prove nothing", g.unknown},
    };

    print(rows, sizeof rows / sizeof rows[0], out);
}

static void print_leases(const struct metrics_parts *p, struct buf *out)
{
    struct leases_counts l = leases_counts(p->leases);
    struct report_counts r = report_counts(p->report);
    const struct row rows[] = {
        {"view_refusals_total", "counter", "times that Redis would not take a write: full, or read only",
         p->room->refusals},
        {"lease_renewals_total", "counter", "leases renewed", l.renewed},
        {"lease_failures_total", "counter", "renewals that the view could not answer", l.failed},
        {"leases_held_total", "counter", "leases ended by a pause", l.held},
        {"leases_fenced_total", "counter", "leases ended by their run's end", l.fenced},
        {"leases_lost_total", "counter", "leases that another attempt took", l.lost},
        {"terminals_total", "counter", "JobTerminal records acknowledged", r.terminals},
        {"letters_total", "counter", "dead letters acknowledged", r.letters},
        {"append_failures_total", "counter", "records that had to be appended again", r.failures},
        {"reports_dropped_total", "counter", "terminals that lost their lease before they were acknowledged",
         r.dropped},
        {"reports_in_hand", "gauge", "records not acknowledged yet", (int64_t)report_in_hand(p->report)},
        {"progress_total", "counter", "progress records acknowledged", r.progress},
    };

    print(rows, sizeof rows / sizeof rows[0], out);
}

void worker_metrics(const struct metrics_parts *p, struct http_answer *answer)
{
    answer->status = 200;
    answer->content_type = "text/plain; version=0.0.4";
    print_jobs(p, &answer->body);
    print_calls(p, &answer->body);
    print_leases(p, &answer->body);
}
