#include "view/view.h"

#include "view/answer.h"
#include "view/call.h"
#include "view/record.h"

#include <inttypes.h>
#include <stdio.h>

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
    call_clock(&w);
    words_int(&w, at->offset);
    words_int(&w, at->ts_ms);
    call_inc(v, &w);
    (void)!record_words(at, ev, text, &w, &why); /* what may not be acted on is folded as "-" */
    return call_run(c, "fold", at->partition, &w);
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
    call_clock(&w);
    call_inc(v, &w);
    words_add(&w, job->workload);
    call_epoch(&w, &job->epoch);
    words_int(&w, job->step);
    words_add(&w, job->job);
    words_adds(&w, worker);
    words_add(&w, job->token);
    words_int(&w, max_expiries);
    return call_run(c, "claim", (int)job->epoch.partition, &w);
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
    call_clock(&w);
    call_inc(v, &w);
    for (size_t i = 0; i < n; i++) {
        BUG_IF(jobs[i].epoch.partition != jobs[0].epoch.partition);
        call_job(&w, &jobs[i]);
    }
    return call_run(c, "renew", (int)jobs[0].epoch.partition, &w);
}

uint64_t view_release(struct view *v, const struct view_job *job, int64_t due_ms, bool unanswered,
                      view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    call_clock(&w);
    call_job(&w, job);
    words_int(&w, due_ms);
    words_flag(&w, unanswered);
    return call_run(c, "release", (int)job->epoch.partition, &w);
}

uint64_t view_try(struct view *v, view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    call_begin_plain(v, &w, "SET", 0, "room", STR(""));
    words_adds(&w, "1");
    words_adds(&w, "PX");
    words_int(&w, VIEW_TRY_MS);
    return call_plain(c, &w);
}

uint64_t view_killed(struct view *v, const struct view_job *job, view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    call_job(&w, job);
    return call_run(c, "killed", (int)job->epoch.partition, &w);
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
    call_begin_plain(v, &w, "HGETALL", partition, "w:", str_of(workload));
    return call_plain(c, &w);
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

uint64_t view_take(struct view *v, int partition, int64_t limit, int64_t tpub_ms, view_take_done *done,
                   void *self)
{
    struct call *c = call_new(v, finish_take, self);
    struct words w = {0};

    c->done.take = done;
    call_clock(&w);
    words_int(&w, limit);
    words_int(&w, tpub_ms);
    return call_run(c, "take", partition, &w);
}

uint64_t view_sent(struct view *v, const struct view_job *job, int jobs_partition, int64_t offset,
                   view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    call_epoch(&w, &job->epoch);
    words_int(&w, job->step);
    words_add(&w, job->job);
    words_int(&w, jobs_partition);
    words_int(&w, offset);
    return call_run(c, "sent", (int)job->epoch.partition, &w);
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
    call_epoch(&w, ep);
    for (size_t i = 0; i < n; i++)
        words_add(&w, jobs[i]);
    return call_run(c, "published", (int)ep->partition, &w);
}

static void finish_gates(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_gates out = {0};
    struct answer_arena a = {0};

    (void)same_server;
    if (answer_ok(r, &out.err))
        (void)!answer_gates(&r->value, c->partition, &a, &out, &out.err);
    c->done.gates(c->self, c->id, &out);
    answer_arena_release(&a);
}

uint64_t view_gates(struct view *v, int partition, view_gates_done *done, void *self)
{
    struct call *c = call_new(v, finish_gates, self);
    struct words w = {0};

    c->done.gates = done;
    c->partition = partition;
    call_begin_plain(v, &w, "ZRANGE", partition, "gates", STR(""));
    words_int(&w, 0);
    words_int(&w, VIEW_GATES_MAX - 1);
    return call_plain(c, &w);
}

static uint64_t count_jobs(struct view *v, const struct view_gate *g, const char *command, const char *kind,
                           view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};
    char in_view[IDS_EPOCH_MAX];
    char rest[IDS_EPOCH_MAX + 24];

    epoch_format_in_view(&g->epoch, in_view);
    (void)snprintf(rest, sizeof rest, "%s:%" PRId64, in_view, g->step);
    call_begin_plain(v, &w, command, (int)g->epoch.partition, kind, str_of(rest));
    return call_plain(c, &w);
}

uint64_t view_pending(struct view *v, const struct view_gate *g, view_said_done *done, void *self)
{
    return count_jobs(v, g, "SCARD", "p:", done, self);
}

uint64_t view_leased(struct view *v, const struct view_gate *g, view_said_done *done, void *self)
{
    return count_jobs(v, g, "HLEN", "l:", done, self);
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

uint64_t view_owed(struct view *v, int partition, int64_t limit, int64_t skip, view_owed_done *done,
                   void *self)
{
    struct call *c = call_new(v, finish_owed, self);
    struct words w = {0};

    c->done.owed = done;
    call_clock(&w);
    words_int(&w, limit);
    words_int(&w, skip);
    return call_run(c, "owed", partition, &w);
}

static void finish_drained(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_drain_answer out = {0};

    if (answer_ok(r, &out.err))
        (void)!answer_drained(&r->value, same_server, &out, &out.err);
    c->done.drained(c->self, c->id, &out);
}

uint64_t view_drained(struct view *v, int partition, const char *workload, bool use_end,
                      view_drained_done *done, void *self)
{
    struct call *c = call_new(v, finish_drained, self);
    struct words w = {0};

    c->done.drained = done;
    call_clock(&w);
    call_inc(v, &w);
    words_adds(&w, workload);
    words_flag(&w, use_end);
    return call_run(c, "drained", partition, &w);
}

static void finish_beat(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_beaten out = {0};

    if (answer_ok(r, &out.err))
        (void)!answer_beat(&r->value, same_server, &out, &out.err);
    c->done.beat(c->self, c->id, &out);
}

uint64_t view_beat(struct view *v, int partition, const struct view_pulse *p, view_beat_done *done,
                   void *self)
{
    struct call *c = call_new(v, finish_beat, self);
    struct words w = {0};

    c->done.beat = done;
    call_clock(&w);
    call_inc(v, &w);
    words_adds(&w, p->leader);
    words_int(&w, p->pos);
    words_int(&w, p->high);
    words_int(&w, p->age_ms);
    words_int(&w, p->boot_ms);
    return call_run(c, "beat", partition, &w);
}

uint64_t view_snap(struct view *v, int partition, const char *workload, int64_t asof, view_said_done *done,
                   void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    words_adds(&w, workload);
    words_int(&w, asof);
    return call_run(c, "snap", partition, &w);
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
    call_begin_plain(v, &w, "GET", (int)ep->partition, "f:", str_of(in_view));
    return call_plain(c, &w);
}

uint64_t view_lead(struct view *v, int partition, const char *leader, int64_t ttl_ms, view_said_done *done,
                   void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    words_adds(&w, leader);
    words_int(&w, ttl_ms);
    return call_run(c, "lead", partition, &w);
}

uint64_t view_unlead(struct view *v, int partition, const char *leader, view_said_done *done, void *self)
{
    return view_lead(v, partition, leader, 0, done, self);
}

uint64_t view_unlock(struct view *v, int partition, view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    call_begin_plain(v, &w, "UNLINK", partition, "lead", STR(""));
    return call_plain(c, &w);
}

uint64_t view_behead(struct view *v, int partition, view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    call_begin_plain(v, &w, "UNLINK", partition, "v", STR(""));
    return call_plain(c, &w);
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
    call_clock(&w);
    words_adds(&w, workload);
    return call_run(c, "peek", partition, &w);
}
