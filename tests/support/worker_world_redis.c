#include "base/crypto.h"
#include "base/mem.h"
#include "support/worker_world_parts.h"
#include "view/scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- Redis: the workers' scripts ---- */

static struct redis_value text(const char *s)
{
    return (struct redis_value){.type = REDIS_STR, .s = {xstrdup(s), strlen(s)}};
}

static struct redis_value number(int64_t i)
{
    return (struct redis_value){.type = REDIS_INT, .i = i};
}

static struct redis_value list(const struct redis_value *at, size_t n)
{
    struct redis_value *kept = xcalloc(n ? n : 1, sizeof *kept);

    if (n)
        memcpy(kept, at, n * sizeof *at);
    return (struct redis_value){.type = REDIS_LIST, .at = kept, .n = n};
}

void world_value_free(const struct redis_value *v)
{
    for (size_t i = 0; i < v->n; i++)
        world_value_free(&v->at[i]);
    xfree((void *)v->at);
    xfree((void *)v->s.p);
}

static const char *script_named(struct str sha)
{
    char hex[2 * CRYPTO_SHA1_BYTES + 1];

    for (size_t i = 0; view_scripts[i].name; i++) {
        crypto_sha1_hex(str_of(view_scripts[i].text), hex);
        if (str_is(sha, hex))
            return view_scripts[i].name;
    }
    return "";
}

const struct world_lease *world_lease(const struct world *w, const char *job)
{
    for (size_t i = w->lease_count; i > 0; i--)
        if (strcmp(w->leases[i - 1].job, job) == 0)
            return &w->leases[i - 1];
    return NULL;
}

static struct world_lease *lease_of(struct world *w, struct str job)
{
    for (size_t i = w->lease_count; i > 0; i--)
        if (str_is(job, w->leases[i - 1].job))
            return &w->leases[i - 1];
    return NULL;
}

static struct redis_value claim(struct world *w, const struct str *args)
{
    struct world_lease *l = lease_of(w, args[9]);
    int64_t attempt = l ? l->attempt + 1 : 1 + w->attempts_before;

    if (w->claim_word) {
        struct redis_value v[] = {text(w->claim_word), number(3)};
        return list(v, 2);
    }
    if (l && str_is(args[11], l->token))
        attempt = l->attempt;
    else
        w->leases[w->lease_count++] =
            (struct world_lease){.job = str_dup(args[9]), .token = str_dup(args[11]), .attempt = attempt};
    struct redis_value v[] = {text("OK"), number(attempt), number(w->now.wall_ms + w->ttl_ms), number(w->hv)};
    return list(v, 4);
}

static struct redis_value renew(struct world *w, size_t n)
{
    struct redis_value rows[200];
    size_t jobs = (n - 6) / 5;

    w->renews += (int64_t)jobs;
    for (size_t i = 0; i < jobs; i++) {
        struct redis_value v[] = {text(w->renew_word ? w->renew_word : "OK"),
                                  number(w->now.wall_ms + w->ttl_ms), number(w->hv)};
        rows[i] = list(v, 3);
    }
    return list(rows, jobs);
}

static struct redis_value release(struct world *w, const struct str *args)
{
    struct world_lease *l = lease_of(w, args[8]);

    if (!l || !str_is(args[9], l->token))
        return text("LOST");
    l->released = true;
    assert_true(str_to_i64(args[10], &l->due_ms));
    return text("OK");
}

static struct redis_value place(const struct world *w)
{
    char ttl[24];

    (void)snprintf(ttl, sizeof ttl, "%lld", (long long)w->ttl_ms);
    struct redis_value v[] = {text("5"), text("R1"), text("0"),    text("0"),
                              text("1"), text(ttl),  text("17000")};
    return list(v, 7);
}

static struct redis_value holds(const struct world *w)
{
    char hv[24];

    (void)snprintf(hv, sizeof hv, "%lld", (long long)w->hv);
    struct redis_value v[] = {text("hv"), text(hv), text("h:1"), text(w->hold ? w->hold : "0|0||")};
    return list(v, w->hold ? 4 : 2);
}

static struct redis_value answer(struct world *w, const struct str *args, size_t n)
{
    const char *script = str_is(args[0], "EVALSHA") ? script_named(args[1]) : "";

    if (strcmp(script, "claim") == 0)
        return claim(w, args);
    if (strcmp(script, "renew") == 0)
        return renew(w, n);
    if (strcmp(script, "release") == 0)
        return release(w, args);
    if (strcmp(script, "killed") == 0)
        return number(++w->deaths);
    if (str_is(args[0], "HMGET"))
        return place(w);
    if (str_is(args[0], "HGETALL"))
        return holds(w);
    return text("OK"); /* SCRIPT LOAD */
}

static void fire_redis(struct world *w, struct world_event *x)
{
    struct redis_reply r = {.value = x->value, .err = x->err, .run_id = x->err.kind == ERR_NONE ? "R1" : ""};

    (void)w;
    x->done.redis(x->self, x->id, &r);
}

static uint64_t redis_go(void *port, const struct str *args, size_t n, redis_done *done, void *self)
{
    struct world *w = port;
    struct world_event *x = world_later(w,
                                        w->redis_down                               ? 1000
                                        : w->holds_ms && str_is(args[0], "HGETALL") ? w->holds_ms
                                                                                    : 1,
                                        fire_redis, self);

    x->done.redis = done;
    w->commands++;
    if (w->redis_down)
        (void)err_set(&x->err, ERR_UNAVAILABLE, "no connection");
    else
        x->value = answer(w, args, n);
    return x->id;
}

static void redis_tell(void *port, struct redis_state *out)
{
    *out = (struct redis_state){
        .connected = !((const struct world *)port)->redis_down, .run_id = "R1", .generation = 1};
}

struct redis world_redis(struct world *w)
{
    return (struct redis){redis_go, redis_tell, w};
}
