#include "core/history.h"

#include "base/mem.h"
#include "base/timers.h"
#include "core/document.h"
#include "model/ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct kept_run {
    char key[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 2];
    uint64_t number; /* in the order in which they were heard of */
    struct story *story;
    bool ended;
    struct kept_run *prev, *next; /* of those that go on */
    UT_hash_handle by_key, by_number;
};

struct history {
    char *workload;
    struct history_bounds bounds;
    struct mem_account account; /* of all that is kept */
    struct kept_run *runs;      /* by_key */
    struct kept_run *numbers;   /* by_number: of those that have ended */
    struct kept_run *going;     /* the first heard of first */
    size_t going_count;
    struct timers *ends; /* the numbers of those that have ended, at the moment when they did */
    uint64_t last_number;
    bool forgotten;
};

struct history *history_new(const char *workload, const struct history_bounds *bounds)
{
    struct history *h = xcalloc(1, sizeof *h);

    BUG_IF(!bounds->ended || !bounds->going);
    h->workload = workload ? xstrdup(workload) : NULL;
    h->bounds = *bounds;
    h->ends = timers_new();
    return h;
}

static void forget(struct history *h, struct kept_run *k)
{
    if (k->ended) {
        timers_clear(h->ends, k->number);
        HASH_DELETE(by_number, h->numbers, k);
    } else {
        DL_DELETE(h->going, k);
        h->going_count--;
    }
    HASH_DELETE(by_key, h->runs, k);
    story_freep(&k->story);
    xfree(k);
}

void history_freep(struct history **p)
{
    struct history *h = *p;
    struct kept_run *k = NULL;
    struct kept_run *next = NULL;

    if (!h)
        return;
    HASH_ITER(by_key, h->runs, k, next)
    {
        forget(h, k);
    }
    timers_free(h->ends);
    xfree(h->workload);
    xfree(h);
    *p = NULL;
}

/* False: no run can have such a name. */
static bool key_of(const char *workload, const char *run, char out[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 2])
{
    if (!ids_workload_ok(str_of(workload)) || !ids_run_ok(str_of(run)))
        return false;
    (void)snprintf(out, IDS_WORKLOAD_MAX + IDS_RUN_MAX + 2, "%s@%s", workload, run);
    return true;
}

static struct kept_run *find(const struct history *h, const char *key)
{
    struct kept_run *k = NULL;

    HASH_FIND(by_key, h->runs, key, strlen(key), k);
    return k;
}

static struct kept_run *run_of(struct history *h, const char *workload, const char *run)
{
    char key[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 2];

    if (!key_of(workload, run, key))
        return NULL;
    struct kept_run *k = find(h, key);
    if (k)
        return k;
    k = xcalloc(1, sizeof *k);
    memcpy(k->key, key, sizeof key);
    k->number = ++h->last_number;
    k->story = story_new(workload, run, h->bounds.whole);
    HASH_ADD_KEYPTR(by_key, h->runs, k->key, strlen(k->key), k);
    DL_APPEND(h->going, k);
    h->going_count++;
    return k;
}

/* ---- bounds ---- */

static struct kept_run *first_ended(const struct history *h)
{
    struct kept_run *first = NULL;
    uint64_t number = 0;

    if (!timers_take(h->ends, INT64_MAX, &number))
        return NULL;
    HASH_FIND(by_number, h->numbers, &number, sizeof number, first);
    return first;
}

static void forget_first_ended(struct history *h)
{
    forget(h, first_ended(h));
    h->forgotten = true;
}

static void forget_first_going(struct history *h)
{
    forget(h, h->going);
    h->forgotten = true;
}

/* False: there is nothing left that could be dropped. */
static bool make_room(struct history *h)
{
    struct kept_run *k = NULL;

    if (timers_count(h->ends)) {
        forget_first_ended(h);
        return true;
    }
    DL_FOREACH(h->going, k)
    {
        if (k->story->whole) {
            story_shorten(k->story);
            return true;
        }
    }
    if (!h->going)
        return false;
    forget_first_going(h);
    return true;
}

static void keep_bounds(struct history *h)
{
    while (timers_count(h->ends) > h->bounds.ended)
        forget_first_ended(h);
    while (h->going_count > h->bounds.going)
        forget_first_going(h);
    while (h->bounds.bytes && h->account.bytes > h->bounds.bytes)
        if (!make_room(h))
            return;
}

void history_expire(struct history *h, int64_t before_ms)
{
    while (timers_next(h->ends) < before_ms)
        forget(h, first_ended(h));
}

/* ---- hearing ---- */

static void settle(struct history *h, struct kept_run *k)
{
    if (k->ended || k->story->result == RESULT_NONE)
        return;
    k->ended = true;
    DL_DELETE(h->going, k);
    h->going_count--;
    HASH_ADD(by_number, h->numbers, number, sizeof k->number, k);
    timers_set(h->ends, k->number, k->story->ended_ms);
}

static void hear(struct history *h, const struct kafka_record *r, const struct event *ev)
{
    struct kept_run *k = NULL;

    if (ev->type == EVENT_DRAINED) { /* names no run: each story knows its own turn */
        DL_FOREACH(h->going, k)
        {
            (void)story_hear(k->story, r, ev);
        }
        return;
    }
    k = ev->run ? run_of(h, ev->workload, ev->run) : NULL;
    if (!k)
        return;
    (void)story_hear(k->story, r, ev);
    settle(h, k);
}

void history_hear(struct history *h, const struct kafka_record *r, const struct event *ev)
{
    if (!ev || !ev->workload || (h->workload && strcmp(h->workload, ev->workload) != 0))
        return;
    struct mem_account *before = mem_account_set(&h->account);
    hear(h, r, ev);
    keep_bounds(h);
    (void)mem_account_set(before);
}

/* ---- looking ---- */

static int latest_first(const void *a, const void *b)
{
    const struct story *x = *(const struct story *const *)a;
    const struct story *y = *(const struct story *const *)b;
    int64_t at = story_moment(x);
    int64_t bt = story_moment(y);

    if (at != bt)
        return at < bt ? 1 : -1;
    int names = strcmp(x->run, y->run);
    return names ? names : strcmp(x->workload, y->workload);
}

static bool is_of(const struct kept_run *k, const char *workload)
{
    return !workload || strcmp(k->story->workload, workload) == 0;
}

static int by_workload(const void *a, const void *b)
{
    const struct story *x = *(const struct story *const *)a;
    const struct story *y = *(const struct story *const *)b;
    int names = strcmp(x->workload, y->workload);

    return names ? names : latest_first(a, b);
}

static size_t sorted(const struct history *h, const char *workload, int (*order)(const void *, const void *),
                     const struct story **out, size_t max)
{
    size_t n = 0;
    const struct story **all = xcalloc(HASH_CNT(by_key, h->runs) + 1, sizeof *all);

    for (const struct kept_run *k = h->runs; k; k = k->by_key.next)
        if (is_of(k, workload))
            all[n++] = k->story;
    if (n)
        qsort(all, n, sizeof *all, order);
    n = n < max ? n : max;
    memcpy(out, all, n * sizeof *all);
    xfree(all);
    return n;
}

size_t history_latest(const struct history *h, const char *workload, const struct story **out, size_t limit)
{
    return sorted(h, workload, latest_first, out, limit);
}

size_t history_by_workload(const struct history *h, const struct story **out, size_t max)
{
    return sorted(h, NULL, by_workload, out, max);
}

const struct story *history_run(const struct history *h, const char *workload, const char *run)
{
    char key[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 2];
    const struct kept_run *k = key_of(workload, run, key) ? find(h, key) : NULL;

    return k ? k->story : NULL;
}

size_t history_count(const struct history *h, const char *workload)
{
    size_t n = 0;

    for (const struct kept_run *k = h->runs; k; k = k->by_key.next)
        n += is_of(k, workload);
    return n;
}

bool history_forgotten(const struct history *h)
{
    return h->forgotten;
}

void history_count_all(const struct history *h, struct history_tally *out)
{
    *out = (struct history_tally){.bytes = h->account.bytes};
    for (const struct kept_run *k = h->runs; k; k = k->by_key.next) {
        if (k->ended)
            out->ended[k->story->result]++;
        else if (k->story->began)
            out->running++;
        else
            out->waiting++;
    }
}

struct json *history_json(const struct history *h, const char *workload, size_t limit)
{
    struct json *document = document_new();
    struct json *runs = json_array();
    size_t known = history_count(h, workload);
    const struct story **latest = xcalloc(known + 1, sizeof *latest);
    size_t n = history_latest(h, workload, latest, limit < known ? limit : known);

    for (size_t i = 0; i < n; i++)
        json_push(runs, story_line_json(latest[i]));
    json_add(document, "runs", runs);
    json_add_int(document, "known", (int64_t)known);
    xfree(latest);
    return document;
}
