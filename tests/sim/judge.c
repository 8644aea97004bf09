#include "sim/judge.h"

#include "base/mem.h"
#include "model/member.h"
#include "sim/judge_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Two minutes, by the clock of a worker that runs a tenth slow. */
enum { PROOF_MAX_MS = 120 * 1000 * 11 / 10 };

/* ---- what is wrong ---- */

void judge_say(struct judge *j, const char *rule, const char *fmt, ...)
{
    char words[JUDGE_WORDS_MAX];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    trace_line(j->trace, "JUDGE", "%s: %s", rule, words);
    if (j->counts.broken++ == 0)
        (void)snprintf(j->first, sizeof j->first, "%s: %s", rule, words);
}

/* ---- runs, as the log tells them ---- */

struct run *judge_run(struct judge *j, int workload, const char *id)
{
    for (size_t i = 0; i < j->run_count; i++)
        if (j->runs[i].workload == workload && strcmp(j->runs[i].id, id) == 0)
            return &j->runs[i];
    return NULL;
}

static struct run *run_of(struct judge *j, const struct event *ev)
{
    int workload = ev->workload ? estate_workload(j->estate, ev->workload) : -1;
    struct run *r;

    if (workload < 0 || !ev->run)
        return NULL;
    r = judge_run(j, workload, ev->run);
    if (r)
        return r;
    BUG_IF(j->run_count == JUDGE_RUNS_MAX);
    r = &j->runs[j->run_count++];
    *r = (struct run){.workload = workload};
    (void)snprintf(r->id, sizeof r->id, "%s", ev->run);
    for (int i = 0; i < ESTATE_MEMBERS_MAX; i++)
        r->step[i] = -1;
    return r;
}

static const char *target(const struct run *r)
{
    return r->action == ACTION_STOP ? "stopped" : "running";
}

static void accepted(struct judge *j, struct run *r, const struct event *ev, const struct judge_place *at)
{
    if (r->accepted) /* the first answer is the one that counts */
        return;
    r->accepted = true;
    (void)snprintf(r->epoch, sizeof r->epoch, "0:%d:%lld", at->partition, (long long)at->offset);
    r->action = ev->action && strcmp(ev->action, action_names[ACTION_STOP]) == 0 ? ACTION_STOP : ACTION_START;
    r->goes_on = ev->accepted.on_failure == ON_FAILURE_CONTINUE;
    r->patience_s =
        ev->accepted.deadline_s < ev->accepted.pause_s ? ev->accepted.deadline_s : ev->accepted.pause_s;
    for (int i = 0; i < j->estate->member_count; i++)
        r->reached[i] = strcmp(j->state[i], target(r)) == 0;
}

static void plan_job(struct judge *j, struct run *r, int64_t step, const struct event_plan_job *job)
{
    for (size_t i = 0; i < job->members.n; i++) {
        int m = estate_find(j->estate, str_of(job->members.at[i]));
        if (m < 0 || j->estate->members[m].workload != r->workload) {
            judge_say(j, "OWN", "%s plans %s, which is not its workload's", r->id, job->members.at[i]);
            continue;
        }
        if (r->step[m] < 0)
            r->outcome[m] = OUTCOME_NONE;
        r->step[m] = (int)step;
    }
}

static void leave_out(struct judge *j, struct run *r, int64_t step, const struct member_outcomes *members)
{
    for (size_t i = 0; i < members->n; i++) {
        int m = estate_find(j->estate, str_of(members->at[i].id));
        if (m < 0)
            continue;
        r->step[m] = (int)step;
        r->outcome[m] = members->at[i].outcome;
        r->why[m] = members->at[i].cause;
        r->doubt[m] = members->at[i].cause == CAUSE_OVERRIDE_UNKNOWN;
    }
}

/* The first plan of a step is the one that counts; the simulated workloads' plans have one part. */
static void planned(struct judge *j, struct run *r, const struct event *ev)
{
    if (ev->planned.step != r->planned || ev->planned.parts != 1)
        return;
    r->planned++;
    for (size_t t = 0; t < ev->planned.tiers.n; t++) {
        const struct event_plan_tier *tier = &ev->planned.tiers.at[t];
        for (size_t k = 0; k < tier->jobs.n; k++)
            plan_job(j, r, ev->planned.step, &tier->jobs.at[k]);
        leave_out(j, r, ev->planned.step, &tier->left_out);
    }
}

/* The first terminal that tells of a member decides, as in the log. */
static void ended_job(struct judge *j, struct run *r, const struct event *ev)
{
    for (size_t i = 0; i < ev->terminal.members.n; i++) {
        const struct member_outcome *o = &ev->terminal.members.at[i];
        int m = estate_find(j->estate, str_of(o->id));
        if (m < 0 || r->outcome[m] != OUTCOME_NONE)
            continue;
        r->outcome[m] = o->outcome;
        r->why[m] = o->cause;
        r->doubt[m] = o->cause == CAUSE_OVERRIDE_UNKNOWN;
        if ((o->outcome == OUTCOME_DONE || o->outcome == OUTCOME_UNCHANGED) && !r->reached[m])
            judge_say(j, "P1", "%s tells %s as %s, which has not been %s since the run was accepted", r->id,
                      o->id, outcome_names[o->outcome], target(r));
    }
}

/* Of a run that was not broken off: what comes behind a Cancel may or may not be counted. */
static void check_counts(struct judge *j, const struct run *r, const struct counts *told)
{
    int64_t n[OUTCOME_FAILED + 1] = {0};

    if (r->result != RESULT_SUCCEEDED && r->result != RESULT_PARTIAL && r->result != RESULT_HALTED)
        return;
    for (int i = 0; i < j->estate->member_count; i++)
        if (r->step[i] >= 0)
            n[r->outcome[i]]++;
    if (n[OUTCOME_NONE] || n[OUTCOME_DONE] != told->done || n[OUTCOME_UNCHANGED] != told->unchanged ||
        n[OUTCOME_BYPASSED] != told->bypassed || n[OUTCOME_FAILED] != told->failed)
        judge_say(
            j, "COUNT",
            "%s tells %lld done, %lld unchanged, %lld bypassed, %lld failed; its members: %lld, %lld, %lld, "
            "%lld, and %lld without an outcome",
            r->id, (long long)told->done, (long long)told->unchanged, (long long)told->bypassed,
            (long long)told->failed, (long long)n[OUTCOME_DONE], (long long)n[OUTCOME_UNCHANGED],
            (long long)n[OUTCOME_BYPASSED], (long long)n[OUTCOME_FAILED], (long long)n[OUTCOME_NONE]);
}

static void finished(struct judge *j, struct run *r, const struct event *ev, int64_t ts_ms)
{
    bool first = !r->finished;

    if (r->finished && (r->result != ev->finished.result || r->cause != ev->finished.cause))
        judge_say(j, "ONE", "%s has the results %s (%s) and %s (%s)", r->id, result_names[r->result],
                  cause_names[r->cause], result_names[ev->finished.result], cause_names[ev->finished.cause]);
    j->counts.finished += !r->finished;
    r->finished = true;
    r->result = ev->finished.result;
    r->cause = ev->finished.cause;
    r->finished_ms = first ? ts_ms : r->finished_ms;
    if (first) {
        check_counts(j, r, &ev->finished.counts);
        judge_broken_off(j, r);
        if (r->result == RESULT_DEADLINE && r->patience_s >= JUDGE_PATIENCE_S)
            judge_say(j, "P2", "%s was given up at its deadline: nobody went on with it", r->id);
    }
}

static void hear(struct judge *j, const struct event *ev, const struct judge_place *at)
{
    struct run *r = run_of(j, ev);

    if (ev->type == EVENT_OTHER && ev->must)
        judge_barred(j, at);
    if (ev->type == EVENT_HOLD_SET || ev->type == EVENT_HOLD_CLEARED)
        judge_control(j, NULL, ev, at->ts_ms);
    if (ev->type == EVENT_DRAINED)
        judge_drained(j, ev, at->ts_ms);
    if (!r)
        return;
    switch (ev->type) {
    case EVENT_RUN_REQUESTED:
        j->counts.runs += !r->requested;
        judge_requested(j, r, ev, at);
        break;
    case EVENT_RUN_ACCEPTED:
        judge_answered(j, r, ev->accepted.request);
        accepted(j, r, ev, at);
        break;
    case EVENT_RUN_REFUSED:
        judge_answered(j, r, ev->refused.request);
        break;
    case EVENT_PAUSE:
    case EVENT_RESUME:
    case EVENT_CANCEL:
        judge_control(j, r, ev, at->ts_ms);
        break;
    case EVENT_TIER_PLANNED:
        planned(j, r, ev);
        break;
    case EVENT_JOB_TERMINAL:
        judge_given_up(j, r, ev);
        ended_job(j, r, ev);
        break;
    case EVENT_RUN_FINISHED:
        finished(j, r, ev, at->ts_ms);
        break;
    default:
        break;
    }
}

void judge_record(struct judge *j, const char *topic, int partition, int64_t offset,
                  const struct sim_kafka_record *r)
{
    struct event ev = {0};
    struct err e = {0};

    if (strcmp(topic, j->topic) != 0) {
        if (strstr(topic, ".dlq."))
            judge_letter(j, r);
        return;
    }
    j->counts.records++;
    if (!event_parse(str_n(r->value, r->value_n), &ev, &e)) {
        judge_say(j, "FORM", "[%d] %lld: %s", partition, (long long)offset, e.msg);
        return;
    }
    trace_line(j->trace, "log", "[%d] %lld %s %s %s", partition, (long long)offset, ev.type_name,
               ev.workload ? ev.workload : "", ev.run ? ev.run : "");
    hear(j, &ev, &(struct judge_place){partition, offset, r->ts_ms});
    event_release(&ev);
}

/* ---- calls and changes ---- */

static bool is_stop(const char *operation)
{
    return strcmp(operation, "StopInstances") == 0;
}

static bool is_change(const char *operation)
{
    return is_stop(operation) || strcmp(operation, "StartInstances") == 0;
}

static bool counts_as_over(const struct run *r, int m)
{
    bool halts = r->outcome[m] == OUTCOME_FAILED || (r->action == ACTION_STOP && r->doubt[m]);

    return r->outcome[m] != OUTCOME_NONE && (!halts || r->goes_on);
}

static void check_order(struct judge *j, struct run *r, int m)
{
    const struct estate_member *members = j->estate->members;

    for (int i = 0; i < j->estate->member_count; i++)
        if (r->step[i] >= 0 && r->step[i] < r->step[m] && !counts_as_over(r, i)) {
            judge_say(j, "P1", "%s touches %s of step %d while %s of step %d is %s", r->id, members[m].id,
                      r->step[m], members[i].id, r->step[i],
                      r->outcome[i] == OUTCOME_NONE ? "without an outcome" : outcome_names[r->outcome[i]]);
            return;
        }
}

static void check_overlap(struct judge *j, struct run *r)
{
    struct line *l = &j->lines[r->workload];

    for (size_t i = 0; i + 1 < l->n; i++)
        if (l->runs[i] == r) {
            judge_say(j, "P5", "%s touches %s after %s had begun", r->id,
                      j->estate->workloads[r->workload].name, l->runs[l->n - 1]->id);
            return;
        }
    if (l->n && l->runs[l->n - 1] == r)
        return;
    BUG_IF(l->n == JUDGE_RUNS_MAX);
    l->runs[l->n++] = r;
}

/* NULL: this attempt has not asked. */
static const struct ask *asked_by(const struct judge *j, int m, const struct awssim_event *ev)
{
    const struct ask *found = NULL;

    for (size_t i = 0; i < j->ask_count; i++) {
        const struct ask *a = &j->asks[i];
        if (a->member == m && strcmp(a->run, ev->run) == 0 && strcmp(a->job, ev->job) == 0 &&
            strcmp(a->attempt, ev->attempt) == 0)
            found = a;
    }
    return found;
}

static void check_proof(struct judge *j, int m, const struct awssim_event *ev)
{
    const struct estate_member *x = &j->estate->members[m];

    if (!j->estate->workloads[x->workload].tiers[x->tier].asks)
        return;
    const struct ask *found = asked_by(j, m, ev);
    if (!found || strcmp(found->found, "ABSENT") != 0)
        judge_say(j, "ABSENT", "%s stops %s, whose guest had said to this attempt: %s", ev->run, x->id,
                  found ? found->found : "nothing, it was not asked");
    else if (j->sent_ms && j->sent_ms - found->found_ms > PROOF_MAX_MS)
        judge_say(j, "ABSENT", "%s stops %s, whose guest had said ABSENT %lld ms before", ev->run, x->id,
                  (long long)(j->sent_ms - found->found_ms));
    if (x->keeps)
        judge_say(j, "KEPT", "%s stops %s, which its guest keeps", ev->run, x->id);
}

/* The run's name in a call is WORKLOAD@RUN's second half, or both: as the User-Agent has it. */
struct run *judge_caller(struct judge *j, int member, const char *run)
{
    const char *at = strrchr(run, '@');

    return judge_run(j, j->estate->members[member].workload, at ? at + 1 : run);
}

/* A start or a stop of this member has been accepted, or has changed its state (effect). */
static void touched(struct judge *j, int m, bool stop, const struct awssim_event *ev, bool effect)
{
    struct run *r = judge_caller(j, m, ev->run);

    if (!r || !r->accepted || r->step[m] < 0) {
        judge_say(j, "OWN", "%s touches %s, which it has not planned", ev->run, j->estate->members[m].id);
        return;
    }
    if (stop != (r->action == ACTION_STOP))
        judge_say(j, "OWN", "%s does the contrary to %s", r->id, j->estate->members[m].id);
    check_overlap(j, r);
    check_order(j, r, m);
    judge_will(j, r, m);
    if (effect && r->step[m] < r->begun)
        judge_say(j, "S1b", "%s changes %s of step %d after step %d had begun", r->id,
                  j->estate->members[m].id, r->step[m], r->begun);
    if (r->step[m] > r->begun) {
        r->begun = r->step[m];
        judge_step_begins(j, r, r->begun, ev->at.wall_ms);
    }
    if (stop)
        check_proof(j, m, ev);
}

static void asked(struct judge *j, int m, const struct awssim_event *ev)
{
    struct ask *a;

    if (j->ask_count == j->ask_cap) {
        j->ask_cap = j->ask_cap ? 2 * j->ask_cap : 64;
        j->asks = xrealloc(j->asks, j->ask_cap * sizeof *j->asks);
    }
    a = &j->asks[j->ask_count++];
    *a = (struct ask){.member = m};
    (void)snprintf(a->run, sizeof a->run, "%s", ev->run);
    (void)snprintf(a->job, sizeof a->job, "%s", ev->job);
    (void)snprintf(a->attempt, sizeof a->attempt, "%s", ev->attempt);
    (void)snprintf(a->found, sizeof a->found, "no answer");
}

static void on_call(struct judge *j, const struct awssim_event *ev)
{
    bool change = is_change(ev->operation), ask = strcmp(ev->operation, "SendCommand") == 0;

    j->counts.calls++;
    for (size_t i = 0; (change || ask) && ev->ids && i < ev->ids->n && ev->status == 200; i++) {
        int m = estate_find(j->estate, str_of(ev->ids->at[i]));
        if (m >= 0 && change)
            touched(j, m, is_stop(ev->operation), ev, false);
        else if (m >= 0)
            asked(j, m, ev);
    }
    if (change || ask)
        trace_line(j->trace, "aws", "%s %s %s attempt %s: %d %s %s (%s)", ev->operation, ev->run, ev->job,
                   ev->attempt, ev->status, ev->code, ev->fault, ev->ids && ev->ids->n ? ev->ids->at[0] : "");
}

static void on_state(struct judge *j, const struct awssim_event *ev)
{
    int m = estate_find(j->estate, str_of(ev->id));

    if (m < 0)
        return;
    j->counts.changes++;
    trace_line(j->trace, "aws", "%s %s -> %s (%s)", ev->id, ev->from, ev->to, ev->cause);
    (void)snprintf(j->state[m], sizeof j->state[m], "%s", ev->to);
    for (size_t i = 0; i < j->run_count; i++)
        if (j->runs[i].accepted && strcmp(ev->to, target(&j->runs[i])) == 0)
            j->runs[i].reached[m] = true;
    if (is_change(ev->cause))
        touched(j, m, is_stop(ev->cause), ev, true);
}

/* What it says counts for all that have asked it and not had another answer. */
static void on_guest(struct judge *j, const struct awssim_event *ev)
{
    int m = estate_find(j->estate, str_of(ev->id));

    trace_line(j->trace, "aws", "guest of %s says %s", ev->id, ev->to);
    for (size_t i = 0; i < j->ask_count; i++)
        if (j->asks[i].member == m) {
            (void)snprintf(j->asks[i].found, sizeof j->asks[i].found, "%s", ev->to);
            j->asks[i].found_ms = ev->at.wall_ms;
        }
}

void judge_sent(struct judge *j, int64_t sent_ms)
{
    j->sent_ms = sent_ms;
}

void judge_aws(void *self, const struct awssim_event *ev)
{
    struct judge *j = self;

    if (ev->kind == AWSSIM_CALL)
        on_call(j, ev);
    else if (ev->kind == AWSSIM_STATE)
        on_state(j, ev);
    else
        on_guest(j, ev);
}

/* ---- beginning and end ---- */

struct judge *judge_new(const struct estate *e, struct trace *trace, const char *log_topic)
{
    struct judge *j = xcalloc(1, sizeof *j);

    j->estate = e;
    j->trace = trace;
    j->topic = log_topic;
    for (int i = 0; i < e->member_count; i++)
        (void)snprintf(j->state[i], sizeof j->state[i], "%s", e->members[i].running ? "running" : "stopped");
    return j;
}

void judge_free(struct judge *j)
{
    if (j) {
        xfree(j->asks);
        xfree(j->ways);
        xfree(j->victims);
    }
    xfree(j);
}

int judge_open(const struct judge *j)
{
    int n = 0;

    for (size_t i = 0; i < j->run_count; i++)
        n += j->runs[i].requested && !j->runs[i].finished && !judge_waits_for_ever(j, &j->runs[i]);
    return n;
}

void judge_end(struct judge *j)
{
    for (size_t i = 0; i < j->run_count; i++)
        if (j->runs[i].requested && !j->runs[i].finished && !judge_waits_for_ever(j, &j->runs[i]))
            judge_say(j, "P2", "%s of %s has no result", j->runs[i].id,
                      j->estate->workloads[j->runs[i].workload].name);
}

struct judge_counts judge_counts(const struct judge *j)
{
    return j->counts;
}

const char *judge_first(const struct judge *j)
{
    return j->first;
}
