#include "sim/estate.h"

#include <stdio.h>
#include <string.h>

static const char *const names[ESTATE_WORKLOADS_MAX] = {"shop",     "billing", "search",
                                                        "intranet", "reports", "mail"};
static const char *const tier_names[ESTATE_TIERS_MAX] = {"web", "app",   "cache", "queue",
                                                         "db",  "batch", "admin"};

static int draw(struct chance *c, int low, int high)
{
    return (int)chance_between(c, low, high);
}

static void draw_member(struct estate *e, struct chance *c, int workload, int tier, bool asks)
{
    struct estate_member *m = &e->members[e->member_count];

    *m = (struct estate_member){.workload = workload, .tier = tier, .odd = ""};
    (void)snprintf(m->id, sizeof m->id, "i-%04x%04x%09x", (unsigned)workload + 1, (unsigned)tier + 1,
                   (unsigned)e->member_count + 1);
    m->keeps = asks && draw(c, 1, 8) == 1;
    m->running = draw(c, 1, 5) > 1;
    e->member_count++;
}

static void draw_tier(struct estate *e, struct chance *c, int workload, int tier)
{
    struct estate_tier *t = &e->workloads[workload].tiers[tier];
    int numbers = draw(c, 1, 5);

    /* One draw a statement, here and everywhere: the order of operands and arguments is the compiler's. */
    *t = (struct estate_tier){0};
    t->stop = draw(c, 0, numbers);
    t->stop *= draw(c, 1, 10);
    t->start = draw(c, 0, numbers);
    t->start *= draw(c, 1, 10);
    (void)snprintf(t->name, sizeof t->name, "%s", tier_names[tier]);
    if (draw(c, 1, 10) == 1)
        t->stop = -1;
    else if (draw(c, 1, 10) == 1)
        t->start = -1;
    t->sync = draw(c, 1, 5) == 1;
    t->asks = draw(c, 1, 3) == 1;
    t->delay_s = draw(c, 1, 3) == 1 ? draw(c, 1, 20) : 0;
    t->count = draw(c, 1, 10) == 1 ? 0 : draw(c, 1, 5);
    for (int i = 0; i < t->count; i++)
        draw_member(e, c, workload, tier, t->asks);
}

void estate_draw(struct estate *e, struct chance *c)
{
    *e = (struct estate){.n = draw(c, 3, ESTATE_WORKLOADS_MAX)};
    for (int w = 0; w < e->n; w++) {
        struct estate_workload *x = &e->workloads[w];
        (void)snprintf(x->name, sizeof x->name, "%s", names[w]);
        x->goes_on = draw(c, 1, 3) == 1;
        x->tier_count = draw(c, 1, 5);
        for (int t = 0; t < x->tier_count; t++)
            draw_tier(e, c, w, t);
    }
}

int estate_find(const struct estate *e, struct str id)
{
    for (int i = 0; i < e->member_count; i++)
        if (str_is(id, e->members[i].id))
            return i;
    return -1;
}

int estate_workload(const struct estate *e, const char *name)
{
    for (int i = 0; i < e->n; i++)
        if (strcmp(e->workloads[i].name, name) == 0)
            return i;
    return -1;
}

/* ---- what is not as usual ---- */

#define FALLS(to)                                                                                            \
    ",\"start_fails\":{\"to\":\"" to                                                                         \
    "\",\"code\":\"Server.InternalError\",\"message\":\"internal\",\"times\":2}"
#define AGENT(how) ",\"agent\":{\"os\":\"Linux\"," how "}"

static const struct {
    enum fault fault;
    const char *attributes;
} oddities[] = {
    {FAULT_AWS_SLOW_MACHINE, ",\"start_ms\":200000,\"stop_ms\":400000"},
    {FAULT_AWS_SLOW_MACHINE, ",\"status_ms\":4000000"},
    {FAULT_AWS_STALE, ",\"describe_lag_ms\":1500"},
    {FAULT_AWS_STALE, ",\"describe_lag_ms\":3000"},
    {FAULT_AWS_FALLS_BACK, FALLS("stopped")},
    {FAULT_AWS_FALLS_BACK, FALLS("terminated")},
    {FAULT_AWS_STUCK, ",\"stuck\":\"stopping\""},
    {FAULT_AWS_STUCK, ",\"stuck\":\"pending\""},
    {FAULT_AWS_OF_ITS_KIND, ",\"market\":\"spot-one-time\""},
    {FAULT_AWS_OF_ITS_KIND, ",\"root_device\":\"instance-store\""},
    {FAULT_AWS_OF_ITS_KIND, ",\"stop_protected\":true"},
    {FAULT_AWS_OF_ITS_KIND, ",\"managed\":true"},
    {FAULT_AWS_AGENT, AGENT("\"state\":\"offline\"")},
    {FAULT_AWS_AGENT, AGENT("\"state\":\"stale\"")},
    {FAULT_AWS_AGENT, AGENT("\"behaviour\":\"fails\"")},
    {FAULT_AWS_AGENT, AGENT("\"behaviour\":\"undeliverable\"")},
    {FAULT_AWS_AGENT, AGENT("\"behaviour\":\"delayed\"")},
    {FAULT_AWS_AGENT, AGENT("\"behaviour\":\"times-out\"")},
    {FAULT_AWS_AGENT, AGENT("\"behaviour\":\"terminated\"")},
    {FAULT_AWS_AGENT, AGENT("\"behaviour\":\"silent\"")},
    {FAULT_AWS_AGENT, AGENT("\"stdout_before\":\"welcome\",\"latency_ms\":30000")},
};

static void spice_member(struct estate_member *m, struct swarm *s)
{
    for (size_t i = 0; i < sizeof oddities / sizeof *oddities; i++)
        if (!m->odd[0] && !m->keeps && swarm_strike_by(s, oddities[i].fault, 0.5))
            m->odd = oddities[i].attributes;
    m->agent_odd = str_starts(str_of(m->odd), STR(",\"agent\""));
    m->grouped = !m->odd[0] && swarm_strike_by(s, FAULT_AWS_OF_ITS_KIND, 0.3);
}

static void spice_tier(struct estate_tier *t, struct chance *c)
{
    t->ignores = !t->asks && draw(c, 1, 15) == 1;
    t->status = draw(c, 1, 3) == 1;
    t->timeout_s = draw(c, 1, 4) == 1 ? draw(c, 120, 600) : 0;
}

enum { STEPS_BEYOND = 201, TIERS_BEYOND = 501 };

static void spice_workload(struct estate_workload *w, struct chance *c)
{
    w->off = draw(c, 1, 25) == 1;
    w->wrong = draw(c, 1, 25) == 1;
    w->most = draw(c, 1, 25) == 1 ? 1 : 0;
    w->more = draw(c, 1, 25) == 1 ? TIERS_BEYOND : 0;
    w->steps = draw(c, 0, 1) == 1;
    if (w->more && w->steps)
        w->more = STEPS_BEYOND;
    for (int t = 0; t < w->tier_count; t++)
        spice_tier(&w->tiers[t], c);
    for (int k = 0; k < ESTATE_SCHEDULES_MAX; k++)
        w->ticks[k] = draw(c, 1, 4) == 1 ? draw(c, 3, 20) : 0;
}

void estate_spice(struct estate *e, struct swarm *s, struct chance *c)
{
    for (int i = 0; i < e->member_count; i++)
        spice_member(&e->members[i], s);
    for (int w = 0; w < e->n; w++)
        if (draw(c, 0, 1) == 1)
            spice_workload(&e->workloads[w], c);
}
