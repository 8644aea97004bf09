#include "sim/redis_keys.h"

#include "base/mem.h"

struct redis_keys *redis_keys_new(void)
{
    struct redis_keys *k = xcalloc(1, sizeof *k);

    k->refs = 1;
    k->table.holding = &redis_holds_objects;
    return k;
}

struct redis_keys *redis_keys_share(struct redis_keys *k)
{
    k->refs++;
    return k;
}

void redis_keys_release(struct redis_keys *k)
{
    if (!k || --k->refs > 0)
        return;
    redis_table_release(&k->table);
    xfree(k);
}

static void make_own(struct redis_keys **k)
{
    struct redis_keys *own = NULL;

    if ((*k)->refs == 1)
        return;
    own = xmalloc(sizeof *own);
    own->refs = 1;
    own->made = (*k)->made;
    redis_table_copy(&own->table, &(*k)->table);
    redis_keys_release(*k);
    *k = own;
}

static bool is_over(const struct redis_object *o, int64_t now_ms)
{
    return o->until_ms != 0 && now_ms > o->until_ms;
}

const struct redis_object *redis_keys_read(const struct redis_keys *k, struct str name, int64_t now_ms)
{
    const struct redis_slot *slot = redis_table_find(&k->table, name);

    return slot && !is_over(slot->held.object, now_ms) ? slot->held.object : NULL;
}

struct redis_object *redis_keys_write(struct redis_keys **k, struct str name, int64_t now_ms)
{
    struct redis_slot *slot = redis_table_find(&(*k)->table, name);

    if (!slot)
        return NULL;
    make_own(k);
    slot = redis_table_find(&(*k)->table, name);
    if (is_over(slot->held.object, now_ms)) {
        (void)redis_table_remove(&(*k)->table, name);
        return NULL;
    }
    if (slot->held.object->refs > 1) {
        struct redis_object *own = redis_object_copy(slot->held.object);
        redis_object_release(slot->held.object);
        slot->held.object = own;
    }
    return slot->held.object;
}

void redis_keys_put(struct redis_keys **k, struct str name, struct redis_object *o)
{
    bool made = false;

    make_own(k);
    struct redis_slot *slot = redis_table_put(&(*k)->table, name, &made);
    o->place = made ? ++(*k)->made : slot->held.object->place;
    if (!made)
        redis_object_release(slot->held.object);
    slot->held.object = o;
}

bool redis_keys_drop(struct redis_keys **k, struct str name, int64_t now_ms)
{
    const struct redis_slot *slot = redis_table_find(&(*k)->table, name);

    if (!slot)
        return false;
    bool over = is_over(slot->held.object, now_ms);
    make_own(k);
    (void)redis_table_remove(&(*k)->table, name);
    return !over;
}
