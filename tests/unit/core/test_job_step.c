#include "core/job_step.h"

#include "base/mem.h"
#include "support/bench_job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HOUR (3600 * 1000)

static int64_t later(const struct bench *b, int64_t ms)
{
    return b->now_ms + ms;
}

static void expect_member(const struct bench *b, size_t i, enum outcome o, enum cause c)
{
    const struct member_life *m = bench_member(b, i);

    assert_int_equal(m->phase, MEMBER_OVER);
    assert_string_equal(outcome_names[m->outcome], outcome_names[o]);
    assert_string_equal(cause_names[m->cause], cause_names[c]);
}

static void a_batch_is_stopped_in_one_call_and_reported_when_it_was_seen_stopped(void **state)
{
    struct bench b;
    struct member_outcomes out;

    (void)state;
    bench_init(&b, ACTION_STOP, 30, SIGHT_RUNNING);
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(b.calls, 1);
    assert_int_equal(bench_counts(&b).done, 30);
    job_step_outcomes(b.step, &out);
    assert_string_equal(out.at[7].id, "i-00000007");
    assert_string_equal(out.at[7].from, "running");
    assert_string_equal(out.at[7].to, "stopped");
    assert_true(out.at[7].took_ms >= b.move_ms && out.at[7].took_ms <= b.move_ms + 2 * BENCH_POLL_MS);
    for (size_t i = 0; i < out.n; i++)
        json_release(member_outcome_fields, &out.at[i]);
    xfree(out.at);
    bench_release(&b);
}

static void nothing_is_begun_while_an_answer_is_half_told(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 3, SIGHT_RUNNING);
    bench_override(&b);
    bench_begin(&b);
    job_step_half_told(b.step, true);
    assert_int_equal(bench_run(&b, later(&b, 60 * 1000)), JOB_NOTHING);
    assert_int_equal(bench_member(&b, 0)->phase, MEMBER_ASK);
    assert_int_equal(b.questions + b.calls, 0);
    job_step_half_told(b.step, false);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(b.questions, 1);
    bench_release(&b);
}

static void a_start_waits_until_running_was_seen(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_START, 3, SIGHT_STOPPED);
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, b.move_ms - 1000)), JOB_NOTHING);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(bench_counts(&b).done, 3);
    bench_release(&b);
}

static void what_is_there_already_is_unchanged_and_not_called(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 4, SIGHT_STOPPED);
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(b.calls, 0);
    assert_int_equal(bench_counts(&b).unchanged, 4);
    bench_release(&b);
}

static void what_an_earlier_attempt_did_is_done_and_not_called_again(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 3, SIGHT_STOPPED);
    b.attempt = 2;
    b.at[0].transition_wall_ms = b.job.options.accepted_ms + 5000;
    b.at[1].transition_wall_ms = b.job.options.accepted_ms - 5000;
    b.at[2].state = SIGHT_STOPPING;
    b.at[2].then = SIGHT_STOPPED;
    b.at[2].transition_wall_ms = b.job.options.accepted_ms + 5000;
    b.at[2].settles_ms = b.now_ms + 10 * 1000;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(b.calls, 0);
    expect_member(&b, 0, OUTCOME_DONE, CAUSE_EARLIER_ATTEMPT);
    expect_member(&b, 1, OUTCOME_UNCHANGED, CAUSE_NONE);
    expect_member(&b, 2, OUTCOME_DONE, CAUSE_EARLIER_ATTEMPT);
    bench_release(&b);
}

static void in_the_first_attempt_nothing_counts_as_ours(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_START, 1, SIGHT_RUNNING);
    b.at[0].launch_wall_ms = b.job.options.accepted_ms + 5000;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_UNCHANGED, CAUSE_NONE);
    bench_release(&b);
}

static void tags_are_compared_byte_for_byte_before_anything_is_called(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 6, SIGHT_RUNNING);
    b.at[0].filter_value = "ENV001 ";
    b.at[1].filter_value = "env001";
    b.at[2].filter_value = NULL;
    b.at[3].tier = "app";
    b.at[4].tier = NULL;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    for (size_t i = 0; i < 5; i++) {
        expect_member(&b, i, OUTCOME_FAILED, CAUSE_TAGS_CHANGED);
        assert_int_equal(b.at[i].called, 0);
    }
    expect_member(&b, 5, OUTCOME_DONE, CAUSE_NONE);
    bench_release(&b);
}

static void members_that_may_not_be_stopped_are_left_alone_with_the_reason(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 4, SIGHT_RUNNING);
    b.at[0].asg = true;
    b.at[1].instance_store = true;
    b.at[2].state = SIGHT_TERMINATED;
    b.at[3].spot = true;
    b.at[3].refusal = "UnsupportedOperation";
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_BYPASSED, CAUSE_ASG_MEMBER);
    expect_member(&b, 1, OUTCOME_BYPASSED, CAUSE_INSTANCE_STORE);
    expect_member(&b, 2, OUTCOME_FAILED, CAUSE_TERMINATED);
    expect_member(&b, 3, OUTCOME_BYPASSED, CAUSE_SPOT_ONE_TIME);
    bench_release(&b);
}

static void transitional_states_are_waited_for_first(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_START, 1, SIGHT_STOPPING);
    b.at[0].then = SIGHT_STOPPED;
    b.at[0].settles_ms = b.now_ms + 30 * 1000;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, 25 * 1000)), JOB_NOTHING);
    assert_int_equal(b.calls, 0);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_DONE, CAUSE_NONE);
    bench_release(&b);

    bench_init(&b, ACTION_STOP, 2, SIGHT_PENDING);
    bench_override(&b);
    b.at[0].then = b.at[1].then = SIGHT_RUNNING;
    b.at[0].settles_ms = b.now_ms + 30 * 1000;
    b.at[1].slow = true;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_DONE, CAUSE_NONE);
    expect_member(&b, 1, OUTCOME_FAILED, CAUSE_TIMED_OUT);
    assert_int_equal(b.at[1].called, 0);
    bench_release(&b);
}

static void only_an_absent_lets_a_member_be_stopped(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 3, SIGHT_RUNNING);
    bench_override(&b);
    b.at[1].guest = OVERRIDE_PRESENT;
    b.at[2].guest = OVERRIDE_UNKNOWN;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_DONE, CAUSE_NONE);
    expect_member(&b, 1, OUTCOME_BYPASSED, CAUSE_OVERRIDE_PRESENT);
    expect_member(&b, 2, OUTCOME_BYPASSED, CAUSE_OVERRIDE_UNKNOWN);
    assert_int_equal(b.at[1].called + b.at[2].called, 0);
    assert_string_equal(bench_member(&b, 2)->detail, "no answer");
    bench_release(&b);
}

static void a_start_and_an_instance_that_stops_already_are_not_asked(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 1, SIGHT_STOPPING);
    bench_override(&b);
    b.at[0].then = SIGHT_STOPPED;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_UNCHANGED, CAUSE_NONE);
    assert_int_equal(b.questions, 0);
    bench_release(&b);

    bench_init(&b, ACTION_START, 1, SIGHT_STOPPED);
    bench_override(&b);
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(b.questions, 0);
    bench_release(&b);
}

static void an_absent_that_grew_old_is_asked_for_again(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 1, SIGHT_RUNNING);
    bench_override(&b);
    b.waits = true;
    (void)err_set(&b.fail_with, ERR_THROTTLED, "paced");
    b.retry_after_ms = 50 * 1000;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, OVERRIDE_ABSENT_MS + 40 * 1000)), JOB_NOTHING);
    assert_true(b.questions >= 2);
    b.fail_with = (struct err){0};
    b.waits = false;
    b.at[0].guest = OVERRIDE_PRESENT; /* somebody has laid it there meanwhile */
    b.now_ms += OVERRIDE_ABSENT_MS;
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_BYPASSED, CAUSE_OVERRIDE_PRESENT);
    assert_int_equal(b.at[0].called, 0);
    bench_release(&b);
}

static void a_young_instance_is_asked_again_until_its_agent_had_time(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
    bench_override(&b);
    b.at[0].offline = b.at[1].offline = true;
    b.at[0].launch_wall_ms = b.now_ms + BENCH_WALL_MS - 60 * 1000;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, 100 * 1000)), JOB_NOTHING);
    expect_member(&b, 1, OUTCOME_BYPASSED, CAUSE_OVERRIDE_UNKNOWN);
    assert_true(b.at[0].asked >= 5);
    b.at[0].offline = false;
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_DONE, CAUSE_NONE);
    bench_release(&b);

    bench_init(&b, ACTION_STOP, 1, SIGHT_RUNNING);
    bench_override(&b);
    b.at[0].offline = true;
    b.at[0].launch_wall_ms = b.now_ms + BENCH_WALL_MS - 60 * 1000;
    bench_begin(&b);
    int64_t begun = b.now_ms;
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_BYPASSED, CAUSE_OVERRIDE_UNKNOWN);
    assert_true(b.now_ms - begun > OVERRIDE_YOUNG_MS - 90 * 1000 && b.now_ms - begun < OVERRIDE_YOUNG_MS);
    bench_release(&b);
}

static void a_fleet_that_observes_decides_and_calls_nobody(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 3, SIGHT_RUNNING);
    bench_override(&b);
    b.job.options.observe = true;
    b.at[1].guest = OVERRIDE_PRESENT;
    b.at[2].state = SIGHT_STOPPED;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(b.calls, 0);
    expect_member(&b, 0, OUTCOME_BYPASSED, CAUSE_OBSERVE);
    expect_member(&b, 1, OUTCOME_BYPASSED, CAUSE_OVERRIDE_PRESENT);
    expect_member(&b, 2, OUTCOME_UNCHANGED, CAUSE_NONE);
    bench_release(&b);
}

static void ten_thousand_instances_in_jobs_of_two_hundred_come_to_exact_counts(void **state)
{
    struct counts sum = {0};
    int calls = 0;

    (void)state;
    for (int j = 0; j < 50; j++) {
        struct bench b;
        bench_init(&b, ACTION_STOP, JOB_MEMBERS_PLAIN, SIGHT_RUNNING);
        for (size_t i = 0; i < b.n; i += 20)
            b.at[i].state = SIGHT_STOPPED;
        b.at[33].refusal = "IncorrectInstanceState";
        b.at[77].refusal = "OperationNotPermitted";
        b.at[77].refusal_unnamed = true;
        bench_begin(&b);
        assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
        struct counts c = bench_counts(&b);
        counts_sum(&sum, &c);
        calls += b.calls;
        expect_member(&b, 33, OUTCOME_FAILED, CAUSE_WRONG_STATE);
        expect_member(&b, 77, OUTCOME_FAILED, CAUSE_REFUSED_BY_EC2);
        bench_release(&b);
    }
    assert_int_equal(sum.unchanged, 500);
    assert_int_equal(sum.failed, 100);
    assert_int_equal(sum.done, 9400);
    assert_true(calls <= 50 * 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_stopped_in_one_call_and_reported_when_it_was_seen_stopped),
        cmocka_unit_test(nothing_is_begun_while_an_answer_is_half_told),
        cmocka_unit_test(a_start_waits_until_running_was_seen),
        cmocka_unit_test(what_is_there_already_is_unchanged_and_not_called),
        cmocka_unit_test(what_an_earlier_attempt_did_is_done_and_not_called_again),
        cmocka_unit_test(in_the_first_attempt_nothing_counts_as_ours),
        cmocka_unit_test(tags_are_compared_byte_for_byte_before_anything_is_called),
        cmocka_unit_test(members_that_may_not_be_stopped_are_left_alone_with_the_reason),
        cmocka_unit_test(transitional_states_are_waited_for_first),
        cmocka_unit_test(only_an_absent_lets_a_member_be_stopped),
        cmocka_unit_test(a_start_and_an_instance_that_stops_already_are_not_asked),
        cmocka_unit_test(an_absent_that_grew_old_is_asked_for_again),
        cmocka_unit_test(a_young_instance_is_asked_again_until_its_agent_had_time),
        cmocka_unit_test(a_fleet_that_observes_decides_and_calls_nobody),
        cmocka_unit_test(ten_thousand_instances_in_jobs_of_two_hundred_come_to_exact_counts),
    };

    return cmocka_run_group_tests_name("job_step", tests, NULL, NULL);
}
