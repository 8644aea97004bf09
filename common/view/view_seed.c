/* Where a view stands, and how a lost one is built anew. */
#include "view/answer.h"
#include "view/call.h"
#include "view/view.h"

#include <stdio.h>
#include <string.h>

enum { SCAN_COUNT = 500 };

static void finish_where(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_place out = {0};

    (void)same_server; /* open_here compares with the server that answered */
    if (answer_ok(r, &out.err))
        (void)!answer_place(&r->value, r->run_id, &out, &out.err);
    c->done.where(c->self, c->id, &out);
}

uint64_t view_where(struct view *v, int partition, view_where_done *done, void *self)
{
    static const char *const fields[] = {"applied", "inc", "since", "log", "fv", "ttl", "taws"};
    struct call *c = call_new(v, finish_where, self);
    struct words w = {0};

    c->done.where = done;
    call_begin_plain(v, &w, "HMGET", partition, "v", STR(""));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        words_adds(&w, fields[i]);
    return call_plain(c, &w);
}

uint64_t view_seed_begin(struct view *v, int partition, const char *nonce, bool force, view_said_done *done,
                         void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    words_adds(&w, "BEGIN");
    words_adds(&w, nonce);
    words_flag(&w, force);
    return call_run(c, "seed", partition, &w);
}

static void finish_keys(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_keys out = {0};
    struct answer_arena a = {0};

    (void)same_server;
    if (answer_ok(r, &out.err))
        (void)!answer_keys(&r->value, &a, &out, &out.err);
    c->done.keys(c->self, c->id, &out);
    answer_arena_release(&a);
}

static void finish_debtors(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_keys out = {0};
    struct answer_arena a = {0};

    if (!same_server)
        (void)err_set(&out.err, ERR_UNAVAILABLE, "another server answered: its view may be an older one");
    else if (answer_ok(r, &out.err))
        (void)!answer_debtors(&r->value, &a, &out, &out.err);
    c->done.keys(c->self, c->id, &out);
    answer_arena_release(&a);
}

uint64_t view_debtors(struct view *v, int partition, view_keys_done *done, void *self)
{
    struct call *c = call_new(v, finish_debtors, self);
    struct words w = {0};

    c->done.keys = done;
    call_begin_plain(v, &w, "ZRANGE", partition, "owed", STR(""));
    words_adds(&w, "0");
    words_adds(&w, "-1");
    return call_plain(c, &w);
}

/* SCAN's patterns know * ? [ ] ^ - and \: a prefix with them must match itself only. */
static void add_pattern(const struct view *v, int partition, struct words *w)
{
    char tag[KEY_MAX];
    BUF_CLEANUP struct buf pattern = BUF_INIT((size_t)2 * KEY_MAX + 8);

    call_tag(v, partition, tag);
    for (const char *p = tag; *p; p++) {
        if (strchr("*?[]\\", *p))
            buf_addc(&pattern, '\\');
        buf_addc(&pattern, *p);
    }
    buf_adds(&pattern, ":*");
    words_take(w, &pattern);
}

uint64_t view_seed_scan(struct view *v, int partition, const char *cursor, view_keys_done *done, void *self)
{
    struct call *c = call_new(v, finish_keys, self);
    struct words w = {0};

    c->done.keys = done;
    words_adds(&w, "SCAN");
    words_adds(&w, cursor);
    words_adds(&w, "MATCH");
    add_pattern(v, partition, &w);
    words_adds(&w, "COUNT");
    words_int(&w, SCAN_COUNT);
    return call_plain(c, &w);
}

uint64_t view_seed_drop(struct view *v, int partition, const char *nonce, const struct str *keys, size_t n,
                        view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};
    char tag[KEY_MAX];
    char lead[KEY_MAX + 8];

    BUG_IF(n > VIEW_DROP_MAX);
    call_tag(v, partition, tag);
    (void)snprintf(lead, sizeof lead, "%s:lead", tag); /* the leader's own lock stays */
    words_adds(&w, "DROP");
    words_adds(&w, nonce);
    for (size_t i = 0; i < n; i++)
        if (!str_is(keys[i], lead))
            words_add(&w, keys[i]);
    return call_run(c, "seed", partition, &w);
}

uint64_t view_seed_workload(struct view *v, int partition, const char *nonce, const char *workload,
                            int64_t asof, struct str json, view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    words_adds(&w, "WL");
    words_adds(&w, nonce);
    words_adds(&w, workload);
    words_int(&w, asof);
    words_add(&w, json);
    return call_run(c, "seed", partition, &w);
}

uint64_t view_seed_end(struct view *v, int partition, const char *nonce, const struct view_seed_end *s,
                       view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    words_adds(&w, "END");
    words_adds(&w, nonce);
    words_int(&w, s->first);
    words_int(&w, s->high);
    words_int(&w, s->ttl_ms);
    words_int(&w, s->taws_ms);
    if (s->generation == VIEW_NOT_KNOWN)
        words_adds(&w, "");
    else
        words_int(&w, s->generation);
    return call_run(c, "seed", partition, &w);
}
