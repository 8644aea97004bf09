#include "producer/settle.h"

#include "base/mem.h"
#include "producer/journal.h"
#include "producer/notices.h"
#include "producer/replay.h"

#include <string.h>

struct settling {
    char *run;         /* deadline, finish: the run; drain: the one that waits ("" none) */
    char *epoch;       /* finish: as inside the view, "" when it was never accepted */
    struct epoch next; /* drain: of the run that waits */
    bool has_next;
    int64_t end_ms;   /* drain */
    int64_t first_ms; /* drain: the first moment at which the view could say yes, as far as we have heard */
    bool in_time;     /* drain: not_after has been looked at */
    char *old_epoch, *next_epoch; /* drain: what the view said, as records have it; NULL: none */
    int action, result, cause;
    char *detail;
    struct counts counts;
    int64_t asof; /* snap */
    char *value;
};

static bool action_index(struct str word, int *out)
{
    for (int i = 0; action_names[i]; i++) {
        if (!str_is(word, action_names[i]))
            continue;
        *out = i;
        return true;
    }
    return false;
}

static bool take_finish(struct settling *s, const struct view_debt_entry *d)
{
    enum cause cause = CAUSE_NONE;

    s->run = str_dup(d->finish.run);
    s->epoch = str_dup(d->finish.epoch);
    s->counts = d->finish.counts;
    while (result_names[s->result] && !str_is(d->finish.result, result_names[s->result]))
        s->result++;
    if (!result_names[s->result] || s->result == RESULT_NONE || !action_index(d->finish.action, &s->action))
        return false;
    if (d->finish.cause.n && !cause_of(d->finish.cause, &cause))
        s->detail = str_dup(d->finish.cause); /* a word of the fold's own: for people */
    s->cause = (int)cause;
    return true;
}

static bool take_snap(struct settling *s, const struct view_debt_entry *d)
{
    BUF_CLEANUP struct buf value = BUF_INIT(EVENT_TEXT_MAX);

    view_snapshot_print(d, &value);
    s->asof = d->snap.asof;
    s->value = value.over ? NULL : buf_take(&value);
    return true;
}

static bool take_drain(struct work *w, struct settling *s, const struct view_debt_entry *d)
{
    s->run = str_dup(d->drain.next_run);
    s->end_ms = d->drain.end_ms;
    s->first_ms = d->at_ms;
    s->has_next = d->drain.next.n > 0;
    return !s->has_next || epoch_parse_in_view(d->drain.next, w->p->number, &s->next);
}

bool settle_take(struct work *w, const struct view_debt_entry *d)
{
    struct settling *s = xcalloc(1, sizeof *s);

    w->settling = s;
    switch (d->kind) {
    case VIEW_OWES_DRAIN:
        return take_drain(w, s, d);
    case VIEW_OWES_DEADLINE:
        s->run = str_dup(d->deadline.run);
        return ids_run_ok(d->deadline.run);
    case VIEW_OWES_FINISH:
        return take_finish(s, d);
    case VIEW_OWES_SNAP:
        return take_snap(s, d);
    default:
        return false;
    }
}

void settle_free(struct settling *s)
{
    if (!s)
        return;
    xfree(s->run);
    xfree(s->epoch);
    xfree(s->old_epoch);
    xfree(s->next_epoch);
    xfree(s->detail);
    xfree(s->value);
    xfree(s);
}

static char *epoch_in_records(const struct work *w, struct str in_view)
{
    struct epoch ep;
    char text[IDS_EPOCH_MAX];

    if (!epoch_parse_in_view(in_view, w->p->number, &ep))
        return NULL;
    epoch_format(&ep, text);
    return xstrdup(text);
}

static void begin(const struct work *w, enum event_type type, const char *run, struct event *ev)
{
    event_init(ev, type, context_wall_ms(work_context(w)), w->workload, run);
}

/* ---- Cancel: the run deadline, or too late ---- */

static void cancel(struct work *w, const char *run, enum cause cause)
{
    struct event ev;
    char id[CONTEXT_ID_MAX];

    log_info(work_context(w)->ports->log, "run.cancel", fs("workload", w->workload), fs("run", run),
             fs("cause", cause_names[cause]));
    begin(w, EVENT_CANCEL, run, &ev);
    context_nonce(work_context(w), id);
    ev.control.id = xstrdup(id);
    ev.control.who = xstrdup(work_context(w)->source_name);
    ev.control.cause = (int)cause;
    work_append(w, &ev);
}

/* ---- Drained ---- */

bool settle_expired(int64_t not_after_ms, int64_t end_ms, int64_t first_ms, int64_t now_ms)
{
    if (not_after_ms <= 0)
        return false;
    if (end_ms != VIEW_NOT_KNOWN && end_ms > not_after_ms)
        return true;
    return now_ms > not_after_ms && now_ms > first_ms + EXPIRE_GRACE_MS;
}

static void append_drained(struct work *w)
{
    struct settling *s = w->settling;
    struct event ev;

    begin(w, EVENT_DRAINED, s->run && s->run[0] ? s->run : NULL, &ev);
    ev.drained.old_epoch = s->old_epoch;
    ev.drained.next_epoch = s->next_epoch;
    s->old_epoch = s->next_epoch = NULL; /* moved */
    work_context(w)->counters.drained++;
    work_append(w, &ev);
}

static void on_next(void *self, uint64_t id, const struct view_text *t)
{
    struct work *w = self;
    struct settling *s = NULL;
    struct event next = {0};
    struct err e = {0};

    (void)id;
    if (!work_back(w))
        return;
    s = w->settling;
    if (t->err.kind != ERR_NONE || !event_parse(t->text, &next, &e)) {
        work_backoff(w);
        return;
    }
    bool expired =
        next.type == EVENT_RUN_ACCEPTED &&
        settle_expired(next.accepted.not_after_ms, s->end_ms, s->first_ms, context_wall_ms(work_context(w)));
    event_release(&next);
    if (expired)
        cancel(w, s->run, CAUSE_EXPIRED);
    else
        append_drained(w);
}

/* Why it said no, for the moment from which being late counts. */
static void remember_no(struct work *w, const struct view_drain_answer *a)
{
    static const char *const costs_nothing[] = {"live leases", "signature window", "quarantine"};
    int64_t now_ms = context_wall_ms(work_context(w));
    int64_t could_ms = a->until_ms > now_ms ? a->until_ms : now_ms;

    for (size_t i = 0; i < sizeof costs_nothing / sizeof *costs_nothing; i++)
        if (str_is(a->why, costs_nothing[i]) && could_ms > w->settling->first_ms)
            w->settling->first_ms = could_ms;
}

static void on_drained(void *self, uint64_t id, const struct view_drain_answer *a)
{
    struct work *w = self;
    struct settling *s = NULL;

    (void)id;
    if (!work_back(w))
        return;
    s = w->settling;
    if (a->err.kind != ERR_NONE) {
        work_backoff(w);
        return;
    }
    if (!a->yes) {
        remember_no(w, a);
        work_retry(w, SWEEP_MS);
        return;
    }
    xfree(s->old_epoch);
    xfree(s->next_epoch);
    s->old_epoch = a->old_epoch.n ? epoch_in_records(w, a->old_epoch) : NULL;
    s->next_epoch = a->next_epoch.n ? epoch_in_records(w, a->next_epoch) : NULL;
    char expected[IDS_EPOCH_MAX] = "";
    if (s->has_next)
        epoch_format(&s->next, expected);
    if (strcmp(s->next_epoch ? s->next_epoch : "", expected) != 0) {
        work_end(w); /* another run waits by now: another debt */
    } else if (!s->has_next) {
        append_drained(w);
    } else {
        work_wait(w);
        (void)view_frozen(work_context(w)->view, &s->next, on_next, w);
    }
}

static void go_drain(struct work *w)
{
    struct context *c = work_context(w);

    work_wait(w);
    (void)view_drained(c->view, w->p->number, w->workload, c->log_append_time, on_drained, w);
}

/* ---- RunFinished ---- */

static void go_finish(struct work *w)
{
    struct settling *s = w->settling;
    struct event ev;

    notices_say(w->p); /* its steps' before its own end */
    begin(w, EVENT_RUN_FINISHED, s->run, &ev);
    ev.epoch = epoch_in_records(w, str_of(s->epoch));
    ev.action = xstrdup(action_names[s->action]);
    ev.finished.result = s->result;
    ev.finished.cause = s->cause;
    ev.finished.detail = s->detail ? xstrdup(s->detail) : NULL;
    ev.finished.counts = s->counts;
    log_info(work_context(w)->ports->log, "run.finished", fs("workload", w->workload), fs("run", s->run),
             fs("result", result_names[s->result]), fi("done", s->counts.done),
             fi("unchanged", s->counts.unchanged), fi("bypassed", s->counts.bypassed),
             fi("failed", s->counts.failed));
    work_append(w, &ev);
}

/* ---- the idle snapshot ---- */

static void on_cleared(void *self, uint64_t id, const struct view_said *said)
{
    struct work *w = self;

    (void)id;
    if (!work_back(w))
        return;
    replay_covered(w->p);
    if (said->err.kind != ERR_NONE)
        work_backoff(w);
    else
        work_end(w); /* a no: a later record is not in it, and a new debt names it */
}

static void on_snapshot(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct work *w = self;

    (void)id;
    if (!work_back(w))
        return;
    if (a->err.kind != ERR_NONE) {
        work_backoff(w);
        return;
    }
    work_context(w)->counters.snapshots++;
    work_wait(w);
    (void)view_snap(work_context(w)->view, w->p->number, w->workload, w->settling->asof, on_cleared, w);
}

static void go_snap(struct work *w)
{
    if (!w->settling->value) {
        log_error(work_context(w)->ports->log, "snapshot.too.large", fs("workload", w->workload));
        work_backoff(w); /* it stays owed, and pins the replay start: seen in the metrics */
        return;
    }
    work_wait(w);
    journal_snapshot(work_context(w), w->p->number, w->workload, str_of(w->settling->value), on_snapshot, w);
}

void settle_go(struct work *w)
{
    switch (w->kind) {
    case VIEW_OWES_DRAIN:
        go_drain(w);
        break;
    case VIEW_OWES_DEADLINE:
        cancel(w, w->settling->run, CAUSE_DEADLINE);
        break;
    case VIEW_OWES_FINISH:
        go_finish(w);
        break;
    case VIEW_OWES_SNAP:
        go_snap(w);
        break;
    default:
        break;
    }
}
