#include "producer/planner.h"

#include "base/mem.h"
#include "base/moment.h"
#include "core/parts.h"
#include "core/plan.h"
#include "producer/frozen.h"
#include "producer/journal.h"
#include "producer/pump.h"
#include "specs/members.h"
#include "view/record.h"

#include <string.h>

/*
 * Bytes of one part, counted from above (core/parts.h). A step begins when the last part has been read and
 * folded: the others are, while it is on its way. Far below what a record may have, and room for any one job.
 */
enum { PART_BYTES = 64 * 1000 };

_Static_assert(PART_BYTES + JOB_TEXT_MAX < EVENT_TEXT_MAX, "a part of one large job is a record");

struct hold { /* owned copy */
    char *tier, *instance;
    int64_t until_ms;
};

struct first { /* a job's message */
    char *job, *text;
};

struct planning {
    char *run;
    struct epoch epoch;
    int64_t step;
    enum action action;
    struct frozen *frozen; /* held; NULL: not read yet */
    struct hold holds[VIEW_HOLDS_MAX];
    size_t hold_count;
    struct members members;
    bool known; /* foreseen work: both have answered, and it waits for the view */
    bool disturbed;
    struct first first[PLAN_FIRST_JOBS]; /* not sent yet */
    size_t first_count;
    int asking; /* questions that are out: for the members, and for the holds */
    struct err members_err, holds_err;
    size_t spot_from, spot_to; /* the members whose Spot requests are being asked for */
    struct plan_parts parts;
    size_t part;     /* the next to append */
    int64_t part_at; /* offset of the one before; VIEW_NOT_KNOWN: none yet */
    bool held;       /* the next waits for the view */
    char nonce[CONTEXT_ID_MAX];
    int refusals;          /* in a row, that waiting cannot mend */
    enum cause told_cause; /* of the last PlanDelayed */
    int64_t tell_ms;       /* when the next is due */
};

bool planner_take(struct work *w, const struct view_debt_entry *d)
{
    struct planning *p = xcalloc(1, sizeof *p);

    w->planning = p;
    p->run = str_dup(d->plan.run);
    p->step = d->plan.step;
    p->action = str_is(d->plan.action, action_names[ACTION_STOP]) ? ACTION_STOP : ACTION_START;
    return str_is(d->plan.action, action_names[p->action]) && p->step >= 0 &&
           epoch_parse_in_view(d->plan.epoch, w->p->number, &p->epoch);
}

static void forget_holds(struct planning *p)
{
    for (size_t i = 0; i < p->hold_count; i++) {
        xfree(p->holds[i].tier);
        xfree(p->holds[i].instance);
    }
    p->hold_count = 0;
}

static void forget_first(struct planning *p)
{
    for (size_t i = 0; i < p->first_count; i++) {
        xfree(p->first[i].job);
        xfree(p->first[i].text);
    }
    p->first_count = 0;
}

void planner_free(struct planning *p)
{
    if (!p)
        return;
    forget_first(p);
    forget_holds(p);
    frozen_let_go(p->frozen);
    members_release(&p->members);
    parts_release(&p->parts);
    xfree(p->run);
    xfree(p);
}

static void common(const struct work *w, enum event_type type, struct event *ev)
{
    const struct planning *p = w->planning;
    char epoch[IDS_EPOCH_MAX];

    epoch_format(&p->epoch, epoch);
    event_init(ev, type, context_wall_ms(work_context(w)), w->workload, p->run);
    ev->epoch = xstrdup(epoch);
    ev->action = xstrdup(action_names[p->action]);
}

static void fail(struct work *w, enum cause cause, const char *detail)
{
    struct event ev;

    log_error(work_context(w)->ports->log, "plan.failed", fs("workload", w->workload),
              fs("run", w->planning->run), fi("step", w->planning->step), fs("cause", cause_names[cause]),
              fs("detail", detail));
    common(w, EVENT_PLAN_FAILED, &ev);
    ev.plan_failed.step = w->planning->step;
    ev.plan_failed.cause = (int)cause;
    ev.plan_failed.detail = xstrndup(detail, strnlen(detail, EVENT_TEXT_KEPT_MAX));
    work_context(w)->counters.plan_failures++;
    work_append(w, &ev);
}

static enum cause cause_of_err(const struct err *err)
{
    switch (err->kind) {
    case ERR_DENIED:
        return CAUSE_DENIED;
    case ERR_THROTTLED:
        return CAUSE_THROTTLED;
    case ERR_UNAVAILABLE:
        return CAUSE_UNAVAILABLE;
    default:
        return CAUSE_REFUSED_BY_EC2;
    }
}

/* For readers: that the run waits, why, and until when. Once a cause, then again each PLAN_TELL_MS. */
static void tell_delay(struct work *w, const struct err *err)
{
    struct planning *p = w->planning;
    struct context *c = work_context(w);
    enum cause cause = cause_of_err(err);
    struct event ev;
    struct err e = {0};

    if (cause == p->told_cause && c->now_ms < p->tell_ms)
        return;
    p->told_cause = cause;
    p->tell_ms = c->now_ms + PLAN_TELL_MS;
    common(w, EVENT_PLAN_DELAYED, &ev);
    ev.plan_delayed.step = p->step;
    ev.plan_delayed.cause = (int)cause;
    ev.plan_delayed.detail = xstrndup(err->msg, strnlen(err->msg, EVENT_TEXT_KEPT_MAX));
    ev.plan_delayed.until_ms = context_wall_ms(c) + w->began_ms + PLAN_PATIENCE_MS - c->now_ms;
    if (!journal_event(c, w->p->number, &ev, NULL, NULL, &e))
        log_warn(c->ports->log, "notice.dropped", fe(&e));
    event_release(&ev);
}

/* A denial may be mended too, by a person, within the time that a run waits. */
static void aws_failed(struct work *w, const struct err *err)
{
    struct context *c = work_context(w);
    bool may_pass = err_is_retriable(err) || err->kind == ERR_DENIED;

    w->planning->refusals = may_pass ? 0 : w->planning->refusals + 1;
    if (c->now_ms - w->began_ms >= PLAN_PATIENCE_MS || w->planning->refusals == PLAN_REFUSALS_MAX) {
        fail(w, cause_of_err(err), err->msg);
        return;
    }
    log_warn(c->ports->log, "plan.again", fs("workload", w->workload), fi("step", w->planning->step),
             fe(err));
    tell_delay(w, err);
    work_backoff(w);
}

/* ---- the parts, one after the other ---- */

static void next_part(struct work *w);

/* The step opens when the view has folded the last part, a moment from now. */
static void send_first(struct work *w)
{
    struct planning *p = w->planning;

    /* behind more than the part itself, the message would only wait for the view */
    if (!p->disturbed && p->part_at - w->p->tail.pos <= PLAN_AHEAD + 1)
        for (size_t i = 0; i < p->first_count; i++)
            pump_early(w->p, &p->epoch, p->step, p->first[i].job, p->first[i].text);
    forget_first(p);
}

static void on_part(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct work *w = self;
    struct planning *p = w->planning;

    (void)id;
    if (!work_back(w))
        return;
    if (a->err.kind != ERR_NONE) {
        work_backoff(w); /* the whole plan again, under a new nonce: its part 0 replaces what is incomplete */
        return;
    }
    p->part++;
    p->part_at = a->offset;
    if (p->part == p->parts.n) {
        w->folded_at = a->offset;
        send_first(w);
    } else {
        p->held = true;
        planner_folded(w);
    }
}

void planner_disturb(struct work *w)
{
    w->planning->disturbed = true;
}

void planner_folded(struct work *w)
{
    struct planning *p = w->planning;

    if (!p->held || p->part_at - w->p->tail.pos > PLAN_AHEAD)
        return;
    p->held = false;
    next_part(w);
}

/* Written while the record is on its way. */
static void keep_first(struct planning *p, const struct event *ev)
{
    const struct event_plan_tiers *tiers = &ev->planned.tiers;

    forget_first(p);
    for (size_t i = 0; i < tiers->n; i++)
        for (size_t k = 0; k < tiers->at[i].jobs.n && p->first_count < PLAN_FIRST_JOBS; k++) {
            struct buf text = BUF_INIT(JOB_TEXT_MAX);
            if (record_job(ev, &tiers->at[i], &tiers->at[i].jobs.at[k], p->action, &text))
                p->first[p->first_count++] =
                    (struct first){xstrdup(tiers->at[i].jobs.at[k].job), buf_take(&text)};
            else
                buf_release(&text);
        }
}

static void next_part(struct work *w)
{
    struct planning *p = w->planning;
    struct event ev;
    struct err e = {0};

    common(w, EVENT_TIER_PLANNED, &ev);
    ev.planned.step = p->step;
    ev.planned.plan = xstrdup(p->nonce);
    ev.planned.part = (int64_t)p->part;
    ev.planned.parts = (int64_t)p->parts.n;
    ev.planned.tiers = p->parts.at[p->part];
    p->parts.at[p->part] = (struct event_plan_tiers){0}; /* moved into the record */
    work_wait(w);
    if (!journal_event(work_context(w), w->p->number, &ev, on_part, w, &e)) {
        w->waiting = false;
        event_release(&ev);
        fail(w, CAUSE_TOO_LARGE, e.msg);
        return;
    }
    if (ev.planned.part == 0)
        keep_first(p, &ev);
    event_release(&ev);
}

static void plan(struct work *w)
{
    struct planning *p = w->planning;
    struct context *c = work_context(w);
    struct plan_hold holds[VIEW_HOLDS_MAX];
    struct event_plan_tiers tiers = {0};
    enum cause cause = CAUSE_NONE;
    struct err e = {0};
    struct plan_context pc = {
        .run = &p->frozen->ev.accepted,
        .epoch = &p->epoch,
        .action = p->action,
        .step = p->step,
        .wall_ms = context_wall_ms(c),
        .holds = holds,
        .hold_count = p->hold_count,
    };

    for (size_t i = 0; i < p->hold_count; i++)
        holds[i] = (struct plan_hold){.tier = str_of(p->holds[i].tier),
                                      .instance = str_of(p->holds[i].instance),
                                      .until_ms = p->holds[i].until_ms};
    if (!moment_parse(str_of(p->frozen->ev.ts), &pc.accepted_ms)) {
        fail(w, CAUSE_INVALID, "the frozen specification does not say when it was accepted");
        return;
    }
    parts_release(&p->parts);
    if (!plan_step(&pc, p->members.at, p->members.n, &tiers, &cause, &e) ||
        !parts_cut(&tiers, PART_BYTES, &p->parts, &e)) {
        fail(w, cause == CAUSE_NONE ? CAUSE_TOO_LARGE : cause, e.msg);
        return;
    }
    context_nonce(c, p->nonce);
    p->part = 0;
    p->held = false;
    c->counters.planned++;
    log_info(c->ports->log, "step.planned", fs("workload", w->workload), fs("run", p->run),
             fi("step", p->step), fi("members", (int64_t)p->members.n), fi("parts", (int64_t)p->parts.n));
    members_release(&p->members); /* a hundred thousand take their time: now, not when the step begins */
    next_part(w);
}

/* ---- Spot: a one-time request cannot be stopped ---- */

static void ask_spot(struct work *w, size_t from);

static void on_spot(void *self, uint64_t id, struct aws_result *r)
{
    struct work *w = self;
    struct ec2_spot_requests known = {0};

    (void)id;
    if (!work_back(w))
        return;
    if (r->err.kind != ERR_NONE) {
        aws_failed(w, &r->err);
        return;
    }
    ec2_spot_requests_take(r, &known);
    members_mark_spot(&w->planning->members, w->planning->spot_from, w->planning->spot_to, &known);
    ec2_spot_requests_release(&known);
    ask_spot(w, w->planning->spot_to);
}

static void ask_spot(struct work *w, size_t from)
{
    struct planning *p = w->planning;
    const struct spec *s = &p->frozen->ev.accepted.spec;
    struct ec2_filters f = {0};
    struct aws_where where = {.region = s->region,
                              .role_arn = s->role,
                              .external_id = s->external_id,
                              .workload = s->workload,
                              .run = p->run};

    p->spot_from = from;
    if (members_spot(&p->members, from, &f, &p->spot_to) == 0) {
        ec2_filters_release(&f);
        plan(w);
        return;
    }
    work_wait(w);
    (void)ec2_describe_spot_requests(work_context(w)->aws, &where, &f, on_spot, w);
    ec2_filters_release(&f);
}

/* ---- who is there and who is held: asked at once, so that a step waits for one of the two answers alone
 * ---- */

static void go_on(struct work *w)
{
    struct planning *p = w->planning;

    p->known = false;
    if (p->holds_err.kind != ERR_NONE)
        work_view_failed(w, &p->holds_err);
    else if (p->members_err.kind != ERR_NONE)
        aws_failed(w, &p->members_err);
    else
        ask_spot(w, 0);
}

static void both_known(struct work *w)
{
    struct planning *p = w->planning;

    if (--p->asking > 0 || !work_back(w))
        return;
    if (w->foreseen)
        p->known = true;
    else
        go_on(w);
}

bool planner_plans(const struct work *w, const struct view_debt_entry *d)
{
    return w->planning->step == d->plan.step && str_is(d->plan.run, w->planning->run);
}

void planner_confirm(struct work *w)
{
    if (w->planning->known)
        go_on(w);
}

static void on_members(void *self, uint64_t id, struct aws_result *r)
{
    struct work *w = self;
    struct planning *p = w->planning;

    (void)id;
    p->members_err = r->err;
    if (r->err.kind == ERR_NONE) {
        members_release(&p->members);
        members_take(r, &p->frozen->ev.accepted.spec, &p->members);
    }
    both_known(w);
}

static void on_holds(void *self, uint64_t id, const struct view_held *h)
{
    struct work *w = self;
    struct planning *p = w->planning;

    (void)id;
    p->holds_err = h->err;
    forget_holds(p);
    for (size_t i = 0; h->err.kind == ERR_NONE && i < h->n; i++)
        p->holds[p->hold_count++] = (struct hold){.tier = str_dup(h->at[i].tier),
                                                  .instance = str_dup(h->at[i].instance),
                                                  .until_ms = h->at[i].until_ms};
    both_known(w);
}

static void ask_both(struct work *w)
{
    struct planning *p = w->planning;

    work_wait(w); /* until both have answered */
    p->asking = 2;
    (void)view_holds(work_context(w)->view, w->p->number, w->workload, on_holds, w);
    (void)members_ask(work_context(w)->aws, &p->frozen->ev.accepted.spec, p->run, on_members, w);
}

/* ---- the frozen specification ---- */

static void thawed(struct work *w, struct frozen *f)
{
    struct planning *p = w->planning;

    if ((uint64_t)p->step >= f->ev.accepted.steps.n) {
        fail(w, CAUSE_INVALID, "the frozen specification has no such step");
        return;
    }
    p->frozen = frozen_hold(f);
    ask_both(w);
}

static void on_frozen(void *self, uint64_t id, const struct view_text *t)
{
    struct work *w = self;
    struct event ev = {0};
    struct err e = {0};

    (void)id;
    if (!work_back(w))
        return;
    if (t->err.kind != ERR_NONE) {
        work_backoff(w); /* gone with its epoch: the debt will be, too */
        return;
    }
    if (event_parse(t->text, &ev, &e) && ev.type == EVENT_RUN_ACCEPTED) {
        thawed(w, frozen_keep(work_context(w), &w->planning->epoch, &ev));
        return;
    }
    event_release(&ev);
    fail(w, CAUSE_INVALID, "the frozen specification cannot be read");
}

void planner_go(struct work *w)
{
    struct planning *p = w->planning;
    struct frozen *known = p->frozen ? NULL : frozen_find(work_context(w), &p->epoch);

    if (p->frozen) {
        ask_both(w);
    } else if (known) {
        thawed(w, known);
    } else {
        work_wait(w);
        (void)view_frozen(work_context(w)->view, &p->epoch, on_frozen, w);
    }
}
