#include "worker/acts.h"

#include "aws/ec2.h"
#include "base/log.h"
#include "base/mem.h"

struct act { /* a call that is out */
    uint64_t call, work;
    size_t *members;
    size_t n;
    UT_hash_handle hh;
};

struct acts {
    struct works *works;
    struct aws *aws;
    const struct ports *ports;
    struct act *table;
    struct acts_counts counts;
};

struct acts *acts_new(struct works *ws, struct aws *aws, const struct ports *ports)
{
    struct acts *a = xcalloc(1, sizeof *a);

    a->works = ws;
    a->aws = aws;
    a->ports = ports;
    return a;
}

static void forget(struct acts *a, struct act *x)
{
    HASH_DEL(a->table, x);
    xfree(x->members);
    xfree(x);
}

void acts_free(struct acts *a)
{
    if (!a)
        return;
    while (a->table)
        forget(a, a->table);
    xfree(a);
}

size_t acts_in_hand(const struct acts *a)
{
    return HASH_COUNT(a->table);
}

struct acts_counts acts_counts(const struct acts *a)
{
    return a->counts;
}

/* That it waits for tokens is told once, until a call of it is accepted. */
static void tell(const struct acts *a, struct work *w, const struct act *x, const struct aws_result *r)
{
    const char *action = action_names[w->job.action];

    if (r->err.kind == ERR_NONE)
        log_info(a->ports->log, "act.accepted", fs("action", action), fs("job", w->job.job),
                 fs("tier", w->job.tier), fi("instances", (int64_t)x->n));
    else if (r->sent)
        log_warn(a->ports->log, "act.failed", fs("action", action), fs("job", w->job.job),
                 fs("tier", w->job.tier), fi("instances", (int64_t)x->n), fs("code", r->err.code),
                 fb("unanswered", r->unanswered), fe(&r->err));
    else if (r->err.kind == ERR_THROTTLED && !w->throttled)
        log_info(a->ports->log, "act.throttled", fs("action", action), fs("job", w->job.job),
                 fs("tier", w->job.tier), fi("instances", (int64_t)x->n),
                 fi("retry_after_ms", r->retry_after_ms));
    else
        log_debug(a->ports->log, "act.waits", fs("action", action), fs("job", w->job.job),
                  fs("tier", w->job.tier), fs("code", r->err.code), fi("retry_after_ms", r->retry_after_ms));
    if (r->err.kind == ERR_NONE)
        w->throttled = false;
    else if (r->err.kind == ERR_THROTTLED && !r->sent)
        w->throttled = true;
}

static void count(struct acts *a, const struct act *x, const struct aws_result *r)
{
    a->counts.sent += r->sent;
    a->counts.unanswered += r->unanswered;
    if (r->err.kind == ERR_NONE) {
        a->counts.accepted++;
        a->counts.instances += (int64_t)x->n;
    } else if (r->sent && !r->unanswered) {
        a->counts.refused++;
    }
}

static void done(void *self, uint64_t id, struct aws_result *r)
{
    struct acts *a = self;
    struct act *x = NULL;

    HASH_FIND(hh, a->table, &id, sizeof id, x);
    if (!x)
        return;
    struct work *w = works_find(a->works, x->work);
    count(a, x, r);
    if (w) {
        struct job_called c = {
            .members = x->members,
            .n = x->n,
            .unanswered = r->unanswered,
            .waits = !r->sent && err_is_retriable(&r->err),
            .err = &r->err,
            .named = &r->named,
            .retry_after_ms = r->retry_after_ms,
            .chance = rng_below(&a->ports->rng, BACKOFF_CHANCES),
        };
        tell(a, w, x, r);
        job_step_called(w->step, &c, clock_now(&a->ports->clock).boot_ms);
        works_wake(a->works, w);
    }
    forget(a, x);
}

/* The check failed: nothing has left. */
static void withhold(struct acts *a, struct work *w, const size_t *members, size_t n, int64_t now_ms)
{
    struct err e = {0};
    struct job_called c = {.members = members, .n = n, .waits = true, .err = &e};

    (void)err_set(&e, ERR_UNAVAILABLE, "the lease does not allow it any more");
    a->counts.withheld++;
    job_step_called(w->step, &c, now_ms);
    works_wake(a->works, w);
}

void acts_send(struct acts *a, struct work *w, const size_t *members, size_t n)
{
    STRS_CLEANUP struct strs ids = {0};
    struct aws_where where = work_where(w);
    struct instant checked = clock_now(&a->ports->clock);

    BUG_IF(w->job.options.observe);
    if (checked.boot_ms >= w->deadline_ms || !job_step_may_change(w->step, checked.boot_ms)) {
        withhold(a, w, members, n, checked.boot_ms);
        return;
    }
    struct act *x = xcalloc(1, sizeof *x);
    x->work = w->id;
    x->n = n;
    x->members = xcalloc(n, sizeof *x->members);
    for (size_t i = 0; i < n; i++) {
        x->members[i] = members[i];
        strs_add(&ids, str_of(w->job.members.at[members[i]]));
    }
    if (w->job.action == ACTION_START)
        x->call = ec2_start_instances(a->aws, &where, &ids, &checked, done, a);
    else
        x->call = ec2_stop_instances(a->aws, &where, &ids, &(struct ec2_stop){0}, &checked, done, a);
    HASH_ADD(hh, a->table, call, sizeof x->call, x);
}
