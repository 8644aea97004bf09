#include "view/call.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

struct view *view_new(const struct redis *redis, const char *prefix)
{
    struct view *v = xcalloc(1, sizeof *v);

    v->scripts = scripts_new(redis);
    v->prefix = xstrdup(prefix);
    return v;
}

void view_free(struct view *v)
{
    struct call *c = NULL;
    struct call *tmp = NULL;

    if (!v)
        return;
    DL_FOREACH_SAFE(v->calls, c, tmp)
    xfree(c);
    scripts_free(v->scripts);
    xfree(v->prefix);
    xfree(v);
}

size_t view_in_flight(const struct view *v)
{
    size_t n = 0;
    const struct call *c = NULL;

    DL_COUNT(v->calls, c, n);
    return n;
}

void call_tag(const struct view *v, int partition, char out[KEY_MAX])
{
    int n = snprintf(out, KEY_MAX, "{%s:%d}", v->prefix, partition);

    BUG_IF(n < 0 || n >= KEY_MAX); /* redis.prefix is bounded by the options */
}

static void on_answer(void *self, uint64_t id, const struct redis_reply *reply, const char *inc)
{
    struct call *c = self;

    (void)id;
    DL_DELETE(c->view->calls, c);
    c->finish(c, reply, reply->err.kind == ERR_NONE && strcmp(reply->run_id, inc) == 0);
    xfree(c);
}

struct call *call_new(struct view *v, void (*finish)(struct call *, const struct redis_reply *, bool),
                      void *self)
{
    struct call *c = xcalloc(1, sizeof *c);

    c->view = v;
    c->finish = finish;
    c->self = self;
    DL_APPEND(v->calls, c);
    return c;
}

uint64_t call_run(struct call *c, const char *script, int partition, struct words *w)
{
    char key[KEY_MAX];

    call_tag(c->view, partition, key);
    c->id = scripts_run(c->view->scripts, script, key, w, on_answer, c);
    return c->id;
}

uint64_t call_plain(struct call *c, struct words *w)
{
    c->id = scripts_plain(c->view->scripts, w, on_answer, c);
    return c->id;
}

void call_inc(const struct view *v, struct words *w)
{
    char inc[REDIS_RUN_ID_MAX];

    scripts_inc(v->scripts, inc);
    words_adds(w, inc);
}

void call_clock(struct words *w)
{
    words_adds(w, ""); /* Redis's own */
}

void call_epoch(struct words *w, const struct epoch *ep)
{
    char text[IDS_EPOCH_MAX];

    epoch_format_in_view(ep, text);
    words_adds(w, text);
}

void call_job(struct words *w, const struct view_job *j)
{
    words_add(w, j->workload);
    call_epoch(w, &j->epoch);
    words_int(w, j->step);
    words_add(w, j->job);
    words_add(w, j->token);
}

void call_begin_plain(const struct view *v, struct words *w, const char *name, int partition,
                      const char *kind, struct str rest)
{
    char tag[KEY_MAX];
    BUF_CLEANUP struct buf key = BUF_INIT((size_t)2 * KEY_MAX + EVENT_TEXT_MAX);

    call_tag(v, partition, tag);
    words_adds(w, name);
    buf_addf(&key, "%s:%s", tag, kind);
    buf_add(&key, rest);
    words_take(w, &key);
}

static void finish_said(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_said out = {0};

    (void)same_server;
    if (answer_ok(r, &out.err))
        (void)!answer_said(&r->value, &out, &out.err);
    c->done.said(c->self, c->id, &out);
}

struct call *call_said(struct view *v, view_said_done *done, void *self)
{
    struct call *c = call_new(v, finish_said, self);

    c->done.said = done;
    return c;
}
