#include "core/fold_parts.h"

#include "base/mem.h"

#include <string.h>

/* ---- remembered runs ---- */

static struct fold_run *find(struct fold_workload *w, struct str run)
{
    for (size_t i = w->run_count; i-- > 0;)
        if (str_is(run, w->runs[i].run))
            return &w->runs[i];
    return NULL;
}

/* Forgets the oldest run that has its result and owes no RunFinished. They stand in the order of their
 * requests. */
static void forget_one(struct fold_workload *w)
{
    for (size_t i = 0; i < w->run_count; i++) {
        if (w->runs[i].result == RESULT_NONE || w->runs[i].finish_due_ms != FOLD_NEVER)
            continue;
        xfree(w->runs[i].run);
        memmove(&w->runs[i], &w->runs[i + 1], (w->run_count - i - 1) * sizeof *w->runs);
        w->run_count--;
        return;
    }
}

void fold_result(struct fold_workload *w, const char *run, enum result res, enum cause cause, int64_t epoch,
                 const struct counts *total, int64_t ts)
{
    struct fold_run *r = find(w, str_of(run));

    BUG_IF(!r || r->result != RESULT_NONE); /* exactly one result each */
    r->result = res;
    r->cause = cause;
    r->epoch = epoch;
    if (total)
        r->counts = *total;
    r->counts.unsettled = 0; /* not kept */
    r->finish_due_ms = ts;
}

bool fold_finished(struct fold_workload *w, struct str run)
{
    struct fold_run *r = find(w, run);

    if (!r || r->finish_due_ms == FOLD_NEVER)
        return false;
    r->finish_due_ms = FOLD_NEVER;
    return true;
}

/* ---- requests ---- */

static bool request_bounded(const struct event *ev)
{
    const int64_t digits12 = 999999999999;
    const struct event_origin *o = &ev->requested.origin;
    BUF_CLEANUP struct buf kept = BUF_INIT(FOLD_TEXT_MAX); /* what the view keeps of it */
    JSON_CLEANUP struct json *j = json_encode(event_request_fields, &ev->requested);
    bool scheduled = o->schedule && o->schedule[0];

    json_print(j, &kept);
    return ev->run && ids_run_ok(str_of(ev->run)) && !kept.over &&
           (!scheduled ||
            (str_of(o->schedule).n <= FOLD_SCHEDULE_MAX && o->tick >= 0 && o->tick <= digits12));
}

/* False: the tick, or a later one, has made its request already. */
static bool note_tick(struct fold_workload *w, const char *schedule, int64_t tick)
{
    for (size_t i = 0; i < w->tick_count; i++) {
        struct fold_tick *t = &w->ticks[i];
        if (strcmp(t->schedule, schedule) != 0)
            continue;
        if (tick <= t->tick)
            return false;
        t->tick = tick;
        return true;
    }
    w->ticks = xrealloc(w->ticks, (w->tick_count + 1) * sizeof *w->ticks);
    w->ticks[w->tick_count++] = (struct fold_tick){xstrdup(schedule), tick};
    return true;
}

bool fold_requested(struct fold_workload *w, int64_t offset, int64_t ts, const struct event *ev)
{
    const struct event_origin *o = &ev->requested.origin;
    bool stop = ev->action && strcmp(ev->action, action_names[ACTION_STOP]) == 0;

    if (!ev->action || (!stop && strcmp(ev->action, action_names[ACTION_START]) != 0) || !request_bounded(ev))
        return false;
    if (find(w, str_of(ev->run)) || (o->schedule && o->schedule[0] && !note_tick(w, o->schedule, o->tick)))
        return false;
    w->runs = xrealloc(w->runs, (w->run_count + 1) * sizeof *w->runs);
    w->runs[w->run_count++] = (struct fold_run){.run = xstrdup(ev->run),
                                                .request = offset,
                                                .epoch = FOLD_NEVER,
                                                .action = stop ? ACTION_STOP : ACTION_START,
                                                .finish_due_ms = FOLD_NEVER};
    if (w->run_count > FOLD_RUNS)
        forget_one(w);
    if (w->waiting_count == FOLD_WAITING) {
        fold_result(w, ev->run, RESULT_REFUSED, CAUSE_QUEUE_FULL, FOLD_NEVER, NULL, ts);
        return true;
    }
    w->waiting[w->waiting_count++] = (struct fold_waiting){.run = xstrdup(ev->run),
                                                           .request = offset,
                                                           .asked_ms = ts,
                                                           .action = stop ? ACTION_STOP : ACTION_START,
                                                           .busy = (enum if_busy)ev->requested.if_busy};
    return true;
}

/* The first answer to a request takes it. The caller owns the run's name. */
static bool take_waiting(struct fold_workload *w, int64_t request, struct fold_waiting *out)
{
    for (size_t i = 0; i < w->waiting_count; i++) {
        if (w->waiting[i].request != request)
            continue;
        *out = w->waiting[i];
        memmove(&w->waiting[i], &w->waiting[i + 1], (w->waiting_count - i - 1) * sizeof *w->waiting);
        w->waiting_count--;
        return true;
    }
    return false;
}

bool fold_refused(struct fold_workload *w, int64_t ts, int64_t request, enum cause cause)
{
    struct fold_waiting q;

    if (cause == CAUSE_NONE || !take_waiting(w, request, &q))
        return false;
    fold_result(w, q.run, RESULT_REFUSED, cause, FOLD_NEVER, NULL, ts);
    xfree(q.run);
    return true;
}

/* ---- admission ---- */

void fold_next_clear(struct fold_next *n)
{
    xfree(n->run);
    xfree(n->delays_ms);
    *n = (struct fold_next){.epoch = FOLD_NEVER};
}

void fold_next_ends(struct fold_workload *w, enum result res, int64_t ts)
{
    fold_result(w, w->next.run, res, CAUSE_NONE, w->next.epoch, NULL, ts);
    fold_next_clear(&w->next);
}

static size_t digits(int64_t n)
{
    size_t d = 1;

    for (; n >= 10; n /= 10)
        d++;
    return d;
}

/* The delays as the view keeps them: ms, joined by commas. */
static bool acceptance_bounded(const struct event_accepted *a)
{
    size_t text = a->steps.n ? a->steps.n - 1 : 0;

    for (size_t i = 0; i < a->steps.n; i++)
        text += digits(a->steps.at[i].delay_s * 1000);
    return a->steps.n <= FOLD_STEPS && text <= FOLD_TEXT_MAX && a->deadline_s >= 1 &&
           a->deadline_s <= FOLD_SECONDS_MAX && a->pause_s >= 1 && a->pause_s <= FOLD_SECONDS_MAX;
}

bool fold_accepted_run(struct fold_workload *w, int64_t offset, int64_t ts, int64_t request,
                       const struct event_accepted *a, int64_t *accepted)
{
    struct fold_waiting q;

    if (!acceptance_bounded(a) || !take_waiting(w, request, &q))
        return false;
    if (q.busy == IF_BUSY_REJECT && (w->state != FOLD_IDLE || w->next.run)) {
        fold_result(w, q.run, RESULT_REFUSED, CAUSE_BUSY, FOLD_NEVER, NULL, ts);
        xfree(q.run);
        return true;
    }
    if (w->next.run) /* the latest intention wins, the displaced run is reported */
        fold_next_ends(w, RESULT_SUPERSEDED, ts);
    w->next = (struct fold_next){.run = q.run,
                                 .epoch = offset,
                                 .action = q.action,
                                 .on_failure = (enum on_failure)a->on_failure,
                                 .steps = (int64_t)a->steps.n,
                                 .delays_ms = xcalloc(a->steps.n + 1, sizeof *w->next.delays_ms),
                                 .deadline_s = a->deadline_s,
                                 .pause_s = a->pause_s,
                                 .paused = q.paused};
    for (size_t i = 0; i < a->steps.n; i++)
        w->next.delays_ms[i] = a->steps.at[i].delay_s * 1000;
    w->accepted++;
    ++*accepted;
    if (w->state == FOLD_IDLE) {
        fold_drain(w, ts);
    } else if (q.busy == IF_BUSY_SUPERSEDE && w->state != FOLD_DRAINING) {
        fold_unsteered(w);
        w->current.why = RESULT_SUPERSEDED;
        fold_drain(w, ts);
    }
    return true;
}

/* Pause, Resume and Cancel of a request that waits. */
bool fold_waiting_control(struct fold_workload *w, const struct event *ev, enum result why, int64_t ts)
{
    struct fold_waiting q;

    for (size_t i = 0; i < w->waiting_count; i++) {
        if (!str_is(str_of(ev->run), w->waiting[i].run))
            continue;
        if (ev->type != EVENT_CANCEL) {
            w->waiting[i].paused = ev->type == EVENT_PAUSE;
        } else if (take_waiting(w, w->waiting[i].request, &q)) {
            fold_result(w, q.run, why, CAUSE_NONE, FOLD_NEVER, NULL, ts);
            xfree(q.run);
        }
        return true;
    }
    return false;
}

void fold_runs_release(struct fold_workload *w)
{
    for (size_t i = 0; i < w->run_count; i++)
        xfree(w->runs[i].run);
    for (size_t i = 0; i < w->waiting_count; i++)
        xfree(w->waiting[i].run);
    for (size_t i = 0; i < w->tick_count; i++)
        xfree(w->ticks[i].schedule);
    xfree(w->runs);
    xfree(w->ticks);
    fold_next_clear(&w->next);
}
