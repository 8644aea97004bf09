#include "view/view.h"

#include "base/mem.h"
#include "view/answer.h"
#include "view/record.h"
#include "view/script.h"
#include "view/words.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

enum { KEY_MAX = 512 /* the tag of a partition */, SCAN_COUNT = 500 };

struct view {
    struct scripts *scripts;
    char *prefix;
    struct call *calls; /* not completed yet */
};

/* What a completion needs to make a typed reply of the answer. */
struct call {
    struct call *prev, *next;
    struct view *view;
    void (*finish)(struct call *c, const struct redis_reply *r, bool same_server);
    union {
        view_fold_done *fold;
        view_claim_done *claim;
        view_renew_done *renew;
        view_said_done *said;
        view_holds_done *holds;
        view_take_done *take;
        view_deliveries_done *deliveries;
        view_owed_done *owed;
        view_drained_done *drained;
        view_beat_done *beat;
        view_where_done *where;
        view_keys_done *keys;
        view_text_done *text;
        view_peek_done *peek;
    } done;
    void *self;
    uint64_t id;
    size_t jobs;
};

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
    DL_FOREACH_SAFE (v->calls, c, tmp)
        xfree(c);
    scripts_free(v->scripts);
    xfree(v->prefix);
    xfree(v);
}

/* ---- sending ---- */

static void partition_key(const struct view *v, int partition, char out[KEY_MAX])
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

static struct call *call_new(struct view *v, void (*finish)(struct call *, const struct redis_reply *, bool),
                             void *self)
{
    struct call *c = xcalloc(1, sizeof *c);

    c->view = v;
    c->finish = finish;
    c->self = self;
    DL_APPEND(v->calls, c);
    return c;
}

static uint64_t run(struct call *c, const char *script, int partition, struct words *w)
{
    char key[KEY_MAX];

    partition_key(c->view, partition, key);
    c->id = scripts_run(c->view->scripts, script, key, w, on_answer, c);
    return c->id;
}

static uint64_t plain(struct call *c, struct words *w)
{
    c->id = scripts_plain(c->view->scripts, w, on_answer, c);
    return c->id;
}

static void add_inc(const struct view *v, struct words *w)
{
    char inc[REDIS_RUN_ID_MAX];

    scripts_inc(v->scripts, inc);
    words_adds(w, inc);
}

static void add_clock(struct words *w)
{
    words_adds(w, ""); /* Redis's own */
}

static void add_epoch(struct words *w, const struct epoch *ep)
{
    char text[IDS_EPOCH_MAX];

    epoch_format_in_view(ep, text);
    words_adds(w, text);
}

static void add_job(struct words *w, const struct view_job *j)
{
    words_add(w, j->workload);
    add_epoch(w, &j->epoch);
    words_int(w, j->step);
    words_add(w, j->job);
    words_add(w, j->token);
}

/* A plain command on a key of the partition: NAME, then P:<kind><rest>. */
static void begin_plain(const struct view *v, struct words *w, const char *name, int partition, const char *kind,
                        struct str rest)
{
    char tag[KEY_MAX];
    BUF_CLEANUP struct buf key = BUF_INIT((size_t)2 * KEY_MAX + EVENT_TEXT_MAX);

    partition_key(v, partition, tag);
    words_adds(w, name);
    buf_addf(&key, "%s:%s", tag, kind);
    buf_add(&key, rest);
    words_take(w, &key);
}

/* ---- fold ---- */

static void finish_fold(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_folded f = {0};

    (void)same_server; /* folding is by offset: the same record whichever server it met */
    if (answer_ok(r, &f.err))
        (void)!answer_fold(&r->value, &f, &f.err);
    c->done.fold(c->self, c->id, &f);
}

uint64_t view_fold(struct view *v, const struct view_position *at, const struct event *ev, struct str text,
                   view_fold_done *done, void *self)
{
    struct call *c = call_new(v, finish_fold, self);
    struct words w = {0};
    struct err why = {0};

    c->done.fold = done;
    add_clock(&w);
    words_int(&w, at->offset);
    words_int(&w, at->ts_ms);
    add_inc(v, &w);
    (void)!record_words(at, ev, text, &w, &why); /* what may not be acted on is folded as "-" */
    return run(c, "fold", at->partition, &w);
}

/* ---- for workers ---- */

static void finish_claim(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_claimed out = {0};

    if (answer_ok(r, &out.err))
        (void)!answer_claim(&r->value, same_server, &out, &out.err);
    c->done.claim(c->self, c->id, &out);
}

uint64_t view_claim(struct view *v, const struct view_job *job, const char *worker, int64_t max_expiries,
                    view_claim_done *done, void *self)
{
    struct call *c = call_new(v, finish_claim, self);
    struct words w = {0};

    c->done.claim = done;
    add_clock(&w);
    add_inc(v, &w);
    words_add(&w, job->workload);
    add_epoch(&w, &job->epoch);
    words_int(&w, job->step);
    words_add(&w, job->job);
    words_adds(&w, worker);
    words_add(&w, job->token);
    words_int(&w, max_expiries);
    return run(c, "claim", (int)job->epoch.partition, &w);
}

static void finish_renew(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_renewed out = {0};
    struct answer_arena a = {0};

    if (answer_ok(r, &out.err))
        (void)!answer_renew(&r->value, same_server, c->jobs, &a, &out, &out.err);
    c->done.renew(c->self, c->id, &out);
    answer_arena_release(&a);
}

uint64_t view_renew(struct view *v, const struct view_job *jobs, size_t n, view_renew_done *done, void *self)
{
    struct call *c = call_new(v, finish_renew, self);
    struct words w = {0};

    BUG_IF(n < 1 || n > VIEW_RENEW_MAX);
    c->done.renew = done;
    c->jobs = n;
    add_clock(&w);
    add_inc(v, &w);
    for (size_t i = 0; i < n; i++) {
        BUG_IF(jobs[i].epoch.partition != jobs[0].epoch.partition);
        add_job(&w, &jobs[i]);
    }
    return run(c, "renew", (int)jobs[0].epoch.partition, &w);
}

static void finish_said(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_said out = {0};

    (void)same_server;
    if (answer_ok(r, &out.err))
        (void)!answer_said(&r->value, &out, &out.err);
    c->done.said(c->self, c->id, &out);
}

static struct call *call_said(struct view *v, view_said_done *done, void *self)
{
    struct call *c = call_new(v, finish_said, self);

    c->done.said = done;
    return c;
}

uint64_t view_release(struct view *v, const struct view_job *job, int64_t due_ms, bool unanswered,
                      view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    add_clock(&w);
    add_job(&w, job);
    words_int(&w, due_ms);
    words_flag(&w, unanswered);
    return run(c, "release", (int)job->epoch.partition, &w);
}

uint64_t view_killed(struct view *v, const struct view_job *job, view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    add_job(&w, job);
    return run(c, "killed", (int)job->epoch.partition, &w);
}

static void finish_holds(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_held out = {0};
    struct answer_arena a = {0};

    (void)same_server;
    if (answer_ok(r, &out.err))
        (void)!answer_holds(&r->value, &a, &out, &out.err);
    c->done.holds(c->self, c->id, &out);
    answer_arena_release(&a);
}

uint64_t view_holds(struct view *v, int partition, const char *workload, view_holds_done *done, void *self)
{
    struct call *c = call_new(v, finish_holds, self);
    struct words w = {0};

    c->done.holds = done;
    begin_plain(v, &w, "HGETALL", partition, "w:", str_of(workload));
    return plain(c, &w);
}

/* ---- for the leader: what is due ---- */

static void finish_take(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_taken out = {0};
    struct answer_arena a = {0};

    (void)same_server;
    if (answer_ok(r, &out.err))
        (void)!answer_take(&r->value, &a, &out, &out.err);
    c->done.take(c->self, c->id, &out);
    answer_arena_release(&a);
}

uint64_t view_take(struct view *v, int partition, int64_t limit, int64_t tpub_ms, view_take_done *done, void *self)
{
    struct call *c = call_new(v, finish_take, self);
    struct words w = {0};

    c->done.take = done;
    add_clock(&w);
    words_int(&w, limit);
    words_int(&w, tpub_ms);
    return run(c, "take", partition, &w);
}

uint64_t view_sent(struct view *v, const struct view_job *job, int jobs_partition, int64_t offset,
                   view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    add_epoch(&w, &job->epoch);
    words_int(&w, job->step);
    words_add(&w, job->job);
    words_int(&w, jobs_partition);
    words_int(&w, offset);
    return run(c, "sent", (int)job->epoch.partition, &w);
}

static void finish_deliveries(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_deliveries out = {0};
    struct answer_arena a = {0};

    (void)same_server;
    if (answer_ok(r, &out.err))
        (void)!answer_deliveries(&r->value, c->jobs, &a, &out, &out.err);
    c->done.deliveries(c->self, c->id, &out);
    answer_arena_release(&a);
}

uint64_t view_published(struct view *v, const struct epoch *ep, const struct str *jobs, size_t n,
                        view_deliveries_done *done, void *self)
{
    struct call *c = call_new(v, finish_deliveries, self);
    struct words w = {0};

    BUG_IF(n < 1 || n > VIEW_PUBLISHED_MAX);
    c->done.deliveries = done;
    c->jobs = n;
    add_epoch(&w, ep);
    for (size_t i = 0; i < n; i++)
        words_add(&w, jobs[i]);
    return run(c, "published", (int)ep->partition, &w);
}

static void finish_owed(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_owes out = {0};
    struct answer_arena a = {0};

    (void)same_server;
    if (answer_ok(r, &out.err))
        (void)!answer_owed(&r->value, &a, &out, &out.err);
    c->done.owed(c->self, c->id, &out);
    answer_arena_release(&a);
}

uint64_t view_owed(struct view *v, int partition, int64_t limit, int64_t skip, view_owed_done *done, void *self)
{
    struct call *c = call_new(v, finish_owed, self);
    struct words w = {0};

    c->done.owed = done;
    add_clock(&w);
    words_int(&w, limit);
    words_int(&w, skip);
    return run(c, "owed", partition, &w);
}

static void finish_drained(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_drain_answer out = {0};

    if (answer_ok(r, &out.err))
        (void)!answer_drained(&r->value, same_server, &out, &out.err);
    c->done.drained(c->self, c->id, &out);
}

uint64_t view_drained(struct view *v, int partition, const char *workload, bool use_end, view_drained_done *done,
                      void *self)
{
    struct call *c = call_new(v, finish_drained, self);
    struct words w = {0};

    c->done.drained = done;
    add_clock(&w);
    add_inc(v, &w);
    words_adds(&w, workload);
    words_flag(&w, use_end);
    return run(c, "drained", partition, &w);
}

static void finish_beat(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_beaten out = {0};

    if (answer_ok(r, &out.err))
        (void)!answer_beat(&r->value, same_server, &out, &out.err);
    c->done.beat(c->self, c->id, &out);
}

uint64_t view_beat(struct view *v, int partition, const struct view_pulse *p, view_beat_done *done, void *self)
{
    struct call *c = call_new(v, finish_beat, self);
    struct words w = {0};

    c->done.beat = done;
    add_clock(&w);
    add_inc(v, &w);
    words_adds(&w, p->leader);
    words_int(&w, p->pos);
    words_int(&w, p->high);
    words_int(&w, p->age_ms);
    words_int(&w, p->boot_ms);
    return run(c, "beat", partition, &w);
}

uint64_t view_snap(struct view *v, int partition, const char *workload, int64_t asof, view_said_done *done,
                   void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    words_adds(&w, workload);
    words_int(&w, asof);
    return run(c, "snap", partition, &w);
}

/* ---- a lost view ---- */

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
    begin_plain(v, &w, "HMGET", partition, "v", STR(""));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        words_adds(&w, fields[i]);
    return plain(c, &w);
}

uint64_t view_seed_begin(struct view *v, int partition, const char *nonce, bool force, view_said_done *done,
                         void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    words_adds(&w, "BEGIN");
    words_adds(&w, nonce);
    words_flag(&w, force);
    return run(c, "seed", partition, &w);
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

/* SCAN's patterns know * ? [ ] ^ - and \: a prefix with them must match itself only. */
static void add_pattern(const struct view *v, int partition, struct words *w)
{
    char tag[KEY_MAX];
    BUF_CLEANUP struct buf pattern = BUF_INIT((size_t)2 * KEY_MAX + 8);

    partition_key(v, partition, tag);
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
    return plain(c, &w);
}

uint64_t view_seed_drop(struct view *v, int partition, const char *nonce, const struct str *keys, size_t n,
                        view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};
    char tag[KEY_MAX];
    char lead[KEY_MAX + 8];

    BUG_IF(n > VIEW_DROP_MAX);
    partition_key(v, partition, tag);
    (void)snprintf(lead, sizeof lead, "%s:lead", tag); /* the leader's own lock stays */
    words_adds(&w, "DROP");
    words_adds(&w, nonce);
    for (size_t i = 0; i < n; i++)
        if (!str_is(keys[i], lead))
            words_add(&w, keys[i]);
    return run(c, "seed", partition, &w);
}

uint64_t view_seed_workload(struct view *v, int partition, const char *nonce, const char *workload, int64_t asof,
                            struct str json, view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    words_adds(&w, "WL");
    words_adds(&w, nonce);
    words_adds(&w, workload);
    words_int(&w, asof);
    words_add(&w, json);
    return run(c, "seed", partition, &w);
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
    return run(c, "seed", partition, &w);
}

/* ---- the rest ---- */

static void finish_text(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_text out = {0};

    (void)same_server;
    if (answer_ok(r, &out.err)) {
        if (r->value.type == REDIS_STR)
            out.text = r->value.s;
        else if (r->value.type == REDIS_NIL)
            (void)err_set(&out.err, ERR_NOT_FOUND, "no frozen specification of this epoch");
        else
            (void)err_set(&out.err, ERR_INVALID, "frozen: not a text");
    }
    c->done.text(c->self, c->id, &out);
}

uint64_t view_frozen(struct view *v, const struct epoch *ep, view_text_done *done, void *self)
{
    struct call *c = call_new(v, finish_text, self);
    struct words w = {0};
    char in_view[IDS_EPOCH_MAX];

    c->done.text = done;
    epoch_format_in_view(ep, in_view);
    begin_plain(v, &w, "GET", (int)ep->partition, "f:", str_of(in_view));
    return plain(c, &w);
}

uint64_t view_lead(struct view *v, int partition, const char *leader, int64_t ttl_ms, view_said_done *done,
                   void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    words_adds(&w, leader);
    words_int(&w, ttl_ms);
    return run(c, "lead", partition, &w);
}

uint64_t view_unlead(struct view *v, int partition, const char *leader, view_said_done *done, void *self)
{
    return view_lead(v, partition, leader, 0, done, self);
}

static void finish_peek(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_peeked out = {0};
    struct answer_arena a = {0};

    (void)same_server;
    if (answer_ok(r, &out.err))
        (void)!answer_peek(&r->value, &a, &out, &out.err);
    c->done.peek(c->self, c->id, &out);
    answer_arena_release(&a);
}

uint64_t view_peek(struct view *v, int partition, const char *workload, view_peek_done *done, void *self)
{
    struct call *c = call_new(v, finish_peek, self);
    struct words w = {0};

    c->done.peek = done;
    add_clock(&w);
    words_adds(&w, workload);
    return run(c, "peek", partition, &w);
}
