#include "conf/metrics_table.h"

static const int64_t request_ms[] = {10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 20000, 60000, 0};
static const int64_t long_ms[] = {1000,   5000,    10000,   30000,   60000,   120000,   300000,
                                  600000, 1200000, 1800000, 3600000, 7200000, 21600000, 0};

/* clang-format off */
const struct metric metrics_table[METRIC_COUNT] = {
    [METRIC_BUILD_INFO] = {"build_info", METRIC_GAUGE, "1: which program and version this is", .labels = {"program", "version"}, .programs = METRICS_ALL},
    [METRIC_AWS_REQUESTS_TOTAL] = {"aws_requests_total", METRIC_COUNTER, "requests that AWS was sent, by what came of them", .labels = {"service", "operation", "result"}, .programs = METRICS_CALLERS},
    [METRIC_AWS_REQUEST_DURATION_SECONDS] = {"aws_request_duration_seconds", METRIC_HISTOGRAM, "from sending a request to AWS to its answer, or to its being given up", .labels = {"service", "operation"}, .ms = true, .buckets = request_ms, .programs = METRICS_CALLERS},
    [METRIC_AWS_THROTTLES_TOTAL] = {"aws_throttles_total", METRIC_COUNTER, "requests that AWS answered with a throttle, by account and region", .labels = {"account", "region", "operation"}, .programs = METRICS_CALLERS},
    [METRIC_METRICS_DROPPED_TOTAL] = {"metrics_dropped_total", METRIC_COUNTER, "values that found no room for a series of their own: see \"other\", or missing", .programs = METRICS_ALL},
    [METRIC_PRODUCER_READY] = {"producer_ready", METRIC_GAUGE, "1: /readyz says 200", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_FOLDS_TOTAL] = {"producer_folds_total", METRIC_COUNTER, "records folded into the view", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_FOLDS_IGNORED_TOTAL] = {"producer_folds_ignored_total", METRIC_COUNTER, "records folded without effect", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_RECORDS_UNPARSED_TOTAL] = {"producer_records_unparsed_total", METRIC_COUNTER, "records of the log that do not parse", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_APPENDED_TOTAL] = {"producer_appended_total", METRIC_COUNTER, "records appended", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_APPEND_FAILURES_TOTAL] = {"producer_append_failures_total", METRIC_COUNTER, "appends without an acknowledgement", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_JOBS_PUBLISHED_TOTAL] = {"producer_jobs_published_total", METRIC_COUNTER, "job deliveries", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_JOBS_REPUBLISHED_TOTAL] = {"producer_jobs_republished_total", METRIC_COUNTER, "job deliveries after an earlier one was lost or its lease expired", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_JOBS_UNCLAIMED_TOTAL] = {"producer_jobs_unclaimed_total", METRIC_COUNTER, "jobs given up because nobody claimed them", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_RUNS_ADMITTED_TOTAL] = {"producer_runs_admitted_total", METRIC_COUNTER, "runs accepted", .labels = {"action"}, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_RUNS_REFUSED_TOTAL] = {"producer_runs_refused_total", METRIC_COUNTER, "requests refused, by cause (docs/events.md)", .labels = {"cause"}, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_RUNS_FINISHED_TOTAL] = {"producer_runs_finished_total", METRIC_COUNTER, "runs that ended, by result (docs/events.md)", .labels = {"action", "result"}, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_MEMBERS_TOTAL] = {"producer_members_total", METRIC_COUNTER, "members of runs that came to their outcome, by cause (docs/events.md)", .labels = {"action", "outcome", "cause"}, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_MEMBER_DURATION_SECONDS] = {"producer_member_duration_seconds", METRIC_HISTOGRAM, "from the accepted call to the state, of members that are done", .labels = {"action"}, .ms = true, .buckets = long_ms, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_STEP_DURATION_SECONDS] = {"producer_step_duration_seconds", METRIC_HISTOGRAM, "from the first job of a step being due to its last one being terminal", .labels = {"action"}, .ms = true, .buckets = long_ms, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_STEPS_PLANNED_TOTAL] = {"producer_steps_planned_total", METRIC_COUNTER, "steps planned", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_PLAN_FAILURES_TOTAL] = {"producer_plan_failures_total", METRIC_COUNTER, "steps that could not be planned", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_DRAINED_TOTAL] = {"producer_drained_total", METRIC_COUNTER, "epochs declared drained", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_SNAPSHOTS_TOTAL] = {"producer_snapshots_total", METRIC_COUNTER, "idle snapshots written", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_VIEWS_BUILT_TOTAL] = {"producer_views_built_total", METRIC_COUNTER, "lost views built anew", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_VIEWS_OPENED_TOTAL] = {"producer_views_opened_total", METRIC_COUNTER, "ViewOpened appended", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_TICKS_FIRED_TOTAL] = {"producer_ticks_fired_total", METRIC_COUNTER, "ticks of schedules in the log", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_TICKS_LATE_TOTAL] = {"producer_ticks_late_total", METRIC_COUNTER, "of them, those over a minute late", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_TICKS_MISSED_TOTAL] = {"producer_ticks_missed_total", METRIC_COUNTER, "ticks reported as missed", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_SCHEDULE_FAILURES_TOTAL] = {"producer_schedule_failures_total", METRIC_COUNTER, "readings of schedules that failed", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_VIEW_FAILURES_TOTAL] = {"producer_view_failures_total", METRIC_COUNTER, "calls of the view that failed", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_VIEW_REFUSALS_TOTAL] = {"producer_view_refusals_total", METRIC_COUNTER, "times that Redis would not take a write: full, or read only", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_LOG_LAG_RECORDS] = {"producer_log_lag_records", METRIC_GAUGE, "records of led partitions that are not folded yet", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_WORKS] = {"producer_works", METRIC_GAUGE, "decisions in hand", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_VIEWS_OPEN] = {"producer_views_open", METRIC_GAUGE, "led partitions whose view may grant leases", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_VIEW_AGE_SECONDS] = {"producer_view_age_seconds", METRIC_GAUGE, "since the view of the led partition that waits longest was confirmed; until it is, no lease is granted", .ms = true, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_SCHEDULES] = {"producer_schedules", METRIC_GAUGE, "enabled schedules that are known here", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_SCHEDULES_INVALID] = {"producer_schedules_invalid", METRIC_GAUGE, "schedules that stand still because their row cannot be", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_SCHEDULES_FIRING] = {"producer_schedules_firing", METRIC_GAUGE, "workloads with a tick in hand", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_SCHEDULES_READ_TIMESTAMP_SECONDS] = {"producer_schedules_read_timestamp_seconds", METRIC_GAUGE, "when the schedules were read last, 0: not yet", .ms = true, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_NEXT_TICK_TIMESTAMP_SECONDS] = {"producer_next_tick_timestamp_seconds", METRIC_GAUGE, "the next tick of the led partitions, 0: none", .ms = true, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_WORKLOAD_WANTED_TIMESTAMP_SECONDS] = {"producer_workload_wanted_timestamp_seconds", METRIC_GAUGE, "since when a workload should be started or stopped: its last tick", .labels = {"workload", "action"}, .ms = true, .series_max = METRICS_WORKLOADS_MAX, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_WORKLOAD_UNMET] = {"producer_workload_unmet", METRIC_GAUGE, "1: it should be so, and no run has brought it there; 0: one has, or a person has decided otherwise", .labels = {"workload", "action"}, .series_max = METRICS_WORKLOADS_MAX, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_APPENDS_IN_FLIGHT] = {"producer_appends_in_flight", METRIC_GAUGE, "appends without an answer yet", .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_JOBS] = {"producer_jobs", METRIC_GAUGE, "jobs of led partitions' open steps, due or in flight: what workers are for", .labels = {"state"}, .programs = METRICS_PRODUCER},
    [METRIC_PRODUCER_PARTITIONS] = {"producer_partitions", METRIC_GAUGE, "partitions of the log by state here", .labels = {"state"}, .programs = METRICS_PRODUCER},
    [METRIC_WORKER_READY] = {"worker_ready", METRIC_GAUGE, "1: /readyz says 200", .programs = METRICS_WORKER},
    [METRIC_WORKER_JOBS_IN_FLIGHT] = {"worker_jobs_in_flight", METRIC_GAUGE, "jobs in hand", .programs = METRICS_WORKER},
    [METRIC_WORKER_RECORDS_TOTAL] = {"worker_records_total", METRIC_COUNTER, "deliveries read from the jobs topic", .programs = METRICS_WORKER},
    [METRIC_WORKER_CLAIMS_TOTAL] = {"worker_claims_total", METRIC_COUNTER, "jobs claimed", .programs = METRICS_WORKER},
    [METRIC_WORKER_CLAIMS_BUSY_TOTAL] = {"worker_claims_busy_total", METRIC_COUNTER, "deliveries of jobs that another attempt holds, or whose step may not begin", .programs = METRICS_WORKER},
    [METRIC_WORKER_CLAIMS_FENCED_TOTAL] = {"worker_claims_fenced_total", METRIC_COUNTER, "deliveries of runs that are over or draining", .programs = METRICS_WORKER},
    [METRIC_WORKER_CLAIMS_PAUSED_TOTAL] = {"worker_claims_paused_total", METRIC_COUNTER, "deliveries of paused runs", .programs = METRICS_WORKER},
    [METRIC_WORKER_CLAIMS_DONE_TOTAL] = {"worker_claims_done_total", METRIC_COUNTER, "deliveries of jobs that are terminal already", .programs = METRICS_WORKER},
    [METRIC_WORKER_CLAIMS_WAITED_TOTAL] = {"worker_claims_waited_total", METRIC_COUNTER, "deliveries dropped because the view could not grant", .programs = METRICS_WORKER},
    [METRIC_WORKER_POISON_TOTAL] = {"worker_poison_total", METRIC_COUNTER, "jobs that killed their workers", .programs = METRICS_WORKER},
    [METRIC_WORKER_UNPARSEABLE_TOTAL] = {"worker_unparseable_total", METRIC_COUNTER, "records sent to the dead letters, as they were or cut to what the topic takes", .programs = METRICS_WORKER},
    [METRIC_WORKER_JOBS_REPORTED_TOTAL] = {"worker_jobs_reported_total", METRIC_COUNTER, "jobs that came to their end here", .programs = METRICS_WORKER},
    [METRIC_WORKER_JOBS_RELEASED_TOTAL] = {"worker_jobs_released_total", METRIC_COUNTER, "jobs handed back", .programs = METRICS_WORKER},
    [METRIC_WORKER_JOBS_DROPPED_TOTAL] = {"worker_jobs_dropped_total", METRIC_COUNTER, "jobs left to the expiry of their lease", .programs = METRICS_WORKER},
    [METRIC_WORKER_AWS_CALLS_IN_HAND] = {"worker_aws_calls_in_hand", METRIC_GAUGE, "AWS calls not completed", .programs = METRICS_WORKER},
    [METRIC_WORKER_ACTS_SENT_TOTAL] = {"worker_acts_sent_total", METRIC_COUNTER, "start and stop calls that left", .programs = METRICS_WORKER},
    [METRIC_WORKER_ACTS_ACCEPTED_TOTAL] = {"worker_acts_accepted_total", METRIC_COUNTER, "start and stop calls that EC2 accepted", .programs = METRICS_WORKER},
    [METRIC_WORKER_ACTS_INSTANCES_TOTAL] = {"worker_acts_instances_total", METRIC_COUNTER, "instances in accepted calls", .programs = METRICS_WORKER},
    [METRIC_WORKER_ACTS_REFUSED_TOTAL] = {"worker_acts_refused_total", METRIC_COUNTER, "start and stop calls that EC2 refused", .programs = METRICS_WORKER},
    [METRIC_WORKER_ACTS_WITHHELD_TOTAL] = {"worker_acts_withheld_total", METRIC_COUNTER, "calls that the lease check held back at the last moment", .programs = METRICS_WORKER},
    [METRIC_WORKER_ACTS_UNANSWERED_TOTAL] = {"worker_acts_unanswered_total", METRIC_COUNTER, "start and stop calls whose answer never came", .programs = METRICS_WORKER},
    [METRIC_WORKER_OVERRIDE_COMMANDS_TOTAL] = {"worker_override_commands_total", METRIC_COUNTER, "override questions sent", .programs = METRICS_WORKER},
    [METRIC_WORKER_OVERRIDE_ABSENT_TOTAL] = {"worker_override_absent_total", METRIC_COUNTER, "members that may be stopped", .programs = METRICS_WORKER},
    [METRIC_WORKER_OVERRIDE_PRESENT_TOTAL] = {"worker_override_present_total", METRIC_COUNTER, "members with an override file", .programs = METRICS_WORKER},
    [METRIC_WORKER_OVERRIDE_UNKNOWN_TOTAL] = {"worker_override_unknown_total", METRIC_COUNTER, "answers that prove nothing", .programs = METRICS_WORKER},
    [METRIC_WORKER_VIEW_REFUSALS_TOTAL] = {"worker_view_refusals_total", METRIC_COUNTER, "times that Redis would not take a write: full, or read only", .programs = METRICS_WORKER},
    [METRIC_WORKER_LEASE_RENEWALS_TOTAL] = {"worker_lease_renewals_total", METRIC_COUNTER, "leases renewed", .programs = METRICS_WORKER},
    [METRIC_WORKER_LEASE_FAILURES_TOTAL] = {"worker_lease_failures_total", METRIC_COUNTER, "renewals that the view could not answer", .programs = METRICS_WORKER},
    [METRIC_WORKER_LEASES_HELD_TOTAL] = {"worker_leases_held_total", METRIC_COUNTER, "leases ended by a pause", .programs = METRICS_WORKER},
    [METRIC_WORKER_LEASES_FENCED_TOTAL] = {"worker_leases_fenced_total", METRIC_COUNTER, "leases ended by their run's end", .programs = METRICS_WORKER},
    [METRIC_WORKER_LEASES_LOST_TOTAL] = {"worker_leases_lost_total", METRIC_COUNTER, "leases that another attempt took", .programs = METRICS_WORKER},
    [METRIC_WORKER_TERMINALS_TOTAL] = {"worker_terminals_total", METRIC_COUNTER, "JobTerminal records acknowledged", .programs = METRICS_WORKER},
    [METRIC_WORKER_LETTERS_TOTAL] = {"worker_letters_total", METRIC_COUNTER, "dead letters acknowledged", .programs = METRICS_WORKER},
    [METRIC_WORKER_APPEND_FAILURES_TOTAL] = {"worker_append_failures_total", METRIC_COUNTER, "records that had to be appended again", .programs = METRICS_WORKER},
    [METRIC_WORKER_REPORTS_DROPPED_TOTAL] = {"worker_reports_dropped_total", METRIC_COUNTER, "terminals that lost their lease before they were acknowledged", .programs = METRICS_WORKER},
    [METRIC_WORKER_REPORTS_IN_HAND] = {"worker_reports_in_hand", METRIC_GAUGE, "records not acknowledged yet", .programs = METRICS_WORKER},
    [METRIC_WORKER_PROGRESS_TOTAL] = {"worker_progress_total", METRIC_COUNTER, "progress records acknowledged", .programs = METRICS_WORKER},
    [METRIC_MONITOR_RUNS] = {"monitor_runs", METRIC_GAUGE, "runs in the history that have ended, by result", .labels = {"result"}, .programs = METRICS_MONITOR},
    [METRIC_MONITOR_RUNS_GOING] = {"monitor_runs_going", METRIC_GAUGE, "runs in the history that go on", .labels = {"state"}, .programs = METRICS_MONITOR},
    [METRIC_MONITOR_HISTORY_BYTES] = {"monitor_history_bytes", METRIC_GAUGE, "memory of the history", .programs = METRICS_MONITOR},
    [METRIC_MONITOR_HISTORY_FORGOTTEN] = {"monitor_history_forgotten", METRIC_GAUGE, "1: there was no room for all runs (monitor.runs, monitor.memory)", .programs = METRICS_MONITOR},
    [METRIC_MONITOR_RECORDS_TOTAL] = {"monitor_records_total", METRIC_COUNTER, "records of the log that were read", .programs = METRICS_MONITOR},
    [METRIC_MONITOR_PROGRESS_TOTAL] = {"monitor_progress_total", METRIC_COUNTER, "records of the progress topic that were read", .programs = METRICS_MONITOR},
    [METRIC_MONITOR_RECORDS_UNPARSED_TOTAL] = {"monitor_records_unparsed_total", METRIC_COUNTER, "records that do not parse", .programs = METRICS_MONITOR},
    [METRIC_MONITOR_AS_OF_TIMESTAMP_SECONDS] = {"monitor_as_of_timestamp_seconds", METRIC_GAUGE, "all that was in the log then is read, 0: never yet", .ms = true, .programs = METRICS_MONITOR},
    [METRIC_MONITOR_LOG_LAG_RECORDS] = {"monitor_log_lag_records", METRIC_GAUGE, "records of a log partition that are not read yet", .labels = {"partition"}, .programs = METRICS_MONITOR},
    [METRIC_MONITOR_LAST_RECORD_TIMESTAMP_SECONDS] = {"monitor_last_record_timestamp_seconds", METRIC_GAUGE, "stamp of the last record read of a log partition, 0: none", .labels = {"partition"}, .ms = true, .programs = METRICS_MONITOR},
    [METRIC_MONITOR_WINDOW_RECORDS] = {"monitor_window_records", METRIC_GAUGE, "records in the window that clients resume in", .programs = METRICS_MONITOR},
    [METRIC_MONITOR_WINDOW_BYTES] = {"monitor_window_bytes", METRIC_GAUGE, "bytes of that window", .programs = METRICS_MONITOR},
    [METRIC_MONITOR_EVENT_CLIENTS] = {"monitor_event_clients", METRIC_GAUGE, "clients that follow the events", .programs = METRICS_MONITOR},
    [METRIC_MONITOR_EVENT_CLIENTS_TOTAL] = {"monitor_event_clients_total", METRIC_COUNTER, "clients that began to", .programs = METRICS_MONITOR},
    [METRIC_MONITOR_EVENT_CLIENTS_REFUSED_TOTAL] = {"monitor_event_clients_refused_total", METRIC_COUNTER, "clients for whom there was no place", .programs = METRICS_MONITOR},
    [METRIC_MONITOR_EVENT_CLIENTS_CUT_TOTAL] = {"monitor_event_clients_cut_total", METRIC_COUNTER, "clients that were slower than the window", .programs = METRICS_MONITOR},
};
/* clang-format on */

static const struct {
    enum metrics_program program;
    const char *name, *title;
} programs[] = {{METRICS_PRODUCER, "ec2sched-producer", "The producer's"},
                {METRICS_WORKER, "ec2sched-worker", "The worker's"},
                {METRICS_MONITOR, "ec2sched-monitor", "The monitor's"}};

struct metrics *metrics_of_program(enum metrics_program program, const char *version)
{
    struct metrics *m = metrics_new(metrics_table, METRIC_COUNT, program);

    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (programs[i].program == program)
            metrics_set(m, METRIC_BUILD_INFO, 1, METRIC_LABELS(programs[i].name, version));
    return m;
}

static void row_markdown(const struct metric *row, struct buf *out)
{
    const char *between = "";

    buf_addf(out, "| `" METRICS_PREFIX "%s` | %s | ", row->name, metric_type_names[row->type]);
    for (size_t i = 0; i < METRICS_LABELS_MAX && row->labels[i]; i++, between = ", ")
        buf_addf(out, "%s`%s`", between, row->labels[i]);
    buf_addf(out, " | %s |\n", row->help);
}

static void table_markdown(const char *title, unsigned served_by, struct buf *out)
{
    buf_addf(out, "\n## %s\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n", title);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (metrics_table[i].programs == served_by)
            row_markdown(&metrics_table[i], out);
}

void metrics_markdown(struct buf *out)
{
    table_markdown("Every program's", METRICS_ALL, out);
    table_markdown("Of those that call AWS, producer and worker", METRICS_CALLERS, out);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        table_markdown(programs[i].title, programs[i].program, out);
}
