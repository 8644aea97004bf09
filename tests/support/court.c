#include "support/court.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4000, T0 = 1000000 };

#define LOG "sim.events.v1"

static void add_member(struct estate *e, int tier, const char *id, bool running, bool keeps)
{
    struct estate_member *m = &e->members[e->member_count++];

    *m = (struct estate_member){.tier = tier, .running = running, .keeps = keeps};
    (void)snprintf(m->id, sizeof m->id, "%s", id);
}

void court_begin(struct court *c)
{
    *c = (struct court){.ts_ms = T0};
    c->e.n = 1;
    (void)snprintf(c->e.workloads[0].name, ESTATE_NAME_MAX, "shop");
    c->e.workloads[0].tier_count = 2;
    c->e.workloads[0].tiers[1].asks = true;
    add_member(&c->e, 0, "i-00000001", true, false);
    add_member(&c->e, 0, "i-00000002", true, false);
    add_member(&c->e, 1, "i-00000003", true, false);
    add_member(&c->e, 1, "i-00000004", true, true);
    c->s = scheduler_new(1);
    trace_init(&c->trace, c->s, NULL);
    c->j = judge_new(&c->e, &c->trace, LOG);
}

void court_end(struct court *c)
{
    judge_free(c->j);
    scheduler_free(c->s);
}

void court_finds(const struct court *c, const char *rule, const char *words)
{
    const char *first = judge_first(c->j);

    if (strncmp(first, rule, strlen(rule)) != 0 || first[strlen(rule)] != ':' || !strstr(first, words))
        fail_msg("not \"%s: ... %s\": \"%s\"", rule, words, first);
}

void court_finds_nothing(const struct court *c)
{
    assert_string_equal(judge_first(c->j), "");
}

/* ---- records ---- */

int64_t court_record(struct court *c, const char *type, const char *fmt, ...)
{
    char text[TEXT_MAX];
    int n = snprintf(text, sizeof text, "{\"v\":1,\"type\":\"%s\",\"workload\":\"shop\"", type);
    va_list args;

    va_start(args, fmt);
    n += vsnprintf(text + n, sizeof text - (size_t)n, fmt, args);
    va_end(args);
    (void)snprintf(text + n, sizeof text - (size_t)n, "}");
    const struct sim_kafka_record r = {.value = text, .value_n = strlen(text), .ts_ms = c->ts_ms};
    judge_record(c->j, LOG, 0, c->offset++, &r);
    return c->offset - 1;
}

int64_t court_request(struct court *c, const char *run)
{
    return court_record(
        c, "RunRequested",
        ",\"run\":\"%s\",\"action\":\"stop\",\"origin\":{\"kind\":\"cli\"},\"if_busy\":\"queue\"", run);
}

int64_t court_tick(struct court *c, const char *run, int64_t number)
{
    return court_record(
        c, "RunRequested",
        ",\"run\":\"%s\",\"action\":\"stop\",\"if_busy\":\"queue\",\"origin\":{\"kind\":\"schedule\","
        "\"schedule\":\"night|stop|UTC\",\"tick\":%" PRId64 "}",
        run, number);
}

void court_accept(struct court *c, const char *run, int64_t request)
{
    (void)court_record(c, "RunAccepted",
                       ",\"run\":\"%s\",\"action\":\"stop\",\"request\":\"0:0:%" PRId64
                       "\",\"steps\":[],\"on_failure\":\"halt\","
                       "\"deadline_s\":21600,\"pause_s\":604800,\"members\":4,\"spec\":{\"workload\":"
                       "\"shop\",\"filter_key\":\"k\","
                       "\"filter_value\":\"v\",\"tier_key\":\"t\",\"region\":\"r\"}",
                       run, request);
}

void court_plan(struct court *c, const char *run, int step, const char *job, const char *members)
{
    (void)court_record(
        c, "TierPlanned",
        ",\"run\":\"%s\",\"step\":%d,\"plan\":\"n\",\"part\":0,\"parts\":1,\"tiers\":[{\"tier\":"
        "\"t\",\"kind\":"
        "\"stop\",\"options\":{\"region\":\"r\",\"filter_key\":\"k\",\"filter_value\":\"v\",\"tier_"
        "key\":\"t\","
        "\"timeout_s\":60,\"accepted_ms\":1},\"jobs\":[{\"job\":\"%s\",\"members\":[%s]}]}]",
        run, step, job, members);
}

void court_terminal(struct court *c, const char *run, int step, const char *job, const char *members)
{
    (void)court_record(
        c, "JobTerminal",
        ",\"run\":\"%s\",\"step\":%d,\"tier\":\"t\",\"job\":\"%s\",\"attempt\":1,\"token\":\"x\","
        "\"worker\":\"w\","
        "\"members\":[%s]",
        run, step, job, members);
}

void court_control(struct court *c, const char *type, const char *run, const char *id)
{
    (void)court_record(c, type, ",\"run\":\"%s\",\"id\":\"%s\",\"cause\":\"cancelled\"", run, id);
}

void court_finish(struct court *c, const char *run, const char *result, int done, int failed)
{
    (void)court_record(
        c, "RunFinished",
        ",\"run\":\"%s\",\"action\":\"stop\",\"result\":\"%s\",\"counts\":{\"done\":%d,\"failed\":%d}", run,
        result, done, failed);
}

void court_begin_run(struct court *c)
{
    court_begin(c);
    court_accept(c, "r1", court_request(c, "r1"));
    court_plan(c, "r1", 0, "job0", "\"i-00000001\",\"i-00000002\"");
}

/* ---- AWS ---- */

void court_call(struct court *c, const char *run, const char *operation, const char *id)
{
    char *ids[] = {(char *)(uintptr_t)id};
    const struct strs named = {ids, 1, 1};

    judge_sent(c->j, c->ts_ms);
    judge_aws(c->j, &(struct awssim_event){.kind = AWSSIM_CALL,
                                           .at = {.wall_ms = c->ts_ms},
                                           .operation = operation,
                                           .run = run,
                                           .job = "job",
                                           .attempt = "1",
                                           .ids = &named,
                                           .status = 200,
                                           .code = "",
                                           .fault = ""});
    judge_sent(c->j, 0);
}

void court_becomes(struct court *c, const char *run, const char *id, const char *to, const char *cause)
{
    judge_aws(c->j, &(struct awssim_event){.kind = AWSSIM_STATE,
                                           .id = id,
                                           .from = "running",
                                           .to = to,
                                           .cause = cause,
                                           .run = run,
                                           .job = "job",
                                           .attempt = "1"});
}

void court_says(struct court *c, const char *id, const char *word)
{
    judge_aws(c->j, &(struct awssim_event){
                        .kind = AWSSIM_GUEST, .id = id, .to = word, .at = {.wall_ms = c->ts_ms}});
}

void court_stop(struct court *c, const char *run, const char *id)
{
    court_call(c, run, "StopInstances", id);
}
