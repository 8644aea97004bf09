#include "core/fold_parts.h"

#include "base/mem.h"

#include <string.h>

static bool steered(const struct fold_workload *w) /* there is a run that can still be steered */
{
    return w->current.run && w->current.result == RESULT_NONE &&
           (w->state == FOLD_RUNNING || w->state == FOLD_PAUSED);
}

/* ---- jobs ---- */

static void jobs_clear(struct fold_step *s)
{
    struct fold_job *j = NULL;
    struct fold_job *next = NULL;

    HASH_ITER(hh, s->pending, j, next)
    {
        HASH_DEL(s->pending, j);
        xfree(j->id);
        xfree(j);
    }
    s->jobs = 0;
}

static bool job_settled(struct fold_step *s, const char *id)
{
    struct fold_job *j = NULL;

    HASH_FIND_STR(s->pending, id, j);
    if (!j)
        return false;
    HASH_DEL(s->pending, j);
    xfree(j->id);
    xfree(j);
    return true;
}

static void job_add(struct fold_step *s, const char *id)
{
    struct fold_job *j = NULL;

    HASH_FIND_STR(s->pending, id, j);
    if (j)
        return;
    j = xcalloc(1, sizeof *j);
    j->id = xstrdup(id);
    HASH_ADD_KEYPTR(hh, s->pending, j->id, strlen(j->id), j);
    s->jobs++;
}

void fold_current_clear(struct fold_workload *w)
{
    struct fold_current *c = &w->current;

    for (int64_t k = 0; c->at && k < c->steps; k++)
        jobs_clear(&c->at[k]);
    xfree(c->at);
    xfree(c->delays_ms);
    xfree(c->nonce);
    xfree(c->run);
    *c = (struct fold_current){.epoch = FOLD_NEVER, .left_ms = FOLD_NEVER, .opened_unsettled = FOLD_NEVER};
}

static void plan_forgotten(struct fold_current *c)
{
    xfree(c->nonce);
    c->nonce = NULL;
    c->parts = c->parts_taken = 0;
    c->parts_left_out = (struct counts){0};
}

/* ---- ends ---- */

void fold_drain(struct fold_workload *w, int64_t ts)
{
    w->state = FOLD_DRAINING;
    w->drain_due_ms = ts;
}

void fold_unsteered(struct fold_workload *w)
{
    w->plan_due_ms = FOLD_NEVER;
    w->deadline_ms = FOLD_NEVER;
    w->current.left_ms = FOLD_NEVER;
}

static void ends(struct fold_workload *w, enum result res, enum cause cause, int64_t ts)
{
    struct fold_current *c = &w->current;

    fold_unsteered(w);
    fold_result(w, c->run, res, cause, c->epoch, &c->counts, ts);
    c->result = res;
    c->end_ms = ts;
    if (w->next.run)
        fold_drain(w, ts);
    else
        w->state = FOLD_IDLE;
}

/* ---- how steps follow one another ---- */

/* Step k begins: those whom its plan left alone are resolved now. */
static void count_left_out(struct fold_current *c, int64_t k)
{
    struct fold_step *s = &c->at[k];

    if (s->has_left_out)
        counts_sum(&c->counts, &s->left_out);
    s->left_out = (struct counts){0};
    s->has_left_out = false;
}

/* Step k has jobs: it begins, unless it has begun. */
static void open_step(struct fold_current *c, int64_t k)
{
    if (c->open >= k)
        return;
    c->opened_unsettled = c->counts.unsettled; /* of earlier steps: its own left_out are not among them */
    count_left_out(c, k);
    c->open = k;
}

static void advance(struct fold_workload *w, int64_t ts)
{
    struct fold_current *c = &w->current;

    for (;;) {
        int64_t k = c->step;
        if (k >= c->steps) {
            ends(w, result_of_counts(&c->counts), CAUSE_NONE, ts);
            return;
        }
        if (c->planned < k) {
            w->plan_due_ms = c->gate_ms;
            return;
        }
        if (c->at[k].pending) {
            open_step(c, k);
            return;
        }
        if (c->open < k)
            count_left_out(c, k);
        if (k + 1 < c->steps && result_halts(&c->counts, c->action, c->on_failure)) {
            ends(w, RESULT_HALTED, c->counts.failed ? CAUSE_MEMBER_FAILED : CAUSE_OVERRIDE_UNKNOWN, ts);
            return;
        }
        c->step = k + 1;
    }
}

static void activate(struct fold_workload *w, int64_t ts)
{
    struct fold_current *c = &w->current;
    struct fold_next *n = &w->next;

    *c = (struct fold_current){.run = n->run,
                               .epoch = n->epoch,
                               .action = n->action,
                               .on_failure = n->on_failure,
                               .steps = n->steps,
                               .planned = -1,
                               .open = -1,
                               .gate_ms = ts,
                               .opened_unsettled = FOLD_NEVER,
                               .delays_ms = n->delays_ms,
                               .deadline_s = n->deadline_s,
                               .pause_s = n->pause_s,
                               .left_ms = FOLD_NEVER,
                               .at = xcalloc((size_t)n->steps + 1, sizeof *c->at)};
    w->state = n->paused ? FOLD_PAUSED : FOLD_RUNNING;
    *n = (struct fold_next){.epoch = FOLD_NEVER};
    if (w->state == FOLD_PAUSED) {
        c->left_ms = c->deadline_s * 1000;
        w->deadline_ms = ts + c->pause_s * 1000;
        return;
    }
    w->deadline_ms = ts + c->deadline_s * 1000;
    advance(w, ts);
}

bool fold_drained(struct fold_workload *w, int64_t ts, int64_t old, int64_t next)
{
    struct fold_current *c = &w->current;

    if (w->state != FOLD_DRAINING || next != w->next.epoch || old != c->epoch)
        return false;
    if (c->run && c->result == RESULT_NONE)
        fold_result(w, c->run, c->why ? c->why : result_of_counts(&c->counts), CAUSE_NONE, c->epoch,
                    &c->counts, ts);
    fold_current_clear(w);
    w->drain_due_ms = FOLD_NEVER;
    if (w->next.run)
        activate(w, ts);
    else
        w->state = FOLD_IDLE;
    return true;
}

/* ---- plans ---- */

static bool counts_bounded(const struct counts *n)
{
    const int64_t six[] = {n->done, n->unchanged, n->bypassed, n->failed, n->doubt, n->unsettled};

    for (size_t i = 0; i < sizeof six / sizeof *six; i++)
        if (six[i] < 0 || six[i] > FOLD_COUNT_MAX)
            return false;
    return n->failed + n->doubt <= n->unsettled && n->unsettled <= n->bypassed + n->failed;
}

static bool jobs_bounded(const struct event_planned *p, size_t *jobs)
{
    *jobs = 0;
    for (size_t t = 0; t < p->tiers.n; t++)
        for (size_t j = 0; j < p->tiers.at[t].jobs.n; j++, ++*jobs) {
            size_t n = str_of(p->tiers.at[t].jobs.at[j].job).n;
            if (n < 1 || n > FOLD_NAME_MAX)
                return false;
        }
    return *jobs <= FOLD_RECORD_JOBS;
}

static struct counts left_out_of(const struct event_planned *p)
{
    struct counts sum = {0};

    for (size_t t = 0; t < p->tiers.n; t++) {
        struct counts one = counts_of(&p->tiers.at[t].left_out);
        counts_sum(&sum, &one);
    }
    return sum;
}

/* Part 0 starts the plan, or replaces an incomplete one of another nonce; the others must be the next of
 * it. */
static bool part_fits(struct fold_current *c, const struct event_planned *p)
{
    bool same = c->nonce && strcmp(c->nonce, p->plan) == 0 && c->parts == p->parts;

    if (p->part > 0)
        return same && c->parts_taken == p->part;
    if (same)
        return false;
    jobs_clear(&c->at[p->step]);
    plan_forgotten(c);
    c->nonce = xstrdup(p->plan);
    c->parts = p->parts;
    return true;
}

bool fold_planned(struct fold_workload *w, int64_t ts, int64_t epoch, const struct event_planned *p)
{
    struct fold_current *c = &w->current;
    struct counts left_out = left_out_of(p);
    size_t jobs = 0;

    if (!steered(w) || epoch != c->epoch || p->step != c->planned + 1 || p->step >= c->steps ||
        !counts_bounded(&left_out) || p->part < 0 || p->part >= p->parts || p->parts > FOLD_PARTS ||
        !p->plan[0] || strlen(p->plan) > FOLD_NAME_MAX || !jobs_bounded(p, &jobs) || !part_fits(c, p))
        return false;
    struct fold_step *s = &c->at[p->step];
    if (HASH_COUNT(s->pending) + jobs > FOLD_STEP_JOBS)
        return false; /* never part 0: the plan stays incomplete until another one replaces it */
    for (size_t t = 0; t < p->tiers.n; t++)
        for (size_t j = 0; j < p->tiers.at[t].jobs.n; j++)
            job_add(s, p->tiers.at[t].jobs.at[j].job);
    c->parts_taken = p->part + 1;
    counts_sum(&c->parts_left_out, &left_out);
    if (c->parts_taken < c->parts)
        return true;
    c->planned = p->step;
    s->left_out = c->parts_left_out;
    s->has_left_out = memcmp(&s->left_out, &(struct counts){0}, sizeof s->left_out) != 0;
    plan_forgotten(c);
    w->plan_due_ms = FOLD_NEVER;
    if (w->state == FOLD_RUNNING)
        advance(w, ts);
    return true;
}

bool fold_plan_failed(struct fold_workload *w, int64_t ts, int64_t epoch, int64_t step, enum cause cause)
{
    struct fold_current *c = &w->current;

    if (!steered(w) || epoch != c->epoch || step != c->planned + 1 || step != c->step || cause == CAUSE_NONE)
        return false;
    if (step < c->steps)
        jobs_clear(&c->at[step]);
    plan_forgotten(c);
    ends(w, RESULT_FAILED, cause, ts);
    return true;
}

/* ---- jobs end ---- */

bool fold_terminal(struct fold_workload *w, int64_t ts, int64_t epoch, const struct event_terminal *t)
{
    struct fold_current *c = &w->current;
    struct counts n = counts_of(&t->members);

    if (!c->run || epoch != c->epoch || t->step < 0 || t->step > c->open || !counts_bounded(&n) ||
        !job_settled(&c->at[t->step], t->job))
        return false;
    counts_sum(&c->counts, &n);
    if (t->step == c->step && !c->at[t->step].pending) { /* this was the last one */
        c->gate_ms = ts + c->delays_ms[t->step];
        if (w->state == FOLD_RUNNING)
            advance(w, ts);
    }
    return true;
}

/* ---- controls ---- */

/* Carries an id: a copy that comes again after its opposite must not act. */
static bool heard(struct fold_workload *w, const char *id)
{
    struct str s = str_of(id);

    for (size_t i = 0; i < s.n; i++)
        if (!ids_run_ok(str_n(s.p + i, 1)))
            return true;
    if (s.n < 1 || s.n > FOLD_NAME_MAX || strs_has(&w->controls, s))
        return true;
    strs_add(&w->controls, s);
    if (w->controls.n > FOLD_CONTROLS) {
        xfree(w->controls.at[0]);
        memmove(&w->controls.at[0], &w->controls.at[1], --w->controls.n * sizeof *w->controls.at);
    }
    return false;
}

static enum result why_of(const struct event *ev)
{
    return ev->control.cause == CAUSE_EXPIRED    ? RESULT_EXPIRED
           : ev->control.cause == CAUSE_DEADLINE ? RESULT_DEADLINE
                                                 : RESULT_CANCELLED;
}

static bool pause_run(struct fold_workload *w, int64_t ts)
{
    struct fold_current *c = &w->current;

    if (w->state != FOLD_RUNNING)
        return false;
    c->left_ms = w->deadline_ms > ts ? w->deadline_ms - ts : 0;
    w->deadline_ms = ts + c->pause_s * 1000;
    w->plan_due_ms = FOLD_NEVER;
    w->state = FOLD_PAUSED;
    return true;
}

static bool resume_run(struct fold_workload *w, int64_t ts)
{
    if (w->state != FOLD_PAUSED)
        return false;
    w->deadline_ms = ts + w->current.left_ms;
    w->current.left_ms = FOLD_NEVER;
    w->state = FOLD_RUNNING;
    advance(w, ts);
    return true;
}

static bool control_current(struct fold_workload *w, int64_t ts, const struct event *ev)
{
    if (!steered(w))
        return false;
    if (ev->type == EVENT_PAUSE)
        return pause_run(w, ts);
    if (ev->type == EVENT_RESUME)
        return resume_run(w, ts);
    fold_unsteered(w);
    w->current.why = why_of(ev);
    fold_drain(w, ts);
    return true;
}

static bool control_run(struct fold_workload *w, int64_t ts, const struct event *ev)
{
    if (w->next.run && str_is(str_of(ev->run), w->next.run)) {
        if (ev->type == EVENT_CANCEL)
            fold_next_ends(w, why_of(ev), ts);
        else
            w->next.paused = ev->type == EVENT_PAUSE;
        return true;
    }
    if (w->current.run && str_is(str_of(ev->run), w->current.run))
        return control_current(w, ts, ev);
    return fold_waiting_control(w, ev, why_of(ev), ts);
}

bool fold_control(struct fold_workload *w, int64_t ts, const struct event *ev)
{
    switch (ev->type) {
    case EVENT_HOLD_SET:
        return !heard(w, ev->hold.id) && fold_hold_set(w, ts, &ev->hold);
    case EVENT_HOLD_CLEARED:
        return !heard(w, ev->hold.id) && fold_hold_cleared(w, ev->hold.hold);
    default:
        return !heard(w, ev->control.id) && control_run(w, ts, ev);
    }
}
