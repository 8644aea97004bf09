#include "sim/redis_object.h"

#include "base/mem.h"

#include <string.h>

enum { FIRST_RANKS = 4 };

static const struct redis_holding *const holdings[] = {
    [REDIS_STRING] = &redis_holds_scores,
    [REDIS_HASH] = &redis_holds_texts,
    [REDIS_SET] = &redis_holds_scores,
    [REDIS_ZSET] = &redis_holds_scores,
};

struct redis_object *redis_object_new(enum redis_kind kind)
{
    struct redis_object *o = xcalloc(1, sizeof *o);

    o->refs = 1;
    o->kind = kind;
    o->table.holding = holdings[kind];
    return o;
}

struct redis_object *redis_object_copy(const struct redis_object *o)
{
    struct redis_object *to = xmalloc(sizeof *to);

    *to = *o;
    to->refs = 1;
    if (o->text)
        (void)redis_blob_share(o->text);
    redis_table_copy(&to->table, &o->table);
    if (o->ranked) {
        to->ranked = xmalloc(o->ranked_cap * sizeof *to->ranked);
        memcpy(to->ranked, o->ranked, o->table.live * sizeof *to->ranked);
    }
    return to;
}

struct redis_object *redis_object_share(struct redis_object *o)
{
    o->refs++;
    return o;
}

void redis_object_release(struct redis_object *o)
{
    if (!o || --o->refs > 0)
        return;
    redis_blob_release(o->text);
    redis_table_release(&o->table);
    xfree(o->ranked);
    xfree(o);
}

static void share_object(union redis_held held)
{
    (void)redis_object_share(held.object);
}

static void release_object(union redis_held held)
{
    redis_object_release(held.object);
}

const struct redis_holding redis_holds_objects = {.share = share_object, .release = release_object};

const char *redis_kind_name(enum redis_kind kind)
{
    static const char *const names[] = {
        [REDIS_STRING] = "string", [REDIS_HASH] = "hash", [REDIS_SET] = "set", [REDIS_ZSET] = "zset"};

    return names[kind];
}

bool redis_object_is_empty(const struct redis_object *o)
{
    return o->kind != REDIS_STRING && o->table.live == 0;
}

void redis_object_set_text(struct redis_object *o, struct str text)
{
    redis_blob_release(o->text);
    o->text = redis_blob_new(text);
}

bool redis_object_set_field(struct redis_object *o, struct str field, struct str text)
{
    struct redis_blob *blob = redis_blob_new(text); /* before: `text` may be this field's own */
    bool made = false;
    struct redis_slot *slot = redis_table_put(&o->table, field, &made);

    redis_blob_release(slot->held.text);
    slot->held.text = blob;
    return made;
}

/* ---- ranks ---- */

static bool comes_before(const struct redis_ranked *r, double score, struct str member)
{
    if (r->score < score || r->score > score)
        return r->score < score;
    return str_cmp(redis_blob_view(r->member), member) < 0;
}

/* The first of the n ranks that does not come before (score, member). */
static size_t place_of(const struct redis_object *o, size_t n, double score, struct str member)
{
    size_t low = 0;
    size_t high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (comes_before(&o->ranked[middle], score, member))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void take_rank(struct redis_object *o, size_t n, double score, struct str member)
{
    size_t at = place_of(o, n, score, member);

    BUG_IF(at == n || !str_eq(redis_blob_view(o->ranked[at].member), member));
    memmove(&o->ranked[at], &o->ranked[at + 1], (n - at - 1) * sizeof *o->ranked);
}

static void put_rank(struct redis_object *o, size_t n, double score, const struct redis_blob *member)
{
    size_t at = place_of(o, n, score, redis_blob_view(member));

    if (n == o->ranked_cap) {
        o->ranked_cap = n ? n * 2 : FIRST_RANKS;
        o->ranked = xrealloc(o->ranked, o->ranked_cap * sizeof *o->ranked);
    }
    memmove(&o->ranked[at + 1], &o->ranked[at], (n - at) * sizeof *o->ranked);
    o->ranked[at] = (struct redis_ranked){.score = score, .member = member};
}

bool redis_object_score(struct redis_object *o, struct str member, double score)
{
    bool made = false;
    struct redis_slot *slot = redis_table_put(&o->table, member, &made);
    size_t others = o->table.live - 1;

    score += 0.0; /* -0 is 0 there */
    if (!made)
        take_rank(o, others + 1, slot->held.score, member);
    slot->held.score = score;
    put_rank(o, others, score, slot->name);
    return made;
}

bool redis_object_unscore(struct redis_object *o, struct str member)
{
    const struct redis_slot *slot = redis_table_find(&o->table, member);

    if (!slot)
        return false;
    take_rank(o, o->table.live, slot->held.score, member);
    (void)redis_table_remove(&o->table, member);
    return true;
}

size_t redis_object_rank(const struct redis_object *o, double score, bool above)
{
    size_t low = 0;
    size_t high = o->table.live;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        double s = o->ranked[middle].score;
        if (s < score || (above && s <= score))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
