#include "sim/sim_kafka_parts.h"

#include "base/mem.h"

#include <string.h>

enum { SLOW_MAX_MS = 20000 };

/* Between a member and the coordinator, either way. */
struct message {
    struct sim_reader *r;
    uint64_t generation, joins;
    bool join, leave;
    size_t n;
    int32_t partition[512];
    int64_t offset[512];
};

static struct message *message_new(struct sim_reader *r)
{
    struct message *m = xcalloc(1, sizeof *m);

    *m = (struct message){.r = r, .generation = r->member_of, .joins = r->joins};
    r->refs++;
    return m;
}

static void message_free(void *self)
{
    struct message *m = self;

    sim_reader_let_go(m->r);
    xfree(m);
}

static void send(struct message *m, uint64_t owner, int64_t us, const char *what, void (*fire)(void *self))
{
    (void)scheduler_after(m->r->k->s, us, &(struct completion){owner, what, fire, message_free, m});
}

/* ---- offsets ---- */

struct sim_group *sim_group_of(struct sim_kafka *k, const char *name)
{
    for (struct sim_group *g = k->groups; g; g = g->next)
        if (strcmp(g->name, name) == 0)
            return g;
    struct sim_group *g = xcalloc(1, sizeof *g);
    g->k = k;
    g->name = xstrdup(name);
    g->next = k->groups;
    k->groups = g;
    return g;
}

int64_t *sim_group_offset(struct sim_group *g, const char *topic, int partition, bool make)
{
    for (size_t i = 0; i < g->offset_count; i++)
        if (g->offsets[i].partition == partition && strcmp(g->offsets[i].topic, topic) == 0)
            return &g->offsets[i].offset;
    if (!make)
        return NULL;
    g->offsets = xrealloc(g->offsets, (g->offset_count + 1) * sizeof *g->offsets);
    g->offsets[g->offset_count] = (struct sim_offset){xstrdup(topic), partition, -1};
    return &g->offsets[g->offset_count++].offset;
}

/* ---- the coordinator ---- */

static struct sim_member *member_find(struct sim_group *g, const struct sim_reader *r)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->members[i].r == r)
            return &g->members[i];
    return NULL;
}

static void member_remove(struct sim_group *g, struct sim_member *m)
{
    struct sim_reader *r = m->r;

    scheduler_cancel(g->k->s, m->session);
    for (size_t i = (size_t)(m - g->members); i + 1 < g->n; i++)
        g->members[i] = g->members[i + 1];
    g->n--;
    sim_reader_let_go(r);
}

static void be_told(void *self)
{
    struct message *m = self;

    m->r->told = m->r->told || m->joins == m->r->joins;
    m->r->unread = true;
    message_free(m);
}

static void tell(struct sim_reader *r, int64_t us)
{
    if (r->c)
        send(message_new(r), r->c->owner, us, "kafka.rebalance", be_told);
}

static void be_given(void *self)
{
    struct message *m = self;
    struct sim_reader *r = m->r;

    if (m->joins == r->joins) { /* else it has asked again since */
        memcpy(r->coming, m->partition, sizeof r->coming);
        r->coming_n = m->n;
        r->coming_of = m->generation;
        r->given = r->unread = true;
    }
    message_free(m);
}

static int partitions_of(const struct sim_group *g)
{
    const struct sim_topic *t = g->topic ? sim_topic_find(g->k, g->topic) : NULL;

    return t ? t->partitions : 0;
}

static void give(struct sim_group *g, size_t index)
{
    struct sim_reader *r = g->members[index].r;

    if (!r->c)
        return;
    struct message *m = message_new(r);
    m->generation = g->generation;
    for (int p = (int)index; p < partitions_of(g); p += (int)g->n)
        m->partition[m->n++] = p;
    send(m, r->c->owner, sim_kafka_wire(g->k), "kafka.assigned", be_given);
}

static void complete(struct sim_group *g)
{
    scheduler_cancel(g->k->s, g->deadline);
    g->deadline = 0;
    for (size_t i = g->n; i > 0; i--)
        if (!g->members[i - 1].joined)
            member_remove(g, &g->members[i - 1]);
    g->rebalancing = false;
    g->generation++;
    for (size_t i = 0; i < g->n; i++)
        give(g, i);
}

static void complete_if_all(struct sim_group *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (!g->members[i].joined)
            return;
    if (g->rebalancing)
        complete(g);
}

static void over_time(void *self)
{
    struct sim_group *g = self;

    g->deadline = 0;
    complete(g);
}

/* joiner: knows of it, being its reason; NULL: nobody does. */
static void begin(struct sim_group *g, const struct sim_reader *joiner)
{
    if (g->rebalancing)
        return;
    g->rebalancing = true;
    g->deadline = scheduler_after(g->k->s, (int64_t)SIM_REBALANCE_MS * 1000,
                                  &(struct completion){0, "group.deadline", over_time, NULL, g});
    for (size_t i = 0; i < g->n; i++) {
        int64_t ms = sim_kafka_between(g->k, 0, SIM_HEARTBEAT_MS);
        if (sim_kafka_strikes(g->k, FAULT_KAFKA_SLOW_REVOKE))
            ms = sim_kafka_between(g->k, SIM_HEARTBEAT_MS, SLOW_MAX_MS);
        g->members[i].joined = false;
        if (g->members[i].r != joiner)
            tell(g->members[i].r, ms * 1000);
    }
}

void sim_group_begin(struct sim_group *g)
{
    begin(g, NULL);
}

static void fall_silent(struct sim_reader *r);

static void take_commits(struct sim_group *g, const struct message *m)
{
    if (!member_find(g, m->r) || m->generation != g->generation)
        return; /* ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID */
    if (m->n && sim_kafka_strikes(g->k, FAULT_KAFKA_OFFSET_OLD))
        return;
    for (size_t i = 0; i < m->n; i++)
        *sim_group_offset(g, m->r->topic, m->partition[i], true) = m->offset[i];
}

static void join(struct sim_group *g, struct sim_reader *r)
{
    struct sim_member *m = member_find(g, r);

    if (!r->c) /* its process has died since; nobody waits for it */
        return;
    if (!m) {
        BUG_IF(g->n == SIM_MEMBERS_MAX);
        g->members[g->n++] = (struct sim_member){.r = r};
        r->refs++;
        if (!g->topic)
            g->topic = xstrdup(r->topic);
    }
    begin(g, r);
    member_find(g, r)->joined = true;
    if (r->c->held)
        fall_silent(r);
    complete_if_all(g);
}

static void coordinate(void *self)
{
    struct message *m = self;
    struct sim_group *g = m->r->g;
    struct sim_member *member = NULL;

    take_commits(g, m);
    if (m->join)
        join(g, m->r);
    if (m->leave && (member = member_find(g, m->r))) {
        member_remove(g, member);
        sim_group_begin(g);
        complete_if_all(g);
    }
    if (!m->join && !m->leave && sim_kafka_strikes(g->k, FAULT_KAFKA_REBALANCE))
        sim_group_begin(g);
    message_free(m);
}

static void session_over(void *self)
{
    struct message *m = self;
    struct sim_group *g = m->r->g;
    struct sim_member *member = member_find(g, m->r);

    if (member) {
        member->session = 0;
        m->r->left_out = true;
        member_remove(g, member);
        sim_group_begin(g);
        complete_if_all(g);
    }
    message_free(m);
}

static void fall_silent(struct sim_reader *r)
{
    struct sim_member *m = member_find(r->g, r);

    if (!m || m->session)
        return;
    m->session =
        scheduler_after(r->k->s, (int64_t)SIM_SESSION_MS * 1000,
                        &(struct completion){0, "group.session", session_over, message_free, message_new(r)});
}

/* ---- the member ---- */

static void add_stored(struct message *m)
{
    struct sim_reader *r = m->r;

    for (size_t i = 0; i < r->has_n; i++) {
        struct sim_position *p = &r->at[r->has[i]];
        if (!p->changed)
            continue;
        p->changed = false;
        m->partition[m->n] = r->has[i];
        m->offset[m->n++] = p->stored;
    }
}

static void ask_to_join(struct sim_reader *r)
{
    struct message *m = message_new(r);

    add_stored(m);
    m->join = true;
    m->joins = ++r->joins;
    send(m, 0, sim_kafka_wire(r->k), "group.join", coordinate);
}

void sim_group_join(struct sim_reader *r, const char *group)
{
    r->g = sim_group_of(r->k, group);
    ask_to_join(r);
}

static void take_assignment(struct sim_reader *r)
{
    memcpy(r->has, r->coming, sizeof r->has);
    r->has_n = r->coming_n;
    r->member_of = r->coming_of;
    r->given = false;
    r->joined = true;
    r->generation++;
    for (size_t i = 0; i < r->has_n; i++) {
        struct sim_position *p = &r->at[r->has[i]];
        const int64_t *offset = sim_group_offset(r->g, r->topic, r->has[i], false);
        const struct sim_log *l = sim_log_find(r->k, r->topic, r->has[i]);
        bool fetching = p->fetching;
        *p = (struct sim_position){.next = offset && *offset >= 0 ? *offset : l->low, .stored = -1};
        p->fetching = fetching;
        sim_reader_fetch(r, (size_t)r->has[i]);
    }
}

void sim_group_heed(struct sim_reader *r)
{
    if (r->told) {
        r->told = r->given = r->joined = false;
        ask_to_join(r);
        r->has_n = 0;
        r->generation++;
    }
    if (r->given)
        take_assignment(r);
}

static void commit_due(void *self)
{
    struct message *m = self;
    struct sim_reader *r = m->r;

    r->committing = false;
    m->generation = r->member_of;
    add_stored(m);
    if (m->n)
        send(m, 0, sim_kafka_wire(r->k), "group.commit", coordinate);
    else
        message_free(m);
}

void sim_group_stored(struct sim_reader *r)
{
    if (r->committing)
        return;
    r->committing = true;
    send(message_new(r), r->c->owner, (int64_t)SIM_COMMIT_MS * 1000, "kafka.commit", commit_due);
}

void sim_group_leave(struct sim_reader *r)
{
    struct message *m = message_new(r);

    add_stored(m);
    m->leave = true;
    send(m, 0, sim_kafka_wire(r->k), "group.leave", coordinate);
}

void sim_group_vanish(struct sim_reader *r)
{
    fall_silent(r);
}

void sim_group_hold(struct sim_reader *r, bool held)
{
    struct sim_member *m = member_find(r->g, r);

    if (held) {
        fall_silent(r);
        return;
    }
    if (m) {
        scheduler_cancel(r->k->s, m->session);
        m->session = 0;
    }
    if (r->left_out)
        tell(r, sim_kafka_between(r->k, 0, SIM_HEARTBEAT_MS) * 1000);
    r->left_out = false;
}

void sim_groups_free(struct sim_kafka *k)
{
    while (k->groups) {
        struct sim_group *g = k->groups;
        k->groups = g->next;
        while (g->n)
            member_remove(g, &g->members[0]);
        for (size_t i = 0; i < g->offset_count; i++)
            xfree(g->offsets[i].topic);
        scheduler_cancel(k->s, g->deadline);
        xfree(g->offsets);
        xfree(g->topic);
        xfree(g->name);
        xfree(g);
    }
}
