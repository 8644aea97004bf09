#include "producer/pump.h"

#include "base/mem.h"
#include "producer/journal.h"

#include <string.h>
#include <utlist.h>

struct delivered { /* what is remembered of a job's last delivery */
    char *job;
    struct pump_known known;
    bool early; /* delivered before the view had it due */
    int64_t at_ms;
    UT_hash_handle hh;
};

struct due { /* owned copy */
    char *workload, *job, *spec;
    struct epoch epoch;
    int64_t step;
};

struct batch { /* due jobs of one epoch, while their last deliveries are looked up */
    struct partition *p;
    struct due *at;
    size_t n;
};

enum pump_choice pump_choose(const struct view_delivery *d, int64_t read_to, int64_t max_publish,
                             struct pump_known *k)
{
    if (d->jobs_partition != VIEW_NOT_KNOWN && read_to <= d->offset)
        return PUMP_LEAVE; /* still queued */
    if (d->jobs_partition == VIEW_NOT_KNOWN || !k->known || k->attempts != d->attempts) {
        k->unclaimed = 0; /* never delivered, or somebody claimed it: what follows is a retry */
    } else if (k->open_since) {
        k->unclaimed++;
    }
    k->known = true;
    k->attempts = d->attempts;
    return k->unclaimed >= max_publish ? PUMP_GIVE_UP : PUMP_PUBLISH;
}

/* ---- memory ---- */

static void forget(struct partition *p, struct delivered *d)
{
    HASH_DEL(p->pump.delivered, d);
    xfree(d->job);
    xfree(d);
}

static void forget_all(struct partition *p)
{
    struct delivered *d = NULL;
    struct delivered *tmp = NULL;

    HASH_ITER(hh, p->pump.delivered, d, tmp)
    forget(p, d);
}

static struct delivered *remember(struct partition *p, const char *job)
{
    struct delivered *d = NULL;

    HASH_FIND_STR(p->pump.delivered, job, d);
    if (d)
        return d;
    if (HASH_COUNT(p->pump.delivered) >= PUMP_KNOWN_MAX)
        forget_all(p);
    d = xcalloc(1, sizeof *d);
    d->job = xstrdup(job);
    HASH_ADD_KEYPTR(hh, p->pump.delivered, d->job, strlen(d->job), d);
    return d;
}

void pump_forget(struct partition *p, const char *job)
{
    struct delivered *d = NULL;

    if (job)
        HASH_FIND_STR(p->pump.delivered, job, d);
    if (d)
        forget(p, d);
}

/* ---- publishing ---- */

struct publication {
    struct partition *p;
    struct epoch epoch;
    int64_t step;
    char *job;
    bool early;
    struct publication *prev, *next;
};

static void publication_free(struct context *c, struct publication *u)
{
    DL_DELETE(c->publications, u);
    xfree(u->job);
    xfree(u);
}

void pump_forget_publications(struct context *c)
{
    while (c->publications)
        publication_free(c, c->publications);
}

static void on_noted(void *self, uint64_t id, const struct view_said *s)
{
    (void)self; /* without the note the job is published once more, later: a duplicate, no loss */
    (void)id;
    (void)s;
}

static void on_published(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct publication *u = self;
    struct context *c = u->p->c;

    (void)id;
    c->in_flight--;
    if (u->p->pump.in_flight)
        u->p->pump.in_flight--;
    if (u->early && u->p->pump.early)
        u->p->pump.early--;
    if (a->err.kind == ERR_NONE) {
        struct view_job j = {.epoch = u->epoch, .step = u->step, .job = str_of(u->job)};
        c->counters.published++;
        (void)view_sent(c->view, &j, a->partition, a->offset, on_noted, NULL);
    } else {
        log_warn(c->ports->log, "publish.failed", fs("job", u->job), fe(&a->err)); /* due again after tpub */
    }
    publication_free(c, u);
}

static void publish(struct partition *p, const struct due *j, bool early)
{
    const struct kafka *k = &p->c->ports->kafka;
    struct publication *u = xcalloc(1, sizeof *u);
    struct kafka_append a = {
        .lane = KAFKA_LANE_JOBS,
        .topic = p->c->jobs,
        .partition = KAFKA_PARTITION_BY_KEY,
        .key = str_of(j->job),
        .value = str_of(j->spec),
    };

    *u = (struct publication){
        .p = p, .epoch = j->epoch, .step = j->step, .job = xstrdup(j->job), .early = early};
    DL_APPEND(p->c->publications, u);
    p->c->in_flight++;
    p->pump.in_flight++;
    p->pump.early += early;
    (void)k->ops->append(k->port, &a, on_published, u);
}

/* ---- giving up ---- */

static void add_failed(struct event_terminal *t, const struct strs *members)
{
    t->members.at = xcalloc(members->n + 1, sizeof *t->members.at);
    for (size_t i = 0; i < members->n; i++)
        t->members.at[t->members.n++] = (struct member_outcome){
            .id = xstrdup(members->at[i]), .outcome = OUTCOME_FAILED, .cause = CAUSE_UNCLAIMED};
}

static void give_up(struct partition *p, const struct due *d, int64_t attempts)
{
    struct job job = {0};
    struct event ev;
    struct err e = {0};

    if (!job_parse(str_of(d->spec), &job, &e)) {
        log_error(p->c->ports->log, "job.unreadable", fs("job", d->job), fe(&e));
        return;
    }
    event_init(&ev, EVENT_JOB_TERMINAL, context_wall_ms(p->c), job.workload, job.run);
    ev.epoch = xstrdup(job.epoch);
    ev.action = xstrdup(action_names[job.action]);
    ev.terminal.step = job.step;
    ev.terminal.tier = xstrdup(job.tier);
    ev.terminal.job = xstrdup(job.job);
    ev.terminal.attempt = attempts;
    ev.terminal.token = xstrdup("none"); /* nobody's lease */
    ev.terminal.worker = xstrdup(p->c->source_name);
    add_failed(&ev.terminal, &job.members);
    p->c->counters.unclaimed++;
    log_error(p->c->ports->log, "job.unclaimed", fs("workload", job.workload), fs("run", job.run),
              fs("job", job.job));
    if (!journal_event(p->c, p->number, &ev, NULL, NULL, &e))
        log_error(p->c->ports->log, "record.too.large", fs("job", job.job), fe(&e));
    event_release(&ev);
    job_release(&job);
}

/* ---- what becomes of each ---- */

static int64_t read_to(const struct context *c, const struct view_delivery *d)
{
    if (!c->read_to || d->jobs_partition < 0 || d->jobs_partition >= c->jobs_partitions)
        return VIEW_NOT_KNOWN;
    return c->read_to[d->jobs_partition];
}

static void handle(struct partition *p, const struct due *j, const struct view_delivery *d)
{
    struct delivered *m = remember(p, j->job);

    m->known.open_since = p->beat.open && p->beat.open_since_ms <= m->at_ms;
    switch (pump_choose(d, read_to(p->c, d), p->c->options->worker.max_publish, &m->known)) {
    case PUMP_LEAVE:
        break;
    case PUMP_PUBLISH:
        if (m->early)
            break;
        p->c->counters.republished += d->jobs_partition != VIEW_NOT_KNOWN;
        m->at_ms = p->c->now_ms;
        publish(p, j, false);
        break;
    case PUMP_GIVE_UP:
        give_up(p, j, d->attempts);
        forget(p, m);
        return;
    }
    m->early = false;
}

void pump_early(struct partition *p, const struct epoch *epoch, int64_t step, const char *job,
                const char *text)
{
    const struct due d = {
        .job = (char *)(uintptr_t)job, .spec = (char *)(uintptr_t)text, .epoch = *epoch, .step = step};
    struct delivered *m = remember(p, job);

    if (!partition_leads(p) || m->known.known || m->early)
        return;
    m->early = true;
    m->at_ms = p->c->now_ms;
    p->pump.alone_ms = INT64_MAX; /* from the next turn on: its clock is the first to be read after this */
    publish(p, &d, true);
}

static void batch_free(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        xfree(b->at[i].workload);
        xfree(b->at[i].job);
        xfree(b->at[i].spec);
    }
    xfree(b->at);
    xfree(b);
}

static void on_deliveries(void *self, uint64_t id, const struct view_deliveries *d)
{
    struct batch *b = self;

    (void)id;
    if (d->err.kind == ERR_NONE && partition_leads(b->p)) /* (else they are due again after tpub) */
        for (size_t i = 0; i < b->n; i++)
            handle(b->p, &b->at[i], &d->at[i]);
    batch_free(b);
}

static bool same_epoch(const struct epoch *a, const struct epoch *b)
{
    return a->generation == b->generation && a->offset == b->offset;
}

void pump_opened(struct partition *p, const struct epoch *epoch, int64_t step)
{
    p->pump.fresh[p->pump.fresh_count++ % PUMP_FRESH] = (struct fresh){*epoch, step};
}

void pump_expect(struct partition *p)
{
    p->pump.due_ms = 0;
    if (!p->pump.asked)
        p->pump.limit = PUMP_TAKE_FIRST;
}

static bool is_fresh(const struct partition *p, const struct due *j)
{
    const struct delivered *known = NULL;
    size_t n = p->pump.fresh_count < PUMP_FRESH ? p->pump.fresh_count : PUMP_FRESH;

    HASH_FIND_STR(p->pump.delivered, j->job, known);
    for (size_t i = 0; i < n && (!known || known->early); i++)
        if (p->pump.fresh[i].step == j->step && same_epoch(&p->pump.fresh[i].epoch, &j->epoch))
            return true;
    return false;
}

/* The first delivery of a whole step, as a rule: false leaves the batch alone. */
static bool deliver_fresh(struct batch *b)
{
    const struct view_delivery never = {.jobs_partition = VIEW_NOT_KNOWN, .offset = VIEW_NOT_KNOWN};

    for (size_t i = 0; i < b->n; i++)
        if (!is_fresh(b->p, &b->at[i]))
            return false;
    for (size_t i = 0; i < b->n; i++)
        handle(b->p, &b->at[i], &never);
    batch_free(b);
    return true;
}

static void look_up(struct batch *b)
{
    struct str *jobs = NULL;

    if (partition_leads(b->p) && deliver_fresh(b))
        return;
    jobs = xcalloc(b->n + 1, sizeof *jobs);
    for (size_t i = 0; i < b->n; i++)
        jobs[i] = str_of(b->at[i].job);
    (void)view_published(b->p->c->view, &b->at[0].epoch, jobs, b->n, on_deliveries, b);
    xfree(jobs);
}

/* Turns come workload by workload: one batch for each epoch, in the order in which they first appear. */
static void split(struct partition *p, const struct view_taken *t)
{
    bool *done = xcalloc(t->n + 1, sizeof *done);

    for (size_t i = 0; i < t->n; i++) {
        struct epoch first;
        struct batch *b = NULL;
        if (done[i] || !epoch_parse_in_view(t->at[i].epoch, p->number, &first))
            continue;
        b = xcalloc(1, sizeof *b);
        *b = (struct batch){.p = p, .at = xcalloc(t->n - i, sizeof *b->at)};
        for (size_t k = i; k < t->n; k++) {
            struct epoch ep;
            if (done[k] || !epoch_parse_in_view(t->at[k].epoch, p->number, &ep) || !same_epoch(&ep, &first))
                continue;
            done[k] = true;
            b->at[b->n++] = (struct due){.workload = str_dup(t->at[k].workload),
                                         .job = str_dup(t->at[k].job),
                                         .spec = str_dup(t->at[k].spec),
                                         .epoch = ep,
                                         .step = t->at[k].step};
        }
        look_up(b);
    }
    xfree(done);
}

static void on_take(void *self, uint64_t id, const struct view_taken *t)
{
    struct partition *p = self;

    if (id != p->pump.asked)
        return;
    p->pump.asked = 0;
    if (t->err.kind != ERR_NONE) {
        p->c->counters.view_failures++;
        partition_trouble(p, t->err.kind == ERR_INVALID ? TROUBLE_REBUILD : TROUBLE_LOCATE);
        return;
    }
    if (t->n == (size_t)p->pump.limit)
        p->pump.due_ms = 0; /* there may be more */
    p->pump.limit = PUMP_TAKE;
    split(p, t);
}

/* ---- how far the workers have read ---- */

static void on_read_to(void *self, uint64_t id, const struct kafka_committed *k)
{
    struct context *c = self;

    (void)id;
    c->reading = false;
    if (k->err.kind != ERR_NONE || k->n != (size_t)c->jobs_partitions)
        return;
    if (!c->read_to)
        c->read_to = xcalloc(k->n, sizeof *c->read_to);
    memcpy(c->read_to, k->offset, k->n * sizeof *c->read_to);
    c->read_at_ms = c->now_ms;
}

static void learn_read_to(struct context *c)
{
    const struct kafka *k = &c->ports->kafka;

    if (c->reading || (c->read_at_ms != INT64_MIN && c->now_ms - c->read_at_ms < READ_TO_MS))
        return;
    c->reading = true;
    (void)k->ops->committed(k->port, c->workers, c->jobs, c->jobs_partitions, on_read_to, c);
}

int64_t pump_turn(struct partition *p)
{
    if (p->pump.delivered || p->c->read_at_ms == INT64_MIN)
        learn_read_to(p->c);
    if (p->pump.asked || p->c->now_ms < p->pump.due_ms || p->pump.in_flight > PUMP_IN_FLIGHT)
        return INT64_MAX;
    if (p->pump.early && p->pump.alone_ms == INT64_MAX)
        p->pump.alone_ms = p->c->now_ms + PUMP_ALONE_MS;
    if (p->pump.early && p->c->now_ms < p->pump.alone_ms)
        return p->pump.alone_ms;
    p->pump.due_ms = p->c->now_ms + SWEEP_MS;
    p->pump.seen = p->tail.sent_to;
    if (p->pump.limit == 0)
        p->pump.limit = PUMP_TAKE;
    p->pump.asked = view_take(p->c->view, p->number, p->pump.limit, PUMP_AGAIN_MS, on_take, p);
    return INT64_MAX;
}

void pump_drop(struct partition *p)
{
    forget_all(p);
    p->pump.asked = 0;
    p->pump.fresh_count = 0;
}
