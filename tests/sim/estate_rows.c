/* The estate as a scenario for AWS's simulator: machines, rows, and the zones that schedules name. */
#include "sim/estate.h"
#include "sim/sim_process.h"

static const char echo[] = ",\"stdout\":\"EC2SCHED-OVERRIDE 0123456789abcdef0123456789abcdef ABSENT\\n\"";

static void add_machines(const struct estate *e, struct buf *out)
{
    for (int i = 0; i < e->member_count; i++) {
        const struct estate_member *m = &e->members[i];
        const struct estate_workload *w = &e->workloads[m->workload];
        buf_addf(out, "%s{\"id\":\"%s\",\"state\":\"%s\",\"tags\":{\"Workload\":\"%s\",\"Tier\":\"%s\"%s}%s",
                 i ? "," : "", m->id, m->running ? "running" : "stopped", w->name, w->tiers[m->tier].name,
                 m->grouped ? ",\"aws:autoscaling:groupName\":\"group\"" : "", m->odd);
        if (!m->agent_odd)
            buf_addf(out, ",\"agent\":{\"files\":[%s]%s}", m->keeps ? "\"/var/lock/keep\"" : "",
                     m->echoes ? echo : "");
        buf_addc(out, '}');
    }
}

static const char guest[] =
    ",\"TierStopOverrideFilename\":\"/var/lock/keep\",\"TierStopOverrideOperatingSystem\":\"Linux\"";

static void add_section(struct buf *out, const char *section, int sequence, const struct estate_tier *t,
                        const char *more)
{
    if (sequence < 0)
        return;
    buf_addf(out,
             ",\"%s\":{\"TierSequence\":%d,\"TierSynchronization\":%s,\"InterTierOrchestrationDelay\":%d%s}",
             section, sequence, t->sync ? "true" : "false", t->delay_s, more);
}

static void add_workload_rows(const struct estate *e, struct buf *out)
{
    for (int i = 0; i < e->n; i++) {
        buf_addf(out,
                 "%s{\"SpecName\":\"%s\",\"WorkloadRegion\":\"" ESTATE_REGION
                 "\",\"WorkloadFilterTagName\":\"Workload\",\"WorkloadFilterTagValue\":\"%s\","
                 "\"TierFilterTagName\":\"Tier\",\"FailurePolicy\":\"%s\"",
                 i ? "," : "", e->workloads[i].name, e->workloads[i].name,
                 e->workloads[i].wrong     ? "sometimes"
                 : e->workloads[i].goes_on ? "continue"
                                           : "halt");
        if (e->workloads[i].off)
            buf_adds(out, ",\"DisableAllSchedulingActions\":true");
        if (e->workloads[i].most)
            buf_addf(out, ",\"MaxInstances\":%d", e->workloads[i].most);
        buf_addc(out, '}');
    }
}

static void add_tier(const char *workload, const struct estate_tier *t, struct buf *out)
{
    buf_addf(out, "{\"SpecName\":\"%s\",\"TierTagValue\":\"%s\"", workload, t->name);
    add_section(out, "TierStop", t->stop, t, t->asks ? guest : t->ignores ? ",\"IgnoreStop\":true" : "");
    add_section(out, "TierStart", t->start, t, t->status ? ",\"ReadyCheck\":\"status-ok\"" : "");
    if (t->timeout_s)
        buf_addf(out, ",\"TierTimeout\":%d", t->timeout_s);
    buf_adds(out, "},");
}

static void add_tier_rows(const struct estate *e, struct buf *out)
{
    for (int i = 0; i < e->n; i++) {
        const struct estate_workload *w = &e->workloads[i];
        for (int k = 0; k < w->more; k++) {
            struct estate_tier t = {.stop = w->steps ? k : 0, .start = -1};
            (void)snprintf(t.name, sizeof t.name, "more%d", k);
            add_tier(w->name, &t, out);
        }
        for (int k = 0; k < w->tier_count; k++)
            add_tier(w->name, &w->tiers[k], out);
    }
    BUG_IF(!out->n || out->p[out->n - 1] != ',');
    out->n--;
}

static const char *const zones[ESTATE_SCHEDULES_MAX] = {"Etc/UTC", "Sim/Forward", "Sim/Back"};

/* The hour of faults, and no other of the day: a history is to come to rest. */
static void add_schedule_rows(const struct estate *e, struct buf *out)
{
    bool any = false;

    for (int i = 0; i < e->n; i++)
        for (int k = 0; k < ESTATE_SCHEDULES_MAX; k++) {
            if (!e->workloads[i].ticks[k])
                continue;
            buf_addf(out,
                     "%s{\"SpecName\":\"%s\",\"ScheduleName\":\"s%d\",\"Action\":\"%s\",\"Cron\":"
                     "\"%d-59/%d 20-22 * * *\",\"TimeZone\":\"%s\"}",
                     any ? "," : "", e->workloads[i].name, k, k % 2 ? "start" : "stop", 2 * k,
                     e->workloads[i].ticks[k], zones[k]);
            any = true;
        }
}

/* TZif, version 2, without changes: the rule at its end is all. The simulation begins on 28 May, 20:26
 * UTC. */
static void add_zone(struct sim_disk *d, const char *path, const char *rule)
{
    static const char head[] = "TZif2"
                               "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    static const char counts[] = "\0\0\0\0"
                                 "\0\0\0\0"
                                 "\0\0\0\0"
                                 "\0\0\0\0"
                                 "\0\0\0\1"
                                 "\0\0\0\4";
    static const char types[] = "\0\0\0\0"
                                "\0"
                                "\0"
                                "UTC";
    BUF_CLEANUP struct buf b = BUF_INIT(1024);

    for (int part = 0; part < 2; part++) {
        buf_add(&b, str_n(head, sizeof head - 1));
        buf_add(&b, str_n(counts, sizeof counts - 1));
        buf_add(&b, str_n(types, sizeof types));
    }
    buf_addf(&b, "\n%s\n", rule);
    sim_disk_put(d, path, buf_view(&b));
}

void estate_zones(struct sim_disk *d)
{
    add_zone(d, ESTATE_ZONES "/Etc/UTC", "UTC0");
    add_zone(d, ESTATE_ZONES "/Sim/Forward", "UTC0SDT,J148/21:00,J300/2:00");
    add_zone(d, ESTATE_ZONES "/Sim/Back", "UTC0SDT,J10/2:00,J148/22:00");
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
    buf_adds(
        out,
        "]},{\"name\":\"ScheduleSpecification\",\"hash\":\"SpecName\",\"range\":\"ScheduleName\",\"rows\":[");
    add_schedule_rows(e, out);
    buf_addf(out, "]}],\"faults\":[%s]}", faults);
}
