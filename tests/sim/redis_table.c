#include "sim/redis_table.h"

#include "base/mem.h"

#include <string.h>

enum {
    SEARCHED_MAX = 8, /* slots that need no index */
    FIRST_CAP = 4,
    INDEX_PER_SLOT = 2,
};

static const uint32_t fnv_first = 0x811c9dc5;
static const uint32_t fnv_prime = 0x01000193;

static uint32_t hash_of(struct str s)
{
    uint32_t h = fnv_first;

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (uint8_t)s.p[i]) * fnv_prime;
    return h;
}

/* ---- blobs ---- */

struct redis_blob *redis_blob_new(struct str s)
{
    struct redis_blob *b = xmalloc(sizeof *b + s.n + 1);

    b->refs = 1;
    b->hash = hash_of(s);
    b->n = s.n;
    if (s.n)
        memcpy(b->bytes, s.p, s.n);
    b->bytes[s.n] = '\0';
    return b;
}

struct redis_blob *redis_blob_share(struct redis_blob *b)
{
    b->refs++;
    return b;
}

void redis_blob_release(struct redis_blob *b)
{
    if (b && --b->refs == 0)
        xfree(b);
}

struct str redis_blob_view(const struct redis_blob *b)
{
    return str_n(b->bytes, b->n);
}

static void share_text(union redis_held held)
{
    (void)redis_blob_share(held.text);
}

static void release_text(union redis_held held)
{
    redis_blob_release(held.text);
}

const struct redis_holding redis_holds_texts = {.share = share_text, .release = release_text};
const struct redis_holding redis_holds_scores = {0};

/* ---- the index ---- */

static bool is_name(const struct redis_slot *slot, struct str name, uint32_t hash)
{
    const struct redis_blob *b = slot->name;

    return b && b->hash == hash && b->n == name.n && memcmp(b->bytes, name.p ? name.p : "", name.n) == 0;
}

/* A slot that was taken out keeps its place in the index until the next rebuild, so that searches go on. */
static struct redis_slot *look(const struct redis_table *t, struct str name, uint32_t hash)
{
    if (!t->index) {
        for (size_t i = 0; i < t->n; i++)
            if (is_name(&t->slots[i], name, hash))
                return &t->slots[i];
        return NULL;
    }
    for (size_t at = hash & (t->index_cap - 1); t->index[at]; at = (at + 1) & (t->index_cap - 1))
        if (is_name(&t->slots[t->index[at] - 1], name, hash))
            return &t->slots[t->index[at] - 1];
    return NULL;
}

static void index_slot(struct redis_table *t, size_t slot)
{
    size_t at = t->slots[slot].name->hash & (t->index_cap - 1);

    while (t->index[at])
        at = (at + 1) & (t->index_cap - 1);
    t->index[at] = (uint32_t)slot + 1;
}

/* Room for one more: gaps are closed, the order stays; a table that is more than half full doubles. */
static void make_room(struct redis_table *t)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->n; i++)
        if (t->slots[i].name)
            t->slots[kept++] = t->slots[i];
    t->n = kept;
    if (t->cap == 0 || kept > t->cap / 2) {
        t->cap = t->cap ? t->cap * 2 : FIRST_CAP;
        BUG_IF(t->cap > UINT32_MAX / INDEX_PER_SLOT);
        t->slots = xrealloc(t->slots, t->cap * sizeof *t->slots);
    }
    if (t->cap <= SEARCHED_MAX)
        return;
    xfree(t->index);
    t->index_cap = t->cap * INDEX_PER_SLOT;
    t->index = xcalloc(t->index_cap, sizeof *t->index);
    for (size_t i = 0; i < t->n; i++)
        index_slot(t, i);
}

/* ---- tables ---- */

void redis_table_release(struct redis_table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (!t->slots[i].name)
            continue;
        redis_blob_release(t->slots[i].name);
        if (t->holding->release)
            t->holding->release(t->slots[i].held);
    }
    xfree(t->slots);
    xfree(t->index);
    *t = (struct redis_table){.holding = t->holding};
}

void redis_table_copy(struct redis_table *to, const struct redis_table *from)
{
    *to = *from;
    if (from->cap) {
        to->slots = xmalloc(from->cap * sizeof *to->slots);
        memcpy(to->slots, from->slots, from->n * sizeof *to->slots);
    }
    if (from->index) {
        to->index = xmalloc(from->index_cap * sizeof *to->index);
        memcpy(to->index, from->index, from->index_cap * sizeof *to->index);
    }
    for (size_t i = 0; i < to->n; i++) {
        if (!to->slots[i].name)
            continue;
        (void)redis_blob_share(to->slots[i].name);
        if (to->holding->share)
            to->holding->share(to->slots[i].held);
    }
}

struct redis_slot *redis_table_find(const struct redis_table *t, struct str name)
{
    return t->live ? look(t, name, hash_of(name)) : NULL;
}

struct redis_slot *redis_table_put(struct redis_table *t, struct str name, bool *made)
{
    struct redis_slot *slot = redis_table_find(t, name);

    *made = !slot;
    if (slot)
        return slot;
    if (t->n == t->cap)
        make_room(t);
    slot = &t->slots[t->n++];
    *slot = (struct redis_slot){.name = redis_blob_new(name)};
    t->live++;
    if (t->index)
        index_slot(t, t->n - 1);
    return slot;
}

bool redis_table_remove(struct redis_table *t, struct str name)
{
    struct redis_slot *slot = redis_table_find(t, name);

    if (!slot)
        return false;
    redis_blob_release(slot->name);
    slot->name = NULL;
    if (t->holding->release)
        t->holding->release(slot->held);
    t->live--;
    return true;
}
