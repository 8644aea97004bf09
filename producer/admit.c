#include "producer/admit.h"

#include "base/mem.h"
#include "core/lint.h"
#include "core/plan.h"
#include "specs/members.h"

#include <stdio.h>
#include <string.h>

enum {
    HOUR_S = 3600,
    DEADLINE_LEAST_S = 6 * HOUR_S, /* docs/protocol.md 4.7 */
    BUCKET_SIZE = 1000,            /* of EC2's resource token buckets */
    START_RATE = 2,                /* tokens a second: StartInstances */
    STOP_RATE = 20,                /* StopInstances */
};

struct admission {
    char *run;
    struct epoch request;
    enum action action;
    struct event_request asked;
    struct spec spec;
};

static bool action_of(struct str word, enum action *out)
{
    for (int i = 0; action_names[i]; i++) {
        if (!str_is(word, action_names[i]))
            continue;
        *out = (enum action)i;
        return true;
    }
    return false;
}

bool admit_take(struct work *w, const struct view_debt_entry *d)
{
    struct admission *a = xcalloc(1, sizeof *a);
    struct err e = {0};
    JSON_CLEANUP struct json *j = json_parse(d->admit.rest, EVENT_TEXT_MAX, &e);

    w->admission = a;
    a->run = str_dup(d->admit.run);
    return j && action_of(d->admit.action, &a->action) &&
           epoch_parse_in_view(d->admit.request, w->p->number, &a->request) &&
           json_decode(j, event_request_fields, &a->asked, &e);
}

void admit_free(struct admission *a)
{
    if (!a)
        return;
    json_release(event_request_fields, &a->asked);
    spec_release(&a->spec);
    xfree(a->run);
    xfree(a);
}

static void common(const struct work *w, enum event_type type, struct event *ev)
{
    event_init(ev, type, context_wall_ms(work_context(w)), w->workload, w->admission->run);
    ev->action = xstrdup(action_names[w->admission->action]);
}

static char *request_text(const struct admission *a)
{
    char text[IDS_EPOCH_MAX];

    epoch_format(&a->request, text);
    return xstrdup(text);
}

static void refuse(struct work *w, enum cause cause, const char *detail)
{
    struct event ev;

    log_info(work_context(w)->ports->log, "run.refused", fs("workload", w->workload),
             fs("run", w->admission->run), fs("cause", cause_names[cause]), fs("detail", detail));
    common(w, EVENT_RUN_REFUSED, &ev);
    ev.refused.request = request_text(w->admission);
    ev.refused.cause = (int)cause;
    ev.refused.detail = xstrndup(detail, strnlen(detail, EVENT_TEXT_KEPT_MAX));
    work_append(w, &ev);
}

/* Whether it may go on asking: not for ever, and not once it is too late anyway. */
static void unreachable(struct work *w, const struct err *err, enum cause cause)
{
    struct context *c = work_context(w);

    if (!err_is_retriable(err) || c->now_ms - w->began_ms >= ADMIT_PATIENCE_MS) {
        refuse(w, err->kind == ERR_DENIED ? CAUSE_DENIED : cause, err->msg);
        return;
    }
    log_warn(c->ports->log, "admit.again", fs("workload", w->workload), fe(err));
    work_backoff(w);
}

/* ---- the last step: the record ---- */

static int64_t deadline_of(const struct work *w, const struct event_accepted *r, const struct members *m)
{
    const struct admission *a = w->admission;
    int64_t set_ms = work_context(w)->options->run.deadline_ms;
    int64_t rate = a->action == ACTION_START ? START_RATE : STOP_RATE;
    int64_t floor_s = (int64_t)m->n > BUCKET_SIZE ? ((int64_t)m->n - BUCKET_SIZE) / rate : 0;
    int64_t need_s = 2 * floor_s;

    if (set_ms > 0)
        return set_ms / 1000 > 0 ? set_ms / 1000 : 1;
    for (size_t i = 0; i < r->steps.n; i++)
        need_s += r->steps.at[i].delay_s;
    for (size_t i = 0; i < m->n; i++)
        for (size_t t = 0; t < a->spec.tiers.n; t++)
            if (str_is(m->at[i].tier, a->spec.tiers.at[t].name) &&
                tier_in(&a->spec.tiers.at[t], a->action)->sync)
                need_s += a->spec.tiers.at[t].timeout_s;
    return need_s > DEADLINE_LEAST_S ? need_s : DEADLINE_LEAST_S;
}

static void copy_origin(struct event_origin *to, const struct event_origin *from)
{
    char *const texts[] = {from->who, from->reason, from->schedule, from->of};
    char **const into[] = {&to->who, &to->reason, &to->schedule, &to->of};

    to->kind = from->kind;
    to->tick = from->tick;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *into[i] = texts[i] ? xstrdup(texts[i]) : NULL;
}

static void fill(struct work *w, struct event *ev, const struct members *m)
{
    struct admission *a = w->admission;
    struct event_accepted *r = &ev->accepted;

    common(w, EVENT_RUN_ACCEPTED, ev);
    r->request = request_text(a);
    plan_steps(&a->spec, a->action, &a->asked.tiers, &r->steps);
    r->spec = a->spec; /* moves into the record */
    r->on_failure = a->spec.on_failure;
    if (a->asked.on_failure)
        r->on_failure = strcmp(a->asked.on_failure, on_failure_names[ON_FAILURE_CONTINUE]) == 0
                            ? ON_FAILURE_CONTINUE
                            : ON_FAILURE_HALT;
    r->not_after_ms = a->asked.not_after_ms;
    r->pause_s = work_context(w)->options->pause.max_ms / 1000;
    r->deadline_s = deadline_of(w, r, m);
    r->members = (int64_t)m->n;
    r->observe = work_context(w)->options->observe;
    copy_origin(&r->origin, &a->asked.origin);
    a->spec = (struct spec){0};
}

static void accept(struct work *w, const struct members *m)
{
    struct event ev = {0};
    struct err e = {0};
    enum cause cause = CAUSE_NONE;

    fill(w, &ev, m);
    bool ok = plan_whole(&ev.accepted, w->admission->action, m->at, m->n, &cause, &e);
    if (ok && !(ok = plan_record_fits(&ev, &e)))
        cause = CAUSE_TOO_LARGE;
    if (!ok) {
        event_release(&ev);
        refuse(w, cause, e.msg);
        return;
    }
    log_info(work_context(w)->ports->log, "run.accepted", fs("workload", w->workload),
             fs("run", w->admission->run), fi("steps", (int64_t)ev.accepted.steps.n),
             fi("members", ev.accepted.members), fb("observe", ev.accepted.observe));
    work_append(w, &ev);
}

static void on_members(void *self, uint64_t id, struct aws_result *r)
{
    struct work *w = self;
    struct members m = {0};

    (void)id;
    if (!work_back(w))
        return;
    if (r->err.kind != ERR_NONE) {
        unreachable(w, &r->err, r->err.kind == ERR_THROTTLED ? CAUSE_THROTTLED : CAUSE_UNAVAILABLE);
        return;
    }
    members_take(r, &w->admission->spec, &m);
    accept(w, &m);
    members_release(&m);
}

/* ---- rows ---- */

/* False: refused, with the first thing that is wrong. */
static bool validate(struct work *w, const struct source_rows *rows)
{
    struct admission *a = w->admission;
    struct findings f = {0};
    char detail[EVENT_TEXT_KEPT_MAX];
    const struct finding *first = NULL;

    if (json_count(rows->workloads) == 0) {
        refuse(w, CAUSE_UNKNOWN_WORKLOAD, "there is no specification of this name");
        return false;
    }
    spec_release(&a->spec);
    bool ok = lint_workload(w->workload, json_first(rows->workloads), rows->tiers,
                            work_context(w)->options->specs.strict, &a->spec, &f) &&
              lint_action(&a->spec, a->action, &a->asked.tiers, &f);
    first = findings_first_error(&f);
    if (!ok) {
        (void)snprintf(detail, sizeof detail, "%s: %s: %s", first ? first->row : "",
                       first ? first->attribute : "", first ? first->message : "not valid");
        refuse(w, first && first->cause ? (enum cause)first->cause : CAUSE_INVALID, detail);
    } else if (a->spec.disabled) {
        ok = false;
        refuse(w, CAUSE_SWITCHED_OFF, "set it to 0 in the workload's row to allow runs");
    } else if (a->asked.profile && a->asked.profile[0]) {
        ok = false;
        refuse(w, CAUSE_NOT_SUPPORTED, "no tier has this profile: this build does not scale");
    }
    findings_release(&f);
    return ok;
}

static void on_rows(void *self, uint64_t id, const struct source_rows *rows)
{
    struct work *w = self;

    (void)id;
    if (!work_back(w))
        return;
    if (rows->err.kind != ERR_NONE) {
        unreachable(w, &rows->err, CAUSE_SPECS_UNREACHABLE);
        return;
    }
    if (!validate(w, rows))
        return;
    work_wait(w);
    (void)members_ask(work_context(w)->aws, &w->admission->spec, w->admission->run, on_members, w);
}

/* ---- holds, and how late it is ---- */

static void on_holds(void *self, uint64_t id, const struct view_held *h)
{
    struct work *w = self;
    struct context *c = NULL;

    (void)id;
    if (!work_back(w))
        return;
    c = work_context(w);
    if (h->err.kind != ERR_NONE) {
        work_view_failed(w, &h->err);
        return;
    }
    for (size_t i = 0; i < h->n; i++) {
        if (h->at[i].tier.n || h->at[i].instance.n || h->at[i].until_ms <= context_wall_ms(c))
            continue;
        refuse(w, CAUSE_HELD, "a hold covers the whole workload");
        return;
    }
    work_wait(w);
    (void)source_read(c->source, w->workload, on_rows, w);
}

void admit_go(struct work *w)
{
    struct context *c = work_context(w);
    int64_t not_after_ms = w->admission->asked.not_after_ms;

    if (not_after_ms > 0 && context_wall_ms(c) > not_after_ms) {
        refuse(w, CAUSE_EXPIRED, "it came too late");
        return;
    }
    work_wait(w);
    (void)view_holds(c->view, w->p->number, w->workload, on_holds, w);
}
