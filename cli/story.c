#include "cli/story_parts.h"

#include "base/mem.h"

#include <string.h>

enum { MEMBERS_MAX = 1000000 /* shown of one run: beyond it only counts go on */ };

struct story *story_new(const struct cli *c, const char *workload, const char *run)
{
    struct story *s = xcalloc(1, sizeof *s);

    s->cli = c;
    s->workload = xstrdup(workload);
    s->run = xstrdup(run);
    return s;
}

static void members_free(struct story *s)
{
    struct told_member *m = NULL;
    struct told_member *next = NULL;

    HASH_ITER(hh, s->members, m, next)
    {
        char *texts[] = {m->id, m->tier, m->detail, m->from, m->to};
        HASH_DEL(s->members, m);
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            xfree(texts[t]);
        xfree(m);
    }
}

void story_freep(struct story **p)
{
    struct story *s = *p;

    if (!s)
        return;
    for (size_t i = 0; i < s->step_count; i++) {
        for (size_t t = 0; t < s->steps[i].tier_count; t++)
            xfree(s->steps[i].tiers[t].name);
        xfree(s->steps[i].tiers);
    }
    members_free(s);
    xfree(s->steps);
    xfree(s->workload);
    xfree(s->run);
    xfree(s->action);
    xfree(s->detail);
    xfree(s->origin.who);
    xfree(s->origin.reason);
    xfree(s);
    *p = NULL;
}

static struct told_member *find(const struct story *s, const char *id)
{
    struct told_member *m = NULL;

    HASH_FIND_STR(s->members, id, m);
    return m;
}

static struct told_tier *tier_at(const struct story *s, int64_t step, const char *name)
{
    struct told_step *of = step >= 0 && (size_t)step < s->step_count ? &s->steps[step] : NULL;

    for (size_t i = 0; of && i < of->tier_count; i++)
        if (strcmp(of->tiers[i].name, name) == 0)
            return &of->tiers[i];
    return NULL;
}

static struct told_member *add(struct story *s, const char *id, const char *tier, int64_t step)
{
    struct told_tier *t = tier_at(s, step, tier);

    if (t)
        t->members++;
    if (HASH_COUNT(s->members) == MEMBERS_MAX)
        return NULL;
    struct told_member *m = xcalloc(1, sizeof *m);
    *m = (struct told_member){.id = xstrdup(id), .tier = xstrdup(tier), .step = step};
    HASH_ADD_KEYPTR(hh, s->members, m->id, strlen(m->id), m);
    return m;
}

static char *copy(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

static void settle(const struct story *s, struct told_member *m, const struct member_outcome *o)
{
    struct told_tier *t = tier_at(s, m->step, m->tier);
    char **texts[] = {&m->detail, &m->from, &m->to};
    const char *now[] = {o->detail, o->from, o->to};

    for (size_t i = 0; i < 3; i++) {
        xfree(*texts[i]);
        *texts[i] = copy(now[i]);
    }
    m->outcome = o->outcome;
    m->cause = o->cause;
    m->took_ms = o->took_ms;
    if (t) {
        t->settled++;
        t->failed += o->outcome == OUTCOME_FAILED;
        t->bypassed += o->outcome == OUTCOME_BYPASSED;
    }
}

static struct told_step *step_at(const struct story *s, int64_t step)
{
    return step >= 0 && (size_t)step < s->step_count ? &s->steps[step] : NULL;
}

static void hear_accepted(struct story *s, const struct kafka_record *r, const struct event *ev)
{
    const struct event_accepted *a = &ev->accepted;

    if (s->accepted)
        return;
    s->accepted = true;
    s->accepted_at = r->offset;
    s->counted = a->members;
    s->observe = a->observe;
    s->origin.who = copy(a->origin.who);
    s->origin.reason = copy(a->origin.reason);
    s->steps = xcalloc(a->steps.n + 1, sizeof *s->steps);
    s->step_count = a->steps.n;
    for (size_t i = 0; i < a->steps.n; i++) {
        const struct strs *tiers = &a->steps.at[i].tiers;
        s->steps[i].tiers = xcalloc(tiers->n + 1, sizeof *s->steps[i].tiers);
        s->steps[i].tier_count = tiers->n;
        for (size_t t = 0; t < tiers->n; t++)
            s->steps[i].tiers[t].name = xstrdup(tiers->at[t]);
    }
}

static void add_job(struct story *s, int64_t step, const char *tier, const struct strs *ids)
{
    for (size_t i = 0; i < ids->n; i++)
        if (!find(s, ids->at[i]))
            (void)add(s, ids->at[i], tier, step);
}

/* A plan that replaces an incomplete one names the same step again: its members are added once. */
static void hear_planned(struct story *s, const struct event_planned *p)
{
    struct told_step *step = step_at(s, p->step);

    if (!step)
        return;
    step->planned = p->part + 1 == p->parts;
    for (size_t t = 0; t < p->tiers.n; t++) {
        const struct event_plan_tier *tier = &p->tiers.at[t];
        for (size_t j = 0; j < tier->jobs.n; j++)
            add_job(s, p->step, tier->tier, &tier->jobs.at[j].members);
        for (size_t i = 0; i < tier->left_out.n; i++) {
            const struct member_outcome *o = &tier->left_out.at[i];
            struct told_member *m = find(s, o->id) ? NULL : add(s, o->id, tier->tier, p->step);
            if (m)
                settle(s, m, o);
        }
    }
}

static void hear_terminal(struct story *s, const struct event_terminal *t)
{
    struct told_step *step = step_at(s, t->step);

    if (step)
        step->released = true;
    for (size_t i = 0; i < t->members.n && step; i++) {
        struct told_member *m = find(s, t->members.at[i].id);
        if (m && m->outcome == OUTCOME_NONE) /* the first terminal of a job counts */
            settle(s, m, &t->members.at[i]);
    }
}

static bool is_next(const struct story *s, const struct event *ev)
{
    struct epoch ep;

    return s->accepted && !s->began && ev->type == EVENT_DRAINED && ev->workload &&
           strcmp(ev->workload, s->workload) == 0 && ev->drained.next_epoch &&
           epoch_parse(str_of(ev->drained.next_epoch), &ep) && ep.offset == s->accepted_at;
}

static void hear_end(struct story *s, const struct kafka_record *r, const struct event *ev)
{
    s->ended_ms = s->ended_ms ? s->ended_ms : r->ts_ms;
    if (ev->type == EVENT_RUN_REFUSED) {
        s->result = RESULT_REFUSED;
        s->cause = ev->refused.cause;
        s->detail = copy(ev->refused.detail);
        return;
    }
    if (s->detail && ev->finished.detail) {
        xfree(s->detail);
        s->detail = NULL;
    }
    s->result = ev->finished.result;
    s->cause = ev->finished.cause ? ev->finished.cause : s->cause;
    s->counts = ev->finished.counts;
    if (!s->detail)
        s->detail = copy(ev->finished.detail);
}

/* The first record that names it is the run's, but a second request with the same id may stand where we began
 * to read: what was accepted counts. */
static void note_action(struct story *s, const struct event *ev)
{
    if (!ev->action || (s->action && ev->type != EVENT_RUN_ACCEPTED))
        return;
    xfree(s->action);
    s->action = xstrdup(ev->action);
}

static void take(struct story *s, const struct kafka_record *r, const struct event *ev)
{
    note_action(s, ev);
    switch (ev->type) {
    case EVENT_RUN_REQUESTED:
        s->asked_ms = s->asked_ms ? s->asked_ms : r->ts_ms;
        break;
    case EVENT_RUN_ACCEPTED:
        hear_accepted(s, r, ev);
        break;
    case EVENT_TIER_PLANNED:
        hear_planned(s, &ev->planned);
        break;
    case EVENT_JOB_TERMINAL:
        hear_terminal(s, &ev->terminal);
        break;
    case EVENT_TIER_RELEASED:
        if (step_at(s, ev->tier.step))
            step_at(s, ev->tier.step)->released = true;
        break;
    case EVENT_TIER_COMPLETED:
        if (step_at(s, ev->tier.step))
            step_at(s, ev->tier.step)->complete = true;
        break;
    case EVENT_RUN_REFUSED:
    case EVENT_RUN_FINISHED:
        hear_end(s, r, ev);
        break;
    default:
        break;
    }
}

bool story_hear(struct story *s, const struct kafka_record *r, const struct event *ev, bool aloud)
{
    bool next = ev && is_next(s, ev);
    bool ours = ev && ev->workload && ev->run && strcmp(ev->workload, s->workload) == 0 &&
                strcmp(ev->run, s->run) == 0;

    if (!next && !ours)
        return s->result != RESULT_NONE;
    s->known = true;
    s->began = s->began || next;
    if (next)
        s->began_ms = r->ts_ms;
    bool was = s->result != RESULT_NONE;
    if (ours)
        take(s, r, ev);
    if (aloud && !was)
        story_tell(s, r, ev);
    return s->result != RESULT_NONE;
}

bool story_known(const struct story *s)
{
    return s->known;
}

bool story_accepted(const struct story *s)
{
    return s->accepted;
}

const char *story_observe(const struct story *s)
{
    return s->observe ? "; the fleet only observes: it decides and changes nothing" : "";
}

const char *story_action(const struct story *s)
{
    return s->action ? s->action : "";
}

int64_t story_counted(const struct story *s)
{
    return s->counted;
}

bool story_began(const struct story *s)
{
    return s->began;
}

enum result story_result(const struct story *s)
{
    return (enum result)s->result;
}

enum cause story_cause(const struct story *s)
{
    return (enum cause)s->cause;
}

const char *story_detail(const struct story *s)
{
    return s->detail ? s->detail : "";
}

int story_exit(const struct story *s)
{
    return s->result == RESULT_SUCCEEDED ? CLI_OK : s->result == RESULT_REFUSED ? CLI_REFUSED : CLI_FAILED;
}
