/*
 * The judge of the fleet's simulation: each of its rules is broken once, by records and effects made by hand, and
 * told in words; and what is right beside it is not.
 */
#include "sim/judge.h"
#include "sim/scheduler.h"
#include "support/cmocka_first.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4000, SECOND = 1000, T0 = 1000000 };

struct court {
    struct estate e;
    struct scheduler *s;
    struct trace trace;
    struct judge *j;
    int64_t offset, ts_ms;
};

#define LOG "sim.events.v1"

static void add_member(struct estate *e, int tier, const char *id, bool running, bool keeps)
{
    struct estate_member *m = &e->members[e->member_count++];

    *m = (struct estate_member){.tier = tier, .running = running, .keeps = keeps};
    (void)snprintf(m->id, sizeof m->id, "%s", id);
}

/* One workload, "shop": web (i-1, i-2), then db (i-3; its guest is asked, i-4's keeps it). All run. */
static void begin(struct court *c)
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

static void end(struct court *c)
{
    judge_free(c->j);
    scheduler_free(c->s);
}

static void finds(const struct court *c, const char *rule, const char *words)
{
    const char *first = judge_first(c->j);

    if (strncmp(first, rule, strlen(rule)) != 0 || first[strlen(rule)] != ':' || !strstr(first, words))
        fail_msg("not \"%s: ... %s\": \"%s\"", rule, words, first);
}

static void finds_nothing(const struct court *c)
{
    assert_string_equal(judge_first(c->j), "");
}

/* ---- records ---- */

static int64_t record(struct court *c, const char *type, const char *fmt, ...) PRINTF_LIKE(3, 4);
static int64_t record(struct court *c, const char *type, const char *fmt, ...)
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

static int64_t request(struct court *c, const char *run)
{
    return record(c, "RunRequested",
                  ",\"run\":\"%s\",\"action\":\"stop\",\"origin\":{\"kind\":\"cli\"},\"if_busy\":\"queue\"",
                  run);
}

static int64_t tick(struct court *c, const char *run, int64_t number)
{
    return record(
        c, "RunRequested",
        ",\"run\":\"%s\",\"action\":\"stop\",\"if_busy\":\"queue\",\"origin\":{\"kind\":\"schedule\","
        "\"schedule\":\"night|stop|UTC\",\"tick\":%" PRId64 "}",
        run, number);
}

static void accept(struct court *c, const char *run, int64_t request)
{
    (void)record(
        c, "RunAccepted",
        ",\"run\":\"%s\",\"action\":\"stop\",\"request\":\"0:0:%" PRId64
        "\",\"steps\":[],\"on_failure\":\"halt\","
        "\"deadline_s\":60,\"pause_s\":60,\"members\":4,\"spec\":{\"workload\":\"shop\",\"filter_key\":\"k\","
        "\"filter_value\":\"v\",\"tier_key\":\"t\",\"region\":\"r\"}",
        run, request);
}

static void plan(struct court *c, const char *run, int step, const char *job, const char *members)
{
    (void)record(c, "TierPlanned",
                 ",\"run\":\"%s\",\"step\":%d,\"plan\":\"n\",\"part\":0,\"parts\":1,\"tiers\":[{\"tier\":"
                 "\"t\",\"kind\":"
                 "\"stop\",\"options\":{\"region\":\"r\",\"filter_key\":\"k\",\"filter_value\":\"v\",\"tier_"
                 "key\":\"t\","
                 "\"timeout_s\":60,\"accepted_ms\":1},\"jobs\":[{\"job\":\"%s\",\"members\":[%s]}]}]",
                 run, step, job, members);
}

static void terminal(struct court *c, const char *run, int step, const char *job, const char *members)
{
    (void)record(c, "JobTerminal",
                 ",\"run\":\"%s\",\"step\":%d,\"tier\":\"t\",\"job\":\"%s\",\"attempt\":1,\"token\":\"x\","
                 "\"worker\":\"w\","
                 "\"members\":[%s]",
                 run, step, job, members);
}

static void control(struct court *c, const char *type, const char *run, const char *id)
{
    (void)record(c, type, ",\"run\":\"%s\",\"id\":\"%s\",\"cause\":\"cancelled\"", run, id);
}

static void finish(struct court *c, const char *run, const char *result, int done, int failed)
{
    (void)record(
        c, "RunFinished",
        ",\"run\":\"%s\",\"action\":\"stop\",\"result\":\"%s\",\"counts\":{\"done\":%d,\"failed\":%d}", run,
        result, done, failed);
}

#define DONE(id)   "{\"id\":\"" id "\",\"outcome\":\"done\"}"
#define FAILED(id) "{\"id\":\"" id "\",\"outcome\":\"failed\",\"cause\":\"wrong-state\"}"
#define POISON(id) "{\"id\":\"" id "\",\"outcome\":\"failed\",\"cause\":\"poison\"}"

/* r1 has planned its first step: i-1 and i-2. */
static void begin_run(struct court *c)
{
    begin(c);
    accept(c, "r1", request(c, "r1"));
    plan(c, "r1", 0, "job0", "\"i-00000001\",\"i-00000002\"");
}

/* ---- AWS ---- */

static void call(struct court *c, const char *run, const char *operation, const char *id)
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

static void becomes(struct court *c, const char *run, const char *id, const char *to, const char *cause)
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

static void says(struct court *c, const char *id, const char *word)
{
    judge_aws(c->j, &(struct awssim_event){
                        .kind = AWSSIM_GUEST, .id = id, .to = word, .at = {.wall_ms = c->ts_ms}});
}

static void stop(struct court *c, const char *run, const char *id)
{
    call(c, run, "StopInstances", id);
}

/* ---- order ---- */

static void a_run_that_goes_right_breaks_no_rule(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    stop(&c, "r1", "i-00000001");
    stop(&c, "r1", "i-00000002");
    becomes(&c, "r1", "i-00000001", "stopped", "");
    becomes(&c, "r1", "i-00000002", "stopped", "");
    terminal(&c, "r1", 0, "job0", DONE("i-00000001") "," DONE("i-00000002"));
    plan(&c, "r1", 1, "job1", "\"i-00000003\"");
    call(&c, "r1", "SendCommand", "i-00000003");
    says(&c, "i-00000003", "ABSENT");
    stop(&c, "r1", "i-00000003");
    becomes(&c, "r1", "i-00000003", "stopped", "");
    terminal(&c, "r1", 1, "job1", DONE("i-00000003"));
    assert_int_equal(judge_open(c.j), 1);
    finish(&c, "r1", "succeeded", 3, 0);
    assert_int_equal(judge_open(c.j), 0);
    judge_end(c.j);
    finds_nothing(&c);
    end(&c);
}

static void a_step_before_the_last_one_is_told_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    plan(&c, "r1", 1, "job1", "\"i-00000003\"");
    stop(&c, "r1", "i-00000003");
    finds(&c, "P1", "without an outcome");
    end(&c);
}

static void a_step_behind_a_failure_that_halts_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    terminal(&c, "r1", 0, "job0", FAILED("i-00000001") "," FAILED("i-00000002"));
    plan(&c, "r1", 1, "job1", "\"i-00000003\"");
    stop(&c, "r1", "i-00000003");
    finds(&c, "P1", "is failed");
    end(&c);
}

static void a_member_told_as_done_that_never_was_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    terminal(&c, "r1", 0, "job0", DONE("i-00000001") "," DONE("i-00000002"));
    finds(&c, "P1", "has not been stopped");
    end(&c);
}

static void a_change_of_a_step_that_is_over_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    becomes(&c, "r1", "i-00000001", "stopped", "");
    becomes(&c, "r1", "i-00000002", "stopped", "");
    terminal(&c, "r1", 0, "job0", DONE("i-00000001") "," DONE("i-00000002"));
    plan(&c, "r1", 1, "job1", "\"i-00000003\"");
    call(&c, "r1", "SendCommand", "i-00000003");
    says(&c, "i-00000003", "ABSENT");
    stop(&c, "r1", "i-00000003");
    stop(&c, "r1", "i-00000001"); /* a repeat without effect */
    finds_nothing(&c);
    becomes(&c, "r1", "i-00000002", "stopping", "StopInstances");
    finds(&c, "S1b", "after step 1 had begun");
    end(&c);
}

static void an_older_run_behind_a_newer_one_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    accept(&c, "r2", request(&c, "r2"));
    plan(&c, "r2", 0, "job2", "\"i-00000001\",\"i-00000002\"");
    stop(&c, "r1", "i-00000001");
    stop(&c, "r2", "i-00000001");
    finds_nothing(&c);
    stop(&c, "r1", "i-00000002");
    finds(&c, "P5", "after r2 had begun");
    end(&c);
}

/* ---- on the way ---- */

static void sends(struct court *c, const char *run, const char *id, int64_t under_way_ms)
{
    char agent[100], body[200];
    const struct http_header header = {STR("User-Agent"), {agent, 0}};
    struct http_header headers[] = {header};

    (void)snprintf(agent, sizeof agent, "ec2sched/1 shop%%40%s/job0/1", run);
    (void)snprintf(body, sizeof body, "Action=StopInstances&InstanceId.1=%s", id);
    headers[0].value.n = strlen(agent);
    judge_sending(c->j, &(struct sim_aws_sent){.body = str_of(body),
                                               .headers = headers,
                                               .header_count = 1,
                                               .sent_ms = c->ts_ms,
                                               .lands_ms = c->ts_ms + under_way_ms});
}

/* r1's epoch is the offset of its RunAccepted. */
static void drained(struct court *c)
{
    (void)record(c, "Drained", ",\"old_epoch\":\"0:0:1\"");
}

static void a_drained_before_the_last_call_has_landed_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    sends(&c, "r1", "i-00000001", 30 * SECOND);
    c.ts_ms += 29 * SECOND;
    drained(&c);
    finds(&c, "P5", "for 1000 ms more");
    end(&c);
}

static void a_drained_behind_the_last_call_is_right(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    sends(&c, "r1", "i-00000001", 30 * SECOND);
    sends(&c, "r1", "i-00000001", 17 * 60 * SECOND); /* AWS will refuse it: it is too old */
    c.ts_ms += 31 * SECOND;
    drained(&c);
    finds_nothing(&c);
    end(&c);
}

static void a_call_that_leaves_behind_its_drained_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    drained(&c);
    finds_nothing(&c);
    sends(&c, "r1", "i-00000001", SECOND);
    finds(&c, "P5", "its Drained is in the log");
    end(&c);
}

/* i-1 is done, i-2 was bypassed for want of proof: the next step may come, but not before its last call. */
static void leave_unsettled(struct court *c)
{
    accept(c, "r1", request(c, "r1"));
    c->offset++;
    plan(c, "r1", 0, "job0", "\"i-00000001\",\"i-00000002\"");
    becomes(c, "r1", "i-00000001", "stopped", "");
    terminal(c, "r1", 0, "job0",
             DONE("i-00000001") ",{\"id\":\"i-00000002\",\"outcome\":\"bypassed\",\"cause\":\"held\"}");
    plan(c, "r1", 1, "job1", "\"i-00000003\"");
    call(c, "r1", "SendCommand", "i-00000003");
    says(c, "i-00000003", "ABSENT");
}

static void a_step_before_an_unsettled_members_call_has_landed_is_found(void **state)
{
    struct court c;
    (void)state;

    begin(&c);
    sends(&c, "r0", "i-00000002", SECOND); /* nobody's */
    leave_unsettled(&c);
    sends(&c, "r1", "i-00000001", 60 * SECOND); /* a repeat without effect */
    c.ts_ms += SECOND;
    stop(&c, "r1", "i-00000003");
    finds_nothing(&c);
    end(&c);
    begin(&c);
    leave_unsettled(&c);
    sends(&c, "r1", "i-00000002", 60 * SECOND);
    c.ts_ms += SECOND;
    stop(&c, "r1", "i-00000003");
    finds(&c, "S1b", "is on the way");
    end(&c);
}

static void a_call_for_an_unsettled_member_of_an_earlier_step_is_found(void **state)
{
    struct court c;
    (void)state;

    begin(&c);
    leave_unsettled(&c);
    stop(&c, "r1", "i-00000003");
    sends(&c, "r1", "i-00000001", SECOND);
    finds_nothing(&c);
    sends(&c, "r1", "i-00000002", SECOND);
    finds(&c, "S1b", "was left unsettled");
    end(&c);
}

static void what_is_nobodys_business_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    stop(&c, "r1", "i-00000003");
    finds(&c, "OWN", "which it has not planned");
    end(&c);
    begin_run(&c);
    call(&c, "r1", "StartInstances", "i-00000001");
    finds(&c, "OWN", "the contrary");
    end(&c);
}

/* ---- guests ---- */

static void begin_guests(struct court *c, const char *id)
{
    begin(c);
    accept(c, "r1", request(c, "r1"));
    plan(c, "r1", 0, "job0", id);
}

static void a_stop_without_the_guests_word_is_found(void **state)
{
    static const char *const words[] = {"PRESENT", "ERROR"};
    struct court c;
    (void)state;

    begin_guests(&c, "\"i-00000003\"");
    stop(&c, "r1", "i-00000003");
    finds(&c, "ABSENT", "not asked");
    end(&c);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        begin_guests(&c, "\"i-00000003\"");
        call(&c, "r1", "SendCommand", "i-00000003");
        says(&c, "i-00000003", words[i]);
        stop(&c, "r1", "i-00000003");
        finds(&c, "ABSENT", words[i]);
        end(&c);
    }
}

static void a_stop_on_an_old_word_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_guests(&c, "\"i-00000003\"");
    call(&c, "r1", "SendCommand", "i-00000003");
    says(&c, "i-00000003", "ABSENT");
    c.ts_ms += 133 * SECOND;
    stop(&c, "r1", "i-00000003");
    finds(&c, "ABSENT", "133000 ms before");
    end(&c);
}

static void a_stop_of_what_its_guest_keeps_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_guests(&c, "\"i-00000004\"");
    call(&c, "r1", "SendCommand", "i-00000004");
    says(&c, "i-00000004", "ABSENT");
    stop(&c, "r1", "i-00000004");
    finds(&c, "KEPT", "i-00000004");
    end(&c);
}

/* ---- results ---- */

static void two_results_of_a_run_are_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    finish(&c, "r1", "failed", 0, 2);
    finish(&c, "r1", "failed", 0, 2);
    finds_nothing(&c);
    finish(&c, "r1", "partial", 0, 2);
    finds(&c, "ONE", "failed");
    end(&c);
}

static void counts_that_are_not_the_members_are_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    terminal(&c, "r1", 0, "job0", FAILED("i-00000001") "," FAILED("i-00000002"));
    finish(&c, "r1", "partial", 1, 1);
    finds(&c, "COUNT", "1 done");
    end(&c);
}

static void a_run_without_a_result_is_found_at_the_end(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    judge_end(c.j);
    finds(&c, "P2", "r1 of shop has no result");
    end(&c);
}

static void a_run_that_was_given_up_at_its_deadline_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    control(&c, "Cancel", "r1", "c1");
    finish(&c, "r1", "deadline", 0, 0);
    finds(&c, "P2", "deadline");
    end(&c);
}

/* ---- P6 ---- */

static void a_tick_that_begins_two_runs_is_found(void **state)
{
    struct court c;
    (void)state;

    begin(&c);
    int64_t first = tick(&c, "a", 202601010600), second = tick(&c, "b", 202601010600);
    accept(&c, "a", first);
    finds_nothing(&c);
    accept(&c, "b", second);
    finds(&c, "P6", "b is answered");
    end(&c);
}

static void a_tick_behind_a_later_one_begins_nothing(void **state)
{
    struct court c;
    (void)state;

    begin(&c);
    (void)tick(&c, "a", 202601010600);
    int64_t old = tick(&c, "b", 202601010500);
    accept(&c, "b", old);
    finds(&c, "P6", "b is answered");
    end(&c);
}

static void a_tick_that_is_taken_is_nobodys_debt(void **state)
{
    struct court c;
    (void)state;

    begin(&c);
    (void)tick(&c, "a", 202601010600);
    (void)tick(&c, "b", 202601010600);
    assert_int_equal(judge_open(c.j), 1);
    (void)tick(&c, "d", 202601010601);
    assert_int_equal(judge_open(c.j), 2);
    end(&c);
}

static void a_run_that_is_answered_for_two_requests_is_found(void **state)
{
    struct court c;
    (void)state;

    begin(&c);
    int64_t first = request(&c, "r1"), copy = request(&c, "r1");
    accept(&c, "r1", first);
    accept(&c, "r1", first); /* a copy of the answer */
    finds_nothing(&c);
    accept(&c, "r1", copy);
    finds(&c, "P6", "the requests 0:0:0 and 0:0:1");
    end(&c);
}

/* ---- P7 ---- */

static void a_job_that_kills_and_kills_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    for (int i = 0; i < 9; i++)
        judge_death(c.j, "job0");
    finds_nothing(&c);
    judge_forgot(c.j); /* the view was lost, and its count */
    for (int i = 0; i < 9; i++)
        judge_death(c.j, "job0");
    judge_death(c.j, "another");
    finds_nothing(&c);
    judge_death(c.j, "job0");
    finds(&c, "P7", "job0 has killed 10 workers");
    end(&c);
}

static void letter(struct court *c, const char *job)
{
    const struct sim_kafka_record r = {.key = (char *)(uintptr_t)job, .key_n = strlen(job)};

    judge_record(c->j, "sim.dlq.v1", 0, 0, &r);
}

static void poison_without_a_letter_or_a_death_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    judge_death(c.j, "job0");
    letter(&c, "job0");
    terminal(&c, "r1", 0, "job0", POISON("i-00000001") "," POISON("i-00000002"));
    finds_nothing(&c);
    end(&c);
    begin_run(&c);
    judge_death(c.j, "job0");
    letter(&c, "another");
    terminal(&c, "r1", 0, "job0", POISON("i-00000001") "," POISON("i-00000002"));
    finds(&c, "P7", "no dead letter");
    end(&c);
    begin_run(&c);
    letter(&c, "job0");
    terminal(&c, "r1", 0, "job0", POISON("i-00000001") "," POISON("i-00000002"));
    finds(&c, "P7", "nobody has died");
    end(&c);
}

/* ---- P8 ---- */

static void a_call_after_its_run_was_paused_or_cancelled_is_found(void **state)
{
    static const struct {
        const char *type, *word;
    } kinds[] = {{"Pause", "paused"}, {"Cancel", "cancelled"}};
    struct court c;
    (void)state;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        begin_run(&c);
        control(&c, kinds[i].type, "r1", "c1");
        c.ts_ms += 20 * SECOND; /* a lease that it had */
        stop(&c, "r1", "i-00000001");
        finds_nothing(&c);
        c.ts_ms += 20 * SECOND;
        stop(&c, "r1", "i-00000001");
        finds(&c, "P8", kinds[i].word);
        end(&c);
    }
}

static void a_call_after_its_run_was_resumed_is_right(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    control(&c, "Pause", "r1", "c1");
    control(&c, "Resume", "r1", "c2");
    control(&c, "Pause", "r1", "c1"); /* a copy that comes again */
    c.ts_ms += 40 * SECOND;
    stop(&c, "r1", "i-00000001");
    finds_nothing(&c);
    end(&c);
}

static void a_pause_of_another_run_is_none_of_this_one(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    (void)request(&c, "r2");
    control(&c, "Pause", "r2", "c1");
    control(&c, "Cancel", "r2", "c2");
    c.ts_ms += 40 * SECOND;
    stop(&c, "r1", "i-00000001");
    finds_nothing(&c);
    end(&c);
}

static void a_call_after_its_run_was_over_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    finish(&c, "r1", "superseded", 0, 0);
    c.ts_ms += 40 * SECOND;
    stop(&c, "r1", "i-00000001");
    finds(&c, "P8", "over");
    end(&c);
}

static void a_cancelled_run_that_nobody_cancelled_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_run(&c);
    (void)request(&c, "r2");
    control(&c, "Cancel", "r2", "c1");
    finish(&c, "r1", "cancelled", 0, 0);
    finds(&c, "P8", "no Cancel names it");
    end(&c);
}

/* ---- must ---- */

static void an_answer_behind_what_nobody_knows_is_found(void **state)
{
    struct court c;
    (void)state;

    begin(&c);
    int64_t before = request(&c, "r1");
    (void)record(&c, "WorkloadMoved", ",\"must\":true");
    int64_t behind = request(&c, "r2");
    accept(&c, "r1", before);
    finds_nothing(&c);
    assert_int_equal(judge_open(c.j), 0); /* they wait for another build */
    accept(&c, "r2", behind);
    finds(&c, "MUST", "behind a record");
    end(&c);
}

static void an_answer_behind_what_may_be_skipped_is_right(void **state)
{
    struct court c;
    (void)state;

    begin(&c);
    (void)record(&c, "WorkloadMoved", ",\"note\":1");
    accept(&c, "r2", request(&c, "r2"));
    finds_nothing(&c);
    end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_goes_right_breaks_no_rule),
        cmocka_unit_test(a_step_before_the_last_one_is_told_is_found),
        cmocka_unit_test(a_step_behind_a_failure_that_halts_is_found),
        cmocka_unit_test(a_member_told_as_done_that_never_was_is_found),
        cmocka_unit_test(a_change_of_a_step_that_is_over_is_found),
        cmocka_unit_test(an_older_run_behind_a_newer_one_is_found),
        cmocka_unit_test(a_drained_before_the_last_call_has_landed_is_found),
        cmocka_unit_test(a_drained_behind_the_last_call_is_right),
        cmocka_unit_test(a_call_that_leaves_behind_its_drained_is_found),
        cmocka_unit_test(a_step_before_an_unsettled_members_call_has_landed_is_found),
        cmocka_unit_test(a_call_for_an_unsettled_member_of_an_earlier_step_is_found),
        cmocka_unit_test(what_is_nobodys_business_is_found),
        cmocka_unit_test(a_stop_without_the_guests_word_is_found),
        cmocka_unit_test(a_stop_on_an_old_word_is_found),
        cmocka_unit_test(a_stop_of_what_its_guest_keeps_is_found),
        cmocka_unit_test(two_results_of_a_run_are_found),
        cmocka_unit_test(counts_that_are_not_the_members_are_found),
        cmocka_unit_test(a_run_without_a_result_is_found_at_the_end),
        cmocka_unit_test(a_run_that_was_given_up_at_its_deadline_is_found),
        cmocka_unit_test(a_tick_that_begins_two_runs_is_found),
        cmocka_unit_test(a_tick_behind_a_later_one_begins_nothing),
        cmocka_unit_test(a_tick_that_is_taken_is_nobodys_debt),
        cmocka_unit_test(a_run_that_is_answered_for_two_requests_is_found),
        cmocka_unit_test(a_job_that_kills_and_kills_is_found),
        cmocka_unit_test(poison_without_a_letter_or_a_death_is_found),
        cmocka_unit_test(a_call_after_its_run_was_paused_or_cancelled_is_found),
        cmocka_unit_test(a_call_after_its_run_was_resumed_is_right),
        cmocka_unit_test(a_pause_of_another_run_is_none_of_this_one),
        cmocka_unit_test(a_call_after_its_run_was_over_is_found),
        cmocka_unit_test(a_cancelled_run_that_nobody_cancelled_is_found),
        cmocka_unit_test(an_answer_behind_what_nobody_knows_is_found),
        cmocka_unit_test(an_answer_behind_what_may_be_skipped_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
