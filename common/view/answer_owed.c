/* What `owed` and `peek` say: the two answers with lists of lists. */
#include "base/mem.h"
#include "view/answer.h"

const char *const view_debt_names[] = {"admit", "drain", "plan", "deadline", "finish", "snap", NULL};

static void *keep(struct answer_arena *a, size_t n, size_t size)
{
    a->blocks = xrealloc(a->blocks, (a->n + 1) * sizeof *a->blocks);
    return a->blocks[a->n++] = xcalloc(n + 1, size);
}

static struct str text(const struct redis_value *v)
{
    return v->type == REDIS_STR || v->type == REDIS_STATUS ? v->s : STR("");
}

static bool number(const struct redis_value *v, int64_t *out)
{
    if (v->type == REDIS_INT) {
        *out = v->i;
        return true;
    }
    return str_to_i64(text(v), out);
}

/* `n` is what follows kind, workload and at. */
static bool debt_admit(const struct redis_value *w, size_t n, struct view_debt_entry *d)
{
    if (n != 6)
        return false;
    d->admit.request = text(&w[0]);
    d->admit.action = text(&w[1]);
    d->admit.busy = text(&w[2]);
    d->admit.paused = str_is(text(&w[3]), "1");
    d->admit.run = text(&w[4]);
    d->admit.rest = text(&w[5]);
    return true;
}

static bool debt_drain(const struct redis_value *w, size_t n, struct view_debt_entry *d)
{
    if (n != 5)
        return false;
    d->drain.epoch = text(&w[0]);
    d->drain.run = text(&w[1]);
    d->drain.next = text(&w[2]);
    d->drain.next_run = text(&w[3]);
    if (!number(&w[4], &d->drain.end_ms))
        d->drain.end_ms = VIEW_NOT_KNOWN;
    return true;
}

static bool debt_plan(const struct redis_value *w, size_t n, struct view_debt_entry *d)
{
    if (n != 5)
        return false;
    d->plan.epoch = text(&w[0]);
    d->plan.action = text(&w[2]);
    d->plan.run = text(&w[3]);
    d->plan.on_failure = text(&w[4]);
    return number(&w[1], &d->plan.step);
}

static bool debt_deadline(const struct redis_value *w, size_t n, struct view_debt_entry *d)
{
    if (n != 2)
        return false;
    d->deadline.run = text(&w[0]);
    d->deadline.paused = str_is(text(&w[1]), "P");
    return true;
}

static bool debt_finish(const struct redis_value *w, size_t n, struct view_debt_entry *d)
{
    struct counts *c = &d->finish.counts;
    int64_t *const counts[] = {&c->done, &c->unchanged, &c->bypassed, &c->failed, &c->doubt};
    enum { TEXTS = 5, COUNTS = sizeof counts / sizeof *counts };

    if (n != TEXTS + COUNTS)
        return false;
    d->finish.run = text(&w[0]);
    d->finish.action = text(&w[1]);
    d->finish.epoch = text(&w[2]);
    d->finish.result = text(&w[3]);
    d->finish.cause = text(&w[4]);
    for (size_t i = 0; i < COUNTS; i++)
        if (!number(&w[TEXTS + i], counts[i]))
            return false;
    return true;
}

static bool debt_snap(const struct redis_value *w, size_t n, struct answer_arena *a,
                      struct view_debt_entry *d)
{
    return n == 5 && number(&w[0], &d->snap.asof) && number(&w[1], &d->snap.log) &&
           number(&w[2], &d->snap.fv) && answer_pairs(&w[3], a, &d->snap.workload) &&
           answer_pairs(&w[4], a, &d->snap.runs);
}

static bool debt(const struct redis_value *v, struct answer_arena *a, struct view_debt_entry *d)
{
    enum { HEAD = 3 };
    int kind = 0;

    if (v->type != REDIS_LIST || v->n < HEAD || !number(&v->at[2], &d->at_ms))
        return false;
    while (view_debt_names[kind] && !str_is(text(&v->at[0]), view_debt_names[kind]))
        kind++;
    d->kind = (enum view_debt)kind;
    d->workload = text(&v->at[1]);
    const struct redis_value *w = v->at + HEAD;
    size_t n = v->n - HEAD;
    switch (d->kind) {
    case VIEW_OWES_ADMIT:
        return debt_admit(w, n, d);
    case VIEW_OWES_DRAIN:
        return debt_drain(w, n, d);
    case VIEW_OWES_PLAN:
        return debt_plan(w, n, d);
    case VIEW_OWES_DEADLINE:
        return debt_deadline(w, n, d);
    case VIEW_OWES_FINISH:
        return debt_finish(w, n, d);
    case VIEW_OWES_SNAP:
        return debt_snap(w, n, a, d);
    }
    return false;
}

bool answer_owed(const struct redis_value *v, struct answer_arena *a, struct view_owes *out, struct err *e)
{
    if (v->type != REDIS_LIST || v->n < 1 || !number(&v->at[0], &out->next_ms))
        return err_set(e, ERR_INVALID, "owed: an answer of another form than its script gives");
    size_t n = v->n - 1;
    struct view_debt_entry *d = keep(a, n, sizeof *d);
    for (size_t i = 0; i < n; i++)
        if (!debt(&v->at[i + 1], a, &d[i]))
            return err_set(e, ERR_INVALID, "owed: entry %zu has another form than its script gives", i);
    out->at = d;
    out->n = n;
    return true;
}

/* ---- peek ---- */

static bool peek_waiting(const struct redis_value *v, struct answer_arena *a, struct view_peeked *out)
{
    struct view_waiting *w = keep(a, v->n, sizeof *w);

    for (size_t i = 0; i < v->n; i++) {
        const struct redis_value *l = &v->at[i];
        if (l->type != REDIS_LIST || l->n != 6)
            return false;
        w[i] = (struct view_waiting){.request = text(&l->at[0]),
                                     .action = text(&l->at[1]),
                                     .busy = text(&l->at[2]),
                                     .paused = str_is(text(&l->at[3]), "1"),
                                     .run = text(&l->at[4]),
                                     .rest = text(&l->at[5])};
    }
    out->waiting = w;
    out->waiting_count = v->n;
    return true;
}

static bool peek_steps(const struct redis_value *v, struct answer_arena *a, struct view_peeked *out)
{
    struct view_step *s = keep(a, v->n, sizeof *s);

    for (size_t i = 0; i < v->n; i++) {
        const struct redis_value *l = &v->at[i];
        int64_t *const six[] = {&s[i].step,   &s[i].jobs,    &s[i].pending,
                                &s[i].leased, &s[i].expired, &s[i].next_ms};
        if (l->type != REDIS_LIST || l->n != sizeof six / sizeof *six)
            return false;
        for (size_t k = 0; k < l->n; k++)
            if (!number(&l->at[k], six[k]))
                return false;
    }
    out->steps = s;
    out->step_count = v->n;
    return true;
}

static bool peek_debts(const struct redis_value *v, struct answer_arena *a, struct view_peeked *out)
{
    struct view_owed_at *d = keep(a, v->n / 2, sizeof *d);

    if (v->n % 2 != 0)
        return false;
    for (size_t i = 0; i < v->n / 2; i++) {
        d[i].kind = text(&v->at[2 * i]);
        if (!number(&v->at[2 * i + 1], &d[i].at_ms))
            return false;
    }
    out->debts = d;
    out->debt_count = v->n / 2;
    return true;
}

static bool next_number(struct str *rest, int64_t *out)
{
    struct str head;

    (void)str_cut(*rest, ',', &head, rest);
    return str_to_i64(head, out);
}

/* request|action|ep|result|cause|done,unchanged,bypassed,failed,doubt */
static bool peek_run(struct str value, struct view_run *r)
{
    struct str *const words[] = {&r->request, &r->action, &r->epoch, &r->result, &r->cause};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!str_cut(value, '|', words[i], &value))
            return false;
    return next_number(&value, &r->counts.done) && next_number(&value, &r->counts.unchanged) &&
           next_number(&value, &r->counts.bypassed) && next_number(&value, &r->counts.failed) &&
           next_number(&value, &r->counts.doubt);
}

static bool peek_runs(const struct redis_value *v, struct answer_arena *a, struct view_peeked *out)
{
    struct view_run *r = keep(a, v->n / 2, sizeof *r);

    if (v->n % 2 != 0)
        return false;
    for (size_t i = 0; i < v->n / 2; i++) {
        r[i].run = text(&v->at[2 * i]);
        if (!peek_run(text(&v->at[2 * i + 1]), &r[i]))
            return false;
    }
    out->runs = r;
    out->run_count = v->n / 2;
    return true;
}

bool answer_peek(const struct redis_value *v, struct answer_arena *a, struct view_peeked *out, struct err *e)
{
    enum { VIEW, WORKLOAD, WAITING, STEPS, DEBTS, RUNS, ARRAYS };

    if (v->type == REDIS_LIST && v->n == 1 && str_is(text(&v->at[0]), "NOVIEW"))
        return true;
    bool ok = v->type == REDIS_LIST && v->n == ARRAYS;
    for (size_t i = 0; ok && i < ARRAYS; i++)
        ok = v->at[i].type == REDIS_LIST;
    ok = ok && answer_pairs(&v->at[VIEW], a, &out->view) &&
         answer_pairs(&v->at[WORKLOAD], a, &out->workload) && peek_waiting(&v->at[WAITING], a, out) &&
         peek_steps(&v->at[STEPS], a, out) && peek_debts(&v->at[DEBTS], a, out) &&
         peek_runs(&v->at[RUNS], a, out);
    if (!ok)
        return err_set(e, ERR_INVALID, "peek: an answer of another form than its script gives");
    out->there = true;
    return true;
}
