#include "core/story.h"

#include "base/mem.h"
#include "model/ids.h"

#include <string.h>

struct story *story_new(const char *workload, const char *run, bool whole)
{
    struct story *s = xcalloc(1, sizeof *s);

    s->whole = whole;
    s->workload = xstrdup(workload);
    s->run = xstrdup(run);
    return s;
}

static void parts_free(struct story *s)
{
    struct told_member *m = NULL;
    struct told_member *next = NULL;

    for (size_t i = 0; i < s->step_count; i++) {
        for (size_t t = 0; t < s->steps[i].tier_count; t++)
            xfree(s->steps[i].tiers[t].name);
        xfree(s->steps[i].tiers);
    }
    xfree(s->steps);
    s->steps = NULL;
    s->step_count = 0;

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
    char *texts[] = {s->workload, s->run, s->action, s->who, s->reason, s->detail};
    parts_free(s);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        xfree(texts[i]);
    xfree(s);
    *p = NULL;
}

void story_shorten(struct story *s)
{
    parts_free(s);
    s->partial = s->partial || s->whole;
    s->whole = false;
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
    if (HASH_COUNT(s->members) == STORY_MEMBERS_MAX) {
        s->partial = true;
        return NULL;
    }
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

static void note_origin(struct story *s, const struct event_origin *o)
{
    if (!s->who)
        s->who = copy(o->who);
    if (!s->reason)
        s->reason = copy(o->reason);
}

static void keep_steps(struct story *s, const struct event_steps *steps)
{
    s->steps = xcalloc(steps->n + 1, sizeof *s->steps);
    s->step_count = steps->n;
    for (size_t i = 0; i < steps->n; i++) {
        const struct strs *tiers = &steps->at[i].tiers;
        s->steps[i].tiers = xcalloc(tiers->n + 1, sizeof *s->steps[i].tiers);
        s->steps[i].tier_count = tiers->n;
        for (size_t t = 0; t < tiers->n; t++)
            s->steps[i].tiers[t].name = xstrdup(tiers->at[t]);
    }
}

static void hear_accepted(struct story *s, const struct kafka_record *r, const struct event *ev)
{
    const struct event_accepted *a = &ev->accepted;

    if (s->accepted)
        return;
    s->accepted = true;
    s->accepted_at = r->offset;
    s->counted = a->members;
    note_origin(s, &a->origin);
    if (s->whole)
        keep_steps(s, &a->steps);
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

static void note_detail(struct story *s, const char *detail)
{
    if (!detail)
        return;
    xfree(s->detail);
    s->detail = xstrdup(detail);
}

static void hear_refused(struct story *s, const struct kafka_record *r, const struct event *ev)
{
    if (s->finished)
        return;
    s->ended_ms = s->ended_ms ? s->ended_ms : r->ts_ms;
    s->result = RESULT_REFUSED;
    s->cause = ev->refused.cause;
    note_detail(s, ev->refused.detail);
}

/* Two leaders may write it: the first stands. */
static void hear_finished(struct story *s, const struct kafka_record *r, const struct event_finished *f)
{
    if (s->finished)
        return;
    s->finished = true;
    s->ended_ms = s->ended_ms ? s->ended_ms : r->ts_ms;
    s->result = f->result;
    s->cause = f->cause ? f->cause : s->cause;
    s->counts = f->counts;
    note_detail(s, f->detail);
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
        s->asked_ms = s->asked_ms ? s->asked_ms : r->ts_ms; /* the first request of an id is the run */
        note_origin(s, &ev->requested.origin);
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
        hear_refused(s, r, ev);
        break;
    case EVENT_RUN_FINISHED:
        hear_finished(s, r, &ev->finished);
        break;
    default:
        break;
    }
}

/* What only an accepted run has, of one whose acceptance was not heard. */
static bool tells_no_beginning(const struct story *s, const struct event *ev)
{
    return !s->accepted && (ev->type == EVENT_TIER_PLANNED || ev->type == EVENT_JOB_TERMINAL ||
                            (ev->type == EVENT_RUN_FINISHED && s->result != RESULT_REFUSED &&
                             ev->finished.result != RESULT_REFUSED));
}

bool story_hear(struct story *s, const struct kafka_record *r, const struct event *ev)
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
    s->partial = s->partial || (ours && tells_no_beginning(s, ev));
    if (ours)
        take(s, r, ev);
    return s->result != RESULT_NONE;
}

const char *story_action(const struct story *s)
{
    return s->action ? s->action : "";
}

const char *story_detail(const struct story *s)
{
    return s->detail ? s->detail : "";
}

int64_t story_moment(const struct story *s)
{
    return s->asked_ms ? s->asked_ms : s->began_ms ? s->began_ms : s->ended_ms;
}
