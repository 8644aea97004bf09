#pragma once
/*
 * redis_object - one value of the simulated Redis: a string, a hash, a set or a sorted set, and when it ends.
 *
 * Counted and shared between a key space and its snapshots: who wants to change one asks redis_keys_write(),
 * which copies a shared one first. A sorted set is a table from member to score, and the members in the order
 * of (score, bytes); its functions keep the two the same.
 */
#include "sim/redis_table.h"

enum redis_kind { REDIS_STRING, REDIS_HASH, REDIS_SET, REDIS_ZSET };

struct redis_ranked {
    double score;
    const struct redis_blob *member; /* the table's */
};

struct redis_object {
    uint32_t refs;
    enum redis_kind kind;
    int64_t until_ms;         /* it is gone after this moment; 0: it stays */
    uint64_t place;           /* counts the values that were made, for SCAN */
    struct redis_blob *text;  /* of a string */
    struct redis_table table; /* of the others */
    struct redis_ranked *ranked;
    size_t ranked_cap; /* its length is table.live */
};

struct redis_object *redis_object_new(enum redis_kind kind);
struct redis_object *redis_object_copy(const struct redis_object *o); /* its own, refs 1 */
struct redis_object *redis_object_share(struct redis_object *o);
void redis_object_release(struct redis_object *o); /* NULL is fine */
extern const struct redis_holding redis_holds_objects;

const char *redis_kind_name(enum redis_kind kind); /* TYPE's word */
bool redis_object_is_empty(const struct redis_object *o);

void redis_object_set_text(struct redis_object *o, struct str text);
/* Of a hash: true if the field is new. */
bool redis_object_set_field(struct redis_object *o, struct str field, struct str text);
/* Of a sorted set. */
bool redis_object_score(struct redis_object *o, struct str member, double score); /* true: it is new */
/* false: it was not there */
bool redis_object_unscore(struct redis_object *o, struct str member);
/* The first rank whose score is not below (`above`: above) this one; table.live: none. */
size_t redis_object_rank(const struct redis_object *o, double score, bool above);
