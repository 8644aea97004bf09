#include "cli/state.h"

#include "base/mem.h"
#include "base/moment.h"
#include "core/fold.h"
#include "view/view.h"

#include <stdio.h>
#include <string.h>

enum { VIEW_WAIT_MS = 3000, READ_BACK_MS = 120000, VIEWS_MAX = 1000 };

void cli_state_release(struct cli_state *s)
{
    for (size_t i = 0; i < STATE_STEPS_MAX; i++)
        strs_release(&s->at[i].tiers);
    strs_release(&s->waiting);
    for (size_t i = 0; i < s->hold_count; i++) {
        xfree(s->holds[i].hold);
        xfree(s->holds[i].tier);
        xfree(s->holds[i].instance);
    }
    xfree(s->holds);
    s->holds = NULL;
    s->hold_count = 0;
}

static void add_hold(struct cli_state *s, struct str hold, struct str tier, struct str instance,
                     int64_t until_ms)
{
    s->holds = xrealloc(s->holds, (s->hold_count + 1) * sizeof *s->holds);
    s->holds[s->hold_count++] = (struct cli_hold){
        .hold = str_dup(hold), .tier = str_dup(tier), .instance = str_dup(instance), .until_ms = until_ms};
}

/* ---- from the view ---- */

static void copy(char *out, size_t n, struct str text)
{
    (void)snprintf(out, n, STR_FMT, STR_ARG(text));
}

static int64_t number(const struct view_pairs *p, const char *name, int64_t absent)
{
    int64_t n = 0;

    return str_to_i64(view_pairs_get(p, name), &n) ? n : absent;
}

static enum result result_of(struct str word)
{
    for (int i = 1; result_names[i]; i++)
        if (str_is(word, result_names[i]))
            return (enum result)i;
    return RESULT_NONE;
}

static const char *word_of(struct str st, int64_t leased)
{
    if (str_is(st, "R"))
        return "running";
    if (str_is(st, "P"))
        return leased > 0 ? "pausing" : "paused";
    return str_is(st, "D") ? "draining" : "idle";
}

static void take_steps(const struct view_peeked *p, struct cli_state *out, int64_t *leased)
{
    for (size_t i = 0; i < p->step_count; i++) {
        const struct view_step *s = &p->steps[i];
        *leased += s->leased;
        if (s->step >= 0 && s->step < STATE_STEPS_MAX) {
            out->at[s->step].jobs = s->jobs;
            out->at[s->step].pending = s->pending;
            out->at[s->step].leased = s->leased;
        }
    }
}

static void take_debts(const struct view_peeked *p, struct cli_state *out)
{
    for (size_t i = 0; i < p->debt_count; i++) {
        if (str_is(p->debts[i].kind, "deadline"))
            out->deadline_ms = p->debts[i].at_ms;
        else if (str_is(p->debts[i].kind, "plan"))
            out->plan_due_ms = p->debts[i].at_ms;
    }
}

void cli_state_of_peek(const struct view_peeked *p, struct cli_state *out)
{
    const struct view_pairs *w = &p->workload;
    struct view_hold holds[VIEW_HOLDS_MAX];
    struct err unreadable = {0};
    size_t held = 0;
    struct epoch ep;
    int64_t leased = 0;
    int64_t fresh = number(&p->view, "fresh", 0);

    *out = (struct cli_state){.from_view = true, .known = w->n > 0, .epoch = -1};
    take_steps(p, out, &leased);
    take_debts(p, out);
    (void)snprintf(out->state, sizeof out->state, "%s", word_of(view_pairs_get(w, "st"), leased));
    copy(out->run, sizeof out->run, view_pairs_get(w, "run"));
    copy(out->action, sizeof out->action, view_pairs_get(w, "act"));
    copy(out->next_run, sizeof out->next_run, view_pairs_get(w, "qrun"));
    copy(out->next_action, sizeof out->next_action, view_pairs_get(w, "qact"));
    out->result = result_of(view_pairs_get(w, "res"));
    if (epoch_parse_in_view(view_pairs_get(w, "ep"), 0, &ep))
        out->epoch = ep.offset;
    out->generation = number(&p->view, "log", 0);
    out->steps = number(w, "nt", 0);
    out->step = number(w, "step", 0);
    out->planned = number(w, "planned", -1);
    out->open = number(w, "open", -1);
    out->gate_ms = number(w, "gate", 0);
    out->counts = (struct counts){.done = number(w, "done", 0),
                                  .unchanged = number(w, "unchanged", 0),
                                  .bypassed = number(w, "bypassed", 0),
                                  .failed = number(w, "failed", 0),
                                  .doubt = number(w, "doubt", 0),
                                  .unsettled = number(w, "unsettled", 0)};
    for (size_t i = 0; i < p->waiting_count; i++)
        strs_add(&out->waiting, p->waiting[i].run);
    out->now_ms = number(&p->view, "now", 0);
    out->holds_unreadable = !view_holds_of(w, holds, &held, &unreadable);
    for (size_t i = 0; !out->holds_unreadable && i < held; i++)
        if (holds[i].until_ms > out->now_ms)
            add_hold(out, holds[i].hold, holds[i].tier, holds[i].instance, holds[i].until_ms);
    out->confirmed = fresh > out->now_ms;
    out->age_ms = fresh > 0 ? out->now_ms + VIEW_FRESH_MS - fresh : -1;
}

struct asked_view {
    bool done, there;
    struct err err;
    struct cli_state state;
    /* drained */
    bool drained_done;
    char why[sizeof((struct cli_state *)0)->why];
    int64_t until_ms;
    /* frozen */
    bool frozen_done;
    struct strs tiers[STATE_STEPS_MAX];
};

static void on_peek(void *self, uint64_t id, const struct view_peeked *p)
{
    struct asked_view *a = self;

    (void)id;
    a->err = p->err;
    a->there = p->err.kind == ERR_NONE && p->there;
    if (a->there)
        cli_state_of_peek(p, &a->state);
    a->done = true;
}

static void on_drained(void *self, uint64_t id, const struct view_drain_answer *d)
{
    struct asked_view *a = self;

    (void)id;
    if (d->err.kind == ERR_NONE && !d->yes) {
        copy(a->why, sizeof a->why, d->why);
        a->until_ms = d->until_ms;
    }
    a->drained_done = true;
}

static void note_tiers(struct str text, struct strs *tiers)
{
    struct event ev;
    struct err e = {0};

    if (!event_parse(text, &ev, &e))
        return;
    for (size_t i = 0; ev.type == EVENT_RUN_ACCEPTED && i < ev.accepted.steps.n && i < STATE_STEPS_MAX; i++)
        strs_copy(&tiers[i], &ev.accepted.steps.at[i].tiers);
    event_release(&ev);
}

static void on_frozen(void *self, uint64_t id, const struct view_text *t)
{
    struct asked_view *a = self;

    (void)id;
    if (t->err.kind == ERR_NONE)
        note_tiers(t->text, a->tiers);
    a->frozen_done = true;
}

static void ask_more(struct cli *c, int partition, const char *workload, struct asked_view *a)
{
    struct err e = {0};
    int64_t deadline = cli_now(c) + VIEW_WAIT_MS;
    const struct epoch ep = {a->state.generation, partition, a->state.epoch};

    if (strcmp(a->state.state, "draining") == 0) {
        (void)view_drained(cli_view(c), partition, workload, true, on_drained, a);
        (void)!cli_wait(c, &a->drained_done, deadline, &e);
    }
    if (a->state.epoch >= 0) {
        (void)view_frozen(cli_view(c), &ep, on_frozen, a);
        (void)!cli_wait(c, &a->frozen_done, deadline, &e);
    }
    (void)snprintf(a->state.why, sizeof a->state.why, "%s", a->why);
    a->state.until_ms = a->until_ms;
    for (size_t i = 0; i < STATE_STEPS_MAX; i++) {
        a->state.at[i].tiers = a->tiers[i];
        a->tiers[i] = (struct strs){0};
    }
}

/* Leases alone tell of workers. Between a step's release and its first claim it is so for a moment. */
static void look_for_workers(struct cli_state *s)
{
    int64_t pending = 0;
    int64_t leased = 0;

    for (int64_t k = s->step; k <= s->open && k < STATE_STEPS_MAX; k++) {
        pending += s->at[k].pending;
        leased += s->at[k].leased;
    }
    if (strcmp(s->state, "running") == 0 && pending > 0 && leased == 0)
        (void)snprintf(s->why, sizeof s->why, "no worker holds any of its %lld jobs now: does a worker run?",
                       (long long)pending);
}

static bool from_view(struct cli *c, int partition, const char *workload, struct cli_state *out,
                      struct err *e)
{
    struct asked_view *a = cli_keep(c, sizeof *a);

    if (c->redis_lost.kind != ERR_NONE) { /* asked once: not again for each of a hundred workloads */
        *e = c->redis_lost;
        return false;
    }
    (void)view_peek(cli_view(c), partition, workload, on_peek, a);
    bool answered = cli_wait(c, &a->done, cli_now(c) + VIEW_WAIT_MS, e);
    if (answered && a->err.kind != ERR_NONE)
        *e = a->err;
    if (!answered || a->err.kind != ERR_NONE) {
        (void)err_wrap(e, "redis at %s", cli_redis(c, (char[CLI_REDIS_MAX]){0}));
        c->redis_lost = *e;
        return false;
    }
    if (!a->there)
        return err_set(e, ERR_NOT_FOUND, "redis holds no view of log partition %d", partition);
    ask_more(c, partition, workload, a);
    *out = a->state;
    look_for_workers(out);
    return true;
}

/* ---- from the log ---- */

void cli_state_of_fold(const struct fold_workload *w, int64_t now_ms, struct cli_state *out)
{
    static const char *const words[] = {"idle", "running", "paused", "draining"};
    const struct fold_current *r = &w->current;

    *out = (struct cli_state){.known = true, .epoch = r->epoch, .age_ms = -1};
    (void)snprintf(out->state, sizeof out->state, "%s", words[w->state]);
    if (r->run) {
        (void)snprintf(out->run, sizeof out->run, "%s", r->run);
        (void)snprintf(out->action, sizeof out->action, "%s", action_names[r->action]);
    }
    if (w->next.run) {
        (void)snprintf(out->next_run, sizeof out->next_run, "%s", w->next.run);
        (void)snprintf(out->next_action, sizeof out->next_action, "%s", action_names[w->next.action]);
    }
    out->result = r->result;
    out->steps = r->steps;
    out->step = r->step;
    out->planned = r->planned;
    out->open = r->open;
    out->gate_ms = r->gate_ms;
    out->counts = r->counts;
    out->deadline_ms = w->deadline_ms > 0 ? w->deadline_ms : 0;
    out->plan_due_ms = w->plan_due_ms > 0 ? w->plan_due_ms : 0;
    out->now_ms = now_ms;
    for (size_t i = 0; i < w->hold_count; i++)
        if (w->holds[i].until_ms > now_ms)
            add_hold(out, str_of(w->holds[i].hold), str_of(w->holds[i].tier), str_of(w->holds[i].instance),
                     w->holds[i].until_ms);
    for (int64_t k = 0; k < r->steps && k < STATE_STEPS_MAX; k++) {
        out->at[k].jobs = (int64_t)r->at[k].jobs;
        out->at[k].pending = (int64_t)fold_pending(w, k);
        out->at[k].leased = -1;
    }
    for (size_t i = 0; i < w->waiting_count; i++)
        strs_add(&out->waiting, str_of(w->waiting[i].run));
}

static bool fold_one(void *arg, const struct kafka_record *r, const struct event *ev)
{
    const struct fold_place at = {.offset = r->offset, .ts_ms = r->ts_ms, .key = r->key};

    return fold_take(arg, &at, ev) == FOLD_UPGRADE;
}

static bool see_tiers(void *arg, const struct kafka_record *r, const struct event *ev)
{
    (void)ev;
    note_tiers(r->value, arg);
    return true;
}

/* The partition's log up to now, folded once. */
static const struct fold *folded(struct cli *c, int partition, int partitions, struct err *e)
{
    int64_t low = 0;
    int64_t high = 0;

    if (!c->folds) {
        c->folds = xcalloc((size_t)partitions, sizeof(struct fold *));
        c->fold_count = partitions;
    }
    if (c->folds[partition])
        return c->folds[partition];
    if (!cli_watermarks(c, partition, &low, &high, e))
        return NULL;
    struct fold *f = c->folds[partition] = fold_new(partition, partitions, 0, low);
    if (!cli_follow(c, partition, low, high, fold_one, f, cli_now(c) + READ_BACK_MS, e)) {
        fold_freep(&c->folds[partition]);
        return NULL;
    }
    if (fold_applied(f) + 1 < high) {
        (void)err_set(e, ERR_CONFIG, "a record of log partition %d needs a newer ec2sched", partition);
        return NULL;
    }
    return f;
}

static bool from_log(struct cli *c, int partition, int partitions, const char *workload,
                     struct cli_state *out, struct err *e)
{
    struct strs tiers[STATE_STEPS_MAX] = {0};
    const struct fold *f = folded(c, partition, partitions, e);

    if (!f)
        return false;
    const struct fold_workload *w = fold_workload(f, str_of(workload));
    *out = (struct cli_state){.epoch = -1, .age_ms = -1};
    (void)snprintf(out->state, sizeof out->state, "idle");
    if (!w)
        return true;
    cli_state_of_fold(w, cli_wall(c), out);
    if (out->epoch >= 0 &&
        !cli_follow(c, partition, out->epoch, out->epoch + 1, see_tiers, tiers, cli_now(c) + READ_BACK_MS, e))
        return false;
    for (size_t i = 0; i < STATE_STEPS_MAX; i++)
        out->at[i].tiers = tiers[i];
    return true;
}

/*
 * Kafka knows how many partitions the log has, and so which is the workload's. Without it: the partition
 * whose view knows the workload, of those that have a view; they are numbered from 0 without a gap.
 */
static bool search_views(struct cli *c, const char *workload, struct cli_state *out, struct err *e)
{
    bool any = false;

    for (int p = 0; p < VIEWS_MAX; p++) {
        struct err why = {0};
        cli_state_release(out);
        if (!from_view(c, p, workload, out, &why)) {
            *e = any ? *e : why;
            break;
        }
        any = true;
        if (out->known)
            return true;
    }
    if (any && c->redis_lost.kind == ERR_NONE) {
        cli_state_release(out);
        *out = (struct cli_state){.from_view = true, .epoch = -1, .age_ms = -1};
        (void)snprintf(out->state, sizeof out->state, "unknown");
    }
    return any && c->redis_lost.kind == ERR_NONE;
}

static bool without_kafka(struct cli *c, const char *workload, struct cli_state *out, struct err *e)
{
    struct err why = {0};

    if (strcmp(c->kafka_lost.code, CLI_INTERRUPTED) != 0 && search_views(c, workload, out, &why))
        return true;
    *e = c->kafka_lost;
    return false;
}

bool cli_state(struct cli *c, const char *workload, struct cli_state *out, struct err *e)
{
    int partitions = 0;
    struct err why = {0};

    *out = (struct cli_state){.epoch = -1};
    if (c->kafka_lost.kind == ERR_NONE)
        /* asked once: not again for each workload */
        (void)!cli_log_partitions(c, &partitions, &c->kafka_lost);
    if (c->kafka_lost.kind != ERR_NONE)
        return without_kafka(c, workload, out, e);
    int partition = ids_partition(str_of(workload), c->log_partitions);
    if (from_view(c, partition, workload, out, &why))
        return true;
    if (strcmp(why.code, CLI_INTERRUPTED) == 0) {
        *e = why;
        return false;
    }
    bool ok = from_log(c, partition, c->log_partitions, workload, out, e);
    (void)snprintf(out->note, sizeof out->note, "%.150s", why.msg);
    out->now_ms = cli_wall(c);
    return ok;
}

/* ---- in words ---- */

const char *cli_state_step_word(const struct cli_state *s, int64_t step)
{
    if (step < s->step)
        return "complete";
    if (s->result != RESULT_NONE)
        return "not reached";
    if (step > s->step)
        return step <= s->planned ? "planned" : "not begun";
    if (s->open >= step)
        return s->at[step].pending ? "in progress" : "complete";
    if (s->planned >= step)
        return "planned";
    if (s->gate_ms > s->now_ms)
        return "waits for the delay";
    return strcmp(s->state, "running") == 0 ? "being planned" : "not begun";
}

static const char *reason_of(const char *why)
{
    static const char *const reasons[][2] = {
        {"live leases", "a worker still holds members of the run before it"},
        {"signature window", "a worker died holding members of the run before it, or a call of its went "
                             "unanswered: what it sent may still land"},
        {"quarantine", "the view was lost: leases that it forgot may still act"},
        {"view not validated", "no leader confirms the view: is a producer running?"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(why, reasons[i][0]) == 0)
            return reasons[i][1];
    return why;
}

void cli_state_start(const struct cli_state *s, struct buf *out)
{
    char at[MOMENT_MAX];

    if (strcmp(s->state, "draining") != 0)
        return;
    if (!s->from_view) {
        buf_adds(out, "waits for the run before it; leases are unknown without Redis");
        return;
    }
    if (s->until_ms) {
        moment_rfc3339(s->until_ms, at);
        buf_addf(out, "starts %.10s %.8sZ at the earliest", at, at + 11);
    } else {
        buf_adds(out, s->why[0] ? "does not start yet" : "starts now");
    }
    if (s->why[0])
        buf_addf(out, ": %s", reason_of(s->why));
}
