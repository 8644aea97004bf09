#include "producer/notices.h"

#include "base/mem.h"
#include "producer/frozen.h"
#include "producer/journal.h"

struct notice { /* waits for the frozen specification, which knows the step's tiers */
    struct context *c;
    int partition;
    struct epoch at;
    char *workload, *run, *epoch;
    int64_t completed, released; /* steps; VIEW_NOT_KNOWN: none */
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
        .partition = p->number,
        .at = ep,
        .workload = xstrdup(s->workload),
        .run = xstrdup(s->run),
        .epoch = xstrdup(s->epoch),
        .completed = ends_step(s, f) ? s->step : VIEW_NOT_KNOWN,
        .released = opens ? f->n : VIEW_NOT_KNOWN,
    };
    const struct frozen *known = frozen_find(p->c, &ep);
    if (known) {
        say_both(n, known);
        notice_free(n);
    } else {
        (void)view_frozen(p->c->view, &ep, on_frozen, n);
    }
}
