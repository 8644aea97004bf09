#include "aws/pacing.h"

#include "aws/bucket_step.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 256 };

struct place {
    char *key; /* account|region|service|api */
    struct bucket *bucket;
    int64_t asked_ms;
    UT_hash_handle hh;
};

struct pacing {
    struct pacing_options options;
    struct pacer pacer;
    struct place *places;
};

/* The first row that fits. */
static const struct row {
    const char *service, *api; /* NULL: any */
    enum kind { ANY, READS, CHANGES } kind;
    struct bucket_rates rates;
} rows[] = {
    {"ec2", "StartInstances", ANY, {5, 2, 1000, 2, false}},
    {"ec2", "StopInstances", ANY, {50, 5, 1000, 20, false}},
    {"ec2", NULL, READS, {100, 20, 0, 0, false}},
    {"ec2", NULL, CHANGES, {50, 5, 0, 0, false}},
    {"ssm", "SendCommand", ANY, {5, 1, 0, 0, true}},
    {"ssm", NULL, ANY, {10, 5, 0, 0, true}},
    {NULL, NULL, ANY, {20, 10, 0, 0, true}},
};

static bool fits(const struct row *r, const struct pace *p)
{
    return (!r->service || strcmp(r->service, p->service) == 0) && (!r->api || strcmp(r->api, p->api) == 0) &&
           (r->kind == ANY || (r->kind == CHANGES) == p->changes);
}

static struct bucket *begin(const struct pacing *s, const struct pace *p)
{
    const struct row *r = rows;

    while (!fits(r, p))
        r++;
    struct bucket_rates rates = r->rates;
    rates.open = rates.open || s->options.learn;
    return bucket_new(&rates, s->options.time_scale, p->now_ms);
}

static void forget(struct pacing *s, struct place *x)
{
    HASH_DEL(s->places, x);
    bucket_free(x->bucket);
    xfree(x->key);
    xfree(x);
}

static void make_room(struct pacing *s)
{
    struct place *oldest = s->places;

    if (HASH_COUNT(s->places) < PACING_BUCKETS_MAX)
        return;
    for (struct place *x = s->places; x; x = x->hh.next)
        oldest = x->asked_ms < oldest->asked_ms ? x : oldest;
    forget(s, oldest);
}

static struct bucket *bucket_of(struct pacing *s, const struct pace *p)
{
    char key[KEY_MAX];
    struct place *x = NULL;

    (void)snprintf(key, sizeof key, "%s|%s|%s|%s", p->account, p->region, p->service, p->api);
    HASH_FIND_STR(s->places, key, x);
    if (!x) {
        make_room(s);
        x = xcalloc(1, sizeof *x);
        x->key = xstrdup(key);
        x->bucket = begin(s, p);
        HASH_ADD_KEYPTR(hh, s->places, x->key, strlen(x->key), x);
    }
    x->asked_ms = p->now_ms;
    return x->bucket;
}

static int64_t ask(void *self, const struct pace *p)
{
    return bucket_ask(bucket_of(self, p), p->who, p->resources, p->now_ms);
}

static void throttled(void *self, const struct pace *p)
{
    bucket_throttled(bucket_of(self, p), p->now_ms);
}

struct pacing *pacing_new(const struct pacing_options *o)
{
    struct pacing *s = xcalloc(1, sizeof *s);

    s->options = *o;
    s->pacer = (struct pacer){ask, throttled, s};
    return s;
}

void pacing_free(struct pacing *p)
{
    if (!p)
        return;
    while (p->places)
        forget(p, p->places);
    xfree(p);
}

const struct pacer *pacing_pacer(const struct pacing *p)
{
    return &p->pacer;
}
