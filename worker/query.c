#include "worker/query.h"

#include "base/mem.h"

#include <stdlib.h>

struct query *query_new(struct place *p, int64_t now_ms)
{
    struct query *q = xcalloc(1, sizeof *q);

    q->place = p;
    q->asked_ms = now_ms;
    return q;
}

void query_free(struct query *q)
{
    xfree(q->at);
    xfree(q->spots);
    xfree(q);
}

void query_add(struct query *q, uint64_t work, size_t member)
{
    BUG_IF(q->n >= UINT32_MAX || member > UINT32_MAX);
    if (q->n == q->cap) {
        q->cap = q->cap ? q->cap * 2 : 64;
        q->at = xrealloc(q->at, q->cap * sizeof *q->at);
    }
    q->at[q->n++] = (struct query_entry){.work = work, .member = (uint32_t)member};
}

static uint32_t hash_of(const char *id)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619U;
    return hash;
}

static int by_hash(const void *a, const void *b)
{
    const struct query_spot *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

void query_index(struct query *q, const struct works *ws)
{
    const struct work *w = NULL;

    q->spots = xcalloc(q->n, sizeof *q->spots);
    for (size_t i = 0; i < q->n; i++) { /* a work's members stand together */
        if (!w || w->id != q->at[i].work)
            w = works_find(ws, q->at[i].work);
        BUG_IF(!w);
        q->spots[i] = (struct query_spot){hash_of(w->job.members.at[q->at[i].member]), (uint32_t)i};
    }
    qsort(q->spots, q->n, sizeof *q->spots, by_hash);
}

/* The first that is not below. */
static size_t lower_bound(const struct query *q, uint32_t hash)
{
    size_t low = 0, high = q->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (q->spots[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct query_entry *query_match(const struct query *q, const char *id, size_t *from)
{
    uint32_t hash = hash_of(id);
    size_t i = *from ? *from : lower_bound(q, hash);

    if (i >= q->n || q->spots[i].hash != hash)
        return NULL;
    *from = i + 1;
    return &q->at[q->spots[i].entry];
}
