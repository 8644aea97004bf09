#include "view/record.h"

#include "base/mem.h"
#include "codec/json.h"
#include "model/job.h"

#include <string.h>

/* "G:partition:offset" of a record as "G:offset"; an absent one is empty. False: of another partition, or not
 * one. */
static bool add_epoch(const struct view_position *at, const char *text, struct words *w)
{
    struct epoch ep;
    char in_view[IDS_EPOCH_MAX] = "";

    if (text && text[0]) {
        if (!epoch_parse(str_of(text), &ep) || ep.partition != at->partition)
            return false;
        epoch_format_in_view(&ep, in_view);
    }
    words_adds(w, in_view);
    return true;
}

static void add_counts(struct words *w, const struct counts *c)
{
    const int64_t six[] = {c->done, c->unchanged, c->bypassed, c->failed, c->doubt, c->unsettled};

    for (size_t i = 0; i < sizeof six / sizeof *six; i++)
        words_int(w, six[i]);
}

static bool add_requested(const struct view_position *at, const struct event *ev, struct words *w)
{
    const struct event_request *r = &ev->requested;
    BUF_CLEANUP struct buf rest = BUF_INIT(EVENT_TEXT_MAX);
    JSON_CLEANUP struct json *j = json_encode(event_request_fields, r);
    bool scheduled = r->origin.schedule && r->origin.schedule[0];

    (void)at;
    words_adds(w, ev->run);
    words_adds(w, scheduled ? r->origin.schedule : "");
    if (scheduled)
        words_int(w, r->origin.tick);
    else
        words_adds(w, "");
    words_adds(w, ev->action);
    words_adds(w, if_busy_names[r->if_busy]);
    json_print(j, &rest);
    words_take(w, &rest);
    return true;
}

static bool add_accepted(const struct view_position *at, const struct event *ev, struct str text,
                         struct words *w)
{
    const struct event_accepted *a = &ev->accepted;
    BUF_CLEANUP struct buf delays = BUF_INIT(EVENT_TEXT_MAX);

    if (!add_epoch(at, a->request, w))
        return false;
    words_int(w, (int64_t)a->steps.n);
    words_adds(w, on_failure_names[a->on_failure]);
    for (size_t i = 0; i < a->steps.n; i++) {
        if (a->steps.at[i].delay_s < 0 || a->steps.at[i].delay_s > INT32_MAX)
            return false;
        buf_addf(&delays, "%s%lld", i ? "," : "", (long long)a->steps.at[i].delay_s * 1000);
    }
    words_take(w, &delays);
    words_int(w, a->deadline_s);
    words_int(w, a->pause_s);
    words_add(w, text);
    return true;
}

bool record_job(const struct event *ev, const struct event_plan_tier *t, const struct event_plan_job *pj,
                enum action action, struct buf *out)
{
    struct job job = {
        .v = 1,
        .workload = ev->workload,
        .run = ev->run,
        .epoch = ev->epoch,
        .action = (int)action,
        .step = ev->planned.step,
        .tier = t->tier,
        .job = pj->job,
        .options = t->options,
        .members = pj->members,
    }; /* borrows all of it: never released */

    job_print(&job, out);
    return !out->over && pj->job[0] != 0;
}

static bool add_job(const struct event *ev, const struct event_plan_tier *t, const struct event_plan_job *pj,
                    enum action action, struct words *w)
{
    BUF_CLEANUP struct buf text = BUF_INIT(JOB_TEXT_MAX);

    if (!record_job(ev, t, pj, action, &text))
        return false;
    words_adds(w, pj->job);
    words_take(w, &text);
    return true;
}

static bool add_planned(const struct view_position *at, const struct event *ev, struct words *w)
{
    const struct event_planned *p = &ev->planned;
    struct counts left_out = {0};
    int action =
        ev->action && strcmp(ev->action, action_names[ACTION_STOP]) == 0 ? ACTION_STOP : ACTION_START;

    if (!ev->action || strcmp(ev->action, action_names[action]) != 0 || !ev->run)
        return false;
    if (!add_epoch(at, ev->epoch, w))
        return false;
    words_int(w, p->step);
    words_adds(w, p->plan);
    words_int(w, p->part);
    words_int(w, p->parts);
    for (size_t i = 0; i < p->tiers.n; i++) {
        struct counts c = counts_of(&p->tiers.at[i].left_out);
        counts_sum(&left_out, &c);
    }
    add_counts(w, &left_out);
    for (size_t i = 0; i < p->tiers.n; i++)
        for (size_t k = 0; k < p->tiers.at[i].jobs.n; k++)
            if (!add_job(ev, &p->tiers.at[i], &p->tiers.at[i].jobs.at[k], (enum action)action, w))
                return false;
    return true;
}

static bool add_terminal(const struct view_position *at, const struct event *ev, struct words *w)
{
    const struct event_terminal *t = &ev->terminal;
    struct counts c = counts_of(&t->members);

    if (!add_epoch(at, ev->epoch, w))
        return false;
    words_int(w, t->step);
    words_adds(w, t->job);
    words_adds(w, t->token);
    words_flag(w, t->unanswered);
    add_counts(w, &c);
    return true;
}

static bool add_control(const struct event *ev, struct words *w)
{
    words_adds(w, ev->control.id);
    words_adds(w, ev->run);
    if (ev->type == EVENT_CANCEL)
        words_adds(w, cause_names[ev->control.cause ? ev->control.cause : CAUSE_CANCELLED]);
    return true;
}

static bool add_hold(const struct event *ev, struct words *w)
{
    words_adds(w, ev->hold.id);
    words_adds(w, ev->hold.hold);
    if (ev->type == EVENT_HOLD_CLEARED)
        return true;
    words_int(w, ev->hold.until_ms);
    words_adds(w, ev->hold.scope.tier);
    words_adds(w, ev->hold.scope.instance);
    return true;
}

static bool add_refused(const struct view_position *at, const struct event *ev, struct words *w)
{
    if (!add_epoch(at, ev->refused.request, w))
        return false;
    words_adds(w, cause_names[ev->refused.cause]);
    return true;
}

static bool add_plan_failed(const struct view_position *at, const struct event *ev, struct words *w)
{
    if (!add_epoch(at, ev->epoch, w))
        return false;
    words_int(w, ev->plan_failed.step);
    words_adds(w, cause_names[ev->plan_failed.cause]);
    return true;
}

static bool add_view(const struct event *ev, struct words *w)
{
    words_adds(w, ev->view.inc);
    words_int(w, ev->view.ttl_ms);
    words_int(w, ev->view.taws_ms);
    return true;
}

static bool add_own(const struct view_position *at, const struct event *ev, struct str text, struct words *w)
{
    switch (ev->type) {
    case EVENT_RUN_REQUESTED:
        return add_requested(at, ev, w);
    case EVENT_RUN_ACCEPTED:
        return add_accepted(at, ev, text, w);
    case EVENT_RUN_REFUSED:
        return add_refused(at, ev, w);
    case EVENT_DRAINED:
        return add_epoch(at, ev->drained.old_epoch, w) && add_epoch(at, ev->drained.next_epoch, w);
    case EVENT_TIER_PLANNED:
        return add_planned(at, ev, w);
    case EVENT_PLAN_FAILED:
        return add_plan_failed(at, ev, w);
    case EVENT_JOB_TERMINAL:
        return add_terminal(at, ev, w);
    case EVENT_PAUSE:
    case EVENT_RESUME:
    case EVENT_CANCEL:
        return add_control(ev, w);
    case EVENT_HOLD_SET:
    case EVENT_HOLD_CLEARED:
        return add_hold(ev, w);
    case EVENT_VIEW_OPENED:
        return add_view(ev, w);
    case EVENT_RUN_FINISHED:
        words_adds(w, ev->run);
        return true;
    default:
        return true; /* readers' records, and those that this build does not know: no words of their own */
    }
}

static const char *const fold_types[EVENT_TYPES] = {
    [EVENT_RUN_REQUESTED] = "REQ", [EVENT_RUN_ACCEPTED] = "ACC",  [EVENT_RUN_REFUSED] = "REF",
    [EVENT_DRAINED] = "DRAINED",   [EVENT_TIER_PLANNED] = "PLAN", [EVENT_PLAN_FAILED] = "PLANFAIL",
    [EVENT_JOB_TERMINAL] = "TERM", [EVENT_PAUSE] = "PAUSE",       [EVENT_RESUME] = "RESUME",
    [EVENT_CANCEL] = "CANCEL",     [EVENT_HOLD_SET] = "HOLD",     [EVENT_HOLD_CLEARED] = "UNHOLD",
    [EVENT_VIEW_OPENED] = "VIEW",  [EVENT_RUN_FINISHED] = "FIN",
};

/* A type that this build does not know must never be taken for one of the fold's own words. */
static void add_type(const struct event *ev, struct words *w)
{
    BUF_CLEANUP struct buf name = BUF_INIT(EVENT_TEXT_MAX);

    if (fold_types[ev->type]) {
        words_adds(w, fold_types[ev->type]);
        return;
    }
    buf_addc(&name, '?');
    buf_adds(&name, ev->type_name);
    words_take(w, &name);
}

static void add_common(const struct event *ev, struct words *w)
{
    BUF_CLEANUP struct buf needs = BUF_INIT(EVENT_TEXT_MAX);

    add_type(ev, w);
    words_flag(w, ev->must);
    for (size_t i = 0; i < ev->needs.n; i++) {
        buf_adds(&needs, i ? " " : "");
        buf_adds(&needs, ev->needs.at[i]);
    }
    words_take(w, &needs);
    words_adds(w, ev->workload);
}

/* The key is the workload, in its own partition; a record of a whole partition has neither. */
static bool key_ok(const struct view_position *at, const struct event *ev, struct err *e)
{
    struct str workload = str_of(ev->workload);

    if (ev->type == EVENT_VIEW_OPENED)
        return at->key.n == 0 && workload.n == 0 ? true
                                                 : err_set(e, ERR_INVALID, "%s: it has a key", ev->type_name);
    if (workload.n == 0 && ev->type == EVENT_OTHER)
        return true;
    if (!ids_workload_ok(workload))
        return err_set(e, ERR_INVALID, "%s: not a valid workload name", ev->type_name);
    if (!str_eq(at->key, workload))
        return err_set(e, ERR_INVALID, "%s: its key is not its workload", ev->type_name);
    if (ids_partition(workload, at->partitions) != at->partition)
        return err_set(e, ERR_INVALID, "%s: workload %s belongs to another partition", ev->type_name,
                       ev->workload);
    return true;
}

bool record_is_folded(const struct view_position *at, const struct event *ev)
{
    struct err e = {0};

    return fold_types[ev->type] && ev->type != EVENT_VIEW_OPENED && key_ok(at, ev, &e);
}

bool record_words(const struct view_position *at, const struct event *ev, struct str text, struct words *out,
                  struct err *e)
{
    size_t before = out->n;
    bool ok = false;

    if (ev && key_ok(at, ev, e)) {
        add_common(ev, out);
        ok = add_own(at, ev, text, out) ||
             err_set(e, ERR_INVALID, "%s: it names another partition, or is out of bounds", ev->type_name);
    }
    if (ok)
        return true;
    while (out->n > before) {
        out->n--;
        xfree((char *)out->at[out->n].p);
    }
    words_adds(out, "-");
    for (int i = 0; i < 3; i++) /* must, needs, workload */
        words_adds(out, "");
    return false;
}
