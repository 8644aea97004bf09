/* The commands of sets and sorted sets. */
#include "base/mem.h"
#include "sim/redis_command.h"
#include "sim/redis_number.h"

/* ---- sets ---- */

static void sadd(struct redis_call *c)
{
    struct redis_object *o = NULL;
    bool made = false;
    int64_t added = 0;

    if (!redis_call_make(c, REDIS_SET, &o))
        return;
    for (size_t i = 2; i < c->n; i++) {
        (void)redis_table_put(&o->table, c->words[i], &made);
        added += made;
    }
    redis_resp_int(c->out, added);
}

static void srem(struct redis_call *c)
{
    struct redis_object *o = NULL;
    int64_t gone = 0;

    if (!redis_call_write(c, REDIS_SET, &o))
        return;
    for (size_t i = 2; o && i < c->n; i++)
        gone += redis_table_remove(&o->table, c->words[i]);
    if (o)
        redis_call_settle(c, o);
    redis_resp_int(c->out, gone);
}

static void say_size(struct redis_call *c, enum redis_kind kind)
{
    const struct redis_object *o = NULL;

    if (redis_call_read(c, kind, &o))
        redis_resp_int(c->out, o ? (int64_t)o->table.live : 0);
}

static void scard(struct redis_call *c)
{
    say_size(c, REDIS_SET);
}

static void sismember(struct redis_call *c)
{
    const struct redis_object *o = NULL;

    if (redis_call_read(c, REDIS_SET, &o))
        redis_resp_int(c->out, o && redis_table_find(&o->table, c->words[2]));
}

/* ---- sorted sets ---- */

/* All scores are read before anything is written. Owner: the caller. */
static double *read_scores(struct redis_call *c, size_t first)
{
    double *scores = xcalloc((c->n - first) / 2, sizeof *scores);

    for (size_t i = first; i < c->n; i += 2) {
        if (redis_number_score(c->words[i], &scores[(i - first) / 2]))
            continue;
        redis_call_error(c, "ERR value is not a valid float");
        xfree(scores);
        return NULL;
    }
    return scores;
}

static bool has_other_options(const struct redis_call *c)
{
    static const char *const others[] = {"xx", "gt", "lt", "ch", "incr"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (redis_call_is(c, 2, others[i]) || redis_call_is(c, 3, others[i]))
            return true;
    return false;
}

static void zadd(struct redis_call *c)
{
    struct redis_object *o = NULL;
    bool only_new = redis_call_is(c, 2, "nx");
    size_t first = only_new ? 3 : 2;
    int64_t made = 0;

    if (has_other_options(c)) {
        redis_call_refuse(c, "an option of zadd");
        return;
    }
    if (c->n == first || (c->n - first) % 2) {
        redis_call_error(c, "ERR syntax error");
        return;
    }
    double *scores = read_scores(c, first);
    if (!scores)
        return;
    if (redis_call_make(c, REDIS_ZSET, &o)) {
        for (size_t i = first; i < c->n; i += 2)
            if (!only_new || !redis_table_find(&o->table, c->words[i + 1]))
                made += redis_object_score(o, c->words[i + 1], scores[(i - first) / 2]);
        redis_resp_int(c->out, made);
    }
    xfree(scores);
}

static void zrem(struct redis_call *c)
{
    struct redis_object *o = NULL;
    int64_t gone = 0;

    if (!redis_call_write(c, REDIS_ZSET, &o))
        return;
    for (size_t i = 2; o && i < c->n; i++)
        gone += redis_object_unscore(o, c->words[i]);
    if (o)
        redis_call_settle(c, o);
    redis_resp_int(c->out, gone);
}

static void zcard(struct redis_call *c)
{
    say_size(c, REDIS_ZSET);
}

static void zscore(struct redis_call *c)
{
    const struct redis_object *o = NULL;

    if (!redis_call_read(c, REDIS_ZSET, &o))
        return;
    const struct redis_slot *slot = o ? redis_table_find(&o->table, c->words[2]) : NULL;
    if (slot)
        redis_resp_score(c->out, slot->held.score);
    else
        redis_resp_nil(c->out);
}

/* Ranks from first to before `end`. */
static void say_ranks(struct redis_call *c, const struct redis_object *o, size_t first, size_t end,
                      bool scores)
{
    size_t many = first < end ? end - first : 0;

    redis_resp_list(c->out, many * (scores ? 2 : 1));
    for (size_t i = first; i < first + many; i++) {
        redis_resp_bulk(c->out, redis_blob_view(o->ranked[i].member));
        if (scores)
            redis_resp_score(c->out, o->ranked[i].score);
    }
}

static int64_t from_the_end(int64_t at, int64_t n)
{
    return at < 0 ? at + n : at;
}

static void zrange(struct redis_call *c)
{
    const struct redis_object *o = NULL;
    int64_t first = 0;
    int64_t last = 0;
    bool scores = redis_call_is(c, 4, "withscores");

    if (c->n > (scores ? 5U : 4U)) {
        redis_call_refuse(c, "an option of zrange");
        return;
    }
    if (!redis_call_integer(c, 2, &first) || !redis_call_integer(c, 3, &last) ||
        !redis_call_read(c, REDIS_ZSET, &o))
        return;
    int64_t n = o ? (int64_t)o->table.live : 0;
    first = from_the_end(first, n);
    last = from_the_end(last, n);
    first = first < 0 ? 0 : first;
    last = last < n ? last : n - 1;
    say_ranks(c, o, (size_t)first, last < 0 ? 0 : (size_t)last + 1, scores);
}

struct score_range {
    double low, high;
    bool above, below; /* the end itself is not in it */
    bool scores;
    int64_t skip, limit; /* limit < 0: none */
};

static bool read_bounds(struct redis_call *c, struct score_range *r)
{
    if (redis_number_bound(c->words[2], &r->low, &r->above) &&
        redis_number_bound(c->words[3], &r->high, &r->below))
        return true;
    redis_call_error(c, "ERR min or max is not a float");
    return false;
}

static bool read_options(struct redis_call *c, struct score_range *r)
{
    for (size_t i = 4; i < c->n; i++) {
        if (redis_call_is(c, i, "withscores")) {
            r->scores = true;
        } else if (redis_call_is(c, i, "limit") && c->n - i > 2) {
            if (!redis_call_integer(c, i + 1, &r->skip) || !redis_call_integer(c, i + 2, &r->limit))
                return false;
            i += 2;
        } else {
            redis_call_error(c, "ERR syntax error");
            return false;
        }
    }
    return true;
}

static void zrangebyscore(struct redis_call *c)
{
    const struct redis_object *o = NULL;
    struct score_range r = {.limit = -1};

    if (!read_options(c, &r) || !read_bounds(c, &r) || !redis_call_read(c, REDIS_ZSET, &o))
        return;
    size_t first = o ? redis_object_rank(o, r.low, r.above) : 0;
    size_t end = o ? redis_object_rank(o, r.high, !r.below) : 0;
    size_t many = first < end ? end - first : 0;
    bool past = r.skip < 0 || (uint64_t)r.skip >= many;
    first = past ? end : first + (size_t)r.skip;
    if (r.limit >= 0 && !past && (uint64_t)r.limit < end - first)
        end = first + (size_t)r.limit;
    say_ranks(c, o, first, end, r.scores);
}

const struct redis_command redis_commands_of_sets[] = {
    {"zadd", -4, REDIS_WRITES | REDIS_GROWS, zadd},
    {"zrange", -4, 0, zrange},
    {"zrem", -3, REDIS_WRITES, zrem},
    {"zcard", 2, 0, zcard},
    {"zscore", 3, 0, zscore},
    {"zrangebyscore", -4, 0, zrangebyscore},
    {"scard", 2, 0, scard},
    {"sismember", 3, 0, sismember},
    {"sadd", -3, REDIS_WRITES | REDIS_GROWS, sadd},
    {"srem", -3, REDIS_WRITES, srem},
    {0},
};
