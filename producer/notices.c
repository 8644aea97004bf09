#include "producer/notices.h"

#include "base/mem.h"
#include "producer/frozen.h"
#include "producer/journal.h"

#include <utlist.h>

struct notice { /* waits for its moment, then for the frozen specification, which knows the step's tiers */
    struct context *c;
    int64_t noted_ms;
    int partition;
    struct epoch at;
    char *workload, *run, *epoch;
    int64_t completed, released; /* steps; VIEW_NOT_KNOWN: none */
    struct notice *prev, *next;
};

static void notice_free(struct notice *n)
{
    xfree(n->workload);
    xfree(n->run);
    xfree(n->epoch);
    xfree(n);
}

static void say(const struct notice *n, enum event_type type, int64_t step, const struct event_steps *steps)
{
    if (step != VIEW_NOT_KNOWN && (uint64_t)step < steps->n)
        journal_tier(n->c, n->partition, type, n->workload, n->run, n->epoch, step, &steps->at[step].tiers);
}

static void say_both(const struct notice *n, const struct frozen *f)
{
    say(n, EVENT_TIER_COMPLETED, n->completed, &f->ev.accepted.steps);
    say(n, EVENT_TIER_RELEASED, n->released, &f->ev.accepted.steps);
}

static void on_frozen(void *self, uint64_t id, const struct view_text *t)
{
    struct notice *n = self;
    struct event ev = {0};
    struct err e = {0};

    (void)id;
    if (t->err.kind == ERR_NONE && event_parse(t->text, &ev, &e)) {
        if (ev.type == EVENT_RUN_ACCEPTED)
            say_both(n, frozen_keep(n->c, &n->at, &ev));
        event_release(&ev);
    }
    notice_free(n);
}

static bool ends_step(const struct fold_sent *s, const struct view_folded *f)
{
    return s->type == EVENT_JOB_TERMINAL &&
           (f->answer == VIEW_FOLD_PLAN || f->answer == VIEW_FOLD_OPEN || f->answer == VIEW_FOLD_DONE);
}

void notices_folded(struct partition *p, const struct fold_sent *s, const struct view_folded *f)
{
    struct epoch ep;
    bool opens = f->answer == VIEW_FOLD_OPEN;

    if ((!opens && !ends_step(s, f)) || !s->workload || !s->run || !s->epoch ||
        !epoch_parse(str_of(s->epoch), &ep) || ep.partition != p->number)
        return; /* (a Resume opens a step without naming its epoch: it was announced when it opened first) */
    struct notice *n = xcalloc(1, sizeof *n);
    *n = (struct notice){
        .c = p->c,
        .noted_ms = p->c->now_ms,
        .partition = p->number,
        .at = ep,
        .workload = xstrdup(s->workload),
        .run = xstrdup(s->run),
        .epoch = xstrdup(s->epoch),
        .completed = ends_step(s, f) ? s->step : VIEW_NOT_KNOWN,
        .released = opens ? f->n : VIEW_NOT_KNOWN,
    };
    DL_APPEND(p->notices, n);
}

static void tell(struct notice *n)
{
    const struct frozen *known = frozen_find(n->c, &n->at);

    if (known) {
        say_both(n, known);
        notice_free(n);
    } else {
        (void)view_frozen(n->c->view, &n->at, on_frozen, n);
    }
}

static void say_first(struct partition *p)
{
    struct notice *n = p->notices;

    DL_DELETE(p->notices, n);
    tell(n);
}

int64_t notices_turn(struct partition *p)
{
    while (p->notices) {
        int64_t until_ms = p->notices->noted_ms + NOTICES_WAIT_MS;
        if (p->c->now_ms < until_ms)
            return until_ms;
        say_first(p);
    }
    return INT64_MAX;
}

void notices_say(struct partition *p)
{
    while (p->notices)
        say_first(p);
}

void notices_drop(struct partition *p)
{
    while (p->notices) {
        struct notice *n = p->notices;
        DL_DELETE(p->notices, n);
        notice_free(n);
    }
}
