#include "core/plan.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* How a refusal begins: by it people and plan_too_many_remedy() tell the bounds apart. */
#define OVER_MAX_INSTANCES "the workload has "
#define OVER_SYNC_MEMBERS  "synchronous tier "

enum {                         /* the fold's bounds (docs/protocol.md 4.4) */
       PLAN_JOBS_MAX = 10000,  /* of a step */
       PLAN_DELAYS_MAX = 2000, /* bytes of a run's delays */
};

static char *copy(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

/* ---- steps ---- */

struct entry { /* a tier that takes part */
    const struct tier *tier;
    int64_t sequence;
};

static int by_sequence(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;

    if (x->sequence != y->sequence)
        return x->sequence < y->sequence ? -1 : 1;
    return strcmp(x->tier->name, y->tier->name);
}

static size_t participants(const struct spec *s, enum action action, const struct strs *only,
                           struct entry *out)
{
    size_t n = 0;

    for (size_t i = 0; i < s->tiers.n; i++) {
        const struct tier *t = &s->tiers.at[i];
        const struct tier_action *a = tier_in(t, action);
        if (a->present && (!only || only->n == 0 || strs_has(only, str_of(t->name))))
            out[n++] = (struct entry){.tier = t, .sequence = a->sequence};
    }
    return n;
}

void plan_steps(const struct spec *s, enum action action, const struct strs *only_tiers,
                struct event_steps *out)
{
    struct entry *part = xcalloc(s->tiers.n + 1, sizeof *part);
    size_t n = participants(s, action, only_tiers, part);

    qsort(part, n, sizeof *part, by_sequence);
    *out = (struct event_steps){.at = xcalloc(n + 1, sizeof *out->at)};
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || part[i].sequence != part[i - 1].sequence)
            out->n++;
        struct event_step *step = &out->at[out->n - 1];
        int64_t delay_s = tier_in(part[i].tier, action)->delay_s;
        strs_add(&step->tiers, str_of(part[i].tier->name));
        if (delay_s > step->delay_s)
            step->delay_s = delay_s;
    }
    if (out->n)
        out->at[out->n - 1].delay_s = 0; /* nothing follows that would have to wait */
    xfree(part);
}

/* ---- one step ---- */

static int by_id(const void *a, const void *b)
{
    const struct plan_member *const *x = a;
    const struct plan_member *const *y = b;

    return str_cmp((*x)->id, (*y)->id);
}

bool plan_held(const struct plan_hold *holds, size_t n, int64_t wall_ms, const struct plan_member *m)
{
    for (size_t i = 0; i < n; i++) {
        const struct plan_hold *h = &holds[i];
        if (h->until_ms > wall_ms && (h->tier.n == 0 || str_eq(h->tier, m->tier)) &&
            (h->instance.n == 0 || str_eq(h->instance, m->id)))
            return true;
    }
    return false;
}

enum cause plan_left_out(enum action action, const struct tier *t, const struct plan_member *m)
{
    if (action == ACTION_STOP && t->ignore_stop)
        return CAUSE_IGNORE_STOP;
    if (m->asg_member)
        return CAUSE_ASG_MEMBER;
    if (m->spot_one_time)
        return CAUSE_SPOT_ONE_TIME;
    return m->instance_store ? CAUSE_INSTANCE_STORE : CAUSE_NONE;
}

static enum cause why_left_out(const struct plan_context *c, const struct tier *t,
                               const struct plan_member *m)
{
    enum cause why = plan_left_out(c->action, t, m);

    return why == CAUSE_NONE && plan_held(c->holds, c->hold_count, c->wall_ms, m) ? CAUSE_HELD : why;
}

static void fill_options(const struct plan_context *c, const struct tier *t, struct job_options *o)
{
    const struct spec *s = &c->run->spec;

    *o = (struct job_options){
        .region = copy(s->region),
        .role = copy(s->role),
        .external_id = copy(s->external_id),
        .filter_key = copy(s->filter_key),
        .filter_value = copy(s->filter_value),
        .tier_key = copy(s->tier_key),
        .sync = tier_in(t, c->action)->sync,
        .on_failure = c->run->on_failure,
        .timeout_s = t->timeout_s > 0 ? t->timeout_s : SPEC_TIMEOUT_DEFAULT_S,
        .observe = c->run->observe,
        .accepted_ms = c->accepted_ms,
    };
    strs_copy(&o->vpcs, &s->vpcs);
    if (c->action == ACTION_START) {
        o->ready = t->ready;
    } else if (t->override_file) {
        o->override_file = copy(t->override_file);
        o->override_os = t->override_os;
        o->output_bucket = copy(s->output_bucket);
        o->output_prefix = copy(s->output_prefix);
    }
}

static void leave_out(struct event_plan_tier *to, const struct plan_member *m, enum cause why)
{
    struct member_outcome *o = &to->left_out.at[to->left_out.n++];

    *o = (struct member_outcome){.id = str_dup(m->id), .outcome = OUTCOME_BYPASSED, .cause = why};
    if (m->state.n)
        o->from = str_dup(m->state);
}

static void add_job(const struct plan_context *c, struct event_plan_tier *to, size_t chunk,
                    const struct plan_member *const *members, size_t n)
{
    struct event_plan_job *j = &to->jobs.at[to->jobs.n++];
    char id[IDS_JOB_MAX];

    *j = (struct event_plan_job){0};
    for (size_t i = 0; i < n; i++)
        strs_add(&j->members, members[i]->id);
    ids_job(c->epoch, c->step, chunk, (const char *const *)j->members.at, n, id);
    j->job = xstrdup(id);
}

static size_t chunk_size(const struct plan_context *c, const struct tier *t)
{
    if (tier_in(t, c->action)->sync)
        return SPEC_SYNC_MEMBERS_MAX;
    return c->action == ACTION_STOP && t->override_file ? JOB_GUESTS_MAX : JOB_MEMBERS_PLAIN;
}

/* One tier of the step. `acting` and `jobs` count over the whole step. */
static bool plan_tier(const struct plan_context *c, const struct tier *t,
                      const struct plan_member *const *members, size_t n, size_t *jobs,
                      struct event_plan_tier *out, struct err *e)
{
    const struct plan_member **act = xcalloc(n + 1, sizeof *act);
    size_t acting = 0;
    size_t each = chunk_size(c, t);
    bool fits = true;

    *out = (struct event_plan_tier){.tier = xstrdup(t->name), .kind = xstrdup("ec2")};
    fill_options(c, t, &out->options);
    out->left_out.at = xcalloc(n + 1, sizeof *out->left_out.at);
    for (size_t i = 0; i < n; i++) {
        enum cause why = why_left_out(c, t, members[i]);
        if (why == CAUSE_NONE)
            act[acting++] = members[i];
        else
            leave_out(out, members[i], why);
    }
    out->jobs.at = xcalloc(acting / each + 1, sizeof *out->jobs.at);
    if (out->options.sync && acting > SPEC_SYNC_MEMBERS_MAX)
        fits = err_set(e, ERR_INVALID, OVER_SYNC_MEMBERS "%s has %zu members, allowed are %d", t->name,
                       acting, SPEC_SYNC_MEMBERS_MAX);
    else if (*jobs + (acting + each - 1) / each > PLAN_JOBS_MAX)
        fits = err_set(e, ERR_INVALID, "tier %s: the step would have over %d jobs", t->name, PLAN_JOBS_MAX);
    for (size_t i = 0; fits && i < acting; i += each)
        add_job(c, out, (*jobs)++, act + i, acting - i < each ? acting - i : each);
    xfree(act);
    return fits;
}

static const struct tier *tier_named(const struct spec *s, const char *name)
{
    for (size_t i = 0; i < s->tiers.n; i++)
        if (strcmp(s->tiers.at[i].name, name) == 0)
            return &s->tiers.at[i];
    return NULL;
}

/* Of all members those of one tier, in order. */
static size_t members_of(const struct plan_member *const *sorted, size_t n, const char *tier,
                         const struct plan_member **out)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        if (str_is(sorted[i]->tier, tier))
            out[found++] = sorted[i];
    return found;
}

static bool plan_tiers(const struct plan_context *c, const struct plan_member *const *sorted, size_t n,
                       struct event_plan_tiers *out, struct err *e)
{
    const struct event_step *step = &c->run->steps.at[c->step];
    const struct plan_member **some = xcalloc(n + 1, sizeof *some);
    size_t jobs = 0;
    bool ok = true;

    out->at = xcalloc(step->tiers.n + 1, sizeof *out->at);
    for (size_t i = 0; ok && i < step->tiers.n; i++) {
        const struct tier *t = tier_named(&c->run->spec, step->tiers.at[i]);
        if (!t) {
            ok = err_set(e, ERR_INVALID, "the frozen specification has no tier %s", step->tiers.at[i]);
            break;
        }
        size_t found = members_of(sorted, n, t->name, some);
        out->n++;
        ok = plan_tier(c, t, some, found, &jobs, &out->at[i], e);
    }
    xfree(some);
    return ok;
}

bool plan_step(const struct plan_context *c, const struct plan_member *members, size_t n,
               struct event_plan_tiers *out, enum cause *cause, struct err *e)
{
    const struct plan_member **sorted = NULL;
    int64_t bound = c->run->spec.max_instances;
    bool ok = false;

    BUG_IF(c->step < 0 || (size_t)c->step >= c->run->steps.n);
    *out = (struct event_plan_tiers){0};
    *cause = CAUSE_TOO_MANY;
    if (bound > 0 && n > (uint64_t)bound)
        return err_set(e, ERR_INVALID, OVER_MAX_INSTANCES "%zu members, MaxInstances allows %lld", n,
                       (long long)bound);
    sorted = xcalloc(n + 1, sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &members[i];
    qsort(sorted, n, sizeof *sorted, by_id);
    ok = plan_tiers(c, sorted, n, out, e);
    xfree(sorted);
    if (ok)
        *cause = CAUSE_NONE;
    else
        plan_release(out);
    return ok;
}

void plan_release(struct event_plan_tiers *tiers)
{
    struct event ev = {.type = EVENT_TIER_PLANNED, .planned = {.tiers = *tiers}};

    json_release(event_fields(EVENT_TIER_PLANNED), &ev); /* the record's own table knows what to free */
    *tiers = (struct event_plan_tiers){0};
}

bool plan_whole(const struct event_accepted *run, enum action action, const struct plan_member *members,
                size_t n, enum cause *cause, struct err *e)
{
    const struct epoch none = {0};
    struct plan_context c = {.run = run, .epoch = &none, .action = action};

    for (; (uint64_t)c.step < run->steps.n; c.step++) {
        struct event_plan_tiers tiers = {0};
        if (!plan_step(&c, members, n, &tiers, cause, e))
            return false;
        plan_release(&tiers);
    }
    *cause = CAUSE_NONE;
    return true;
}

bool plan_record_fits(const struct event *accepted, struct err *e)
{
    const struct event_steps *steps = &accepted->accepted.steps;
    BUF_CLEANUP struct buf delays = BUF_INIT(PLAN_DELAYS_MAX);
    BUF_CLEANUP struct buf text = BUF_INIT(EVENT_TEXT_MAX);

    for (size_t i = 0; i < steps->n; i++)
        buf_addf(&delays, "%lld,", (long long)steps->at[i].delay_s * 1000);
    event_print(accepted, &text);
    return (!delays.over && !text.over) ||
           err_set(e, ERR_INVALID, "the frozen specification is too large for a record");
}

const char *plan_too_many_remedy(const char *detail)
{
    if (str_starts(str_of(detail), STR(OVER_MAX_INSTANCES)))
        return "raise MaxInstances in its row if that is meant";
    if (str_starts(str_of(detail), STR(OVER_SYNC_MEMBERS)))
        return "split the tier, or set its TierSynchronization to False";
    return "split the tier, or give its parts sequence numbers of their own";
}
