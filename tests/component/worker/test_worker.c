/* The whole worker against the AWS simulator, in virtual time: what users rely on. */
#include "support/worker_case.h"

#include "base/mem.h"
#include "view/room.h"
#include "worker/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HOUR (3600 * 1000)

static void a_job_is_claimed_stored_stopped_and_reported(void **state)
{
    struct world w;
    struct event ev;

    (void)state;
    case_begin(&w, case_four, ACTION_STOP, false, 4);
    world_until(&w, "reported", case_reported, HOUR);
    assert_int_equal(world_calls(&w, "StopInstances"), 1);
    assert_int_equal(world_calls(&w, "SendCommand"), 0);
    assert_int_equal(w.stored, 1);
    assert_true(w.renews > 0);
    assert_true(world_terminal(&w, "j1", &ev));
    assert_string_equal(ev.terminal.token, world_lease(&w, "j1")->token);
    assert_int_equal(ev.terminal.attempt, 1);
    assert_false(ev.terminal.unanswered);
    assert_int_equal(counts_of(&ev.terminal.members).done, 4);
    event_release(&ev);
    assert_true(world_count(&w, "ec2sched.progress.v1") > 0);
    assert_string_equal(w.note, "");
    world_close(&w);
}

static void an_instance_is_stopped_only_after_its_guest_proved_the_absence(void **state)
{
    struct world w;

    (void)state;
    case_begin(&w, case_four, ACTION_STOP, true, 4);
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    case_expect(&w, "j1", case_ids[1], OUTCOME_BYPASSED, CAUSE_OVERRIDE_PRESENT);
    case_expect(&w, "j1", case_ids[2], OUTCOME_BYPASSED, CAUSE_OVERRIDE_UNKNOWN);
    /* another command's nonce */
    case_expect(&w, "j1", case_ids[3], OUTCOME_BYPASSED, CAUSE_OVERRIDE_UNKNOWN);
    assert_int_equal(world_calls(&w, "SendCommand"), 1);
    world_close(&w);
}

static void a_retired_bucket_costs_one_more_command_and_no_answer(void **state)
{
    struct world w;
    struct job j = world_job(ACTION_STOP, "j1", 1, case_ids);

    (void)state;
    world_open(&w, "{\"region\":\"us-west-2\",\"faults\":[{\"match\":{\"operation\":\"SendCommand\",\"nth\":"
                   "1},\"effect\":{\"error\":"
                   "{\"code\":\"InvalidOutputFolder\",\"message\":\"no such bucket\"}}}],\"instances\":["
                   "{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS ",\"agent\":{}}]}");
    world_start(&w);
    j.options.override_file = xstrdup("/tmp/Stop Override");
    j.options.override_os = GUEST_LINUX;
    j.options.output_bucket = xstrdup("retired");
    (void)world_deliver(&w, &j);
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    assert_int_equal(world_calls(&w, "SendCommand"), 2);
    world_close(&w);
}

static void replies_that_lag_fail_no_start_and_no_stop(void **state)
{
    struct world w;

    (void)state;
    for (int action = ACTION_START; action <= ACTION_STOP; action++) {
        const char *from = action == ACTION_START ? "stopped" : "running";
        char text[1000];
        (void)snprintf(text, sizeof text,
                       "{\"region\":\"us-west-2\",\"instances\":["
                       "{\"id\":\"i-0000000a\",\"state\":\"%s\",\"describe_lag_ms\":6000," TAGS "},"
                       "{\"id\":\"i-0000000b\",\"state\":\"%s\",\"describe_lag_ms\":14000," TAGS "}]}",
                       from, from);
        case_begin(&w, text, (enum action)action, false, 2);
        world_until(&w, "reported", case_reported, HOUR);
        for (size_t i = 0; i < 2; i++)
            case_expect(&w, "j1", case_ids[i], OUTCOME_DONE, CAUSE_NONE);
        assert_int_equal(world_calls(&w, action == ACTION_START ? "StartInstances" : "StopInstances"), 1);
        world_close(&w);
    }
}

static void a_start_is_reported_when_running_was_seen(void **state)
{
    struct world w;

    (void)state;
    case_begin(
        &w,
        "{\"region\":\"us-west-2\",\"instances\":[{\"id\":\"i-0000000a\",\"state\":\"stopped\"," TAGS "},"
        "{\"id\":\"i-0000000b\",\"state\":\"stopped\"," TAGS
        ",\"start_fails\":{\"to\":\"stopped\",\"code\":\"Server.InternalError\",\"message\":\"oh\"}}]}",
        ACTION_START, false, 2);
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    case_expect(&w, "j1", case_ids[1], OUTCOME_FAILED, CAUSE_FELL_BACK);
    world_close(&w);
}

static void a_member_that_no_longer_carries_the_tags_is_not_touched(void **state)
{
    struct world w;

    (void)state;
    case_begin(
        &w,
        "{\"region\":\"us-west-2\",\"instances\":[{\"id\":\"i-0000000a\",\"state\":\"running\",\"tags\":{"
        "\"Environment\":"
        "\"ENV0011\",\"Role\":\"App\"}},{\"id\":\"i-0000000b\",\"state\":\"running\",\"tags\":{"
        "\"Environment\":\"ENV001\","
        "\"Role\":\"app\"}}]}",
        ACTION_STOP, false, 3);
    world_until(&w, "reported", case_reported, HOUR);
    assert_int_equal(world_calls(&w, "StopInstances"), 0);
    case_expect(&w, "j1", case_ids[0], OUTCOME_FAILED, CAUSE_TAGS_CHANGED);
    case_expect(&w, "j1", case_ids[1], OUTCOME_FAILED, CAUSE_TAGS_CHANGED);
    case_expect(&w, "j1", case_ids[2], OUTCOME_FAILED, CAUSE_NOT_FOUND);
    world_close(&w);
}

static void observing_changes_nothing(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    w.options.observe = true;
    world_start(&w);
    case_deliver(&w, ACTION_STOP, true, 2);
    world_until(&w, "reported", case_reported, HOUR);
    assert_int_equal(world_calls(&w, "StopInstances"), 0);
    case_expect(&w, "j1", case_ids[0], OUTCOME_BYPASSED, CAUSE_OBSERVE);
    case_expect(&w, "j1", case_ids[1], OUTCOME_BYPASSED, CAUSE_OVERRIDE_PRESENT);
    world_close(&w);
}

static void a_terminal_is_sent_again_until_it_is_acknowledged_and_nothing_new_is_claimed(void **state)
{
    struct world w;
    BUF_CLEANUP struct buf body = BUF_INIT(64 * 1024);
    int status;

    (void)state;
    case_begin(&w, case_four, ACTION_STOP, false, 2);
    w.appends_fail = true;
    world_run(&w, 5 * 60 * 1000);
    assert_true(w.paused);
    world_admin(&w, "/readyz", &status, &body);
    assert_int_equal(status, 503);
    w.appends_fail = false;
    world_until(&w, "reported", case_reported, 10 * 1000);
    world_run(&w, 1000);
    assert_false(w.paused);
    world_admin(&w, "/readyz", &status, &body);
    assert_int_equal(status, 200);
    world_close(&w);
}

static void a_record_that_does_not_parse_is_buried_and_stored(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    world_start(&w);
    (void)world_deliver_text(&w, "{\"v\":1,\"what\":\"is this\"}");
    case_deliver(&w, ACTION_STOP, false, 1);
    world_until(&w, "reported", case_reported, HOUR);
    assert_int_equal(world_count(&w, "ec2sched.dlq.v1"), 1);
    assert_string_equal(w.appends[0].value, "{\"v\":1,\"what\":\"is this\"}");
    assert_non_null(w.appends[0].why);
    assert_int_equal(w.stored, 2);
    world_close(&w);
}

static bool both_stored(struct world *w)
{
    return w->stored == 2;
}

/* The first letter is refused whole, cut to what is kept of any, and halved until it is taken. */
static void a_dead_letter_too_large_for_its_topic_is_cut_and_its_partition_moves_on(void **state)
{
    enum { BIG = 950 * 1000 };
    struct world w;
    char *text = xcalloc(1, BIG + 1);

    (void)state;
    memset(text, 'x', BIG);
    world_open(&w, case_four);
    w.letter_max = 20 * 1000;
    world_start(&w);
    (void)world_deliver_text(&w, text);
    case_deliver(&w, ACTION_STOP, false, 1);
    world_until(&w, "both stored", both_stored, 1000);
    assert_int_equal(world_count(&w, "ec2sched.dlq.v1"), 1);
    const struct world_append *letter = w.appends;
    while (strcmp(letter->topic, "ec2sched.dlq.v1") != 0)
        letter++;
    assert_int_equal(strlen(letter->value), REPORT_LETTER_CUT_MAX / 4);
    assert_string_equal(letter->size, "950000");
    xfree(text);
    world_close(&w);
}

static void poison_is_buried_and_failed(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    w.claim_word = "POISON";
    world_start(&w);
    case_deliver(&w, ACTION_STOP, false, 2);
    world_until(&w, "reported", case_reported, HOUR);
    assert_string_equal(w.appends[0].topic, "ec2sched.dlq.v1");
    case_expect(&w, "j1", case_ids[0], OUTCOME_FAILED, CAUSE_POISON);
    assert_int_equal(world_calls(&w, "StopInstances"), 0);
    world_close(&w);
}

static void what_a_process_died_of_is_reported_by_the_next(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    (void)snprintf(w.note, sizeof w.note,
                   "{\"v\":1,\"hand\":{\"workload\":\"W\",\"epoch\":\"0:0:7\",\"step\":0,\"job\":\"j9\","
                   "\"token\":\"t\"}}");
    world_start(&w);
    assert_non_null(strstr(w.note, "j9")); /* kept until the view has answered */
    world_run(&w, 1000);
    assert_int_equal(w.deaths, 1);
    assert_string_equal(w.note, "");
    world_close(&w);
}

static void a_record_that_three_starts_found_in_hand_is_buried_unparsed(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    (void)snprintf(w.note, sizeof w.note,
                   "{\"v\":1,\"hand\":{\"partition\":0,\"offset\":0},\"suspects\":[{\"partition\":0,"
                   "\"offset\":0,\"deaths\":2}]}");
    world_start(&w);
    case_deliver(&w, ACTION_STOP, false, 1);
    world_run(&w, 60 * 1000);
    assert_int_equal(world_count(&w, "ec2sched.dlq.v1"), 1);
    assert_int_equal(w.lease_count, 0);
    assert_int_equal(w.stored, 1);
    assert_string_equal(w.note, "");
    world_close(&w);
}

static void a_wait_keeps_a_record_five_seconds_at_most(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    w.claim_word = "WAIT";
    world_start(&w);
    case_deliver(&w, ACTION_STOP, false, 1);
    world_run(&w, 4000);
    assert_int_equal(w.stored, 0);
    world_run(&w, 2500);
    assert_int_equal(w.stored, 1);
    world_close(&w);
}

static void a_drain_hands_back_leaves_the_group_and_ends(void **state)
{
    struct world w;

    (void)state;
    case_begin(&w, case_four, ACTION_STOP, false, 4);
    world_until(&w, "called", case_stopping, HOUR);
    world_drain(&w);
    world_run(&w, 8000);
    assert_true(world_ended(&w));
    assert_true(w.left);
    assert_true(world_lease(&w, "j1")->released);
    world_close(&w);
}

static void a_synchronous_tier_goes_one_by_one(void **state)
{
    struct world w;
    struct job j = world_job(ACTION_STOP, "j1", 3, case_ids);

    (void)state;
    world_open(&w, "{\"region\":\"us-west-2\",\"defaults\":{\"agent\":{}},\"instances\":["
                   "{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS "},"
                   "{\"id\":\"i-0000000b\",\"state\":\"running\"," TAGS ",\"stop_protected\":true},"
                   "{\"id\":\"i-0000000c\",\"state\":\"running\"," TAGS "}]}");
    world_start(&w);
    j.options.sync = true;
    j.options.override_file = xstrdup("/tmp/Stop Override");
    j.options.override_os = GUEST_LINUX;
    (void)world_deliver(&w, &j);
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    case_expect(&w, "j1", case_ids[1], OUTCOME_FAILED, CAUSE_STOP_PROTECTED);
    case_expect(&w, "j1", case_ids[2], OUTCOME_FAILED, CAUSE_NOT_ATTEMPTED);
    assert_int_equal(world_calls(&w, "SendCommand"), 2);
    assert_int_equal(world_calls(&w, "StopInstances"), 2);
    world_close(&w);
}

static bool all_reported(struct world *w)
{
    return world_count(w, "ec2sched.events.v1") == 50;
}

static void ten_thousand_instances_cost_few_polls_and_come_to_exact_counts(void **state)
{
    struct world w;
    struct counts sum = {0};

    (void)state;
    world_open(&w, "{\"region\":\"us-west-2\",\"fleets\":[{\"prefix\":\"i-0a\",\"count\":10000,\"state\":"
                   "\"running\"," TAGS "}]}");
    w.options.aws.pace = PACE_LEARN; /* an account whose limits are raised: nothing waits for tokens */
    world_start(&w);
    int64_t begun_ms = w.now.boot_ms;
    for (int k = 0; k < 50; k++) {
        char id[16];
        (void)snprintf(id, sizeof id, "j%d", k);
        struct job j = world_job(ACTION_STOP, id, 0, NULL);
        for (int i = 0; i < 200; i++) {
            char member[24];
            (void)snprintf(member, sizeof member, "i-0a%015x", k * 200 + i);
            strs_add(&j.members, str_of(member));
        }
        (void)world_deliver(&w, &j);
    }
    world_until(&w, "all reported", all_reported, HOUR);
    for (int k = 0; k < 50; k++) {
        char id[16];
        struct event ev;
        (void)snprintf(id, sizeof id, "j%d", k);
        assert_true(world_terminal(&w, id, &ev));
        struct counts c = counts_of(&ev.terminal.members);
        counts_sum(&sum, &c);
        event_release(&ev);
    }
    assert_int_equal(sum.done, 10000);
    assert_true(world_calls(&w, "DescribeInstances") < 600); /* ten pages a poll */
    print_message("10,000 stopped in %lld s: %d StopInstances, %d pages of DescribeInstances, %d turns\n",
                  (long long)(w.now.boot_ms - begun_ms) / 1000, world_calls(&w, "StopInstances"),
                  world_calls(&w, "DescribeInstances"), w.turns);
    world_close(&w);
}

static void polls_come_five_ten_and_twenty_seconds_behind_the_call(void **state)
{
    struct world w;
    struct job j = world_job(ACTION_STOP, "j1", 1, case_ids);

    (void)state;
    world_open(&w, "{\"region\":\"us-west-2\",\"instances\":[{\"id\":\"i-0000000a\",\"state\":\"running\","
                   "\"stop_ms\":19000," TAGS "}]}");
    world_start(&w);
    (void)world_deliver(&w, &j);
    world_until(&w, "reported", case_reported, HOUR);
    assert_int_equal(world_calls(&w, "DescribeInstances"), 4); /* the first look, and three polls */
    world_close(&w);
}

static void at_its_concurrency_it_reads_nothing_more(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    w.options.worker.concurrency = 2;
    world_start(&w);
    for (int k = 0; k < 4; k++) {
        char id[16];
        (void)snprintf(id, sizeof id, "j%d", k);
        struct job j = world_job(ACTION_STOP, id, 1, &case_ids[k]);
        (void)world_deliver(&w, &j);
    }
    world_run(&w, 3000);
    assert_int_equal(w.lease_count, 2);
    assert_true(w.paused);
    world_run(&w, 5 * 60 * 1000);
    assert_int_equal(world_count(&w, "ec2sched.events.v1"), 4);
    world_close(&w);
}

static void a_start_may_have_to_wait_for_the_status_checks(void **state)
{
    struct world w;
    struct job j = world_job(ACTION_START, "j1", 2, case_ids);

    (void)state;
    world_open(&w, "{\"region\":\"us-west-2\",\"instances\":["
                   "{\"id\":\"i-0000000a\",\"state\":\"stopped\",\"status_ms\":120000," TAGS "},"
                   "{\"id\":\"i-0000000b\",\"state\":\"stopped\",\"status_ms\":3600000," TAGS "}]}");
    world_start(&w);
    j.options.ready = READY_STATUS_OK;
    (void)world_deliver(&w, &j);
    int64_t begun_ms = w.now.boot_ms;
    world_until(&w, "reported", case_reported, HOUR);
    assert_in_range(w.now.boot_ms - begun_ms, 600 * 1000, 640 * 1000);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    case_expect(&w, "j1", case_ids[1], OUTCOME_FAILED, CAUSE_NOT_READY);
    world_close(&w);
}

static void windows_guests_are_asked_in_their_own_words(void **state)
{
    struct world w;
    struct job j = world_job(ACTION_STOP, "j1", 3, case_ids);

    (void)state;
    world_open(&w, "{\"region\":\"us-west-2\",\"defaults\":{\"platform\":\"windows\"},\"instances\":["
                   "{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS ",\"agent\":{\"os\":\"Windows\"}},"
                   "{\"id\":\"i-0000000b\",\"state\":\"running\"," TAGS
                   ",\"agent\":{\"os\":\"Windows\",\"files\":[\"C:\\\\ops\\\\stay.txt\"]}},"
                   "{\"id\":\"i-0000000c\",\"state\":\"running\"," TAGS ",\"agent\":{\"os\":\"Linux\"}}]}");
    world_start(&w);
    j.options.override_file = xstrdup("C:\\ops\\stay.txt");
    j.options.override_os = GUEST_WINDOWS;
    (void)world_deliver(&w, &j);
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    case_expect(&w, "j1", case_ids[1], OUTCOME_BYPASSED, CAUSE_OVERRIDE_PRESENT);
    case_expect(&w, "j1", case_ids[2], OUTCOME_BYPASSED, CAUSE_OVERRIDE_UNKNOWN);
    world_close(&w);
}

static void an_id_that_systems_manager_refuses_leaves_the_question_and_the_rest_is_asked(void **state)
{
    struct world w;

    (void)state;
    case_begin(&w,
               "{\"region\":\"us-west-2\",\"defaults\":{\"agent\":{}},\"faults\":[{\"match\":{\"operation\":"
               "\"SendCommand\","
               "\"ids\":[\"i-0000000b\"]},\"effect\":{\"error\":{\"code\":\"InvalidInstanceId\",\"message\":"
               "\"Instances "
               "[[i-0000000b]] not in a valid state for account\"}}}],\"instances\":["
               "{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS "},"
               "{\"id\":\"i-0000000b\",\"state\":\"running\"," TAGS "},"
               "{\"id\":\"i-0000000c\",\"state\":\"running\"," TAGS "}]}",
               ACTION_STOP, true, 3);
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    case_expect(&w, "j1", case_ids[1], OUTCOME_BYPASSED, CAUSE_OVERRIDE_UNKNOWN);
    case_expect(&w, "j1", case_ids[2], OUTCOME_DONE, CAUSE_NONE);
    assert_int_equal(world_calls(&w, "SendCommand"), 2);
    world_close(&w);
}

static void denied_to_look_is_said_at_once(void **state)
{
    struct world w;

    (void)state;
    case_begin(
        &w,
        "{\"region\":\"us-west-2\",\"faults\":[{\"match\":{\"operation\":\"DescribeInstances\"},\"effect\":{"
        "\"error\":"
        "{\"code\":\"UnauthorizedOperation\",\"status\":403,\"message\":\"not you\"}}}],\"instances\":["
        "{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS "}]}",
        ACTION_STOP, false, 1);
    world_until(&w, "reported", case_reported, 60 * 1000);
    case_expect(&w, "j1", case_ids[0], OUTCOME_FAILED, CAUSE_DENIED);
    world_close(&w);
}

static void an_idle_worker_keeps_asking_redis_so_that_it_knows_whether_it_could_claim(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    world_start(&w);
    const int64_t ms = 5 * 60 * 1000;
    const int64_t writes = ms / ROOM_EVERY_MS;
    world_run(&w, ms);
    assert_in_range(w.commands, writes + 3, writes + 10);
    world_close(&w);
}

static void a_topic_that_is_missing_is_waited_for(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    w.topics_missing = true;
    world_start(&w);
    case_deliver(&w, ACTION_STOP, false, 1);
    world_run(&w, 10 * 1000);
    assert_int_equal(w.read, 0);
    w.topics_missing = false;
    world_until(&w, "reported", case_reported, HOUR);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_claimed_stored_stopped_and_reported),
        cmocka_unit_test(an_instance_is_stopped_only_after_its_guest_proved_the_absence),
        cmocka_unit_test(a_retired_bucket_costs_one_more_command_and_no_answer),
        cmocka_unit_test(replies_that_lag_fail_no_start_and_no_stop),
        cmocka_unit_test(a_start_is_reported_when_running_was_seen),
        cmocka_unit_test(a_member_that_no_longer_carries_the_tags_is_not_touched),
        cmocka_unit_test(observing_changes_nothing),
        cmocka_unit_test(a_terminal_is_sent_again_until_it_is_acknowledged_and_nothing_new_is_claimed),
        cmocka_unit_test(a_record_that_does_not_parse_is_buried_and_stored),
        cmocka_unit_test(a_dead_letter_too_large_for_its_topic_is_cut_and_its_partition_moves_on),
        cmocka_unit_test(poison_is_buried_and_failed),
        cmocka_unit_test(what_a_process_died_of_is_reported_by_the_next),
        cmocka_unit_test(a_record_that_three_starts_found_in_hand_is_buried_unparsed),
        cmocka_unit_test(a_wait_keeps_a_record_five_seconds_at_most),
        cmocka_unit_test(a_drain_hands_back_leaves_the_group_and_ends),
        cmocka_unit_test(a_synchronous_tier_goes_one_by_one),
        cmocka_unit_test(ten_thousand_instances_cost_few_polls_and_come_to_exact_counts),
        cmocka_unit_test(polls_come_five_ten_and_twenty_seconds_behind_the_call),
        cmocka_unit_test(at_its_concurrency_it_reads_nothing_more),
        cmocka_unit_test(a_start_may_have_to_wait_for_the_status_checks),
        cmocka_unit_test(windows_guests_are_asked_in_their_own_words),
        cmocka_unit_test(an_id_that_systems_manager_refuses_leaves_the_question_and_the_rest_is_asked),
        cmocka_unit_test(denied_to_look_is_said_at_once),
        cmocka_unit_test(an_idle_worker_keeps_asking_redis_so_that_it_knows_whether_it_could_claim),
        cmocka_unit_test(a_topic_that_is_missing_is_waited_for),
    };

    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
