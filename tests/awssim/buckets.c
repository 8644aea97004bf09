#include "awssim/buckets.h"

#include "awssim/setting.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct rate { /* in millionths of a token, so that sums are exact */
    char *name;
    int64_t capacity, per_ms;
    UT_hash_handle hh;
};

struct bucket {
    char *key;      /* account/region/API */
    int64_t tokens; /* in millionths */
    int64_t at_ms;
    UT_hash_handle hh;
};

struct buckets {
    bool on;
    int64_t scale;
    struct rate *rates;
    struct bucket *buckets;
};

enum { KEY_MAX = 256, TOKEN = 1000000 };

static const struct {
    const char *name;
    double capacity, per_second;
} aws_rates[] = {
    {"ec2:Describe", 100, 20},
    {"ec2:unfiltered", 50, 10},
    {"ec2:mutating", 50, 5},
    {"ec2:StartInstances", 5, 2},
    {"ec2:StartInstances/resources", 1000, 2},
    {"ec2:StopInstances/resources", 1000, 20},
};

static void set_rate(struct buckets *b, const char *name, double capacity, double per_second)
{
    struct rate *r;

    HASH_FIND_STR(b->rates, name, r);
    if (!r) {
        r = xcalloc(1, sizeof *r);
        r->name = xstrdup(name);
        HASH_ADD_KEYPTR(hh, b->rates, r->name, strlen(r->name), r);
    }
    r->capacity = (int64_t)(capacity * (double)TOKEN);
    r->per_ms = (int64_t)(per_second * (double)TOKEN / 1000) * b->scale;
}

static bool load(struct buckets *b, const struct json *settings, struct err *e)
{
    static const char *const known[] = {"on", "rates", NULL};

    if (!setting_known(settings, "buckets", known, e) || !setting_bool(settings, "on", &b->on, e))
        return false;
    for (const struct json *m = json_first(json_get(settings, "rates")); m; m = json_next(m)) {
        double capacity, per_second;
        const struct json *v = json_first(m);
        if (json_count(m) != 2 || !json_number(v, &capacity) || !json_number(json_next(v), &per_second) ||
            capacity < 1 || capacity > 1e9 || per_second < 0.001 || per_second > 1e9)
            return err_set(e, ERR_CONFIG, "buckets: '%s': not [capacity, per second]", json_name(m));
        set_rate(b, json_name(m), capacity, per_second);
    }
    return true;
}

struct buckets *buckets_new(const struct json *settings, int64_t time_scale, struct err *e)
{
    struct buckets *b = xcalloc(1, sizeof *b);

    b->scale = time_scale;
    for (size_t i = 0; i < sizeof aws_rates / sizeof *aws_rates; i++)
        set_rate(b, aws_rates[i].name, aws_rates[i].capacity, aws_rates[i].per_second);
    if (settings && !load(b, settings, e)) {
        buckets_free(b);
        return NULL;
    }
    return b;
}

void buckets_free(struct buckets *b)
{
    struct rate *r, *next_rate;
    struct bucket *k, *next;

    if (!b)
        return;
    HASH_ITER(hh, b->rates, r, next_rate)
    {
        HASH_DEL(b->rates, r);
        xfree(r->name);
        xfree(r);
    }
    HASH_ITER(hh, b->buckets, k, next)
    {
        HASH_DEL(b->buckets, k);
        xfree(k->key);
        xfree(k);
    }
    xfree(b);
}

static const struct rate *find_rate(const struct buckets *b, const char *name)
{
    struct rate *r = NULL;

    if (name)
        HASH_FIND_STR(b->rates, name, r);
    return r;
}

/* The call's own bucket, filled up to this moment. */
static struct bucket *find_bucket(struct buckets *b, const struct bucket_ask *ask, const char *name,
                                  const struct rate *r, int64_t now_ms)
{
    char key[KEY_MAX];
    struct bucket *k;

    BUG_IF(snprintf(key, sizeof key, "%s/%s/%s", ask->account, ask->region, name) >= (int)sizeof key);
    HASH_FIND_STR(b->buckets, key, k);
    if (!k) {
        k = xcalloc(1, sizeof *k);
        k->key = xstrdup(key);
        k->tokens = r->capacity;
        k->at_ms = now_ms;
        HASH_ADD_KEYPTR(hh, b->buckets, k->key, strlen(k->key), k);
    }
    int64_t full_after_ms = (r->capacity - k->tokens) / r->per_ms + 1;
    int64_t since_ms = now_ms - k->at_ms;
    k->at_ms = now_ms;
    k->tokens = since_ms >= full_after_ms ? r->capacity : k->tokens + since_ms * r->per_ms;
    return k;
}

bool buckets_take(struct buckets *b, const struct bucket_ask *ask, int64_t now_ms)
{
    const struct rate *r = find_rate(b, ask->rate);
    const struct rate *resource_rate = find_rate(b, ask->resources);
    struct bucket *requests = NULL, *resources = NULL;

    if (!b->on)
        return true;
    if (!r)
        r = find_rate(b, ask->fallback);
    if (r)
        requests = find_bucket(b, ask, ask->rate, r, now_ms);
    if (resource_rate)
        resources = find_bucket(b, ask, ask->resources, resource_rate, now_ms);
    if ((requests && requests->tokens < TOKEN) ||
        (resources && resources->tokens < (int64_t)ask->resource_count * TOKEN))
        return false;
    if (requests)
        requests->tokens -= TOKEN;
    if (resources)
        resources->tokens -= (int64_t)ask->resource_count * TOKEN;
    return true;
}
