#include "worker/jobs.h"

#include "base/log.h"
#include "base/mem.h"

struct release { /* a call that is out; the view has no cancel, so it lives until then */
    struct jobs *jobs;
    uint64_t work;
    struct release *next;
};

struct jobs {
    struct jobs_parts p;
    struct release *out;
    struct jobs_counts counts;
};

struct jobs *jobs_new(const struct jobs_parts *parts)
{
    struct jobs *j = xcalloc(1, sizeof *j);

    j->p = *parts;
    return j;
}

void jobs_free(struct jobs *j)
{
    if (!j)
        return;
    while (j->out) {
        struct release *r = j->out;
        j->out = r->next;
        xfree(r);
    }
    xfree(j);
}

struct jobs_counts jobs_counts(const struct jobs *j)
{
    return j->counts;
}

static void over(struct jobs *j, struct work *w)
{
    w->fate = WORK_OVER;
    works_wake(j->p.works, w);
}

static void on_released(void *self, uint64_t id, const struct view_said *s)
{
    struct release *r = self;
    struct jobs *j = r->jobs;
    struct work *w = works_find(j->p.works, r->work);

    (void)id;
    if (s->err.kind != ERR_NONE) /* then it expires by itself */
        log_warn(j->p.ports->log, "job.release_failed", fs("job", w ? w->job.job : ""), fe(&s->err));
    if (w)
        over(j, w);
    for (struct release **at = &j->out; *at; at = &(*at)->next) {
        if (*at != r)
            continue;
        *at = r->next;
        break;
    }
    xfree(r);
}

static void release(struct jobs *j, struct work *w, int64_t due_ms, int64_t now_ms)
{
    struct view_job job = {w->epoch, str_of(w->job.workload), w->job.step, str_of(w->job.job),
                           str_of(w->token)};
    struct release *r = xcalloc(1, sizeof *r);

    BUG_IF(job_step_unanswered(w->step)); /* such a job's lease expires: its request may still land */
    r->jobs = j;
    r->work = w->id;
    r->next = j->out;
    j->out = r;
    w->fate = WORK_RELEASING;
    j->counts.released++;
    log_info(j->p.ports->log, "job.released", fs("action", action_names[w->job.action]),
             fs("job", w->job.job), fs("tier", w->job.tier), fi("due_ms", due_ms),
             fb("throttled", job_step_throttled(w->step, now_ms)));
    (void)view_release(j->p.view, &job, due_ms, false, on_released, r);
}

static void drop(struct jobs *j, struct work *w)
{
    j->counts.dropped++;
    log_warn(j->p.ports->log, "job.dropped", fs("action", action_names[w->job.action]), fs("job", w->job.job),
             fs("tier", w->job.tier), fb("unanswered", job_step_unanswered(w->step)));
    over(j, w);
}

/* Carries out one command. False: the job waits, or is on its way out. */
static bool execute(struct jobs *j, struct work *w, const struct job_next *next, int64_t now_ms)
{
    switch (next->command) {
    case JOB_ASK:
        guests_ask(j->p.guests, w, next->members, next->n);
        return true;
    case JOB_ACT:
        acts_send(j->p.acts, w, next->members, next->n);
        return true;
    case JOB_REPORT:
        j->counts.reported++;
        report_terminal(j->p.report, w);
        return false;
    case JOB_RELEASE:
        if (job_step_throttled(w->step, now_ms)) /* what is seen of it until then */
            (void)report_progress(j->p.report, w, now_ms);
        release(j, w, next->due_ms, now_ms);
        return false;
    case JOB_DROP:
        drop(j, w);
        return false;
    case JOB_NOTHING:
        break;
    }
    return false;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void step(struct jobs *j, struct work *w, int64_t now_ms)
{
    struct job_next next;

    inhand_job(j->p.inhand, w);
    do
        next = job_step(w->step, now_ms);
    while (execute(j, w, &next, now_ms));
    if (w->fate == WORK_LIVE) {
        states_watch(j->p.states, w, now_ms);
        works_wake_at(j->p.works, w, earlier(next.at_ms, report_progress(j->p.report, w, now_ms)));
    } else {
        works_wake_at(j->p.works, w, INT64_MAX);
    }
    inhand_clear(j->p.inhand);
}

void jobs_drain(struct jobs *j)
{
    for (struct work *w = works_first(j->p.works); w; w = works_next(w)) {
        job_step_drain(w->step);
        works_wake(j->p.works, w);
    }
}

int64_t jobs_turn(struct jobs *j, int64_t now_ms)
{
    for (int i = 0; i < JOBS_STEPS_MAX; i++) {
        struct work *w = works_take_woken(j->p.works, now_ms);
        if (!w)
            break;
        if (w->fate == WORK_OVER)
            works_remove(j->p.works, w);
        else if (w->fate == WORK_LIVE)
            step(j, w, now_ms);
    }
    return works_next_ms(j->p.works);
}
