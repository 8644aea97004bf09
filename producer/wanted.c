#include "producer/wanted.h"

#include "base/mem.h"
#include "conf/metrics_table.h"
#include "producer/firing.h"
#include "producer/wanted_step.h"

#include <string.h>
#include <utlist.h>

struct aim { /* what a tick wants of a workload */
    enum action action;
    struct tick tick;
    char run[IDS_RUN_MAX + 1]; /* the tick's; empty: none */
};

struct wish {
    struct wish *prev, *next; /* those that were asked longest ago first */
    char *workload;
    int partition;
    struct aim aim, found; /* found: in the look that goes on */
    uint64_t asked;        /* the question that is out; 0: none */
    bool known;            /* the view has answered for this tick */
    enum wanted_verdict verdict;
    UT_hash_handle hh;
};

struct wanted {
    struct context *c;
    const struct partition *partitions;
    struct schedules *schedules;
    struct wish *by_workload, *queue;
    int64_t look_ms;
};

struct wanted *wanted_new(struct context *c, const struct partition *partitions, struct schedules *s)
{
    struct wanted *w = xcalloc(1, sizeof *w);

    *w = (struct wanted){.c = c, .partitions = partitions, .schedules = s};
    return w;
}

static void wish_free(struct wanted *w, struct wish *x)
{
    HASH_DEL(w->by_workload, x);
    DL_DELETE(w->queue, x);
    xfree(x->workload);
    xfree(x);
}

void wanted_free(struct wanted *w)
{
    if (!w)
        return;
    while (w->queue)
        wish_free(w, w->queue);
    xfree(w);
}

/* ---- what the schedules wish ---- */

/* The schedule's latest tick that has come due and that this schedule's leaders have waited for. */
static bool last_tick(const struct entry *e, int64_t wall_ms, struct tick *out)
{
    if (e->considered_ms == SCHEDULES_UNKNOWN)
        return false;
    *out = e->next;
    if (e->next.at_ms > e->considered_ms && e->next.at_ms <= wall_ms)
        return true;
    return tick_next(&e->s.cron, e->s.zone, e->considered_ms - 1, out) && out->at_ms == e->considered_ms;
}

static struct wish *wish_of(struct wanted *w, const struct entry *e)
{
    struct wish *x = NULL;

    HASH_FIND_STR(w->by_workload, e->s.workload, x);
    if (x)
        return x;
    x = xcalloc(1, sizeof *x);
    x->workload = xstrdup(e->s.workload);
    x->partition = e->partition;
    HASH_ADD_KEYPTR(hh, w->by_workload, x->workload, strlen(x->workload), x);
    DL_APPEND(w->queue, x);
    return x;
}

/* Of two schedules at one moment, the one that stops is the one to watch. */
static bool goes_before(const struct aim *x, enum action action, const struct tick *t)
{
    return !x->run[0] || t->at_ms > x->tick.at_ms ||
           (t->at_ms == x->tick.at_ms && action == ACTION_STOP && x->action != ACTION_STOP);
}

static void look_at(void *self, struct entry *e)
{
    struct wanted *w = self;
    struct tick t;

    if (!last_tick(e, context_wall_ms(w->c), &t))
        return;
    struct wish *x = wish_of(w, e);
    if (!goes_before(&x->found, e->s.action, &t))
        return;
    x->found.action = e->s.action;
    x->found.tick = t;
    firing_run_id(e, t.number, x->found.run);
}

static void follow(struct wanted *w, struct wish *x)
{
    if (!x->found.run[0]) {
        wish_free(w, x);
        return;
    }
    if (strcmp(x->found.run, x->aim.run) == 0)
        return;
    x->aim = x->found;
    x->known = false;
    x->asked = 0; /* an answer that is under way is another tick's */
}

static void look(struct wanted *w)
{
    struct wish *x = NULL;
    struct wish *next = NULL;

    DL_FOREACH(w->queue, x)
    {
        x->found.run[0] = '\0';
    }
    for (int i = 0; i < w->c->partitions; i++)
        if (partition_leads(&w->partitions[i]))
            schedules_each(w->schedules, i, look_at, w);
    DL_FOREACH_SAFE(w->queue, x, next)
    {
        follow(w, x);
    }
}

/* ---- whether it is met ---- */

static void on_peek(void *self, uint64_t id, const struct view_peeked *p)
{
    struct wanted *w = self;
    struct wish *x = w->queue;

    while (x && x->asked != id)
        x = x->next;
    if (!x)
        return; /* gone, or another tick's by now */
    x->asked = 0;
    if (p->err.kind != ERR_NONE || !p->there)
        return; /* what was known stands; it is asked again */
    const struct wanted_tick t = {x->aim.action, x->aim.tick.at_ms, x->aim.run};
    x->verdict = wanted_judge(&t, x->partition, p);
    x->known = true;
}

static void ask(struct wanted *w)
{
    struct wish *x = w->queue;
    struct wish *next = NULL;
    size_t left = HASH_COUNT(w->by_workload);

    for (int asked = 0; x && left > 0 && asked < WANTED_ASKS; left--, x = next) {
        next = x->next;
        if (x->asked || (x->known && x->verdict != WANTED_UNMET))
            continue;
        x->asked = view_peek(w->c->view, x->partition, x->workload, on_peek, w);
        DL_DELETE(w->queue, x);
        DL_APPEND(w->queue, x);
        asked++;
    }
}

void wanted_turn(struct wanted *w)
{
    if (w->c->now_ms < w->look_ms)
        return;
    w->look_ms = w->c->now_ms + WANTED_LOOK_MS;
    look(w);
    ask(w);
}

void wanted_tell(const struct wanted *w)
{
    struct metrics *m = w->c->metrics;
    const struct wish *x = NULL;

    metrics_clear(m, METRIC_PRODUCER_WORKLOAD_WANTED_TIMESTAMP_SECONDS);
    metrics_clear(m, METRIC_PRODUCER_WORKLOAD_UNMET);
    DL_FOREACH(w->queue, x)
    {
        const char *const *labels = METRIC_LABELS(x->workload, action_names[x->aim.action]);
        if (!x->known)
            continue;
        metrics_set(m, METRIC_PRODUCER_WORKLOAD_WANTED_TIMESTAMP_SECONDS, x->aim.tick.at_ms, labels);
        metrics_set(m, METRIC_PRODUCER_WORKLOAD_UNMET, x->verdict == WANTED_UNMET, labels);
    }
}
