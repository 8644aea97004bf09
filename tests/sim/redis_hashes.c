/* The commands of hashes. */
#include "sim/redis_command.h"
#include "sim/redis_number.h"

#include <inttypes.h>
#include <stdio.h>

static void say_field(struct redis_call *c, const struct redis_object *o, struct str field)
{
    const struct redis_slot *slot = o ? redis_table_find(&o->table, field) : NULL;

    if (slot)
        redis_resp_bulk(c->out, redis_blob_view(slot->held.text));
    else
        redis_resp_nil(c->out);
}

static void hget(struct redis_call *c)
{
    const struct redis_object *o = NULL;

    if (redis_call_read(c, REDIS_HASH, &o))
        say_field(c, o, c->words[2]);
}

static void hmget(struct redis_call *c)
{
    const struct redis_object *o = NULL;

    if (!redis_call_read(c, REDIS_HASH, &o))
        return;
    redis_resp_list(c->out, c->n - 2);
    for (size_t i = 2; i < c->n; i++)
        say_field(c, o, c->words[i]);
}

static void hexists(struct redis_call *c)
{
    const struct redis_object *o = NULL;

    if (redis_call_read(c, REDIS_HASH, &o))
        redis_resp_int(c->out, o && redis_table_find(&o->table, c->words[2]));
}

static void hlen(struct redis_call *c)
{
    const struct redis_object *o = NULL;

    if (redis_call_read(c, REDIS_HASH, &o))
        redis_resp_int(c->out, o ? (int64_t)o->table.live : 0);
}

enum { FIELDS = 1, TEXTS = 2 };

static void say_all(struct redis_call *c, unsigned what)
{
    const struct redis_object *o = NULL;
    size_t each = what == (FIELDS | TEXTS) ? 2 : 1;

    if (!redis_call_read(c, REDIS_HASH, &o))
        return;
    redis_resp_list(c->out, o ? o->table.live * each : 0);
    for (size_t i = 0; o && i < o->table.n; i++) {
        const struct redis_slot *slot = &o->table.slots[i];
        if (!slot->name)
            continue;
        if (what & FIELDS)
            redis_resp_bulk(c->out, redis_blob_view(slot->name));
        if (what & TEXTS)
            redis_resp_bulk(c->out, redis_blob_view(slot->held.text));
    }
}

static void hgetall(struct redis_call *c)
{
    say_all(c, FIELDS | TEXTS);
}

static void hvals(struct redis_call *c)
{
    say_all(c, TEXTS);
}

static void hkeys(struct redis_call *c)
{
    say_all(c, FIELDS);
}

static void hset(struct redis_call *c)
{
    struct redis_object *o = NULL;
    int64_t made = 0;

    if (c->n % 2) {
        redis_call_arity(c);
        return;
    }
    if (!redis_call_make(c, REDIS_HASH, &o))
        return;
    for (size_t i = 2; i < c->n; i += 2)
        made += redis_object_set_field(o, c->words[i], c->words[i + 1]);
    redis_resp_int(c->out, made);
}

static void hsetnx(struct redis_call *c)
{
    struct redis_object *o = NULL;

    if (!redis_call_make(c, REDIS_HASH, &o))
        return;
    bool there = redis_table_find(&o->table, c->words[2]) != NULL;
    if (!there)
        (void)redis_object_set_field(o, c->words[2], c->words[3]);
    redis_resp_int(c->out, !there);
}

static void hdel(struct redis_call *c)
{
    struct redis_object *o = NULL;
    int64_t gone = 0;

    if (!redis_call_write(c, REDIS_HASH, &o))
        return;
    for (size_t i = 2; o && i < c->n; i++)
        gone += redis_table_remove(&o->table, c->words[i]);
    if (o)
        redis_call_settle(c, o);
    redis_resp_int(c->out, gone);
}

static void hincrby(struct redis_call *c)
{
    struct redis_object *o = NULL;
    int64_t by = 0;
    int64_t was = 0;
    char text[REDIS_NUMBER_MAX];

    if (!redis_call_integer(c, 3, &by) || !redis_call_make(c, REDIS_HASH, &o))
        return;
    const struct redis_slot *slot = redis_table_find(&o->table, c->words[2]);
    if (slot && !redis_number_integer(redis_blob_view(slot->held.text), &was)) {
        redis_call_error(c, "ERR hash value is not an integer");
        return;
    }
    if (__builtin_add_overflow(was, by, &was)) {
        redis_call_error(c, "ERR increment or decrement would overflow");
        return;
    }
    (void)snprintf(text, sizeof text, "%" PRId64, was);
    (void)redis_object_set_field(o, c->words[2], str_of(text));
    redis_resp_int(c->out, was);
}

const struct redis_command redis_commands_of_hashes[] = {
    {"hget", 3, 0, hget},
    {"hmget", -3, 0, hmget},
    {"hset", -4, REDIS_WRITES | REDIS_GROWS, hset},
    {"hgetall", 2, 0, hgetall},
    {"hdel", -3, REDIS_WRITES, hdel},
    {"hincrby", 4, REDIS_WRITES | REDIS_GROWS, hincrby},
    {"hsetnx", 4, REDIS_WRITES | REDIS_GROWS, hsetnx},
    {"hexists", 3, 0, hexists},
    {"hlen", 2, 0, hlen},
    {"hvals", 2, 0, hvals},
    {"hkeys", 2, 0, hkeys},
    {0},
};
