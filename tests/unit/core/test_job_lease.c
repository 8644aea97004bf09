/* What a job does when its lease, its holds or its process end, and how a synchronous tier and refusals
 * go. */
#include "core/job_step.h"

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

/* ---- the lease ---- */

static void past_its_deadline_nothing_is_asked_or_called(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
    b.lease_ms = 0;
    bench_begin(&b);
    b.now_ms += 13500;
    bench_poll(&b);
    assert_false(job_step_may_change(b.step, b.now_ms));
    assert_int_equal(bench_run(&b, later(&b, JOB_LATE_MS - 1000)), JOB_NOTHING);
    assert_int_equal(b.calls + b.questions, 0);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_DROP);
    bench_release(&b);
}

static void a_renewal_that_comes_late_lets_it_go_on(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
    b.lease_ms = 0;
    bench_begin(&b);
    b.now_ms += 20 * 1000;
    assert_int_equal(bench_run(&b, later(&b, 5000)), JOB_NOTHING);
    b.lease_ms = 13500;
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(bench_counts(&b).done, 2);
    bench_release(&b);
}

/* Runs until the stop is accepted, then the lease is gone. */
static void lose_after_the_call(struct bench *b, enum job_lease lease)
{
    bench_begin(b);
    while (b->calls == 0)
        assert_int_equal(bench_run(b, later(b, 1000)), JOB_NOTHING);
    b->lease_ms = 0;
    job_step_lease(b->step, lease, 0);
}

static void a_lost_lease_never_reports_a_failure(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
    b.at[1].tier = "other";
    lose_after_the_call(&b, LEASE_LOST);
    b.now_ms += b.move_ms;
    bench_poll(&b);
    assert_false(job_step_clean(b.step));
    assert_int_equal(job_step(b.step, b.now_ms).command, JOB_DROP);
    bench_release(&b);
}

static void a_lost_lease_may_report_what_is_done(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
    lose_after_the_call(&b, LEASE_LOST);
    b.now_ms += b.move_ms;
    bench_poll(&b);
    assert_true(job_step_clean(b.step));
    assert_int_equal(job_step(b.step, b.now_ms).command, JOB_REPORT);
    bench_release(&b);
}

static void a_deadline_that_passed_holds_a_failed_terminal_back_and_lets_a_clean_one_go(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 1, SIGHT_TERMINATED);
    b.lease_ms = 0;
    bench_begin(&b);
    b.now_ms += 14000;
    bench_poll(&b);
    assert_int_equal(job_step(b.step, b.now_ms).command, JOB_NOTHING);
    assert_int_equal(job_step(b.step, later(&b, JOB_LATE_MS)).command, JOB_DROP);
    bench_release(&b);

    bench_init(&b, ACTION_STOP, 1, SIGHT_STOPPED);
    b.lease_ms = 0;
    bench_begin(&b);
    b.now_ms += 14000;
    bench_poll(&b);
    assert_int_equal(job_step(b.step, b.now_ms).command, JOB_REPORT);
    bench_release(&b);
}

static void pause_and_fence_hand_the_job_back_after_the_lag_of_an_accepted_call(void **state)
{
    static const enum job_lease leases[] = {LEASE_HOLD, LEASE_FENCED};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench b;
        bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
        lose_after_the_call(&b, leases[i]);
        struct job_next next = job_step(b.step, b.now_ms);
        assert_int_equal(next.command, JOB_RELEASE);
        assert_true(next.due_ms > JOB_RELEASE_LAG_MS - 2000 && next.due_ms <= JOB_RELEASE_LAG_MS);
        bench_release(&b);
    }
}

static void a_job_that_called_nobody_is_due_again_at_once(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
    bench_begin(&b);
    job_step_lease(b.step, LEASE_HOLD, 0);
    struct job_next next = job_step(b.step, b.now_ms);
    assert_int_equal(next.command, JOB_RELEASE);
    assert_int_equal(next.due_ms, 0);
    bench_release(&b);
}

/* A call goes out by hand: returns the members it was for. */
static struct job_next call_out(struct bench *b)
{
    bench_begin(b);
    bench_poll(b);
    struct job_next next = job_step(b->step, b->now_ms);
    assert_int_equal(next.command, JOB_ACT);
    return next;
}

static void call_ends(struct bench *b, const struct job_next *next, bool unanswered)
{
    struct err e = {0};
    size_t members[8];
    struct job_called c = {members, next->n, unanswered, false, &e, NULL, 0};

    memcpy(members, next->members, next->n * sizeof *members);
    if (unanswered)
        (void)err_set(&e, ERR_UNAVAILABLE, "no answer");
    job_step_called(b->step, &c, b->now_ms);
}

static void a_call_that_is_out_is_waited_for_before_the_job_goes_back(void **state)
{
    static const enum job_lease leases[] = {LEASE_HOLD, LEASE_FENCED, LEASE_LOST};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct bench b;
        bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
        struct job_next out = call_out(&b);
        job_step_lease(b.step, leases[i], 0);
        assert_true(job_step_unanswered(b.step));
        assert_int_equal(job_step(b.step, b.now_ms).command, JOB_NOTHING);
        call_ends(&b, &out, false);
        assert_int_equal(job_step(b.step, b.now_ms).command,
                         leases[i] == LEASE_LOST ? JOB_DROP : JOB_RELEASE);
        bench_release(&b);
    }
}

static void a_job_with_an_unanswered_call_is_never_released(void **state)
{
    static const enum job_lease leases[] = {LEASE_OK /* draining */, LEASE_HOLD, LEASE_FENCED};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct bench b;
        bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
        struct job_next out = call_out(&b);
        call_ends(&b, &out, true);
        job_step_lease(b.step, leases[i], 0);
        if (leases[i] == LEASE_OK)
            job_step_drain(b.step);
        for (int64_t at = b.now_ms; at < later(&b, 13500 + JOB_LATE_MS); at += 1000)
            assert_int_not_equal(job_step(b.step, at).command, JOB_RELEASE);
        assert_int_equal(job_step(b.step, later(&b, 14000 + JOB_LATE_MS)).command, JOB_DROP);
        assert_true(job_step_unanswered(b.step));
        bench_release(&b);
    }
}

static void not_even_when_all_is_decided_and_something_failed(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
    struct job_next out = call_out(&b);
    call_ends(&b, &out, true);
    b.at[0].state = b.at[1].state = SIGHT_TERMINATED;
    b.now_ms += MEMBER_DESCRIBE_LAG_MS;
    bench_poll(&b);
    job_step_lease(b.step, LEASE_FENCED, 0);
    assert_int_equal(job_step(b.step, b.now_ms).command, JOB_DROP);
    bench_release(&b);
}

static void an_unanswered_call_is_looked_after_and_made_again_and_reported_as_such(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
    struct job_next out = call_out(&b);
    call_ends(&b, &out, true); /* it never landed */
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(b.calls, 1);
    assert_true(b.at[0].called_ms >= b.job.options.accepted_ms - BENCH_WALL_MS + MEMBER_DESCRIBE_LAG_MS);
    assert_int_equal(bench_counts(&b).done, 2);
    assert_true(job_step_unanswered(b.step));
    bench_release(&b);
}

static void an_unanswered_call_that_landed_is_done(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
    struct job_next out = call_out(&b);
    call_ends(&b, &out, true);
    b.at[0].state = b.at[1].state = SIGHT_STOPPED;
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(b.calls, 0);
    expect_member(&b, 0, OUTCOME_DONE, CAUSE_NONE);
    bench_release(&b);
}

/* ---- holds, drain ---- */

static void a_held_member_is_left_alone_and_one_whose_hold_is_over_is_not(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 3, SIGHT_RUNNING);
    bench_begin(&b);
    job_step_held(b.step, 0, later(&b, HOUR));
    job_step_held(b.step, 1, b.now_ms - 1);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_BYPASSED, CAUSE_HELD);
    expect_member(&b, 1, OUTCOME_DONE, CAUSE_NONE);
    expect_member(&b, 2, OUTCOME_DONE, CAUSE_NONE);
    bench_release(&b);
}

static void while_holds_are_to_be_read_nothing_begins(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
    bench_begin(&b);
    job_step_holds_stale(b.step);
    assert_int_equal(bench_run(&b, later(&b, 60 * 1000)), JOB_NOTHING);
    assert_int_equal(b.calls, 0);
    job_step_held(b.step, 0, later(&b, HOUR));
    job_step_holds_read(b.step);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_BYPASSED, CAUSE_HELD);
    expect_member(&b, 1, OUTCOME_DONE, CAUSE_NONE);
    bench_release(&b);
}

static void draining_begins_nothing_and_hands_back(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 2, SIGHT_RUNNING);
    bench_begin(&b);
    bench_poll(&b);
    job_step_drain(b.step);
    assert_int_equal(job_step(b.step, b.now_ms).command, JOB_RELEASE);
    bench_release(&b);
}

/* ---- pacing and refusals ---- */

static void far_tokens_hand_the_job_back_near_ones_are_waited_for(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_START, 2, SIGHT_STOPPED);
    (void)err_set(&b.fail_with, ERR_THROTTLED, "paced");
    b.waits = true;
    b.retry_after_ms = 20 * 1000;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, 10 * 60 * 1000)), JOB_NOTHING); /* pacing has no budget */
    assert_true(b.calls > JOB_OUTAGE_CALLS);
    assert_true(job_step_throttled(b.step, b.now_ms));
    b.retry_after_ms = JOB_FAR_MS + 5000;
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_RELEASE);
    assert_true(b.last.due_ms > JOB_FAR_MS && b.last.due_ms <= JOB_FAR_MS + 5000);
    bench_release(&b);
}

static void throttling_fails_nobody_however_long_it_lasts(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_START, 2, SIGHT_STOPPED);
    (void)err_set(&b.fail_with, ERR_THROTTLED, "RequestLimitExceeded");
    b.retry_after_ms = 20; /* a small hint shortens nothing */
    b.chance = BACKOFF_CHANCES / 2;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, 30 * 1000)), JOB_NOTHING);
    assert_in_range(b.calls, 3, 8); /* 0.5, 1, 2, 4, 8 s apart, and the turns of the bench */
    assert_int_equal(bench_run(&b, later(&b, 5 * HOUR)), JOB_NOTHING);
    assert_true(b.calls > JOB_OUTAGE_CALLS);
    assert_true(b.calls <= 5 * HOUR / (BACKOFF_MAX_MS / 2) + 8);
    b.fail_with = (struct err){0};
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_DONE, CAUSE_NONE);
    bench_release(&b);
}

static void an_outage_is_waited_out_for_minutes_whatever_small_hints_come_with_it(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_START, 2, SIGHT_STOPPED);
    (void)err_set(&b.fail_with, ERR_UNAVAILABLE, "HTTP 503 Unavailable");
    b.retry_after_ms = 20;
    b.chance = BACKOFF_CHANCES / 2;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, JOB_OUTAGE_MS - 60 * 1000)), JOB_NOTHING);
    assert_true(b.calls > JOB_OUTAGE_CALLS);
    assert_int_equal(bench_run(&b, later(&b, 3 * 60 * 1000)), JOB_REPORT); /* bounded */
    expect_member(&b, 0, OUTCOME_FAILED, CAUSE_UNAVAILABLE);
    bench_release(&b);
}

static void an_outage_needs_many_calls_too_and_any_answer_of_aws_ends_it(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_START, 1, SIGHT_STOPPED);
    bench_begin(&b);
    (void)err_set(&b.fail_with, ERR_UNAVAILABLE, "HTTP 503");
    assert_int_equal(bench_run(&b, later(&b, 2000)), JOB_NOTHING);
    b.waits = true; /* then long without tokens: the second failure comes after JOB_OUTAGE_MS */
    (void)err_set(&b.fail_with, ERR_THROTTLED, "paced");
    b.retry_after_ms = 20 * 1000;
    assert_int_equal(bench_run(&b, later(&b, JOB_OUTAGE_MS)), JOB_NOTHING);
    b.waits = false;
    b.retry_after_ms = 10 * 1000;
    b.calls = 0;
    (void)err_set(&b.fail_with, ERR_UNAVAILABLE, "HTTP 503");
    assert_int_equal(bench_run(&b, later(&b, 60 * 1000)), JOB_NOTHING);
    assert_true(b.calls > 1);
    (void)err_set(&b.fail_with, ERR_THROTTLED, "RequestLimitExceeded"); /* it answers */
    assert_int_equal(bench_run(&b, later(&b, 15 * 1000)), JOB_NOTHING);
    (void)err_set(&b.fail_with, ERR_UNAVAILABLE, "HTTP 503");
    assert_int_equal(bench_run(&b, later(&b, JOB_OUTAGE_MS - 60 * 1000)), JOB_NOTHING);
    bench_release(&b);
}

static void a_named_id_leaves_and_the_rest_goes_on(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, 50, SIGHT_RUNNING);
    b.at[3].refusal = "InvalidInstanceID.NotFound";
    b.at[40].refusal = "UnsupportedOperation";
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(b.calls, 3);
    expect_member(&b, 3, OUTCOME_FAILED, CAUSE_NOT_FOUND);
    expect_member(&b, 40, OUTCOME_FAILED, CAUSE_NOT_SUPPORTED);
    assert_int_equal(bench_counts(&b).done, 48);
    bench_release(&b);
}

static void an_unnamed_refusal_is_found_by_halves(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_STOP, JOB_MEMBERS_PLAIN, SIGHT_RUNNING);
    b.at[123].refusal = "OperationNotPermitted";
    b.at[123].refusal_unnamed = true;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_in_range(b.calls, 2, 30); /* about twice log2, and as much again for the way back up */
    expect_member(&b, 123, OUTCOME_FAILED, CAUSE_REFUSED_BY_EC2);
    assert_int_equal(bench_counts(&b).done, JOB_MEMBERS_PLAIN - 1);
    bench_release(&b);
}

static void no_capacity_is_tried_again_then_failed_for_that_member_alone(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_START, 8, SIGHT_STOPPED);
    b.at[5].refusal = "InsufficientInstanceCapacity";
    b.at[5].refusal_unnamed = true;
    bench_begin(&b);
    int64_t begun = b.now_ms;
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 5, OUTCOME_FAILED, CAUSE_CAPACITY);
    assert_int_equal(bench_counts(&b).done, 7);
    assert_true(b.now_ms - begun >= (MEMBER_CAPACITY_MAX - 1) * MEMBER_CAPACITY_WAIT_MS);
    bench_release(&b);
}

static void a_start_that_falls_back_or_never_comes_up_is_failed(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, ACTION_START, 4, SIGHT_STOPPED);
    b.job.options.ready = READY_STATUS_OK;
    b.at[0].falls_back = true;
    b.at[1].slow = true;
    b.at[2].status_ok = true;
    bench_begin(&b);
    int64_t begun = b.now_ms;
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_FAILED, CAUSE_FELL_BACK);
    expect_member(&b, 1, OUTCOME_FAILED, CAUSE_TIMED_OUT);
    expect_member(&b, 2, OUTCOME_DONE, CAUSE_NONE);
    expect_member(&b, 3, OUTCOME_FAILED, CAUSE_NOT_READY);
    assert_true(b.now_ms - begun >= 600 * 1000 && b.now_ms - begun < 620 * 1000);
    bench_release(&b);
}

static void three_polls_without_it_are_not_found(void **state)
{
    struct bench b;
    struct sighting gone = {.state = SIGHT_ABSENT};

    (void)state;
    bench_init(&b, ACTION_STOP, 1, SIGHT_RUNNING);
    bench_begin(&b);
    for (int i = 0; i < MEMBER_MISSES_MAX - 1; i++)
        job_step_seen(b.step, 0, &gone, b.now_ms, b.now_ms, BENCH_WALL_MS);
    assert_int_equal(bench_member(&b, 0)->phase, MEMBER_LOOK);
    job_step_seen(b.step, 0, &gone, b.now_ms, b.now_ms, BENCH_WALL_MS);
    expect_member(&b, 0, OUTCOME_FAILED, CAUSE_NOT_FOUND);
    bench_release(&b);
}

/* ---- a synchronous tier ---- */

static void sync_begin(struct bench *b, size_t n, enum on_failure on_failure)
{
    bench_init(b, ACTION_STOP, n, SIGHT_RUNNING);
    bench_override(b);
    b->job.options.sync = true;
    b->job.options.on_failure = (int)on_failure;
}

static void a_synchronous_tier_goes_one_by_one_each_asked_just_before_its_stop(void **state)
{
    struct bench b;

    (void)state;
    sync_begin(&b, 5, ON_FAILURE_HALT);
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    assert_int_equal(b.most_at_once, 1);
    assert_int_equal(b.questions, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(b.at[i].called_ms - b.at[i].asked_ms < 5000);
        if (i)
            assert_true(b.at[i].asked_ms >= b.at[i - 1].called_ms + b.move_ms);
    }
    assert_int_equal(bench_counts(&b).done, 5);
    bench_release(&b);
}

static void after_a_failed_member_the_rest_is_not_attempted_under_halt(void **state)
{
    struct bench b;

    (void)state;
    sync_begin(&b, 5, ON_FAILURE_HALT);
    b.at[1].guest = OVERRIDE_UNKNOWN; /* a bypass does not stop the tier */
    b.at[2].slow = true;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_DONE, CAUSE_NONE);
    expect_member(&b, 1, OUTCOME_BYPASSED, CAUSE_OVERRIDE_UNKNOWN);
    expect_member(&b, 2, OUTCOME_FAILED, CAUSE_TIMED_OUT);
    expect_member(&b, 3, OUTCOME_FAILED, CAUSE_NOT_ATTEMPTED);
    expect_member(&b, 4, OUTCOME_FAILED, CAUSE_NOT_ATTEMPTED);
    assert_int_equal(b.at[3].asked + b.at[3].called + b.at[4].asked + b.at[4].called, 0);
    bench_release(&b);
}

static void under_continue_it_goes_on_after_a_failed_member(void **state)
{
    struct bench b;

    (void)state;
    sync_begin(&b, 3, ON_FAILURE_CONTINUE);
    b.at[0].slow = true;
    bench_begin(&b);
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 0, OUTCOME_FAILED, CAUSE_TIMED_OUT);
    assert_int_equal(bench_counts(&b).done, 2);
    bench_release(&b);
}

static void a_held_last_member_does_not_leave_a_synchronous_tier_hanging(void **state)
{
    struct bench b;

    (void)state;
    sync_begin(&b, 2, ON_FAILURE_HALT);
    bench_begin(&b);
    job_step_held(b.step, 0, later(&b, 10 * HOUR));
    job_step_held(b.step, 1, later(&b, 10 * HOUR));
    assert_int_equal(bench_run(&b, later(&b, HOUR)), JOB_REPORT);
    expect_member(&b, 1, OUTCOME_BYPASSED, CAUSE_HELD);
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(past_its_deadline_nothing_is_asked_or_called),
        cmocka_unit_test(a_renewal_that_comes_late_lets_it_go_on),
        cmocka_unit_test(a_lost_lease_never_reports_a_failure),
        cmocka_unit_test(a_lost_lease_may_report_what_is_done),
        cmocka_unit_test(a_deadline_that_passed_holds_a_failed_terminal_back_and_lets_a_clean_one_go),
        cmocka_unit_test(pause_and_fence_hand_the_job_back_after_the_lag_of_an_accepted_call),
        cmocka_unit_test(a_job_that_called_nobody_is_due_again_at_once),
        cmocka_unit_test(a_call_that_is_out_is_waited_for_before_the_job_goes_back),
        cmocka_unit_test(a_job_with_an_unanswered_call_is_never_released),
        cmocka_unit_test(not_even_when_all_is_decided_and_something_failed),
        cmocka_unit_test(an_unanswered_call_is_looked_after_and_made_again_and_reported_as_such),
        cmocka_unit_test(an_unanswered_call_that_landed_is_done),
        cmocka_unit_test(a_held_member_is_left_alone_and_one_whose_hold_is_over_is_not),
        cmocka_unit_test(while_holds_are_to_be_read_nothing_begins),
        cmocka_unit_test(draining_begins_nothing_and_hands_back),
        cmocka_unit_test(far_tokens_hand_the_job_back_near_ones_are_waited_for),
        cmocka_unit_test(throttling_fails_nobody_however_long_it_lasts),
        cmocka_unit_test(an_outage_is_waited_out_for_minutes_whatever_small_hints_come_with_it),
        cmocka_unit_test(an_outage_needs_many_calls_too_and_any_answer_of_aws_ends_it),
        cmocka_unit_test(a_named_id_leaves_and_the_rest_goes_on),
        cmocka_unit_test(an_unnamed_refusal_is_found_by_halves),
        cmocka_unit_test(no_capacity_is_tried_again_then_failed_for_that_member_alone),
        cmocka_unit_test(a_start_that_falls_back_or_never_comes_up_is_failed),
        cmocka_unit_test(three_polls_without_it_are_not_found),
        cmocka_unit_test(a_synchronous_tier_goes_one_by_one_each_asked_just_before_its_stop),
        cmocka_unit_test(after_a_failed_member_the_rest_is_not_attempted_under_halt),
        cmocka_unit_test(under_continue_it_goes_on_after_a_failed_member),
        cmocka_unit_test(a_held_last_member_does_not_leave_a_synchronous_tier_hanging),
    };

    return cmocka_run_group_tests_name("job lease", tests, NULL, NULL);
}
