#include "producer/tally.h"

#include "base/mem.h"
#include "conf/metrics_table.h"

#include <stdio.h>
#include <string.h>

struct tally_member {
    int outcome, cause;
    int64_t took_ms;
};

struct tally {
    const char *action; /* a constant */
    int result, cause;
    struct tally_member *members;
    size_t n;
};

struct tally_step { /* a step that opened here */
    char epoch[IDS_EPOCH_MAX];
    int64_t step, opened_ms;
    UT_hash_handle hh;
};

void tally_begin(struct metrics *m)
{
    for (int a = 0; action_names[a]; a++) {
        metrics_add(m, METRIC_PRODUCER_RUNS_ADMITTED_TOTAL, 0, METRIC_LABELS(action_names[a]));
        for (int r = RESULT_NONE + 1; result_names[r]; r++)
            metrics_add(m, METRIC_PRODUCER_RUNS_FINISHED_TOTAL, 0,
                        METRIC_LABELS(action_names[a], result_names[r]));
    }
}

void tally_from(struct partition *p, int64_t high)
{
    if (p->tally.from == TALLY_NOTHING)
        p->tally.from = high;
}

static void forget_step(struct partition *p, struct tally_step *s)
{
    HASH_DEL(p->tally.steps, s);
    xfree(s);
}

void tally_stop(struct partition *p)
{
    p->tally.from = TALLY_NOTHING;
    while (p->tally.steps)
        forget_step(p, p->tally.steps);
}

/* ---- one record ---- */

static void add_members(struct tally *t, const struct member_outcomes *from)
{
    t->members = xrealloc(t->members, (t->n + from->n + 1) * sizeof *t->members);
    for (size_t i = 0; i < from->n; i++)
        t->members[t->n++] =
            (struct tally_member){from->at[i].outcome, from->at[i].cause, from->at[i].took_ms};
}

static void take_from(struct tally *t, const struct event *ev)
{
    switch (ev->type) {
    case EVENT_RUN_REFUSED:
        t->cause = ev->refused.cause;
        break;
    case EVENT_RUN_FINISHED:
        t->result = ev->finished.result;
        break;
    case EVENT_JOB_TERMINAL:
        add_members(t, &ev->terminal.members);
        break;
    case EVENT_TIER_PLANNED:
        for (size_t i = 0; i < ev->planned.tiers.n; i++)
            add_members(t, &ev->planned.tiers.at[i].left_out);
        break;
    default:
        break;
    }
}

static bool is_counted(enum event_type type)
{
    return type == EVENT_RUN_ACCEPTED || type == EVENT_RUN_REFUSED || type == EVENT_RUN_FINISHED ||
           type == EVENT_JOB_TERMINAL || type == EVENT_TIER_PLANNED;
}

struct tally *tally_of(const struct partition *p, const struct event *ev, int64_t offset)
{
    if (offset < p->tally.from || !is_counted(ev->type))
        return NULL;
    struct tally *t = xcalloc(1, sizeof *t);
    for (int a = 0; ev->action && action_names[a]; a++)
        if (strcmp(ev->action, action_names[a]) == 0)
            t->action = action_names[a];
    take_from(t, ev);
    return t;
}

void tally_free(struct tally *t)
{
    if (!t)
        return;
    xfree(t->members);
    xfree(t);
}

/* ---- steps ---- */

static void step_opened(struct partition *p, const char *epoch, int64_t step)
{
    struct tally_step *s = NULL;

    HASH_FIND_STR(p->tally.steps, epoch, s);
    if (!s) {
        if (HASH_COUNT(p->tally.steps) >= TALLY_STEPS_MAX)
            return;
        s = xcalloc(1, sizeof *s);
        (void)snprintf(s->epoch, sizeof s->epoch, "%s", epoch);
        HASH_ADD_STR(p->tally.steps, epoch, s);
    }
    s->step = step;
    s->opened_ms = p->c->now_ms;
}

static void step_ended(struct partition *p, const struct fold_sent *sent)
{
    struct tally_step *s = NULL;

    HASH_FIND_STR(p->tally.steps, sent->epoch, s);
    if (s && s->step == sent->step)
        metrics_observe(p->c->metrics, METRIC_PRODUCER_STEP_DURATION_SECONDS, p->c->now_ms - s->opened_ms,
                        METRIC_LABELS(sent->tally->action));
    if (s)
        forget_step(p, s);
}

static void run_ended(struct partition *p, const char *epoch)
{
    struct tally_step *s = NULL;

    if (!epoch)
        return;
    HASH_FIND_STR(p->tally.steps, epoch, s);
    if (s)
        forget_step(p, s); /* it was cut */
}

static void follow_steps(struct partition *p, const struct fold_sent *s, const struct view_folded *f)
{
    bool ends = s->type == EVENT_JOB_TERMINAL &&
                (f->answer == VIEW_FOLD_PLAN || f->answer == VIEW_FOLD_OPEN || f->answer == VIEW_FOLD_DONE);

    if (s->type == EVENT_RUN_FINISHED)
        run_ended(p, s->epoch);
    if (!s->epoch)
        return;
    if (ends)
        step_ended(p, s);
    if (f->answer == VIEW_FOLD_OPEN)
        step_opened(p, s->epoch, f->n);
}

/* ---- the view has taken it ---- */

static void count_members(struct metrics *m, const struct tally *t)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct tally_member *x = &t->members[i];
        metrics_add(m, METRIC_PRODUCER_MEMBERS_TOTAL, 1,
                    METRIC_LABELS(t->action, outcome_names[x->outcome], cause_names[x->cause]));
        if (x->outcome == OUTCOME_DONE)
            metrics_observe(m, METRIC_PRODUCER_MEMBER_DURATION_SECONDS, x->took_ms, METRIC_LABELS(t->action));
    }
}

void tally_folded(struct partition *p, const struct fold_sent *s, const struct view_folded *f)
{
    struct metrics *m = p->c->metrics;
    const struct tally *t = s->tally;

    if (!t)
        return;
    p->tally.from = s->offset + 1;
    if (f->answer == VIEW_FOLD_IGN || f->answer == VIEW_FOLD_DUP)
        return;
    if (s->type == EVENT_RUN_ACCEPTED)
        metrics_add(m, METRIC_PRODUCER_RUNS_ADMITTED_TOTAL, 1, METRIC_LABELS(t->action));
    else if (s->type == EVENT_RUN_REFUSED)
        metrics_add(m, METRIC_PRODUCER_RUNS_REFUSED_TOTAL, 1, METRIC_LABELS(cause_names[t->cause]));
    else if (s->type == EVENT_RUN_FINISHED)
        metrics_add(m, METRIC_PRODUCER_RUNS_FINISHED_TOTAL, 1,
                    METRIC_LABELS(t->action, result_names[t->result]));
    count_members(m, t);
    follow_steps(p, s, f);
}
