#include "worker/leases.h"

#include "base/log.h"
#include "base/mem.h"

struct partition {
    int64_t ttl_ms; /* the fleet's; 0: not known */
    int64_t asked_ms;
    bool asked;
};

/* A call that is out. The view has no cancel, so `self` of its completion must live until then: all are in
 * one list. */
struct renewal {
    struct leases *leases;
    int64_t sent_ms;
    int partition;
    uint64_t works[LEASES_BATCH];
    size_t n;
    struct renewal *next;
};

struct leases {
    struct works *works;
    struct view *view;
    const struct options *options;
    const struct ports *ports;
    struct partition partitions[LEASES_PARTITIONS_MAX];
    struct renewal *out;
    int64_t next_ms;
    struct leases_counts counts;
};

struct leases *leases_new(struct works *ws, struct view *view, const struct options *o,
                          const struct ports *ports)
{
    struct leases *l = xcalloc(1, sizeof *l);

    l->works = ws;
    l->view = view;
    l->options = o;
    l->ports = ports;
    l->next_ms = INT64_MAX;
    return l;
}

static void forget(struct leases *l, struct renewal *r)
{
    for (struct renewal **at = &l->out; *at; at = &(*at)->next) {
        if (*at != r)
            continue;
        *at = r->next;
        break;
    }
    xfree(r);
}

static struct renewal *remember(struct leases *l, int partition, int64_t now_ms)
{
    struct renewal *r = xcalloc(1, sizeof *r);

    r->leases = l;
    r->sent_ms = now_ms;
    r->partition = partition;
    r->next = l->out;
    l->out = r;
    return r;
}

void leases_free(struct leases *l)
{
    if (!l)
        return;
    while (l->out)
        forget(l, l->out);
    xfree(l);
}

struct leases_counts leases_counts(const struct leases *l)
{
    return l->counts;
}

static void due(struct leases *l, int64_t at_ms)
{
    if (at_ms < l->next_ms)
        l->next_ms = at_ms;
}

static int64_t now_of(const struct leases *l)
{
    return clock_now(&l->ports->clock).boot_ms;
}

/* ---- the fleet's lease time ---- */

static void on_where(void *self, uint64_t id, const struct view_place *p)
{
    struct renewal *r = self;
    struct partition *x = &r->leases->partitions[r->partition];

    (void)id;
    x->asked = false;
    if (p->err.kind == ERR_NONE && p->ttl_ms > 0)
        x->ttl_ms = p->ttl_ms;
    forget(r->leases, r);
}

static int64_t ttl_of(const struct leases *l, int partition)
{
    int64_t ttl_ms = l->partitions[partition].ttl_ms;

    return ttl_ms < l->options->lease.ttl_ms ? ttl_ms : l->options->lease.ttl_ms;
}

int64_t leases_local_ms(struct leases *l, int partition, int64_t now_ms)
{
    BUG_IF(partition < 0 || partition >= LEASES_PARTITIONS_MAX);
    struct partition *x = &l->partitions[partition];
    int64_t age_ms = x->ttl_ms ? LEASES_TTL_AGE_MS : LEASES_AGAIN_MS;

    if (!x->asked && (x->asked_ms == 0 || now_ms - x->asked_ms >= age_ms)) {
        x->asked = true;
        x->asked_ms = now_ms;
        (void)view_where(l->view, partition, on_where, remember(l, partition, now_ms));
    }
    return ttl_of(l, partition) * 9 / 10;
}

/* ---- holds ---- */

static bool covers(const struct view_hold *h, const struct work *w, size_t member)
{
    return (h->tier.n == 0 || str_is(h->tier, w->job.tier)) &&
           (h->instance.n == 0 || str_is(h->instance, w->job.members.at[member]));
}

static void apply_holds(struct work *w, const struct view_held *h, const struct instant *now)
{
    for (size_t i = 0; i < w->job.members.n; i++) {
        int64_t until_ms = 0;
        for (size_t k = 0; k < h->n; k++)
            if (covers(&h->at[k], w, i) && h->at[k].until_ms > until_ms)
                until_ms = h->at[k].until_ms;
        job_step_held(w->step, i, until_ms ? now->boot_ms + until_ms - now->wall_ms : 0);
    }
}

static void on_holds(void *self, uint64_t id, const struct view_held *h)
{
    struct renewal *r = self;
    struct leases *l = r->leases;
    struct work *w = works_find(l->works, r->works[0]);
    struct instant now = clock_now(&l->ports->clock);

    (void)id;
    if (w && h->err.kind == ERR_NONE) {
        apply_holds(w, h, &now);
        w->hv = h->hv;
        w->reading_holds = false;
        job_step_holds_read(w->step);
        works_wake(l->works, w);
    } else if (w) {
        w->reading_holds = false;
        w->holds_ms = now.boot_ms + LEASES_AGAIN_MS;
        due(l, w->holds_ms);
    }
    forget(l, r);
}

static void read_holds(struct leases *l, struct work *w, int64_t now_ms)
{
    struct renewal *r = remember(l, (int)w->epoch.partition, now_ms);

    r->works[r->n++] = w->id;
    w->reading_holds = true;
    w->holds_ms = INT64_MAX;
    (void)view_holds(l->view, (int)w->epoch.partition, w->job.workload, on_holds, r);
}

static void heard_hv(struct leases *l, struct work *w, int64_t hv, int64_t now_ms)
{
    if (hv == w->hv)
        return;
    job_step_holds_stale(w->step);
    if (!w->reading_holds)
        w->holds_ms = now_ms;
    due(l, now_ms);
}

void leases_begin(struct leases *l, struct work *w, int64_t hv, int64_t now_ms)
{
    w->renew_ms = now_ms + ttl_of(l, (int)w->epoch.partition) / 3;
    w->holds_ms = INT64_MAX;
    due(l, w->renew_ms);
    heard_hv(l, w, hv, now_ms); /* a new work's hv is 0: no hold was ever set */
}

/* ---- renewals ---- */

static enum job_lease lease_of(enum view_renew answer)
{
    switch (answer) {
    case VIEW_RENEW_HOLD:
        return LEASE_HOLD;
    case VIEW_RENEW_FENCED:
        return LEASE_FENCED;
    case VIEW_RENEW_LOST:
        return LEASE_LOST;
    default:
        return LEASE_OK;
    }
}

static void again(struct leases *l, struct work *w, int64_t now_ms)
{
    l->counts.failed++;
    w->renew_ms = now_ms + LEASES_AGAIN_MS;
    due(l, w->renew_ms);
}

static void renewed(struct leases *l, struct work *w, const struct view_renewal *x, int64_t sent_ms,
                    int64_t now_ms)
{
    if (x->answer == VIEW_RENEW_WAIT) {
        again(l, w, now_ms);
        return;
    }
    if (x->answer == VIEW_RENEW_OK) {
        l->counts.renewed++;
        w->deadline_ms = sent_ms + ttl_of(l, (int)w->epoch.partition) * 9 / 10;
        w->renew_ms = sent_ms + ttl_of(l, (int)w->epoch.partition) / 3;
        due(l, w->renew_ms);
        heard_hv(l, w, x->hv, now_ms);
    } else {
        w->living = false;
        l->counts.held += x->answer == VIEW_RENEW_HOLD;
        l->counts.fenced += x->answer == VIEW_RENEW_FENCED;
        l->counts.lost += x->answer == VIEW_RENEW_LOST;
        log_info(l->ports->log, "lease.ended", fs("action", action_names[w->job.action]),
                 fs("job", w->job.job), fs("tier", w->job.tier),
                 fs("why", job_lease_names[lease_of(x->answer)]));
    }
    job_step_lease(w->step, lease_of(x->answer), w->deadline_ms);
    works_wake(l->works, w);
}

static void on_renewed(void *self, uint64_t id, const struct view_renewed *v)
{
    struct renewal *r = self;
    struct leases *l = r->leases;
    int64_t now_ms = now_of(l);

    (void)id;
    for (size_t i = 0; i < r->n; i++) {
        struct work *w = works_find(l->works, r->works[i]);
        if (!w)
            continue;
        w->renewing = false;
        if (v->err.kind != ERR_NONE || i >= v->n)
            again(l, w, now_ms);
        else
            renewed(l, w, &v->at[i], r->sent_ms, now_ms);
    }
    forget(l, r);
}

static void send(struct leases *l, struct renewal *r)
{
    struct view_job jobs[LEASES_BATCH];

    for (size_t i = 0; i < r->n; i++) {
        const struct work *w = works_find(l->works, r->works[i]);
        jobs[i] = (struct view_job){w->epoch, str_of(w->job.workload), w->job.step, str_of(w->job.job),
                                    str_of(w->token)};
    }
    (void)view_renew(l->view, jobs, r->n, on_renewed, r);
}

static bool to_renew(const struct work *w)
{
    return w->living && !w->renewing && (w->fate == WORK_LIVE || w->fate == WORK_REPORTING);
}

/* All that are within a second of being due go along: fewer, larger calls. */
static void renew_partition(struct leases *l, int partition, int64_t now_ms)
{
    struct renewal *r = NULL;

    for (struct work *w = works_first(l->works); w; w = works_next(w)) {
        if (w->epoch.partition != partition || !to_renew(w) || w->renew_ms > now_ms + LEASES_AGAIN_MS)
            continue;
        if (!r)
            r = remember(l, partition, clock_now(&l->ports->clock).boot_ms);
        r->works[r->n++] = w->id;
        w->renewing = true;
        if (r->n == LEASES_BATCH) {
            send(l, r);
            r = NULL;
        }
    }
    if (r)
        send(l, r);
}

int64_t leases_turn(struct leases *l, int64_t now_ms)
{
    if (l->next_ms > now_ms)
        return l->next_ms;
    l->next_ms = INT64_MAX;
    for (struct work *w = works_first(l->works); w; w = works_next(w)) {
        bool heeds = w->fate == WORK_LIVE; /* holds: whoever makes no call any more waits for none */
        if (heeds && !w->reading_holds && w->holds_ms <= now_ms)
            read_holds(l, w, now_ms);
        if (to_renew(w) && w->renew_ms <= now_ms)
            renew_partition(l, (int)w->epoch.partition, now_ms);
        if (to_renew(w))
            due(l, w->renew_ms);
        if (heeds && !w->reading_holds && w->holds_ms != INT64_MAX)
            due(l, w->holds_ms);
    }
    return l->next_ms;
}
