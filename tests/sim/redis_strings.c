/* The commands of strings, of keys as such, and of scripts. */
#include "sim/redis_command.h"
#include "sim/redis_number.h"

#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- strings and keys ---- */

static void get(struct redis_call *c)
{
    const struct redis_object *o = NULL;

    if (!redis_call_read(c, REDIS_STRING, &o))
        return;
    if (o)
        redis_resp_bulk(c->out, redis_blob_view(o->text));
    else
        redis_resp_nil(c->out);
}

static void set(struct redis_call *c)
{
    int64_t px = 0;
    bool expires = false;
    bool only_new = false;

    for (size_t i = 3; i < c->n; i++) {
        if (redis_call_is(c, i, "nx")) {
            only_new = true;
        } else if (redis_call_is(c, i, "px") && i + 1 < c->n) {
            if (!redis_call_integer(c, ++i, &px))
                return;
            expires = true;
        } else {
            redis_call_refuse(c, "an option of set");
            return;
        }
    }
    if (expires && px <= 0) {
        redis_call_error(c, "ERR invalid expire time in 'set' command");
        return;
    }
    if (only_new && redis_keys_read(*c->keys, c->words[1], c->now_ms)) {
        redis_resp_nil(c->out);
        return;
    }
    struct redis_object *o = redis_object_new(REDIS_STRING);
    redis_object_set_text(o, c->words[2]);
    o->until_ms = expires ? c->now_ms + px : 0;
    redis_keys_put(c->keys, c->words[1], o);
    redis_resp_status(c->out, "OK");
}

static void unlink_keys(struct redis_call *c)
{
    int64_t gone = 0;

    for (size_t i = 1; i < c->n; i++)
        gone += redis_keys_drop(c->keys, c->words[i], c->now_ms);
    redis_resp_int(c->out, gone);
}

static void tell_time(struct redis_call *c)
{
    char text[REDIS_NUMBER_MAX];

    redis_resp_list(c->out, 2);
    (void)snprintf(text, sizeof text, "%" PRId64, c->now_ms / 1000);
    redis_resp_bulk(c->out, str_of(text));
    (void)snprintf(text, sizeof text, "%" PRId64, c->now_ms % 1000 * 1000);
    redis_resp_bulk(c->out, str_of(text));
}

/* ---- SCAN: its cursor is the place of the last value that was looked at ---- */

enum { SCAN_COUNT = 10, PATTERN_MAX = 4096 };

struct scan {
    uint64_t cursor;
    int64_t count;
    struct buf match; /* empty: everything */
};

static bool read_scan(struct redis_call *c, struct scan *s)
{
    int64_t cursor = 0;

    if (!redis_number_integer(c->words[1], &cursor) || cursor < 0) {
        redis_call_error(c, "ERR invalid cursor");
        return false;
    }
    s->cursor = (uint64_t)cursor;
    for (size_t i = 2; i < c->n; i += 2) {
        if (redis_call_is(c, i, "match") && i + 1 < c->n) {
            buf_add(&s->match, c->words[i + 1]);
        } else if (redis_call_is(c, i, "count") && i + 1 < c->n) {
            if (!redis_call_integer(c, i + 1, &s->count))
                return false;
        } else {
            redis_call_refuse(c, "an option of scan");
            return false;
        }
    }
    return true;
}

/* Adds the names of the next values; -> where to go on, 0 at the end. */
static uint64_t scan_on(const struct redis_call *c, const struct scan *s, struct buf *names, size_t *found)
{
    const struct redis_table *t = &(*c->keys)->table;
    int64_t looked = 0;
    uint64_t last = 0;

    for (size_t i = 0; i < t->n; i++) {
        const struct redis_blob *name = t->slots[i].name;
        if (!name || t->slots[i].held.object->place <= s->cursor)
            continue;
        if (looked++ == s->count)
            return last;
        last = t->slots[i].held.object->place;
        if (!redis_keys_read(*c->keys, redis_blob_view(name), c->now_ms))
            continue;
        if (s->match.n && fnmatch(buf_cstr(&s->match), name->bytes, 0) != 0)
            continue;
        redis_resp_bulk(names, redis_blob_view(name));
        (*found)++;
    }
    return 0;
}

static void scan(struct redis_call *c)
{
    BUF_CLEANUP struct buf names = BUF_INIT(REDIS_RESP_MAX);
    struct scan s = {.count = SCAN_COUNT, .match = BUF_INIT(PATTERN_MAX)};
    size_t found = 0;
    char cursor[REDIS_NUMBER_MAX];

    if (read_scan(c, &s)) {
        uint64_t next = scan_on(c, &s, &names, &found);
        redis_resp_list(c->out, 2);
        (void)snprintf(cursor, sizeof cursor, "%" PRIu64, next);
        redis_resp_bulk(c->out, str_of(cursor));
        redis_resp_list(c->out, found);
        buf_add(c->out, buf_view(&names));
    }
    buf_release(&s.match);
}

static void info(struct redis_call *c)
{
    BUF_CLEANUP struct buf text = BUF_INIT(REDIS_RESP_MAX);

    redis_server_info(c->server, c->n > 1 ? c->words[1] : STR(""), &text);
    redis_resp_bulk(c->out, buf_view(&text));
}

const struct redis_command redis_commands_of_keys[] = {
    {"get", 2, 0, get},
    {"set", -3, REDIS_WRITES | REDIS_GROWS, set},
    {"unlink", -2, REDIS_WRITES, unlink_keys},
    {"time", 1, REDIS_ALWAYS, tell_time},
    {"scan", -2, 0, scan},
    {"info", -1, REDIS_ALWAYS, info},
    {0},
};

/* ---- scripts ---- */

static void script(struct redis_call *c)
{
    BUF_CLEANUP struct buf error = BUF_INIT(REDIS_RESP_MAX);
    char sha[REDIS_SHA_MAX];

    if (redis_call_is(c, 1, "flush") && c->n == 2) {
        redis_server_forget_scripts(c->server);
        redis_resp_status(c->out, "OK");
        return;
    }
    if (!redis_call_is(c, 1, "load") || c->n != 3)
        redis_call_refuse(c, "a subcommand of script");
    else if (redis_server_load_script(c->server, c->words[2], sha, &error))
        redis_resp_bulk(c->out, str_of(sha));
    else
        redis_call_error(c, buf_cstr(&error));
}

static bool read_keys(struct redis_call *c, size_t *keys)
{
    int64_t n = 0;

    if (!redis_call_integer(c, 2, &n))
        return false;
    if (n < 0 || (uint64_t)n > c->n - 3) {
        redis_call_error(c, n < 0 ? "ERR Number of keys can't be negative"
                                  : "ERR Number of keys can't be greater than number of args");
        return false;
    }
    *keys = (size_t)n;
    return true;
}

static void eval(struct redis_call *c)
{
    BUF_CLEANUP struct buf error = BUF_INIT(REDIS_RESP_MAX);
    char sha[REDIS_SHA_MAX];
    size_t keys = 0;

    if (!read_keys(c, &keys))
        return;
    if (redis_server_load_script(c->server, c->words[1], sha, &error))
        redis_server_run_script(c, sha, keys);
    else
        redis_call_error(c, buf_cstr(&error));
}

static void evalsha(struct redis_call *c)
{
    char sha[REDIS_SHA_MAX] = "";
    size_t keys = 0;

    if (c->words[1].n == sizeof sha - 1)
        for (size_t i = 0; i < sizeof sha - 1; i++)
            sha[i] = (char)tolower((unsigned char)c->words[1].p[i]);
    if (sha[0] && !read_keys(c, &keys))
        return;
    if (redis_server_knows_script(c->server, sha))
        redis_server_run_script(c, sha, keys);
    else
        redis_call_error(c, "NOSCRIPT No matching script. Please use EVAL.");
}

const struct redis_command redis_commands_of_scripts[] = {
    {"evalsha", -3, REDIS_NOT_IN_SCRIPT, evalsha},
    {"eval", -3, REDIS_NOT_IN_SCRIPT, eval},
    {"script", -2, REDIS_NOT_IN_SCRIPT, script},
    {0},
};
