#include "view/view.h"

#include "view/answer.h"
#include "view/call.h"

static const char considered_key[] = "sk";

static void finish_considered(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_considered out = {0};
    struct answer_arena a = {0};

    (void)same_server;
    if (answer_ok(r, &out.err) && !answer_pairs(&r->value, &a, &out.at))
        (void)err_set(&out.err, ERR_INVALID, "considered: not the answer of a hash");
    c->done.considered(c->self, c->id, &out);
    answer_arena_release(&a);
}

uint64_t view_considered(struct view *v, int partition, view_considered_done *done, void *self)
{
    struct call *c = call_new(v, finish_considered, self);
    struct words w = {0};

    c->done.considered = done;
    call_begin_plain(v, &w, "HGETALL", partition, considered_key, STR(""));
    return call_plain(c, &w);
}

uint64_t view_consider(struct view *v, int partition, const struct view_consider *set, size_t n,
                       view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    BUG_IF(n < 1 || n > VIEW_CONSIDER_MAX);
    call_begin_plain(v, &w, "HSET", partition, considered_key, STR(""));
    for (size_t i = 0; i < n; i++) {
        words_add(&w, set[i].name);
        words_int(&w, set[i].ms);
    }
    return call_plain(c, &w);
}

uint64_t view_unconsider(struct view *v, int partition, const struct str *names, size_t n,
                         view_said_done *done, void *self)
{
    struct call *c = call_said(v, done, self);
    struct words w = {0};

    BUG_IF(n < 1 || n > VIEW_CONSIDER_MAX);
    call_begin_plain(v, &w, "HDEL", partition, considered_key, STR(""));
    for (size_t i = 0; i < n; i++)
        words_add(&w, names[i]);
    return call_plain(c, &w);
}

static void finish_ticks(struct call *c, const struct redis_reply *r, bool same_server)
{
    struct view_ticks out = {0};
    struct answer_arena a = {0};

    (void)same_server;
    if (answer_ok(r, &out.err))
        (void)!answer_ticks(&r->value, c->jobs, &a, &out, &out.err);
    c->done.ticks(c->self, c->id, &out);
    answer_arena_release(&a);
}

uint64_t view_ticks(struct view *v, int partition, const char *workload, const struct str *schedules,
                    size_t n, view_ticks_done *done, void *self)
{
    struct call *c = call_new(v, finish_ticks, self);
    struct words w = {0};

    BUG_IF(n < 1 || n > VIEW_CONSIDER_MAX);
    c->done.ticks = done;
    c->jobs = n;
    call_begin_plain(v, &w, "HMGET", partition, "w:", str_of(workload));
    for (size_t i = 0; i < n; i++) {
        BUF_CLEANUP struct buf field = BUF_INIT(2 * EVENT_SCHEDULE_MAX);
        buf_adds(&field, "t:");
        buf_add(&field, schedules[i]);
        words_add(&w, buf_view(&field));
    }
    return call_plain(c, &w);
}
