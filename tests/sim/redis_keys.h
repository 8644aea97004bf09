#pragma once
/*
 * redis_keys - a key space of the simulated Redis: names to values, shared whole by its snapshots.
 *
 * A snapshot is redis_keys_share(), a rollback is to let go of one and take the other: an assignment. The
 * first write after it copies the names (not the values), the first write to a value copies that value.
 * `keys` is therefore handed as a pointer to the owner's pointer wherever it may change.
 *
 * `now_ms` is the server's clock: a value past its end is not there, and the first write to its name takes it
 * out. Owner: the server that holds it, or the snapshot.
 */
#include "sim/redis_object.h"

struct redis_keys {
    uint32_t refs;
    uint64_t made; /* values so far: the next one's place */
    struct redis_table table;
};

struct redis_keys *redis_keys_new(void);
struct redis_keys *redis_keys_share(struct redis_keys *k);
void redis_keys_release(struct redis_keys *k); /* NULL is fine */

const struct redis_object *redis_keys_read(const struct redis_keys *k, struct str name, int64_t now_ms);
/* One's own to change, until the next call; NULL: there is none. */
struct redis_object *redis_keys_write(struct redis_keys **k, struct str name, int64_t now_ms);
/* Takes `o`, in the place of what is there. */
void redis_keys_put(struct redis_keys **k, struct str name, struct redis_object *o);
bool redis_keys_drop(struct redis_keys **k, struct str name, int64_t now_ms); /* false: it was not there */
