#pragma once
/*
 * redis_table - bytes to values, in the order of their first insertion: what a key space, a hash, a set and a
 * sorted set of the simulated Redis are made of.
 *
 * Nothing depends on addresses: the hash is FNV-1a of the bytes, iteration is over the slots. A name that is
 * taken out and put again comes last, as in Redis' own small hashes. Names and texts are blobs: shared,
 * counted, never changed, so that copying a table copies no bytes.
 *
 * Iterate with `for (i = 0; i < t.n; i++) if (t.slots[i].name)`. Owner: the value or key space that holds it.
 */
#include "base/str.h"

#include <stdint.h>

struct redis_blob {
    uint32_t refs, hash;
    size_t n;
    char bytes[]; /* and a NUL after them */
};
struct redis_blob *redis_blob_new(struct str s);
struct redis_blob *redis_blob_share(struct redis_blob *b);
void redis_blob_release(struct redis_blob *b); /* NULL is fine */
struct str redis_blob_view(const struct redis_blob *b);

union redis_held {
    struct redis_blob *text;
    struct redis_object *object;
    double score;
};

struct redis_slot {
    struct redis_blob *name; /* NULL: taken out */
    union redis_held held;
};

/* What a table holds beside its names; both are NULL where nothing is to be counted. */
struct redis_holding {
    void (*share)(union redis_held held);
    void (*release)(union redis_held held);
};
extern const struct redis_holding redis_holds_texts, redis_holds_scores;

struct redis_table { /* zeroed but for `holding` it is valid and empty */
    const struct redis_holding *holding;
    struct redis_slot *slots;
    size_t n, live, cap; /* slots used, of them in use, room */
    uint32_t *index;     /* slot + 1; 0: free. NULL: a small table is searched from its beginning */
    size_t index_cap;
};

void redis_table_release(struct redis_table *t);                                   /* leaves it empty */
void redis_table_copy(struct redis_table *to, const struct redis_table *from);     /* `to` is overwritten */
struct redis_slot *redis_table_find(const struct redis_table *t, struct str name); /* NULL: not there */
/* The slot of the name, made if need be: then `held` is zero and *made is true. Valid until the next
 * change. */
struct redis_slot *redis_table_put(struct redis_table *t, struct str name, bool *made);
bool redis_table_remove(struct redis_table *t, struct str name); /* false: it was not there */
