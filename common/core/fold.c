#include "core/fold_parts.h"

#include "base/mem.h"

#include <string.h>

const char *const fold_state_names[] = {"I", "R", "P", "D", NULL};

struct held {
    struct fold_workload w;
    UT_hash_handle hh;
};

struct fold {
    struct fold_scope scope;
    int partitions;
    int64_t applied, accepted;
    struct held *workloads;
};

struct fold *fold_new(int partition, int partitions, int64_t generation, int64_t first)
{
    struct fold *f = xcalloc(1, sizeof *f);

    f->scope = (struct fold_scope){partition, generation};
    f->partitions = partitions;
    f->applied = first - 1;
    return f;
}

static void held_free(struct held *h)
{
    struct fold_workload *w = &h->w;

    fold_current_clear(w);
    fold_runs_release(w);
    fold_holds_release(w);
    strs_release(&w->controls);
    xfree(w->name);
    xfree(h);
}

void fold_freep(struct fold **p)
{
    struct fold *f = *p;
    struct held *h = NULL;
    struct held *next = NULL;

    if (!f)
        return;
    HASH_ITER(hh, f->workloads, h, next)
    {
        HASH_DEL(f->workloads, h);
        held_free(h);
    }
    xfree(f);
    *p = NULL;
}

bool fold_epoch(const struct fold_scope *s, const char *text, int64_t *offset)
{
    struct epoch ep;

    *offset = FOLD_NEVER;
    if (!text || !text[0])
        return true;
    if (!epoch_parse(str_of(text), &ep) || ep.partition != s->partition)
        return false;
    enum { ANOTHER = -2 }; /* of another generation: like none that is known */
    *offset = ep.generation == s->generation ? ep.offset : ANOTHER;
    return true;
}

static struct fold_workload *workload(struct fold *f, const char *name)
{
    struct held *h = NULL;

    HASH_FIND_STR(f->workloads, name, h);
    if (h)
        return &h->w;
    h = xcalloc(1, sizeof *h);
    h->w = (struct fold_workload){.name = xstrdup(name),
                                  .last = FOLD_NEVER,
                                  .drain_due_ms = FOLD_NEVER,
                                  .plan_due_ms = FOLD_NEVER,
                                  .deadline_ms = FOLD_NEVER};
    fold_next_clear(&h->w.next);
    fold_current_clear(&h->w);
    HASH_ADD_KEYPTR(hh, f->workloads, h->w.name, strlen(h->w.name), h);
    return &h->w;
}

/* What a record names of epochs and requests, once they are known to be this partition's. */
struct named {
    int64_t epoch, request, next; /* Drained: epoch is the old one */
};

static bool delays_bounded(const struct event_accepted *a)
{
    for (size_t i = 0; i < a->steps.n; i++)
        if (a->steps.at[i].delay_s < 0 || a->steps.at[i].delay_s > INT32_MAX)
            return false;
    return true;
}

/* False: the record is nothing, not even its workload's. */
static bool read_names(const struct fold *f, const struct event *ev, struct named *n)
{
    const struct fold_scope *s = &f->scope;

    *n = (struct named){FOLD_NEVER, FOLD_NEVER, FOLD_NEVER};
    switch (ev->type) {
    case EVENT_RUN_ACCEPTED:
        return fold_epoch(s, ev->accepted.request, &n->request) && delays_bounded(&ev->accepted);
    case EVENT_RUN_REFUSED:
        return fold_epoch(s, ev->refused.request, &n->request);
    case EVENT_DRAINED:
        return fold_epoch(s, ev->drained.old_epoch, &n->epoch) &&
               fold_epoch(s, ev->drained.next_epoch, &n->next);
    case EVENT_TIER_PLANNED:
        return ev->run && ev->action &&
               (strcmp(ev->action, action_names[ACTION_START]) == 0 ||
                strcmp(ev->action, action_names[ACTION_STOP]) == 0) &&
               fold_epoch(s, ev->epoch, &n->epoch);
    case EVENT_PLAN_FAILED:
    case EVENT_JOB_TERMINAL:
        return fold_epoch(s, ev->epoch, &n->epoch);
    default:
        return true;
    }
}

/* The key is the workload, in its own partition. */
static bool key_ok(const struct fold *f, const struct fold_place *at, const struct event *ev)
{
    struct str name = str_of(ev->workload);

    return ids_workload_ok(name) && str_eq(at->key, name) &&
           ids_partition(name, f->partitions) == f->scope.partition;
}

/* The others are for readers alone, or of a later version. */
static bool is_known(const struct event *ev)
{
    return ev->type != EVENT_OTHER && ev->type != EVENT_TIER_RELEASED && ev->type != EVENT_TIER_COMPLETED &&
           ev->type != EVENT_PLAN_DELAYED && ev->type != EVENT_SCHEDULE_MISSED &&
           ev->type != EVENT_JOB_PROGRESS;
}

/* Its type is none that this fold knows, or it says that it needs more. */
static bool must_be_known(const struct event *ev)
{
    return ev->must && (!is_known(ev) || ev->needs.n > 0);
}

static bool apply(struct fold *f, struct fold_workload *w, const struct fold_place *at,
                  const struct event *ev, const struct named *n)
{
    switch (ev->type) {
    case EVENT_RUN_REQUESTED:
        return fold_requested(w, at->offset, at->ts_ms, ev);
    case EVENT_RUN_ACCEPTED:
        return fold_accepted_run(w, at->offset, at->ts_ms, n->request, &ev->accepted, &f->accepted);
    case EVENT_RUN_REFUSED:
        return fold_refused(w, at->ts_ms, n->request, (enum cause)ev->refused.cause);
    case EVENT_DRAINED:
        return fold_drained(w, at->ts_ms, n->epoch, n->next);
    case EVENT_TIER_PLANNED:
        return fold_planned(w, at->ts_ms, n->epoch, &ev->planned);
    case EVENT_PLAN_FAILED:
        return fold_plan_failed(w, at->ts_ms, n->epoch, ev->plan_failed.step,
                                (enum cause)ev->plan_failed.cause);
    case EVENT_JOB_TERMINAL:
        return fold_terminal(w, at->ts_ms, n->epoch, &ev->terminal);
    case EVENT_PAUSE:
    case EVENT_RESUME:
    case EVENT_CANCEL:
    case EVENT_HOLD_SET:
    case EVENT_HOLD_CLEARED:
        return fold_control(w, at->ts_ms, ev);
    case EVENT_RUN_FINISHED:
        return fold_finished(w, str_of(ev->run));
    default:
        return false;
    }
}

enum fold_answer fold_take(struct fold *f, const struct fold_place *at, const struct event *ev)
{
    struct named names;

    if (at->offset <= f->applied)
        return FOLD_DUP;
    if (at->offset != f->applied + 1)
        return FOLD_GAP;
    bool whole = ev && (ev->type == EVENT_VIEW_OPENED ? at->key.n == 0 && str_of(ev->workload).n == 0
                        : ev->type == EVENT_OTHER     ? str_of(ev->workload).n == 0
                                                      : false);
    bool ours = ev && !whole && ev->type != EVENT_VIEW_OPENED && key_ok(f, at, ev);
    if (!whole && !(ours && read_names(f, ev, &names))) {
        f->applied = at->offset;
        return FOLD_IGN;
    }
    if (must_be_known(ev))
        return FOLD_UPGRADE;
    f->applied = at->offset;
    if (whole)
        return ev->type == EVENT_VIEW_OPENED ? FOLD_OK : FOLD_IGN;
    if (!is_known(ev))
        return FOLD_IGN;
    struct fold_workload *w = workload(f, ev->workload);
    w->last = at->offset;
    return apply(f, w, at, ev, &names) ? FOLD_OK : FOLD_IGN;
}

int64_t fold_applied(const struct fold *f)
{
    return f->applied;
}

int64_t fold_accepted(const struct fold *f)
{
    return f->accepted;
}

const struct fold_workload *fold_workload(const struct fold *f, struct str name)
{
    struct held *h = NULL;

    HASH_FIND(hh, f->workloads, name.p, name.n, h);
    return h ? &h->w : NULL;
}

const struct fold_workload *fold_each(const struct fold *f, const struct fold_workload *before)
{
    const struct held *h = before ? ((const struct held *)(const void *)before)->hh.next : f->workloads;

    return h ? &h->w : NULL;
}

const struct fold_run *fold_run_of(const struct fold_workload *w, struct str run)
{
    for (size_t i = w->run_count; i-- > 0;)
        if (str_is(run, w->runs[i].run))
            return &w->runs[i];
    return NULL;
}

size_t fold_pending(const struct fold_workload *w, int64_t step)
{
    return w->current.run && step >= 0 && step < w->current.steps ? HASH_COUNT(w->current.at[step].pending)
                                                                  : 0;
}

void fold_pending_ids(const struct fold_workload *w, int64_t step, struct strs *out)
{
    if (fold_pending(w, step) == 0)
        return;
    for (const struct fold_job *j = w->current.at[step].pending; j; j = j->hh.next)
        strs_add(out, str_of(j->id));
    strs_sort(out);
}
