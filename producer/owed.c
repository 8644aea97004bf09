#include "producer/owed.h"

#include "base/mem.h"
#include "producer/admit.h"
#include "producer/frozen.h"
#include "producer/journal.h"
#include "producer/planner.h"
#include "producer/settle.h"

#include <string.h>
#include <utlist.h>

/* ---- one piece of work ---- */

struct context *work_context(const struct work *w)
{
    return w->p->c;
}

static void work_free(struct work *w)
{
    admit_free(w->admission);
    planner_free(w->planning);
    settle_free(w->settling);
    xfree(w->workload);
    xfree(w->detail);
    xfree(w);
}

void work_end(struct work *w)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): what is in the list has neighbours */
    DL_DELETE(w->p->owed.works, w);
    w->p->owed.count--;
    if (w->waiting) {
        w->orphan = true;
        DL_APPEND(w->p->c->orphans, w);
    } else {
        work_free(w);
    }
}

void work_wait(struct work *w)
{
    BUG_IF(w->waiting);
    w->waiting = true;
}

bool work_back(struct work *w)
{
    BUG_IF(!w->waiting);
    w->waiting = false;
    if (!w->orphan)
        return true;
    DL_DELETE(w->p->c->orphans, w);
    work_free(w);
    return false;
}

void work_retry(struct work *w, int64_t in_ms)
{
    w->retry_ms = w->p->c->now_ms + in_ms;
}

void work_backoff(struct work *w)
{
    int64_t ms = WORK_AGAIN_MS;

    for (int i = 0; i < w->tries && ms < WORK_BACKOFF_MAX_MS; i++)
        ms *= 2;
    if (ms > WORK_BACKOFF_MAX_MS)
        ms = WORK_BACKOFF_MAX_MS;
    w->tries++;
    work_retry(w, ms / 2 + rng_below(&w->p->c->ports->rng, ms / 2 + 1));
}

void work_view_failed(struct work *w, const struct err *err)
{
    log_warn(w->p->c->ports->log, "view.unread", fs("workload", w->workload), fe(err));
    w->p->c->counters.view_failures++;
    if (err->kind == ERR_INVALID)
        partition_trouble(w->p, TROUBLE_REBUILD);
    work_backoff(w);
}

static void on_append(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct work *w = self;

    (void)id;
    if (!work_back(w))
        return;
    if (a->err.kind == ERR_NONE)
        w->folded_at = a->offset;
    else
        work_backoff(w); /* it may be in the log all the same: a copy changes nothing */
}

void work_append(struct work *w, struct event *ev)
{
    struct err e = {0};

    work_wait(w);
    if (!journal_event(w->p->c, w->p->number, ev, on_append, w, &e)) {
        w->waiting = false;
        log_error(w->p->c->ports->log, "record.too.large", fs("workload", w->workload), fe(&e));
        work_backoff(w);
    }
    event_release(ev);
}

static void work_go(struct work *w)
{
    switch (w->kind) {
    case VIEW_OWES_ADMIT:
        admit_go(w);
        break;
    case VIEW_OWES_PLAN:
        planner_go(w);
        break;
    case VIEW_OWES_DRAIN:
    case VIEW_OWES_DEADLINE:
    case VIEW_OWES_FINISH:
    case VIEW_OWES_SNAP:
        settle_go(w);
        break;
    }
}

/* ---- debts ---- */

static struct str detail_of(const struct view_debt_entry *d)
{
    switch (d->kind) {
    case VIEW_OWES_ADMIT:
        return d->admit.request;
    case VIEW_OWES_DRAIN:
        return d->drain.next;
    case VIEW_OWES_PLAN:
        return d->plan.epoch;
    case VIEW_OWES_DEADLINE:
        return d->deadline.run;
    case VIEW_OWES_FINISH:
        return d->finish.run;
    case VIEW_OWES_SNAP:
        break;
    }
    return STR("");
}

static struct work *find(struct partition *p, const struct view_debt_entry *d)
{
    struct str detail = detail_of(d);
    struct work *w = NULL;

    DL_FOREACH(p->owed.works, w)
    if (w->kind == d->kind && str_is(d->workload, w->workload) && str_is(detail, w->detail))
        return w;
    return NULL;
}

static void take_up(struct partition *p, const struct view_debt_entry *d, int64_t foreseen_at)
{
    struct work *w = NULL;
    bool ok = true;

    if (p->owed.count >= WORKS_MAX)
        return; /* its turn comes */
    if (d->kind == VIEW_OWES_ADMIT && context_admits_wait(p->c))
        return; /* many ticks at once: all are in the log before the first of them costs a reading */
    w = xcalloc(1, sizeof *w);
    *w = (struct work){
        .p = p,
        .kind = d->kind,
        .workload = str_dup(d->workload),
        .detail = str_dup(detail_of(d)),
        .at_ms = d->at_ms,
        .began_ms = p->c->now_ms,
        .round = p->owed.round,
        .foreseen = foreseen_at != VIEW_NOT_KNOWN,
        .foreseen_at = foreseen_at,
        .folded_at = VIEW_NOT_KNOWN,
    };
    DL_APPEND(p->owed.works, w);
    p->owed.count++;
    if (d->kind == VIEW_OWES_ADMIT)
        ok = admit_take(w, d);
    else if (d->kind == VIEW_OWES_PLAN)
        ok = planner_take(w, d);
    else
        ok = settle_take(w, d);
    if (!ok) {
        log_error(p->c->ports->log, "debt.unreadable", fi("partition", p->number),
                  fs("kind", view_debt_names[d->kind]), fs("workload", w->workload));
        partition_trouble(p, TROUBLE_REBUILD);
        return;
    }
    work_go(w);
}

/* What the view could not know of when it answered. */
static bool is_ahead(const struct partition *p, const struct work *w)
{
    return w->foreseen && w->foreseen_at > p->owed.seen;
}

static void drop_unnamed(struct partition *p)
{
    struct work *w = NULL;
    struct work *tmp = NULL;

    DL_FOREACH_SAFE(p->owed.works, w, tmp)
    if (w->round != p->owed.round && !is_ahead(p, w))
        work_end(w);
}

static void confirm(struct partition *p, struct work *w, const struct view_debt_entry *d)
{
    w->round = p->owed.round;
    if (!w->foreseen || is_ahead(p, w))
        return;
    w->foreseen = false;
    if (planner_plans(w, d)) {
        planner_confirm(w);
        return;
    }
    work_end(w); /* another step than was foreseen */
    take_up(p, d, VIEW_NOT_KNOWN);
}

static void on_owed(void *self, uint64_t id, const struct view_owes *o)
{
    struct partition *p = self;

    if (id != p->owed.asked)
        return;
    p->owed.asked = 0;
    if (o->err.kind != ERR_NONE) {
        p->c->counters.view_failures++;
        partition_trouble(p, o->err.kind == ERR_INVALID ? TROUBLE_REBUILD : TROUBLE_LOCATE);
        return;
    }
    if (!partition_leads(p))
        return;
    for (size_t i = 0; i < o->n && p->trouble == TROUBLE_NONE; i++) {
        struct work *w = find(p, &o->at[i]);
        if (w)
            confirm(p, w, &o->at[i]);
        else
            take_up(p, &o->at[i], VIEW_NOT_KNOWN);
    }
    if (o->n == VIEW_OWED_MAX) {
        p->owed.skip += VIEW_OWED_MAX; /* the rest of the same round */
        p->owed.due_ms = 0;
        return;
    }
    p->owed.skip = 0;
    drop_unnamed(p);
}

static void ask(struct partition *p)
{
    if (p->owed.asked || p->c->now_ms < p->owed.due_ms)
        return;
    if (p->owed.skip == 0)
        p->owed.round++;
    p->owed.due_ms = p->c->now_ms + SWEEP_MS;
    p->owed.seen = p->tail.sent_to;
    p->owed.asked = view_owed(p->c->view, p->number, VIEW_OWED_MAX, p->owed.skip, on_owed, p);
}

/* ---- ahead of the view ---- */

static bool has_failed(const struct event_terminal *t)
{
    for (size_t i = 0; i < t->members.n; i++)
        if (t->members.at[i].outcome == OUTCOME_FAILED)
            return true;
    return false;
}

void owed_foresee(struct partition *p, const struct event *ended, int64_t offset)
{
    struct epoch ep;
    const struct frozen *f = NULL;
    int64_t next = ended->terminal.step + 1;
    char in_view[IDS_EPOCH_MAX];

    if (!partition_leads(p) || has_failed(&ended->terminal) || !epoch_parse(str_of(ended->epoch), &ep))
        return;
    f = frozen_find(p->c, &ep);
    if (!f || next < 1 || (uint64_t)next >= f->ev.accepted.steps.n ||
        f->ev.accepted.steps.at[next - 1].delay_s > 0)
        return;
    epoch_format_in_view(&ep, in_view);
    const struct view_debt_entry d = {
        .kind = VIEW_OWES_PLAN,
        .workload = str_of(ended->workload),
        .at_ms = p->c->now_ms,
        .plan = {.epoch = str_of(in_view),
                 .action = str_of(f->ev.action),
                 .run = str_of(f->ev.run),
                 .on_failure = str_of(on_failure_names[f->ev.accepted.on_failure]),
                 .step = next},
    };
    if (!find(p, &d))
        take_up(p, &d, offset);
}

void owed_disturb(struct partition *p, const char *workload)
{
    struct work *w = NULL;

    DL_FOREACH(p->owed.works, w)
    if (w->kind == VIEW_OWES_PLAN && strcmp(w->workload, workload) == 0)
        planner_disturb(w);
}

void owed_turn(struct partition *p)
{
    struct work *w = NULL;
    struct work *tmp = NULL;

    DL_FOREACH_SAFE(p->owed.works, w, tmp)
    {
        if (w->waiting)
            continue;
        if (w->kind == VIEW_OWES_PLAN)
            planner_folded(w);
        if (w->folded_at != VIEW_NOT_KNOWN && p->tail.pos >= w->folded_at) {
            work_end(w); /* a debt that still stands is taken up anew, with the next look */
        } else if (w->retry_ms && p->c->now_ms >= w->retry_ms) {
            w->retry_ms = 0;
            work_go(w);
        }
    }
    ask(p);
}

void owed_drop(struct partition *p)
{
    while (p->owed.works)
        work_end(p->owed.works);
    p->owed.asked = 0;
    p->owed.skip = 0;
}

void owed_free_orphans(struct context *c)
{
    while (c->orphans) {
        struct work *w = c->orphans;
        DL_DELETE(c->orphans, w);
        work_free(w);
    }
}
