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

    *m = (struct estate_member){.workload = workload, .tier = tier};
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

/* ---- the scenario ---- */

static const char echo[] = ",\"stdout\":\"EC2SCHED-OVERRIDE 0123456789abcdef0123456789abcdef ABSENT\\n\"";

static void add_machines(const struct estate *e, struct buf *out)
{
    for (int i = 0; i < e->member_count; i++) {
        const struct estate_member *m = &e->members[i];
        const struct estate_workload *w = &e->workloads[m->workload];
        buf_addf(out,
                 "%s{\"id\":\"%s\",\"state\":\"%s\",\"tags\":{\"Workload\":\"%s\",\"Tier\":\"%s\"},\"agent\":"
                 "{\"files\":[%s]%s}}",
                 i ? "," : "", m->id, m->running ? "running" : "stopped", w->name, w->tiers[m->tier].name,
                 m->keeps ? "\"/var/lock/keep\"" : "", m->echoes ? echo : "");
    }
}

static void add_section(struct buf *out, const char *section, int sequence, const struct estate_tier *t,
                        bool asks)
{
    if (sequence < 0)
        return;
    buf_addf(
        out, ",\"%s\":{\"TierSequence\":%d,\"TierSynchronization\":%s,\"InterTierOrchestrationDelay\":%d%s}",
        section, sequence, t->sync ? "true" : "false", t->delay_s,
        asks
            ? ",\"TierStopOverrideFilename\":\"/var/lock/keep\",\"TierStopOverrideOperatingSystem\":\"Linux\""
            : "");
}

static void add_workload_rows(const struct estate *e, struct buf *out)
{
    for (int i = 0; i < e->n; i++)
        buf_addf(out,
                 "%s{\"SpecName\":\"%s\",\"WorkloadRegion\":\"" ESTATE_REGION
                 "\",\"WorkloadFilterTagName\":\"Workload\",\"WorkloadFilterTagValue\":\"%s\","
                 "\"TierFilterTagName\":\"Tier\",\"FailurePolicy\":\"%s\"}",
                 i ? "," : "", e->workloads[i].name, e->workloads[i].name,
                 e->workloads[i].goes_on ? "continue" : "halt");
}

static void add_tier_rows(const struct estate *e, struct buf *out)
{
    bool any = false;

    for (int i = 0; i < e->n; i++)
        for (int k = 0; k < e->workloads[i].tier_count; k++) {
            const struct estate_tier *t = &e->workloads[i].tiers[k];
            buf_addf(out, "%s{\"SpecName\":\"%s\",\"TierTagValue\":\"%s\"", any ? "," : "",
                     e->workloads[i].name, t->name);
            add_section(out, "TierStop", t->stop, t, t->asks);
            add_section(out, "TierStart", t->start, t, false);
            buf_addc(out, '}');
            any = true;
        }
}

void estate_scenario(const struct estate *e, const char *faults, struct buf *out)
{
    buf_adds(out, "{\"region\":\"" ESTATE_REGION "\",\"credentials\":[{\"access_key\":\"" ESTATE_KEY
                  "\",\"secret_key\":\"" ESTATE_SECRET "\"}],"
                  "\"defaults\":{\"start_ms\":9000,\"stop_ms\":12000,\"status_ms\":20000,"
                  "\"agent\":{\"os\":\"Linux\",\"latency_ms\":300}},\"instances\":[");
    add_machines(e, out);
    buf_adds(out, "],\"tables\":[{\"name\":\"WorkloadSpecification\",\"hash\":\"SpecName\",\"rows\":[");
    add_workload_rows(e, out);
    buf_adds(
        out,
        "]},{\"name\":\"TierSpecification\",\"hash\":\"SpecName\",\"range\":\"TierTagValue\",\"rows\":[");
    add_tier_rows(e, out);
    buf_addf(out, "]}],\"faults\":[%s]}", faults);
}
