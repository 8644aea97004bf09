/* The whole worker when its lease, a hold or an answer fails it, in virtual time. */
#include "support/worker_case.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HOUR (3600 * 1000)

static void a_process_that_was_frozen_past_its_deadline_calls_nobody(void **state)
{
    int sent = 0, withheld = 0;

    (void)state;
    /* at whichever reading of the clock it freezes: what leaves was signed with the time of a check before
     * the deadline */
    for (int reading = 1; reading < 40; reading++) {
        struct world w;
        case_begin(&w, case_four, ACTION_STOP, false, 4);
        world_until(&w, "claimed", case_claimed, HOUR);
        w.renew_word = "LOST";
        w.readings_to_freeze = reading;
        w.freeze_ms = 20 * 1000;
        int64_t begun_ms = w.now.wall_ms;
        world_run(&w, 120 * 1000);
        assert_true(world_calls(&w, "StopInstances") <= 1);
        if (world_calls(&w, "StopInstances"))
            assert_true(w.last_signed_ms < begun_ms + 13500);
        sent += world_calls(&w, "StopInstances");
        withheld += !world_calls(&w, "StopInstances");
        world_close(&w);
    }
    assert_true(sent > 0 && withheld > 0);
}

static void without_redis_it_fences_itself_before_the_next_call(void **state)
{
    struct world w;

    (void)state;
    case_begin(&w, case_four, ACTION_STOP, true, 1);
    world_until(&w, "claimed", case_claimed, HOUR);
    w.redis_down = true;
    w.now.boot_ms += 14 * 1000;
    w.now.wall_ms += 14 * 1000;
    world_run(&w, 10 * 60 * 1000);
    assert_int_equal(world_calls(&w, "StopInstances") + world_calls(&w, "SendCommand"), 0);
    assert_int_equal(world_count(&w, "ec2sched.events.v1"), 0);
    world_close(&w);
}

static bool asking(struct world *w)
{
    return world_calls(w, "DescribeInstanceInformation") > 0;
}

static void a_question_is_not_put_past_the_deadline_and_says_nothing_of_the_member(void **state)
{
    struct world w;

    (void)state;
    case_begin(
        &w,
        "{\"region\":\"us-west-2\",\"faults\":[{\"match\":{\"operation\":\"DescribeInstanceInformation\"},"
        "\"effect\":{\"delay_ms\":20000}}],\"instances\":[{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS
        ",\"agent\":{}}]}",
        ACTION_STOP, true, 1);
    world_until(&w, "asking", asking, HOUR);
    w.redis_down = true;
    world_run(&w, HOUR);
    assert_int_equal(world_calls(&w, "SendCommand"), 0);
    assert_int_equal(world_count(&w, "ec2sched.events.v1"), 0);
    world_close(&w);
}

static void a_lost_lease_reports_no_failure(void **state)
{
    struct world w;

    (void)state;
    case_begin(&w,
               "{\"region\":\"us-west-2\",\"instances\":[{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS
               "},{\"id\":\"i-0000000b\",\"state\":\"terminated\"," TAGS "}]}",
               ACTION_STOP, false, 2);
    world_until(&w, "called", case_stopping, HOUR);
    w.renew_word = "LOST";
    world_run(&w, HOUR);
    assert_int_equal(world_count(&w, "ec2sched.events.v1"), 0);
    assert_false(world_lease(&w, "j1")->released);
    world_close(&w);
}

/* Two members, one after the other: the first is on its way when what the test does happens. */
static void begin_one_by_one(struct world *w)
{
    struct job j = world_job(ACTION_STOP, "j1", 2, case_ids);

    world_open(w, case_four);
    world_start(w);
    j.options.sync = true;
    (void)world_deliver(w, &j);
    world_until(w, "called", case_stopping, HOUR);
    world_run(w, 6000); /* renewed at least once */
    assert_true(w->renews > 0);
}

static void a_renewed_lease_ends_with_its_last_renewal(void **state)
{
    struct world w;

    (void)state;
    begin_one_by_one(&w);
    w.redis_down = true;
    world_run(&w, HOUR);
    assert_int_equal(world_calls(&w, "StopInstances"), 1);
    assert_int_equal(world_count(&w, "ec2sched.events.v1"), 0);
    world_close(&w);
}

static void the_smaller_of_the_fleets_lease_time_and_ours_counts(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    w.ttl_ms = 3000;
    world_start(&w);
    case_deliver(&w, ACTION_STOP, false, 1);
    world_until(&w, "claimed", case_claimed, HOUR);
    w.redis_down = true;
    w.now.boot_ms += 2800;
    w.now.wall_ms += 2800;
    world_run(&w, HOUR);
    assert_int_equal(world_calls(&w, "StopInstances"), 0);
    world_close(&w);
}

static void a_hold_that_a_renewal_announces_is_read_before_the_next_call(void **state)
{
    struct world w;

    (void)state;
    begin_one_by_one(&w);
    w.hv = 1;
    w.holds_ms = 90 * 1000; /* the first member is stopped long before that */
    w.hold = "9999999999999|3|App";
    world_run(&w, 85 * 1000);
    assert_int_equal(world_calls(&w, "StopInstances"), 1);
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    case_expect(&w, "j1", case_ids[1], OUTCOME_BYPASSED, CAUSE_HELD);
    world_close(&w);
}

static void a_job_whose_report_waits_looks_for_no_holds(void **state)
{
    enum { WAIT_MS = 60 * 1000, TURNS_MAX = 600 /* ten a second: nobody is awake without end */ };
    struct world w;

    (void)state;
    case_begin(&w,
               "{\"region\":\"us-west-2\",\"instances\":[{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS
               "}]}",
               ACTION_STOP, false, 1);
    w.appends_fail = true;
    world_run(&w, 3 * 60 * 1000);
    assert_true(w.paused); /* the terminal waits */
    w.hv = 1;              /* told with the next renewal */
    int64_t turns = w.turns;
    world_run(&w, WAIT_MS);
    assert_true(w.turns - turns < TURNS_MAX);
    w.appends_fail = false;
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    world_close(&w);
}

static void a_terminal_outlives_its_lease_only_if_nothing_failed(void **state)
{
    static const char *const second[] = {"running", "terminated"};

    (void)state;
    for (int failed = 0; failed < 2; failed++) {
        struct world w;
        char scenario[512];
        (void)snprintf(
            scenario, sizeof scenario,
            "{\"region\":\"us-west-2\",\"instances\":[{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS
            "},{\"id\":\"i-0000000b\",\"state\":\"%s\"," TAGS "}]}",
            second[failed]);
        case_begin(&w, scenario, ACTION_STOP, false, 2);
        w.appends_fail = true;
        world_run(&w, 3 * 60 * 1000);
        assert_true(w.paused); /* the terminal waits */
        w.renew_word = "LOST";
        world_run(&w, 20 * 1000);
        w.appends_fail = false;
        world_run(&w, 60 * 1000);
        assert_int_equal(world_count(&w, "ec2sched.events.v1"), failed ? 0 : 1);
        assert_false(w.paused);
        world_close(&w);
    }
}

static void a_pause_hands_the_job_back_after_the_lag(void **state)
{
    struct world w;

    (void)state;
    case_begin(&w, case_four, ACTION_STOP, false, 2);
    world_until(&w, "called", case_stopping, HOUR);
    w.renew_word = "HOLD";
    world_run(&w, 10 * 1000);
    assert_true(world_lease(&w, "j1")->released);
    assert_true(world_lease(&w, "j1")->due_ms > 5000);
    assert_int_equal(world_count(&w, "ec2sched.events.v1"), 0);
    world_close(&w);
}

static void an_unanswered_call_is_never_released_and_is_told(void **state)
{
    struct world w;
    struct event ev;

    (void)state;
    world_open(&w, case_four);
    w.hang = 1;
    world_start(&w);
    case_deliver(&w, ACTION_STOP, false, 2);
    world_run(&w, 30 * 1000);
    world_drain(&w);
    world_run(&w, 60 * 1000);
    assert_false(world_lease(&w, "j1")->released);
    assert_true(world_ended(&w));
    world_close(&w);

    world_open(&w, case_four);
    w.hang = 1;
    world_start(&w);
    case_deliver(&w, ACTION_STOP, false, 2);
    world_until(&w, "reported", case_reported, HOUR);
    assert_true(world_terminal(&w, "j1", &ev));
    assert_true(ev.terminal.unanswered);
    assert_int_equal(counts_of(&ev.terminal.members).done, 2);
    event_release(&ev);
    world_close(&w);
}

static void a_second_attempt_finds_what_the_first_did(void **state)
{
    struct world w;

    (void)state;
    case_begin(&w, case_four, ACTION_STOP, false, 2);
    world_until(&w, "called", case_stopping, HOUR);
    w.renew_word = "HOLD";
    world_run(&w, 60 * 1000);
    w.renew_word = NULL;
    case_deliver(&w, ACTION_STOP, false, 2);
    world_until(&w, "reported", case_reported, HOUR);
    assert_int_equal(world_calls(&w, "StopInstances"), 1);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_EARLIER_ATTEMPT);
    world_close(&w);
}

static void a_hold_is_read_before_anything_is_called(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    w.hv = 1;
    w.hold = "9999999999999|0|i-0000000b";
    world_start(&w);
    case_deliver(&w, ACTION_STOP, false, 3);
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    case_expect(&w, "j1", case_ids[1], OUTCOME_BYPASSED, CAUSE_HELD);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_that_was_frozen_past_its_deadline_calls_nobody),
        cmocka_unit_test(without_redis_it_fences_itself_before_the_next_call),
        cmocka_unit_test(a_question_is_not_put_past_the_deadline_and_says_nothing_of_the_member),
        cmocka_unit_test(a_lost_lease_reports_no_failure),
        cmocka_unit_test(a_renewed_lease_ends_with_its_last_renewal),
        cmocka_unit_test(the_smaller_of_the_fleets_lease_time_and_ours_counts),
        cmocka_unit_test(a_hold_that_a_renewal_announces_is_read_before_the_next_call),
        cmocka_unit_test(a_job_whose_report_waits_looks_for_no_holds),
        cmocka_unit_test(a_terminal_outlives_its_lease_only_if_nothing_failed),
        cmocka_unit_test(a_pause_hands_the_job_back_after_the_lag),
        cmocka_unit_test(an_unanswered_call_is_never_released_and_is_told),
        cmocka_unit_test(a_second_attempt_finds_what_the_first_did),
        cmocka_unit_test(a_hold_is_read_before_anything_is_called),
    };

    return cmocka_run_group_tests_name("worker lease", tests, NULL, NULL);
}
