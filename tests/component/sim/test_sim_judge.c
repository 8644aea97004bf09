/*
 * The judge of the fleet's simulation: each rule of order, proof and accounting is broken once, by records
 * and effects made by hand, and told in words; and what is right beside it is not.
 */
#include "support/court.h"

#include <stdio.h>
#include <string.h>

/* ---- order ---- */

static void a_run_that_goes_right_breaks_no_rule(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_stop(&c, "r1", "i-00000001");
    court_stop(&c, "r1", "i-00000002");
    court_becomes(&c, "r1", "i-00000001", "stopped", "");
    court_becomes(&c, "r1", "i-00000002", "stopped", "");
    court_terminal(&c, "r1", 0, "job0", DONE("i-00000001") "," DONE("i-00000002"));
    court_plan(&c, "r1", 1, "job1", "\"i-00000003\"");
    court_call(&c, "r1", "SendCommand", "i-00000003");
    court_says(&c, "i-00000003", "ABSENT");
    court_stop(&c, "r1", "i-00000003");
    court_becomes(&c, "r1", "i-00000003", "stopped", "");
    court_terminal(&c, "r1", 1, "job1", DONE("i-00000003"));
    assert_int_equal(judge_open(c.j), 1);
    court_finish(&c, "r1", "succeeded", 3, 0);
    assert_int_equal(judge_open(c.j), 0);
    judge_end(c.j);
    court_finds_nothing(&c);
    court_end(&c);
}

static void a_step_before_the_last_one_is_told_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_plan(&c, "r1", 1, "job1", "\"i-00000003\"");
    court_stop(&c, "r1", "i-00000003");
    court_finds(&c, "P1", "without an outcome");
    court_end(&c);
}

static void a_step_behind_a_failure_that_halts_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_terminal(&c, "r1", 0, "job0", FAILED("i-00000001") "," FAILED("i-00000002"));
    court_plan(&c, "r1", 1, "job1", "\"i-00000003\"");
    court_stop(&c, "r1", "i-00000003");
    court_finds(&c, "P1", "is failed");
    court_end(&c);
}

static void a_member_told_as_done_that_never_was_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_terminal(&c, "r1", 0, "job0", DONE("i-00000001") "," DONE("i-00000002"));
    court_finds(&c, "P1", "has not been stopped");
    court_end(&c);
}

static void a_change_of_a_step_that_is_over_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_becomes(&c, "r1", "i-00000001", "stopped", "");
    court_becomes(&c, "r1", "i-00000002", "stopped", "");
    court_terminal(&c, "r1", 0, "job0", DONE("i-00000001") "," DONE("i-00000002"));
    court_plan(&c, "r1", 1, "job1", "\"i-00000003\"");
    court_call(&c, "r1", "SendCommand", "i-00000003");
    court_says(&c, "i-00000003", "ABSENT");
    court_stop(&c, "r1", "i-00000003");
    court_stop(&c, "r1", "i-00000001"); /* a repeat without effect */
    court_finds_nothing(&c);
    court_becomes(&c, "r1", "i-00000002", "stopping", "StopInstances");
    court_finds(&c, "S1b", "after step 1 had begun");
    court_end(&c);
}

static void an_older_run_behind_a_newer_one_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_accept(&c, "r2", court_request(&c, "r2"));
    court_plan(&c, "r2", 0, "job2", "\"i-00000001\",\"i-00000002\"");
    court_stop(&c, "r1", "i-00000001");
    court_stop(&c, "r2", "i-00000001");
    court_finds_nothing(&c);
    court_stop(&c, "r1", "i-00000002");
    court_finds(&c, "P5", "after r2 had begun");
    court_end(&c);
}

static void what_is_nobodys_business_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_stop(&c, "r1", "i-00000003");
    court_finds(&c, "OWN", "which it has not planned");
    court_end(&c);
    court_begin_run(&c);
    court_call(&c, "r1", "StartInstances", "i-00000001");
    court_finds(&c, "OWN", "the contrary");
    court_end(&c);
}

/* ---- guests ---- */

static void begin_guests(struct court *c, const char *id)
{
    court_begin(c);
    court_accept(c, "r1", court_request(c, "r1"));
    court_plan(c, "r1", 0, "job0", id);
}

static void a_stop_without_the_guests_word_is_found(void **state)
{
    static const char *const words[] = {"PRESENT", "ERROR"};
    struct court c;
    (void)state;

    begin_guests(&c, "\"i-00000003\"");
    court_stop(&c, "r1", "i-00000003");
    court_finds(&c, "ABSENT", "not asked");
    court_end(&c);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        begin_guests(&c, "\"i-00000003\"");
        court_call(&c, "r1", "SendCommand", "i-00000003");
        court_says(&c, "i-00000003", words[i]);
        court_stop(&c, "r1", "i-00000003");
        court_finds(&c, "ABSENT", words[i]);
        court_end(&c);
    }
}

static void a_stop_on_an_old_word_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_guests(&c, "\"i-00000003\"");
    court_call(&c, "r1", "SendCommand", "i-00000003");
    court_says(&c, "i-00000003", "ABSENT");
    c.ts_ms += 133 * SECOND;
    court_stop(&c, "r1", "i-00000003");
    court_finds(&c, "ABSENT", "133000 ms before");
    court_end(&c);
}

static void a_stop_of_what_its_guest_keeps_is_found(void **state)
{
    struct court c;
    (void)state;

    begin_guests(&c, "\"i-00000004\"");
    court_call(&c, "r1", "SendCommand", "i-00000004");
    court_says(&c, "i-00000004", "ABSENT");
    court_stop(&c, "r1", "i-00000004");
    court_finds(&c, "KEPT", "i-00000004");
    court_end(&c);
}

/* ---- results ---- */

static void two_results_of_a_run_are_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_finish(&c, "r1", "failed", 0, 2);
    court_finish(&c, "r1", "failed", 0, 2);
    court_finds_nothing(&c);
    court_finish(&c, "r1", "partial", 0, 2);
    court_finds(&c, "ONE", "failed");
    court_end(&c);
}

static void counts_that_are_not_the_members_are_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_terminal(&c, "r1", 0, "job0", FAILED("i-00000001") "," FAILED("i-00000002"));
    court_finish(&c, "r1", "partial", 1, 1);
    court_finds(&c, "COUNT", "1 done");
    court_end(&c);
}

static void a_run_without_a_result_is_found_at_the_end(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    judge_end(c.j);
    court_finds(&c, "P2", "r1 of shop has no result");
    court_end(&c);
}

static void a_run_that_was_given_up_at_its_deadline_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_control(&c, "Cancel", "r1", "c1");
    court_finish(&c, "r1", "deadline", 0, 0);
    court_finds(&c, "P2", "deadline");
    court_end(&c);
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
    (void)court_record(c, "Drained", ",\"old_epoch\":\"0:0:1\"");
}

static void a_drained_before_the_last_call_has_landed_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    sends(&c, "r1", "i-00000001", 30 * SECOND);
    c.ts_ms += 29 * SECOND;
    drained(&c);
    court_finds(&c, "P5", "for 1000 ms more");
    court_end(&c);
}

static void a_drained_behind_the_last_call_is_right(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    sends(&c, "r1", "i-00000001", 30 * SECOND);
    sends(&c, "r1", "i-00000001", 17 * 60 * SECOND); /* AWS will refuse it: it is too old */
    c.ts_ms += 31 * SECOND;
    drained(&c);
    court_finds_nothing(&c);
    court_end(&c);
}

static void a_call_that_leaves_behind_its_drained_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    drained(&c);
    court_finds_nothing(&c);
    sends(&c, "r1", "i-00000001", SECOND);
    court_finds(&c, "P5", "its Drained is in the log");
    court_end(&c);
}

/* i-1 is done, i-2 was bypassed for want of proof: the next step may come, but not before its last call. */
static void leave_unsettled(struct court *c)
{
    court_accept(c, "r1", court_request(c, "r1"));
    c->offset++;
    court_plan(c, "r1", 0, "job0", "\"i-00000001\",\"i-00000002\"");
    court_becomes(c, "r1", "i-00000001", "stopped", "");
    court_terminal(c, "r1", 0, "job0",
                   DONE("i-00000001") ",{\"id\":\"i-00000002\",\"outcome\":\"bypassed\",\"cause\":\"held\"}");
    court_plan(c, "r1", 1, "job1", "\"i-00000003\"");
    court_call(c, "r1", "SendCommand", "i-00000003");
    court_says(c, "i-00000003", "ABSENT");
}

static void a_step_before_an_unsettled_members_call_has_landed_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin(&c);
    sends(&c, "r0", "i-00000002", SECOND); /* nobody's */
    leave_unsettled(&c);
    sends(&c, "r1", "i-00000001", 60 * SECOND); /* a repeat without effect */
    c.ts_ms += SECOND;
    court_stop(&c, "r1", "i-00000003");
    court_finds_nothing(&c);
    court_end(&c);
    court_begin(&c);
    leave_unsettled(&c);
    sends(&c, "r1", "i-00000002", 60 * SECOND);
    c.ts_ms += SECOND;
    court_stop(&c, "r1", "i-00000003");
    court_finds(&c, "S1b", "is on the way");
    court_end(&c);
}

static void a_call_for_an_unsettled_member_of_an_earlier_step_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin(&c);
    leave_unsettled(&c);
    court_stop(&c, "r1", "i-00000003");
    sends(&c, "r1", "i-00000001", SECOND);
    court_finds_nothing(&c);
    sends(&c, "r1", "i-00000002", SECOND);
    court_finds(&c, "S1b", "was left unsettled");
    court_end(&c);
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
        cmocka_unit_test(what_is_nobodys_business_is_found),
        cmocka_unit_test(a_stop_without_the_guests_word_is_found),
        cmocka_unit_test(a_stop_on_an_old_word_is_found),
        cmocka_unit_test(a_stop_of_what_its_guest_keeps_is_found),
        cmocka_unit_test(two_results_of_a_run_are_found),
        cmocka_unit_test(counts_that_are_not_the_members_are_found),
        cmocka_unit_test(a_run_without_a_result_is_found_at_the_end),
        cmocka_unit_test(a_run_that_was_given_up_at_its_deadline_is_found),
        cmocka_unit_test(a_drained_before_the_last_call_has_landed_is_found),
        cmocka_unit_test(a_drained_behind_the_last_call_is_right),
        cmocka_unit_test(a_call_that_leaves_behind_its_drained_is_found),
        cmocka_unit_test(a_step_before_an_unsettled_members_call_has_landed_is_found),
        cmocka_unit_test(a_call_for_an_unsettled_member_of_an_earlier_step_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
