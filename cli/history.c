#include "cli/history.h"

#include "base/hash.h"
#include "base/mem.h"
#include "model/ids.h"

#include <stdlib.h>
#include <string.h>

struct kept_run {
    char key[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 2];
    struct past_run r;
    UT_hash_handle hh;
};

struct history {
    char *workload;
    struct kept_run *runs; /* in the order in which they were heard of */
    bool forgotten;
};

struct history *history_new(const char *workload)
{
    struct history *h = xcalloc(1, sizeof *h);

    h->workload = workload ? xstrdup(workload) : NULL;
    return h;
}

static void forget(struct history *h, struct kept_run *k)
{
    char *texts[] = {k->r.workload, k->r.run, k->r.who, k->r.reason};

    HASH_DEL(h->runs, k);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        xfree(texts[i]);
    xfree(k);
}

void history_freep(struct history **p)
{
    struct history *h = *p;
    struct kept_run *k = NULL;
    struct kept_run *next = NULL;

    if (!h)
        return;
    HASH_ITER(hh, h->runs, k, next)
    {
        forget(h, k);
    }
    xfree(h->workload);
    xfree(h);
    *p = NULL;
}

static struct past_run *run_of(struct history *h, const char *workload, const char *run)
{
    char key[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 2];
    struct kept_run *k = NULL;

    if (!ids_workload_ok(str_of(workload)) || !ids_run_ok(str_of(run)))
        return NULL;
    (void)snprintf(key, sizeof key, "%s@%s", workload, run);
    HASH_FIND_STR(h->runs, key, k);
    if (k)
        return &k->r;
    if (HASH_COUNT(h->runs) == HISTORY_MAX) {
        h->forgotten = true;
        forget(h, h->runs);
    }
    k = xcalloc(1, sizeof *k);
    memcpy(k->key, key, sizeof key);
    k->r = (struct past_run){
        .workload = xstrdup(workload), .run = xstrdup(run), .action = -1, .accepted_at = -1};
    HASH_ADD_STR(h->runs, key, k);
    return &k->r;
}

static void note_origin(struct past_run *p, const struct event_origin *o)
{
    if (!p->who && o->who)
        p->who = xstrdup(o->who);
    if (!p->reason && o->reason)
        p->reason = xstrdup(o->reason);
}

static void note_action(struct past_run *p, const char *action)
{
    for (int i = 0; action && action_names[i]; i++)
        if (strcmp(action, action_names[i]) == 0)
            p->action = i;
}

/* Whose turn has come is named by the offset of its acceptance. */
static void hear_drained(struct history *h, const struct kafka_record *r, const struct event *ev)
{
    struct epoch ep;

    if (!ev->drained.next_epoch || !epoch_parse(str_of(ev->drained.next_epoch), &ep))
        return;
    for (struct kept_run *k = h->runs; k; k = k->hh.next)
        if (k->r.accepted_at == ep.offset && !k->r.began_ms && strcmp(k->r.workload, ev->workload) == 0)
            k->r.began_ms = r->ts_ms;
}

static void hear_run(struct past_run *p, const struct kafka_record *r, const struct event *ev)
{
    note_action(p, ev->action);
    switch (ev->type) {
    case EVENT_RUN_REQUESTED: /* the first request of an id is the run */
        p->asked_ms = p->asked_ms ? p->asked_ms : r->ts_ms;
        note_origin(p, &ev->requested.origin);
        break;
    case EVENT_RUN_ACCEPTED:
        p->accepted_at = p->accepted_at < 0 ? r->offset : p->accepted_at;
        note_origin(p, &ev->accepted.origin);
        break;
    case EVENT_RUN_FINISHED:
        if (p->result != RESULT_NONE)
            break; /* two leaders may write it */
        p->result = ev->finished.result;
        p->cause = ev->finished.cause;
        p->counts = ev->finished.counts;
        p->ended_ms = r->ts_ms;
        break;
    default:
        break;
    }
}

void history_hear(struct history *h, const struct kafka_record *r, const struct event *ev)
{
    if (!ev || !ev->workload || (h->workload && strcmp(h->workload, ev->workload) != 0))
        return;
    if (ev->type == EVENT_DRAINED) {
        hear_drained(h, r, ev);
        return;
    }
    struct past_run *p = ev->run ? run_of(h, ev->workload, ev->run) : NULL;
    if (p)
        hear_run(p, r, ev);
}

static int64_t moment_of_run(const struct past_run *p)
{
    return p->asked_ms ? p->asked_ms : p->began_ms ? p->began_ms : p->ended_ms;
}

static int latest_first(const void *a, const void *b)
{
    const struct past_run *x = *(const struct past_run *const *)a;
    const struct past_run *y = *(const struct past_run *const *)b;
    int64_t at = moment_of_run(x);
    int64_t bt = moment_of_run(y);

    if (at != bt)
        return at < bt ? 1 : -1;
    return strcmp(x->run, y->run);
}

size_t history_latest(const struct history *h, const struct past_run **out, size_t limit)
{
    size_t n = 0;
    const struct past_run **all = xcalloc(history_count(h) + 1, sizeof *all);

    for (const struct kept_run *k = h->runs; k; k = k->hh.next)
        all[n++] = &k->r;
    if (n)
        qsort(all, n, sizeof *all, latest_first);
    n = n < limit ? n : limit;
    memcpy(out, all, n * sizeof *all);
    xfree(all);
    return n;
}

size_t history_count(const struct history *h)
{
    return HASH_COUNT(h->runs);
}

bool history_forgotten(const struct history *h)
{
    return h->forgotten;
}
