#include "core/parts.h"

#include "base/mem.h"

#include <string.h>

static const size_t ESCAPED = 6;      /* \u00XX */
static const size_t FIELD_BYTES = 48; /* names, quotes, commas of one small field */

struct cut {
    struct plan_parts *out;
    size_t cap;                   /* of out->at */
    size_t max, used;             /* bytes of the part in hand */
    size_t jobs;                  /* in the part in hand */
    struct event_plan_tier *tier; /* in the part in hand: where jobs go; NULL: to be begun */
    const struct event_plan_tier *from;
};

static size_t text_bytes(const char *s)
{
    return FIELD_BYTES + (s ? ESCAPED * strlen(s) : 0);
}

static size_t strs_bytes(const struct strs *l)
{
    size_t n = FIELD_BYTES;

    for (size_t i = 0; i < l->n; i++)
        n += 3 + ESCAPED * strlen(l->at[i]);
    return n;
}

static size_t options_bytes(const struct job_options *o)
{
    const char *const texts[] = {o->region,        o->role,          o->external_id,
                                 o->filter_key,    o->filter_value,  o->tier_key,
                                 o->override_file, o->output_bucket, o->output_prefix};
    size_t n = 16 * FIELD_BYTES + strs_bytes(&o->vpcs);

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        n += text_bytes(texts[i]);
    return n;
}

static size_t job_bytes(const struct event_plan_job *j)
{
    size_t n = text_bytes(j->job) + FIELD_BYTES;

    for (size_t i = 0; i < j->members.n; i++)
        n += 3 + strlen(j->members.at[i]); /* instance ids need no escape */
    return n;
}

static size_t outcome_bytes(const struct member_outcome *o)
{
    return 3 * FIELD_BYTES + text_bytes(o->id) + text_bytes(o->from) + text_bytes(o->to) +
           text_bytes(o->detail);
}

static void begin_part(struct cut *c)
{
    if (c->out->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 4;
        c->out->at = xrealloc(c->out->at, c->cap * sizeof *c->out->at);
    }
    c->out->at[c->out->n++] = (struct event_plan_tiers){0};
    c->used = 0;
    c->jobs = 0;
    c->tier = NULL;
}

static void copy_options(struct job_options *to, const struct job_options *from)
{
    struct job_options o = *from;
    char **const texts[] = {&o.region,   &o.role,          &o.external_id,   &o.filter_key,   &o.filter_value,
                            &o.tier_key, &o.override_file, &o.output_bucket, &o.output_prefix};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = *texts[i] ? xstrdup(*texts[i]) : NULL;
    o.vpcs = (struct strs){0};
    strs_copy(&o.vpcs, &from->vpcs);
    *to = o;
}

static void begin_tier(struct cut *c)
{
    struct event_plan_tiers *part = &c->out->at[c->out->n - 1];

    part->at = xrealloc(part->at, (part->n + 1) * sizeof *part->at);
    c->tier = &part->at[part->n++];
    *c->tier = (struct event_plan_tier){.tier = xstrdup(c->from->tier), .kind = xstrdup(c->from->kind)};
    copy_options(&c->tier->options, &c->from->options);
    c->used += text_bytes(c->from->tier) + text_bytes(c->from->kind) + options_bytes(&c->from->options);
}

/* Room for `bytes` (and a job) in the part and tier in hand; else the next part begins. */
static void make_room(struct cut *c, size_t bytes, bool job)
{
    if (c->used && (c->used + bytes > c->max || (job && c->jobs == PARTS_JOBS_MAX)))
        begin_part(c);
    if (!c->tier)
        begin_tier(c);
    c->used += bytes;
    c->jobs += job;
}

static void cut_tier(struct cut *c, struct event_plan_tier *from)
{
    c->from = from;
    c->tier = NULL;
    make_room(c, text_bytes(from->tier) + options_bytes(&from->options), false);
    for (size_t i = 0; i < from->jobs.n; i++) {
        make_room(c, job_bytes(&from->jobs.at[i]), true);
        struct event_plan_jobs *to = &c->tier->jobs;
        to->at = xrealloc(to->at, (to->n + 1) * sizeof *to->at);
        to->at[to->n++] = from->jobs.at[i];
    }
    from->jobs.n = 0; /* moved; the array itself is released with the plan */
    for (size_t i = 0; i < from->left_out.n; i++) {
        make_room(c, outcome_bytes(&from->left_out.at[i]), false);
        struct member_outcomes *to = &c->tier->left_out;
        to->at = xrealloc(to->at, (to->n + 1) * sizeof *to->at);
        to->at[to->n++] = from->left_out.at[i];
    }
    from->left_out.n = 0;
}

bool parts_cut(struct event_plan_tiers *plan, size_t max, struct plan_parts *out, struct err *e)
{
    struct cut c = {.out = out, .max = max};

    *out = (struct plan_parts){0};
    begin_part(&c);
    for (size_t i = 0; i < plan->n; i++)
        cut_tier(&c, &plan->at[i]);
    plan_release(plan);
    if (out->n > 1)
        begin_part(&c); /* the seal */
    if (out->n <= PARTS_MAX)
        return true;
    (void)err_set(e, ERR_INVALID, "the plan would have %zu parts, allowed are %d", out->n, PARTS_MAX);
    parts_release(out);
    return false;
}

void parts_release(struct plan_parts *p)
{
    for (size_t i = 0; i < p->n; i++)
        plan_release(&p->at[i]);
    xfree(p->at);
    *p = (struct plan_parts){0};
}
