/* When a step's last report is known before the view has folded it, and what the leader may begin then: to
 * ask. */
#include "producer/foresight.h"
#include "producer/frozen.h"
#include "producer/owed.h"
#include "producer/state.h"
#include "support/fake_leader.h"

#include "base/mem.h"

#include "support/cmocka_first.h"

#include <stdio.h>
#include <string.h>

enum { TURN_MS = 50, TEXT_MAX = 1024 };

/* ---- counting ---- */

static const struct epoch run = {.generation = 0, .partition = 0, .offset = 3};

static void part(struct foresight *f, const struct epoch *ep, int64_t step, int64_t number, size_t jobs,
                 const char *nonce)
{
    struct event_plan_tier tier = {.jobs = {.n = jobs}};
    struct event_planned plan = {.step = step,
                                 .plan = (char *)(uintptr_t)nonce,
                                 .part = number,
                                 .parts = 9,
                                 .tiers = {.at = &tier, .n = 1}};

    foresight_planned(f, ep, &plan);
}

static void the_last_report_of_all_parts_ends_the_step(void **state)
{
    struct foresight f = {0};

    (void)state;
    part(&f, &run, 0, 0, 2, "n");
    part(&f, &run, 0, 1, 1, "n");
    assert_false(foresight_ended(&f, &run, 0));
    assert_false(foresight_ended(&f, &run, 0));
    assert_true(foresight_ended(&f, &run, 0));
    assert_false(foresight_ended(&f, &run, 0)); /* one too many */
    foresight_forget(&f);
}

static void a_part_counts_once_and_in_its_order(void **state)
{
    struct foresight f = {0};

    (void)state;
    part(&f, &run, 0, 0, 1, "n");
    part(&f, &run, 0, 2, 5, "n"); /* the view ignores it, too */
    part(&f, &run, 0, 1, 1, "other");
    part(&f, &run, 1, 1, 1, "n");
    assert_true(foresight_ended(&f, &run, 0));
    part(&f, &run, 0, 0, 3, "n2"); /* a plan anew replaces what was counted */
    part(&f, &run, 0, 0, 1, "n3");
    assert_true(foresight_ended(&f, &run, 0));
    foresight_forget(&f);
}

static void reports_of_others_count_for_nothing(void **state)
{
    struct foresight f = {0};
    const struct epoch other = {.generation = 0, .partition = 0, .offset = 4};
    const struct epoch older = {.generation = 1, .partition = 0, .offset = 3};

    (void)state;
    assert_false(foresight_ended(&f, &run, 0));
    part(&f, &run, 1, 0, 1, "n");
    assert_false(foresight_ended(&f, &run, 0));
    assert_false(foresight_ended(&f, &other, 1));
    assert_false(foresight_ended(&f, &older, 1));
    assert_true(foresight_ended(&f, &run, 1));
    foresight_forget(&f);
}

static void the_oldest_of_too_many_runs_makes_room(void **state)
{
    struct foresight f = {0};
    struct epoch ep = {0};

    (void)state;
    for (ep.offset = 0; ep.offset <= FORESIGHT_STEPS_MAX; ep.offset++)
        part(&f, &ep, 0, 0, 1, "n");
    ep.offset = 0;
    assert_false(foresight_ended(&f, &ep, 0));
    ep.offset = 1;
    assert_true(foresight_ended(&f, &ep, 0));
    foresight_forget(&f);
}

/* ---- what the leader begins ---- */

static struct fake_leader f;

static int begin(void **state)
{
    (void)state;
    fake_leader_init(&f);
    f.extra = 5;
    fl_say(&f, "HMGET", "(4;server-a;0;0;1;15000;30000)");
    fl_say(&f, "HGETALL", "()");
    fl_run(&f, 2000);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_leader_release(&f);
    return 0;
}

static struct partition *led(void)
{
    return &f.producer->partitions[0];
}

/* Of three steps; between the first two passes a delay. */
static void freeze(int64_t delay_s)
{
    struct event ev;

    event_init(&ev, EVENT_RUN_ACCEPTED, 0, "shop", "r");
    ev.action = xstrdup("stop");
    ev.accepted.spec.region = xstrdup("eu-west-1");
    ev.accepted.steps.at = xcalloc(3, sizeof *ev.accepted.steps.at);
    ev.accepted.steps.n = 3;
    ev.accepted.steps.at[0].delay_s = delay_s;
    (void)frozen_keep(&f.producer->c, &run, &ev);
}

static void plan_of(int64_t step, const char *jobs)
{
    char text[TEXT_MAX];

    (void)snprintf(
        text, sizeof text,
        "{\"v\":1,\"type\":\"TierPlanned\",\"workload\":\"shop\",\"run\":\"r\",\"epoch\":\"0:0:3\","
        "\"step\":%lld,\"plan\":\"n\",\"part\":0,\"parts\":1,\"tiers\":[{\"tier\":\"t\",\"kind\":\"ec2\","
        "\"options\":{\"region\":\"r\",\"filter_key\":\"a\",\"filter_value\":\"b\",\"tier_key\":\"c\","
        "\"timeout_s\":5,\"accepted_ms\":1},\"jobs\":[%s],\"left_out\":[]}]}",
        (long long)step, jobs);
    fl_log(&f, "shop", text);
    fl_run(&f, TURN_MS);
}

static void report_of(int64_t step, const char *job, const char *outcome)
{
    char text[TEXT_MAX];

    (void)snprintf(
        text, sizeof text,
        "{\"v\":1,\"type\":\"JobTerminal\",\"workload\":\"shop\",\"run\":\"r\",\"epoch\":\"0:0:3\","
        "\"action\":\"stop\",\"step\":%lld,\"tier\":\"t\",\"job\":\"%s\",\"attempt\":1,\"token\":\"00\","
        "\"worker\":\"w\",\"unanswered\":false,\"members\":[{\"id\":\"i-01234567\",\"outcome\":\"%s\"}]}",
        (long long)step, job, outcome);
    fl_log(&f, "shop", text);
    fl_run(&f, TURN_MS);
}

#define JOB(id) "{\"job\":\"" id "\",\"members\":[\"i-01234567\"]}"

/* Planning begins with the question for holds: HGETALL. */
static size_t begun(void)
{
    return fl_asked(&f, "HGETALL");
}

static void the_next_step_is_looked_at_while_the_view_folds_the_last_report(void **state)
{
    (void)state;
    freeze(0);
    plan_of(0, JOB("j1") "," JOB("j2"));
    f.slow_fold = true;
    report_of(0, "j1", "done");
    assert_int_equal(begun(), 0);
    report_of(0, "j2", "done");
    assert_int_equal(begun(), 1);
    assert_int_equal(fl_appended(&f, "TierPlanned", NULL), 1); /* the first step's alone */
}

static void nothing_is_foreseen_behind_a_delay_a_failure_or_the_last_step(void **state)
{
    (void)state;
    freeze(30);
    plan_of(0, JOB("j1"));
    report_of(0, "j1", "done");
    assert_int_equal(begun(), 0);
    plan_of(1, JOB("j2"));
    report_of(1, "j2", "failed");
    assert_int_equal(begun(), 0);
    plan_of(2, JOB("j3"));
    report_of(2, "j3", "done");
    assert_int_equal(begun(), 0);
    assert_int_equal(fl_appended(&f, "PlanFailed", NULL), 0);
    plan_of(1, JOB("j4")); /* and without any of them it is */
    report_of(1, "j4", "done");
    assert_int_equal(begun(), 1);
}

static void what_the_view_does_not_owe_is_dropped(void **state)
{
    (void)state;
    freeze(0);
    plan_of(0, JOB("j1"));
    report_of(0, "j1", "done"); /* folded: OK, and nothing is owed */
    assert_int_equal(begun(), 1);
    assert_int_equal(led()->owed.count, 0);
}

static void what_the_view_owes_goes_on(void **state)
{
    (void)state;
    freeze(0);
    plan_of(0, JOB("j1"));
    fl_say(&f, "owed", "(#-1;(plan;shop;#5;0:3;#1;stop;r;halt))");
    report_of(0, "j1", "done");
    assert_int_equal(begun(), 1);
    assert_int_equal(led()->owed.count, 1);
    assert_false(led()->owed.works->foreseen);
}

static void another_step_than_was_foreseen_is_looked_at_anew(void **state)
{
    (void)state;
    freeze(0);
    plan_of(0, JOB("j1"));
    fl_say(&f, "owed", "(#-1;(plan;shop;#5;0:3;#2;stop;r;halt))");
    report_of(0, "j1", "done");
    assert_int_equal(begun(), 2);
    assert_int_equal(led()->owed.count, 1);
    assert_false(led()->owed.works->foreseen);
}

static struct {
    http_done *done;
    void *self;
    int asked;
} aws;

static uint64_t ask_aws(void *port, const struct http_request *request, http_done *done, void *self)
{
    (void)port;
    (void)request;
    aws.done = done;
    aws.self = self;
    return (uint64_t)++aws.asked;
}

static void deny(void)
{
    const struct http_reply no = {
        .status = 403,
        .body = STR("<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message>"
                    "</Error></Errors><RequestID>r</RequestID></Response>"),
        .sent = true,
    };

    aws.done(aws.self, (uint64_t)aws.asked, &no);
}

/* EC2 says no: that is told when the view owes the plan, and not before. */
static void foreseen_work_appends_nothing_until_the_view_owes_it(void **state)
{
    (void)state;
    freeze(0);
    plan_of(0, JOB("j1"));
    f.ports.http.send = ask_aws;
    aws.asked = 0;
    led()->owed.asked = UINT64_MAX; /* the view has not been asked since */
    report_of(0, "j1", "done");
    assert_int_equal(aws.asked, 1);
    deny();
    fl_run(&f, TURN_MS);
    assert_int_equal(led()->owed.count, 1);
    assert_int_equal(fl_appended(&f, "PlanDelayed", NULL) + fl_appended(&f, "PlanFailed", NULL), 0);
    led()->owed.asked = 0;
    fl_say(&f, "owed", "(#-1;(plan;shop;#5;0:3;#1;stop;r;halt))");
    fl_run(&f, (int64_t)4 * SWEEP_MS);
    assert_true(fl_appended(&f, "PlanDelayed", NULL) + fl_appended(&f, "PlanFailed", NULL) > 0);
}

/* The view answered a question that was asked before the report was read: it could not know. */
static void an_answer_from_before_neither_drops_nor_confirms(void **state)
{
    (void)state;
    freeze(0);
    plan_of(0, JOB("j1"));
    led()->owed.asked = UINT64_MAX; /* a question is out */
    report_of(0, "j1", "done");
    assert_int_equal(led()->owed.count, 1);
    led()->owed.asked = 0;
    led()->owed.works->foreseen_at = INT64_MAX; /* as if it were read after whatever is asked from now on */
    fl_run(&f, (int64_t)2 * SWEEP_MS);
    assert_int_equal(led()->owed.count, 1);
    fl_say(&f, "owed", "(#-1;(plan;shop;#5;0:3;#1;stop;r;halt))");
    fl_run(&f, (int64_t)2 * SWEEP_MS);
    assert_true(led()->owed.works->foreseen);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_report_of_all_parts_ends_the_step),
        cmocka_unit_test(a_part_counts_once_and_in_its_order),
        cmocka_unit_test(reports_of_others_count_for_nothing),
        cmocka_unit_test(the_oldest_of_too_many_runs_makes_room),
        CASE(the_next_step_is_looked_at_while_the_view_folds_the_last_report),
        CASE(nothing_is_foreseen_behind_a_delay_a_failure_or_the_last_step),
        CASE(what_the_view_does_not_owe_is_dropped),
        CASE(what_the_view_owes_goes_on),
        CASE(another_step_than_was_foreseen_is_looked_at_anew),
        CASE(foreseen_work_appends_nothing_until_the_view_owes_it),
        CASE(an_answer_from_before_neither_drops_nor_confirms),
    };

    return cmocka_run_group_tests_name("producer/foresight", tests, NULL, NULL);
}
