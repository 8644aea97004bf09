#include "sim/redis_foreign.h"

#include "base/mem.h"
#include "sim/redis_number.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct redis_object *find(const struct redis_call *c, size_t word)
{
    return redis_keys_write(c->keys, c->words[word], c->now_ms);
}

/* ---- keys ---- */

static void ping(struct redis_call *c)
{
    redis_resp_status(c->out, "PONG");
}

static void client(struct redis_call *c)
{
    redis_resp_status(c->out, "OK");
}

/* Any maxmemory but 0 is used up. */
static void config(struct redis_call *c)
{
    unsigned trouble = redis_server_troubled(c->server) & ~(unsigned)REDIS_OOM;

    if (redis_call_is(c, 1, "resetstat")) {
        redis_server_reset_counts(c->server);
    } else if (c->n == 4 && redis_call_is(c, 1, "set") && redis_call_is(c, 2, "maxmemory")) {
        redis_server_trouble(c->server, trouble | (str_is(c->words[3], "0") ? 0 : REDIS_OOM));
    } else {
        redis_call_refuse(c, "a subcommand of config");
        return;
    }
    redis_resp_status(c->out, "OK");
}

static void replicaof(struct redis_call *c)
{
    unsigned trouble = redis_server_troubled(c->server) & ~(unsigned)REDIS_READONLY;

    redis_server_trouble(c->server, trouble | (redis_call_is(c, 1, "no") ? 0 : REDIS_READONLY));
    redis_resp_status(c->out, "OK");
}

static void del(struct redis_call *c)
{
    int64_t gone = 0;

    for (size_t i = 1; i < c->n; i++)
        gone += redis_keys_drop(c->keys, c->words[i], c->now_ms);
    redis_resp_int(c->out, gone);
}

static void exists(struct redis_call *c)
{
    int64_t there = 0;

    for (size_t i = 1; i < c->n; i++)
        there += redis_keys_read(*c->keys, c->words[i], c->now_ms) != NULL;
    redis_resp_int(c->out, there);
}

static void type(struct redis_call *c)
{
    const struct redis_object *o = redis_keys_read(*c->keys, c->words[1], c->now_ms);

    redis_resp_status(c->out, o ? redis_kind_name(o->kind) : "none");
}

static void keys(struct redis_call *c)
{
    BUF_CLEANUP struct buf names = BUF_INIT(REDIS_RESP_MAX);
    BUF_CLEANUP struct buf pattern = BUF_INIT(REDIS_RESP_MAX);
    const struct redis_table *t = &(*c->keys)->table;
    size_t n = 0;

    buf_add(&pattern, c->words[1]);
    for (size_t i = 0; i < t->n; i++) {
        const struct redis_blob *name = t->slots[i].name;
        if (!name || !redis_keys_read(*c->keys, redis_blob_view(name), c->now_ms) ||
            fnmatch(buf_cstr(&pattern), name->bytes, 0) != 0)
            continue;
        redis_resp_bulk(&names, redis_blob_view(name));
        n++;
    }
    redis_resp_list(c->out, n);
    buf_add(c->out, buf_view(&names));
}

static void rename_key(struct redis_call *c)
{
    const struct redis_object *o = find(c, 1);

    if (!o) {
        redis_call_error(c, "ERR no such key");
        return;
    }
    struct redis_object *copy = redis_object_copy(o);
    (void)redis_keys_drop(c->keys, c->words[1], c->now_ms);
    (void)redis_keys_drop(c->keys, c->words[2], c->now_ms);
    redis_keys_put(c->keys, c->words[2], copy);
    redis_resp_status(c->out, "OK");
}

static void pexpire(struct redis_call *c)
{
    int64_t ms = 0;

    if (!redis_call_integer(c, 2, &ms))
        return;
    struct redis_object *o = find(c, 1);
    if (o)
        o->until_ms = c->now_ms + ms;
    redis_resp_int(c->out, o != NULL);
}

static void pttl(struct redis_call *c)
{
    const struct redis_object *o = redis_keys_read(*c->keys, c->words[1], c->now_ms);

    redis_resp_int(c->out, !o ? -2 : !o->until_ms ? -1 : o->until_ms - c->now_ms);
}

static void wipe(struct redis_call *c)
{
    struct redis_keys *was = *c->keys;

    *c->keys = redis_keys_new();
    redis_keys_release(was);
    redis_resp_status(c->out, "OK");
}

/* ---- values ---- */

static void smembers(struct redis_call *c)
{
    const struct redis_object *o = NULL;

    if (!redis_call_read(c, REDIS_SET, &o))
        return;
    redis_resp_list(c->out, o ? o->table.live : 0);
    for (size_t i = 0; o && i < o->table.n; i++)
        if (o->table.slots[i].name)
            redis_resp_bulk(c->out, redis_blob_view(o->table.slots[i].name));
}

static void tell_length(struct redis_call *c)
{
    const struct redis_object *o = NULL;

    if (redis_call_read(c, REDIS_STRING, &o))
        redis_resp_int(c->out, o ? (int64_t)o->text->n : 0);
}

/* ---- DUMP and RESTORE: what was dumped stays in a key space that no client sees ---- */

static void keep(struct redis_keys **dumped, struct str payload, const struct redis_object *o)
{
    redis_keys_put(dumped, payload, redis_object_copy(o));
}

bool redis_foreign_dumped(struct redis_server *s, int db, struct str key, struct str payload)
{
    const struct redis_object *o = redis_keys_read(*redis_server_keys(s, db), key, 0);

    if (o)
        keep(redis_server_dumped(s), payload, o);
    return o != NULL;
}

static void dump(struct redis_call *c)
{
    const struct redis_object *o = redis_keys_read(*c->keys, c->words[1], c->now_ms);
    struct redis_keys **dumped = redis_server_dumped(c->server);
    char payload[REDIS_NUMBER_MAX];

    if (!o) {
        redis_resp_nil(c->out);
        return;
    }
    (void)snprintf(payload, sizeof payload, "dump %" PRIu64, (*dumped)->made);
    keep(dumped, str_of(payload), o);
    redis_resp_bulk(c->out, str_of(payload));
}

static void restore(struct redis_call *c)
{
    const struct redis_object *o = redis_keys_read(*redis_server_dumped(c->server), c->words[3], 0);

    if (!o || !str_is(c->words[2], "0")) {
        redis_call_refuse(c, "such a restore");
        return;
    }
    if (redis_keys_read(*c->keys, c->words[1], c->now_ms)) {
        redis_call_error(c, "BUSYKEY Target key name already exists.");
        return;
    }
    struct redis_object *copy = redis_object_copy(o);
    copy->until_ms = 0;
    redis_keys_put(c->keys, c->words[1], copy);
    redis_resp_status(c->out, "OK");
}

const struct redis_command redis_foreign_commands[] = {
    {"ping", 1, 0, ping},
    {"client", -2, REDIS_ALWAYS, client},
    {"config", -2, REDIS_ALWAYS, config},
    {"replicaof", 3, REDIS_ALWAYS, replicaof},
    {"del", -2, REDIS_WRITES, del},
    {"exists", -2, 0, exists},
    {"type", 2, 0, type},
    {"keys", 2, 0, keys},
    {"rename", 3, REDIS_WRITES, rename_key},
    {"pexpire", 3, REDIS_WRITES, pexpire},
    {"pttl", 2, 0, pttl},
    {"flushdb", -1, REDIS_WRITES, wipe},
    {"smembers", 2, 0, smembers},
    {"strlen", 2, 0, tell_length},
    {"dump", 2, 0, dump},
    {"restore", -4, REDIS_WRITES | REDIS_GROWS, restore},
    {0},
};
