#include "sim/strikes.h"

#include <stdio.h>

enum { SECOND_US = 1000000, CUT_MAX_S = 90, DOWN_MIN_MS = 60000, DOWN_MAX_MS = 50 * 60000 };

#define SAYS(code, status)                                                                                   \
    "{\"error\":{\"code\":\"" code "\",\"status\":" status ",\"message\":\"simulated\"}}"

static const struct {
    enum fault fault;
    const char *effect;
} rules[] = {
    {FAULT_AWS_ERROR, SAYS("InternalError", "500")},
    {FAULT_AWS_AFTER, "{\"after\":true,\"error\":{\"code\":\"InternalError\",\"status\":500,\"message\":\"an "
                      "internal error\"}}"},
    {FAULT_AWS_THROTTLE, "{\"throttle\":true}"},
    {FAULT_AWS_HTML, "{\"html\":503}"},
    {FAULT_AWS_SLOW, "{\"delay_ms\":[1000,40000]}"},
};

static void add_rule(struct buf *out, const char *name, const char *operation, const char *id,
                     double probability, int64_t from_ms, int64_t until_ms, const char *effect)
{
    buf_addf(out,
             "%s{\"name\":\"%s\",\"match\":{%s%s%s%s%s%s\"probability\":%.6f,\"from_ms\":%lld,\"until_ms\":%"
             "lld},\"effect\":%s}",
             out->n ? "," : "", name, operation ? "\"operation\":\"" : "", operation ? operation : "",
             operation ? "\"," : "", id ? "\"ids\":[\"" : "", id ? id : "", id ? "\"]," : "", probability,
             (long long)from_ms, (long long)until_ms, effect);
}

/* Nobody is answered for a while: a rule of one window. */
static void add_window(struct swarm *s, struct chance *c, enum fault f, const char *operation,
                       int64_t span_ms, struct buf *out)
{
    int64_t from_ms = chance_between(c, 0, span_ms), ms = chance_between(c, DOWN_MIN_MS, DOWN_MAX_MS);

    if (s->rate[f] > 0)
        add_rule(out, fault_names[f], operation, NULL, 1, from_ms,
                 from_ms + ms < span_ms ? from_ms + ms : span_ms, SAYS("InternalError", "500"));
}

/* EC2 says no to some machines, for all the time of faults. */
static const struct {
    const char *operation, *effect;
} refusals[] = {
    {"StartInstances", SAYS("InsufficientInstanceCapacity", "500")},
    {"StartInstances", SAYS("InstanceLimitExceeded", "400")},
    {"StartInstances", SAYS("UnauthorizedOperation", "403")},
    {"StartInstances", SAYS("RequestLimitExceeded", "503")},
    {"StartInstances", SAYS("VolumeSimulatedInUse", "400")},
    {"StopInstances", SAYS("OperationNotPermitted", "400")},
    {"StopInstances", SAYS("IncorrectInstanceState", "400")},
    {"StopInstances", SAYS("UnsupportedOperation", "400")},
    {"StopInstances", SAYS("InvalidInstanceID.NotFound", "400")},
    {"StopInstances", SAYS("InternalError", "500")},
};

static void add_refusals(struct swarm *s, struct chance *c, const struct estate *e, int64_t span_ms,
                         struct buf *out)
{
    for (int i = 0; i < e->member_count; i++) {
        int64_t which = chance_between(c, 0, (int64_t)(sizeof refusals / sizeof *refusals) - 1);
        if (chance_hit(c, s->rate[FAULT_AWS_REFUSED]))
            add_rule(out, fault_names[FAULT_AWS_REFUSED], refusals[which].operation, e->members[i].id, 1, 0,
                     span_ms, refusals[which].effect);
    }
}

void strikes_rules(struct swarm *s, struct chance *c, const struct estate *e, int64_t span_ms,
                   struct buf *out)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (s->rate[rules[i].fault] > 0)
            add_rule(out, fault_names[rules[i].fault], NULL, NULL, s->rate[rules[i].fault], 0, span_ms,
                     rules[i].effect);
    add_refusals(s, c, e, span_ms, out);
    static const char *const reads[] = {"Scan", "GetItem", "Query"};
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        add_window(s, c, FAULT_AWS_SPECS_DOWN, reads[i], span_ms, out);
    add_window(s, c, FAULT_AWS_DESCRIBES_DOWN, "DescribeInstances", span_ms, out);
}

/* Those that a fleet may change by and by, a daemon at a time; lease.ttl and fence.window are not of them: a
 * producer whose own differ from the view's says so, and halts. */
static const char *const options[] = {
    "--worker.concurrency=1", "--worker.concurrency=3", "--worker.poll=1s",      "--worker.poll=1m",
    "--worker.concurrency=2", "--worker.max.publish=1", "--run.deadline=5m",     "--run.deadline=20m",
    "--pause.max=2m",         "--drain.timeout=100ms",  "--drain.timeout=1m",    "--schedule.policy=all",
    "--schedule.policy=none", "--schedule.catchup=1m",  "--schedule.refresh=5s", "--aws.pace=learn",
    "--observe=true",
};

void strikes_options(struct swarm *s, struct chance *c, struct daemon *d)
{
    d->option_count = 0;
    while (d->option_count < DAEMON_OPTIONS_MAX && swarm_strike_by(s, FAULT_OPTIONS, 0.5)) {
        int64_t which = chance_between(c, 0, (int64_t)(sizeof options / sizeof *options) - 1);
        (void)snprintf(d->options_text[d->option_count++], DAEMON_OPTION_MAX, "%s", options[which]);
    }
}

void strikes_cut(struct swarm *s, struct chance *c, struct daemon *d)
{
    if (!d->owner)
        return;
    if (swarm_strike(s, FAULT_CUT_KAFKA))
        sim_kafka_client_cut(d->kafka, chance_between(c, 1, CUT_MAX_S) * SECOND_US);
    if (swarm_strike(s, FAULT_CUT_REDIS))
        sim_redis_client_cut(d->redis, chance_between(c, 1, CUT_MAX_S) * SECOND_US);
}

void strikes_machines(struct swarm *s, struct chance *c, const struct estate *e, struct sim_aws *aws)
{
    BUF_CLEANUP struct buf text = BUF_INIT(1024);

    if (e->member_count == 0)
        return;
    const char *id = e->members[chance_between(c, 0, e->member_count - 1)].id;
    if (swarm_strike(s, FAULT_AWS_TERMINATED))
        buf_addf(&text, "{\"terminate\":[\"%s\"]}", id);
    else if (swarm_strike(s, FAULT_AWS_RETAGGED))
        buf_addf(&text, "{\"instances\":[{\"id\":\"%s\",\"tags\":{\"Tier\":null}}]}", id);
    if (text.n)
        sim_aws_control(aws, "/_/set", buf_view(&text));
}

void strikes_jobs(struct swarm *s, struct chance *c, struct sim_kafka *k, const char *topic, int partitions)
{
    int partition = (int)chance_between(c, 0, partitions - 1);

    if (swarm_strike(s, FAULT_JOBS_LOST))
        sim_kafka_cut(k, topic, partition, sim_kafka_end(k, topic, partition));
}
