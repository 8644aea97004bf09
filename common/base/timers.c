#include "base/timers.h"

#include "base/mem.h"

#include "base/hash.h"

struct timer {
    uint64_t key;
    int64_t at_ms;
    size_t place; /* in the heap */
    UT_hash_handle hh;
};

struct timers {
    struct timer *by_key;
    struct timer **heap;
    size_t n, cap;
};

struct timers *timers_new(void)
{
    return xcalloc(1, sizeof(struct timers));
}

void timers_free(struct timers *t)
{
    if (!t)
        return;
    while (t->n)
        timers_clear(t, t->heap[0]->key);
    xfree(t->heap);
    xfree(t);
}

static bool before(const struct timer *a, const struct timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->key < b->key;
}

static void put(struct timers *t, size_t place, struct timer *x)
{
    t->heap[place] = x;
    x->place = place;
}

static void settle(struct timers *t, struct timer *x)
{
    size_t i = x->place;

    for (; i && before(x, t->heap[(i - 1) / 2]); i = (i - 1) / 2)
        put(t, i, t->heap[(i - 1) / 2]);
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < t->n && before(t->heap[child + 1], t->heap[child]))
            child++;
        if (child >= t->n || !before(t->heap[child], x))
            break;
        put(t, i, t->heap[child]);
        i = child;
    }
    put(t, i, x);
}

static struct timer *find(const struct timers *t, uint64_t key)
{
    struct timer *x = NULL;

    HASH_FIND(hh, t->by_key, &key, sizeof key, x);
    return x;
}

void timers_set(struct timers *t, uint64_t key, int64_t at_ms)
{
    struct timer *x = find(t, key);

    if (!x) {
        if (t->n == t->cap) {
            t->cap = t->cap ? t->cap * 2 : 16;
            t->heap = xrealloc(t->heap, t->cap * sizeof *t->heap);
        }
        x = xcalloc(1, sizeof *x);
        x->key = key;
        HASH_ADD(hh, t->by_key, key, sizeof x->key, x);
        put(t, t->n++, x);
    }
    x->at_ms = at_ms;
    settle(t, x);
}

void timers_clear(struct timers *t, uint64_t key)
{
    struct timer *x = find(t, key);

    if (!x)
        return;
    struct timer *last = t->heap[--t->n];
    if (last != x) {
        put(t, x->place, last);
        settle(t, last);
    }
    HASH_DEL(t->by_key,
             x); /* NOLINT(clang-analyzer-core.NullDereference): what is in the table has a table */
    xfree(x);
}

bool timers_when(const struct timers *t, uint64_t key, int64_t *at_ms)
{
    const struct timer *x = find(t, key);

    if (x)
        *at_ms = x->at_ms;
    return x != NULL;
}

bool timers_take(struct timers *t, int64_t now_ms, uint64_t *key)
{
    if (!t->n || t->heap[0]->at_ms > now_ms)
        return false;
    *key = t->heap[0]->key;
    timers_clear(t, *key);
    return true;
}

int64_t timers_next(const struct timers *t)
{
    return t->n ? t->heap[0]->at_ms : INT64_MAX;
}

size_t timers_count(const struct timers *t)
{
    return t->n;
}
