#include "worker/states.h"

#include "aws/ec2.h"
#include "base/log.h"
#include "base/mem.h"
#include "worker/query.h"

#include <string.h>

struct place { /* an account and region: a role, or home */
    char *region, *role, *external_id;
    struct query *out;
    int64_t last_ms; /* when the last poll began */
    int64_t next_ms; /* the earliest of its works' */
    struct place *next;
};

struct states {
    struct works *works;
    struct aws *aws;
    const struct options *options;
    const struct ports *ports;
    struct place *places;
};

static int64_t scaled(const struct states *st, int64_t ms)
{
    int64_t scale = st->options->aws.time_scale > 1 ? st->options->aws.time_scale : 1;

    return ms / scale > 0 ? ms / scale : 1;
}

static int64_t cadence(const struct states *st, int polls)
{
    static const int64_t times[] = {1, 1, 2, 3}; /* 5, 5, 10, 15 s */

    return scaled(st, st->options->worker.poll_ms * times[polls < 3 ? polls : 3]);
}

struct states *states_new(struct works *ws, struct aws *aws, const struct options *o,
                          const struct ports *ports)
{
    struct states *st = xcalloc(1, sizeof *st);

    st->works = ws;
    st->aws = aws;
    st->options = o;
    st->ports = ports;
    return st;
}

void states_free(struct states *st)
{
    if (!st)
        return;
    while (st->places) {
        struct place *p = st->places;
        st->places = p->next;
        while (p->out) {
            struct query *q = p->out;
            p->out = q->next;
            aws_cancel(st->aws, q->call);
            query_free(q);
        }
        xfree(p->region);
        xfree(p->role);
        xfree(p->external_id);
        xfree(p);
    }
    xfree(st);
}

static bool same(const char *a, const char *b)
{
    return str_eq(str_of(a), str_of(b));
}

static bool is_there(const struct place *p, const struct work *w)
{
    const struct job_options *o = &w->job.options;

    return same(p->region, o->region) && same(p->role, o->role) && same(p->external_id, o->external_id);
}

static struct place *place_of(struct states *st, const struct work *w)
{
    struct place **end = &st->places;

    for (; *end; end = &(*end)->next)
        if (is_there(*end, w))
            return *end;
    *end = xcalloc(1, sizeof **end);
    (*end)->region = str_dup(str_of(w->job.options.region));
    (*end)->role = str_dup(str_of(w->job.options.role));
    (*end)->external_id = str_dup(str_of(w->job.options.external_id));
    (*end)->next_ms = INT64_MAX;
    (*end)->last_ms = INT64_MIN / 2;
    return *end;
}

/* The earliest of all that wait there: after the last answer of a poll, whom it did not reach is not
 * forgotten. */
static void reckon(struct states *st, struct place *p)
{
    p->next_ms = INT64_MAX;
    for (struct work *w = works_first(st->works); w; w = works_next(w))
        if (w->watched && w->poll_ms < p->next_ms && is_there(p, w))
            p->next_ms = w->poll_ms;
}

void states_watch(struct states *st, struct work *w, int64_t now_ms)
{
    struct place *p = place_of(st, w);
    bool at_once = false;
    bool was_next = false;

    w->watched = 0;
    for (size_t i = 0; i < w->job.members.n; i++) {
        const struct member_life *m = job_step_member(w->step, i);
        if (!job_step_watches(w->step, i))
            continue;
        w->watched++;
        at_once = at_once || (m->phase == MEMBER_LOOK && m->after_ms <= now_ms);
    }
    if (job_step_watch_since(w->step) != w->watch_since_ms) {
        was_next = w->poll_ms == p->next_ms;
        w->watch_since_ms = job_step_watch_since(w->step);
        /* a poll that is out was for what it waited for before */
        w->polling = false;
        w->polls = at_once ? 0 : 1; /* waits of the cadence that have begun */
        w->poll_ms = at_once ? now_ms : now_ms + cadence(st, 0);
    }
    if (was_next && !p->out)
        /* it waits anew: a poll at its old moment would be one too many, and shift the others' */
        reckon(st, p);
    else if (w->watched && w->poll_ms < p->next_ms)
        p->next_ms = w->poll_ms;
}

/* ---- the answer ---- */

static enum sight sight_of(int state)
{
    switch (state) {
    case EC2_PENDING:
        return SIGHT_PENDING;
    case EC2_RUNNING:
        return SIGHT_RUNNING;
    case EC2_STOPPING:
        return SIGHT_STOPPING;
    case EC2_STOPPED:
        return SIGHT_STOPPED;
    case EC2_SHUTTING_DOWN:
        return SIGHT_SHUTTING_DOWN;
    case EC2_TERMINATED:
        return SIGHT_TERMINATED;
    default:
        return SIGHT_OTHER;
    }
}

static struct str tag(const struct ec2_instance *i, const char *key)
{
    const char *value = ec2_tag_value(i, key);

    return value ? (struct str){value, strlen(value)} : (struct str){NULL, 0};
}

static struct sighting sighting_of(const struct ec2_instance *i, const struct job_options *o)
{
    if (!i)
        return (struct sighting){.state = SIGHT_ABSENT};
    return (struct sighting){
        .state = sight_of(i->state),
        .filter_value = tag(i, o->filter_key),
        .tier_value = tag(i, o->tier_key),
        .asg_member = ec2_tag_value(i, "aws:autoscaling:groupName") != NULL,
        .spot = strcmp(i->lifecycle, "spot") == 0,
        .instance_store = strcmp(i->root_device, "instance-store") == 0,
        .launch_wall_ms = i->launch_ms,
        .transition_wall_ms = i->transition_ms,
        .reason = str_of(i->reason[0] ? i->reason : i->reason_code),
    };
}

static struct query *find_query(const struct states *st, uint64_t call)
{
    for (const struct place *p = st->places; p; p = p->next)
        for (struct query *q = p->out; q; q = q->next)
            if (q->call == call)
                return q;
    return NULL;
}

static struct query *take_query(struct states *st, uint64_t call)
{
    struct query *q = find_query(st, call);

    if (!q)
        return NULL;
    struct query **at = &q->place->out;
    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
    return q;
}

static int64_t aws_wall_ms(const struct states *st, const struct instant *now)
{
    int64_t offset_ms = 0;

    return aws_offset(st->aws, &offset_ms) ? now->wall_ms + offset_ms : now->wall_ms;
}

/* The job has been polled for: when is the next time. */
static void polled(struct states *st, struct work *w, int64_t now_ms)
{
    job_step_half_told(w->step, false); /* what else is out for it is not waited for */
    works_wake(st->works, w);
    if (!w->polling)
        return;
    w->polling = false;
    w->poll_ms = now_ms + cadence(st, w->polls);
    w->polls++;
}

static void status_done(void *self, uint64_t id, struct aws_result *r)
{
    struct states *st = self;
    struct query *q = take_query(st, id);
    struct ec2_statuses l = {0};
    int64_t now_ms = clock_now(&st->ports->clock).boot_ms;

    if (!q)
        return;
    if (r->err.kind == ERR_NONE)
        ec2_statuses_take(r, &l);
    else
        log_warn(st->ports->log, "states.status_failed", fs("region", q->place->region), fe(&r->err));
    for (size_t i = 0; i < q->n; i++) {
        struct work *w = works_find(st->works, q->at[i].work);
        if (!w || !ec2_status_ok(&l, w->job.members.at[q->at[i].member]))
            continue;
        job_step_status(w->step, q->at[i].member, true, now_ms);
        works_wake(st->works, w);
    }
    ec2_statuses_release(&l);
    if (!q->place->out)
        reckon(st, q->place);
    query_free(q);
}

static struct aws_where where_of(const struct place *p)
{
    return (struct aws_where){.region = p->region, .role_arn = p->role, .external_id = p->external_id};
}

static void send_status(struct states *st, struct query *q)
{
    STRS_CLEANUP struct strs ids = {0};
    struct aws_where where = where_of(q->place);

    for (size_t i = 0; i < q->n; i++)
        strs_add(&ids, str_of(works_find(st->works, q->at[i].work)->job.members.at[q->at[i].member]));
    q->call = ec2_describe_status(st->aws, &where, &ids, status_done, st);
    q->next = q->place->out;
    q->place->out = q;
}

/* Of those that this reply was about: who runs and waits for the checks? */
static void ask_status(struct states *st, const struct query *of, int64_t now_ms)
{
    struct query *q = NULL;

    for (size_t i = 0; i < of->n; i++) {
        struct work *w = works_find(st->works, of->at[i].work);
        if (!w || !job_step_wants_status(w->step, of->at[i].member))
            continue;
        if (!q)
            q = query_new(of->place, now_ms);
        query_add(q, w->id, of->at[i].member);
        if (q->n == EC2_STATUS_IDS_MAX) {
            send_status(st, q);
            q = NULL;
        }
    }
    if (q)
        send_status(st, q);
}

/* One more of the work's members is settled. When all are, it is stepped; until then it begins nothing, for a
 * job whose members stand in several pages would put its questions to their guests in as many commands. */
static void heard(struct states *st, struct work *w, struct query_entry *x)
{
    if (x->heard)
        return;
    x->heard = true;
    w->unheard--;
    job_step_half_told(w->step, w->unheard > 0);
    if (!w->unheard)
        works_wake(st->works, w);
}

struct answer { /* what the members of a query are told from */
    struct states *st;
    struct query *query;
    struct instant now;
    int64_t wall_ms;
};

static struct answer answer_of(struct states *st, struct query *q)
{
    struct instant now = clock_now(&st->ports->clock);

    return (struct answer){st, q, now, aws_wall_ms(st, &now)};
}

/* i: NULL: no page had it. */
static void tell(const struct answer *a, struct work *w, struct query_entry *x, const struct ec2_instance *i)
{
    heard(a->st, w, x);
    if (!job_step_watches(w->step, x->member))
        return;
    struct sighting s = sighting_of(i, &w->job.options);
    job_step_seen(w->step, x->member, &s, a->query->asked_ms, a->now.boot_ms, a->wall_ms);
}

static void describe_page(void *self, uint64_t id, void *reply)
{
    struct states *st = self;
    const struct ec2_instances *l = reply;
    struct query *q = find_query(st, id);

    if (!q)
        return;
    const struct answer a = answer_of(st, q);
    for (size_t i = 0; i < l->n; i++) {
        struct query_entry *x;
        for (size_t from = 0; (x = query_match(q, l->at[i].id, &from));) {
            struct work *w = works_find(st->works, x->work);
            if (w && strcmp(w->job.members.at[x->member], l->at[i].id) == 0)
                tell(&a, w, x, &l->at[i]);
        }
    }
}

/* Whom no page told of: absent, if all pages came; else nothing is known of it. */
static void conclude(const struct answer *a, bool all)
{
    for (size_t i = 0; i < a->query->n; i++) {
        struct query_entry *x = &a->query->at[i];
        struct work *w = x->heard ? NULL : works_find(a->st->works, x->work);
        if (w && all)
            tell(a, w, x, NULL);
        else if (w)
            heard(a->st, w, x);
    }
}

static void describe_done(void *self, uint64_t id, struct aws_result *r)
{
    struct states *st = self;
    struct query *q = take_query(st, id);
    struct work *last = NULL;

    if (!q)
        return;
    const struct answer a = answer_of(st, q);
    conclude(&a, r->err.kind == ERR_NONE);
    if (r->err.kind == ERR_NONE)
        ask_status(st, q, a.now.boot_ms);
    else
        log_warn(st->ports->log, "states.describe_failed", fs("region", q->place->region),
                 fs("code", r->err.code), fe(&r->err));
    for (size_t i = 0; i < q->n; i++) { /* a work's members stand together */
        struct work *w = works_find(st->works, q->at[i].work);
        if (!w || w == last)
            continue;
        last = w;
        if (r->err.kind == ERR_DENIED)
            job_step_blind(w->step, r->err.msg);
        polled(st, w, a.now.boot_ms);
    }
    if (!q->place->out)
        reckon(st, q->place);
    query_free(q);
}

/* ---- the question ---- */

static void send(struct states *st, struct query *q, const struct ec2_filters *f)
{
    struct aws_where where = where_of(q->place);

    query_index(q, st->works);
    for (size_t i = 0; i < q->n; i++) {
        struct work *w = works_find(st->works, q->at[i].work);
        w->unheard++;
        w->polling = true;
    }
    q->call = ec2_walk_instances(st->aws, &where, f, describe_page, describe_done, st);
    q->next = q->place->out;
    q->place->out = q;
}

static void send_by_id(struct states *st, struct query *q)
{
    struct ec2_filters f = {0};

    for (size_t i = 0; i < q->n; i++)
        ec2_filter(&f, "instance-id",
                   str_of(works_find(st->works, q->at[i].work)->job.members.at[q->at[i].member]));
    send(st, q, &f);
    ec2_filters_release(&f);
}

static bool asks_by_id(const struct work *w, size_t member)
{
    return job_step_watches(w->step, member) && (!w->by_tag || job_step_member(w->step, member)->misses > 0);
}

/* The work's members into the query that is being filled; a full one is sent and the next begun. */
static void add_by_id(struct states *st, struct query **q, const struct work *w, int *queries)
{
    struct place *p = (*q)->place;

    for (size_t i = 0; i < w->job.members.n && *queries < STATES_QUERIES_MAX; i++) {
        if (!asks_by_id(w, i))
            continue;
        query_add(*q, w->id, i);
        if ((*q)->n < STATES_BY_ID)
            continue;
        int64_t asked_ms = (*q)->asked_ms;
        send_by_id(st, *q);
        *q = query_new(p, asked_ms);
        (*queries)++;
    }
}

/* Watched members of the place that are not asked for by tag, and those that such a reply did not list. */
static void poll_by_id(struct states *st, struct place *p, int64_t now_ms)
{
    struct query *q = query_new(p, now_ms);
    int queries = 0;

    for (struct work *w = works_first(st->works); w; w = works_next(w))
        if (w->watched && is_there(p, w))
            add_by_id(st, &q, w, &queries);
    if (q->n)
        send_by_id(st, q);
    else
        query_free(q);
}

static bool same_tag(const struct work *a, const struct work *b)
{
    return same(a->job.options.filter_key, b->job.options.filter_key) &&
           same(a->job.options.filter_value, b->job.options.filter_value);
}

static bool first_of_its_tag(struct states *st, const struct place *p, const struct work *w)
{
    for (struct work *x = works_first(st->works); x != w; x = works_next(x))
        if (x->watched && is_there(p, x) && same_tag(x, w))
            return false;
    return true;
}

/* All works of the first one's tag. */
static void choose(struct states *st, const struct place *p, const struct work *first)
{
    size_t watched = 0;

    for (struct work *w = works_first(st->works); w; w = works_next(w))
        if (w->watched && is_there(p, w) && same_tag(w, first))
            watched += w->watched;
    for (struct work *w = works_first(st->works); w; w = works_next(w))
        if (w->watched && is_there(p, w) && same_tag(w, first))
            w->by_tag = watched > STATES_BY_ID;
}

static void send_by_tag(struct states *st, struct place *p, const struct work *first, int64_t now_ms)
{
    struct ec2_filters f = {0};
    struct query *q = query_new(p, now_ms);

    for (struct work *w = works_first(st->works); w; w = works_next(w)) {
        if (!w->watched || !is_there(p, w) || !same_tag(w, first))
            continue;
        for (size_t i = 0; i < w->job.members.n; i++)
            if (job_step_watches(w->step, i) && job_step_member(w->step, i)->misses == 0)
                query_add(q, w->id, i);
    }
    if (!q->n) {
        query_free(q);
        return;
    }
    ec2_filter_tag(&f, first->job.options.filter_key, str_of(first->job.options.filter_value));
    send(st, q, &f);
    ec2_filters_release(&f);
}

static void poll_by_tag(struct states *st, struct place *p, int64_t now_ms)
{
    int queries = 0;

    for (struct work *w = works_first(st->works); w && queries < STATES_QUERIES_MAX; w = works_next(w)) {
        if (!w->watched || !w->by_tag || !is_there(p, w) || !first_of_its_tag(st, p, w))
            continue;
        send_by_tag(st, p, w, now_ms);
        queries++;
    }
}

static void poll_place(struct states *st, struct place *p, int64_t now_ms)
{
    size_t watched = 0;

    p->next_ms = INT64_MAX;
    for (struct work *w = works_first(st->works); w; w = works_next(w)) {
        if (!w->watched || !is_there(p, w))
            continue;
        watched += w->watched;
        if (first_of_its_tag(st, p, w))
            choose(st, p, w);
    }
    if (!watched)
        return;
    p->last_ms = now_ms;
    poll_by_tag(st, p, now_ms);
    poll_by_id(st, p, now_ms);
}

int64_t states_turn(struct states *st, int64_t now_ms)
{
    int64_t next = INT64_MAX;

    for (struct place *p = st->places; p; p = p->next) {
        if (p->out) /* its answer sets the next time */
            continue;
        int64_t due = p->next_ms;
        if (due != INT64_MAX && due < p->last_ms + scaled(st, STATES_GAP_MS))
            due = p->last_ms + scaled(st, STATES_GAP_MS);
        if (due <= now_ms) {
            poll_place(st, p, now_ms);
            continue;
        }
        next = due < next ? due : next;
    }
    return next;
}
