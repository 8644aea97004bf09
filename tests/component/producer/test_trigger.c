/* One producer and its schedules over ports in memory: which ticks it appends, late, once, or never. */
#include "producer/context.h"
#include "support/fake_leader.h"

#include "support/cmocka_first.h"

#include <stdio.h>
#include <string.h>

/* It is 22:13:57 UTC; the next minute begins in 3 s. */
#define NOW_MS INT64_C(1700000037000)
#define MINUTE INT64_C(60000)

static const char view_open[] = "(4;server-a;0;0;1;15000;30000)";
static const char each_minute[] = "[{\"SpecName\":\"shop\",\"ScheduleName\":\"s\",\"Action\":\"stop\","
                                  "\"Cron\":\"* * * * *\",\"TimeZone\":\"UTC\"}]";

static struct fake_leader f;
static char rows[4096], answer[1024];

static int begin(void **state)
{
    (void)state;
    fake_leader_init(&f);
    f.now.wall_ms = NOW_MS;
    f.extra = 5;
    f.rows = each_minute;
    fl_say(&f, "HMGET", view_open);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_leader_release(&f);
    return 0;
}

/* One schedule of the workload shop. */
static const char *row(const char *action, const char *cron, const char *more)
{
    (void)snprintf(rows, sizeof rows,
                   "[{\"SpecName\":\"shop\",\"ScheduleName\":\"s\",\"Action\":\"%s\",\"Cron\":\"%s\","
                   "\"TimeZone\":\"UTC\"%s}]",
                   action, cron, more);
    return rows;
}

/* The view has considered the schedule of `row` up to so long ago. */
static void marked(const char *action, const char *cron, int64_t ago_ms)
{
    (void)snprintf(answer, sizeof answer, "(|;1;shop|s|%s|UTC|%s;%lld)", action, cron,
                   (long long)(NOW_MS - ago_ms));
    fl_say(&f, "MARKS", answer);
}

static void run(int64_t ms)
{
    f.asked_count = 0;
    fl_run(&f, ms);
}

static size_t fired(const char **last)
{
    return fl_appended(&f, "RunRequested", last);
}

static size_t missed(const char **last)
{
    return fl_appended(&f, "ScheduleMissed", last);
}

static void a_tick_fires_once_with_its_nominal_time(void **state)
{
    const char *last = "";

    (void)state;
    run(2500);
    assert_int_equal(fired(NULL), 0);
    run(1500);
    assert_int_equal(fired(&last), 1);
    assert_non_null(strstr(last, "\"run\":\"sched-202311142214-"));
    assert_non_null(strstr(last, "\"kind\":\"schedule\""));
    assert_non_null(strstr(last, "\"schedule\":\"s|stop|UTC\""));
    assert_non_null(strstr(last, "\"tick\":202311142214"));
    assert_non_null(strstr(last, "\"if_busy\":\"queue\""));
    assert_non_null(strstr(last, "\"not_after_ms\":1700000940000")); /* 22:29:00 */
    assert_non_null(strstr(fl_words(&f, "HSET"), "shop|s|stop|UTC|* * * * *~1700000040000"));
    run(40000);
    assert_int_equal(fired(NULL), 1);
    run(19500);
    assert_int_equal(fired(NULL), 2);
    assert_int_equal(missed(NULL), 0);
}

static void its_row_is_read_once_more_before_it_fires(void **state)
{
    (void)state;
    run(2000);
    size_t before = f.rows_read;
    run(2000);
    assert_int_equal(fired(NULL), 1);
    assert_true(f.rows_read > before);
}

static void a_schedule_that_was_paused_a_moment_ago_does_not_fire(void **state)
{
    (void)state;
    run(2000);
    f.rows = row("stop", "* * * * *", ",\"Enabled\":false");
    run(2000);
    assert_int_equal(fired(NULL), 0);
    /* it begins anew when resumed */
    assert_non_null(strstr(fl_words(&f, "HDEL"), "shop|s|stop|UTC|* * * * *"));
    f.rows = each_minute;
    run(40000);
    assert_int_equal(fired(NULL), 0);
    assert_int_equal(missed(NULL), 0);
}

static void a_row_that_is_gone_does_not_fire(void **state)
{
    (void)state;
    run(2000);
    f.rows = "[]";
    run(2000);
    assert_int_equal(fired(NULL), 0);
}

static void what_the_row_says_at_its_tick_is_what_fires(void **state)
{
    const char *last = "";

    (void)state;
    run(2000);
    /* another action, another text, the same time */
    f.rows = row("start", "*/1 * * * *", ",\"Profile\":\"p\"");
    run(2000);
    assert_int_equal(fired(&last), 1);
    assert_non_null(strstr(last, "\"action\":\"start\""));
    assert_non_null(strstr(last, "\"profile\":\"p\""));
    assert_non_null(strstr(last, "\"tick\":202311142214"));
}

static void a_row_that_means_another_time_now_waits_for_it(void **state)
{
    (void)state;
    run(2000);
    f.rows = row("stop", "0 5 * * *", "");
    run(4000);
    assert_int_equal(fired(NULL), 0);
}

static void a_new_leader_fires_late_what_nobody_fired(void **state)
{
    const char *last = "";

    (void)state;
    f.rows = row("stop", "5 22 * * *", "");
    marked("stop", "5 22 * * *", 60 * MINUTE);
    run(2000);
    assert_int_equal(fired(&last), 1);
    assert_non_null(strstr(last, "\"tick\":202311142205"));
    assert_int_equal(missed(NULL), 0);
}

static void beyond_its_window_a_tick_is_reported_and_does_not_fire(void **state)
{
    const char *last = "";

    (void)state;
    f.rows = row("stop", "55 21 * * *", "");
    marked("stop", "55 21 * * *", 60 * MINUTE);
    run(2000);
    assert_int_equal(fired(NULL), 0);
    assert_int_equal(missed(&last), 1);
    assert_non_null(strstr(last, "\"schedule\":\"s|stop|UTC\",\"tick\":202311142155,\"why\":\"too-late\""));
    assert_non_null(strstr(fl_words(&f, "HSET"), "~1699998900000")); /* and is not reported again */
}

static void of_several_missed_ticks_the_latest_fires(void **state)
{
    const char *last = "";

    (void)state;
    marked("stop", "* * * * *", 3 * MINUTE);
    run(2000);
    assert_int_equal(fired(&last), 1);
    assert_non_null(strstr(last, "\"tick\":202311142213"));
    assert_int_equal(missed(&last), 2);
    assert_non_null(strstr(last, "\"why\":\"newer-tick\""));
}

static void all_fire_in_their_order_where_that_is_the_policy(void **state)
{
    const char *last = "";

    (void)state;
    f.options.schedule.policy = 1; /* all */
    marked("stop", "* * * * *", 3 * MINUTE);
    run(2000);
    assert_int_equal(fired(&last), 3);
    assert_non_null(strstr(last, "\"tick\":202311142213"));
    assert_int_equal(missed(NULL), 0);
}

static void only_what_is_a_minute_late_fires_where_the_policy_is_none(void **state)
{
    const char *last = "";

    (void)state;
    f.options.schedule.policy = 2; /* none */
    marked("stop", "* * * * *", 3 * MINUTE);
    run(2000);
    assert_int_equal(fired(NULL), 1); /* 22:13, 57 s ago */
    assert_int_equal(missed(&last), 2);
    assert_non_null(strstr(last, "\"why\":\"policy\""));
}

static void a_night_of_missed_ticks_is_told_in_a_few_records(void **state)
{
    const char *last = "";

    (void)state;
    marked("stop", "* * * * *", 600 * MINUTE);
    run(2000);
    assert_int_equal(fired(NULL), 1);
    assert_int_equal(missed(&last), 15); /* 16 are looked at singly, one of them fires */
    assert_null(strstr(last, "earlier"));
    for (size_t i = 0; i < f.count; i++)
        if (strstr(f.records[i].value, "\"tick\":202311142158"))
            assert_non_null(strstr(f.records[i].value, "\"earlier\":584"));
}

static void two_schedules_of_a_workload_are_looked_at_together(void **state)
{
    const char *last = "";

    (void)state;
    f.rows = "[{\"SpecName\":\"shop\",\"ScheduleName\":\"a\",\"Action\":\"stop\",\"Cron\":\"5 22 * * "
             "*\",\"TimeZone\":\"UTC\"},"
             "{\"SpecName\":\"shop\",\"ScheduleName\":\"b\",\"Action\":\"start\",\"Cron\":\"9 22 * * "
             "*\",\"TimeZone\":\"UTC\"}]";
    fl_say(&f, "MARKS",
           "(|;1;shop|a|stop|UTC|5 22 * * *;1699990000000;shop|b|start|UTC|9 22 * * *;1699990000000)");
    fl_say(&f, "TICKS", "(nil;nil)");
    run(2000);
    assert_int_equal(fired(&last), 1); /* the latest intention */
    assert_non_null(strstr(last, "\"action\":\"start\""));
    assert_int_equal(missed(&last), 1);
    assert_non_null(strstr(last, "\"schedule\":\"a|stop|UTC\""));
}

static void without_marks_the_last_tick_that_was_folded_says_where_to_go_on(void **state)
{
    const char *last = "";

    (void)state;
    fl_say(&f, "TICKS", "(202311142212)");
    run(2000);
    assert_int_equal(fired(&last), 1);
    assert_non_null(strstr(last, "\"tick\":202311142213"));
    assert_int_equal(missed(NULL), 0);
}

static void a_tick_that_was_folded_after_the_mark_does_not_fire_again(void **state)
{
    (void)state;
    marked("stop", "* * * * *", 3 * MINUTE);
    fl_say(&f, "TICKS", "(202311142213)");
    run(2000);
    assert_int_equal(fired(NULL), 0);
    assert_int_equal(missed(NULL), 0);
}

static void a_schedule_that_the_leader_before_did_not_know_begins_now(void **state)
{
    (void)state;
    fl_say(&f, "MARKS", "(|;1;gone|s|stop|UTC|* * * * *;1699990000000)");
    fl_say(&f, "TICKS", "(202311142200)"); /* of another expression, once */
    run(2000);
    assert_int_equal(fired(NULL), 0);
    assert_int_equal(missed(NULL), 0);
    assert_non_null(strstr(fl_words(&f, "HDEL"), "gone|s|stop|UTC|* * * * *"));
}

static void rows_that_cannot_be_read_at_a_tick_make_it_late_not_lost(void **state)
{
    const char *last = "";

    (void)state;
    run(2000);
    f.rows = NULL;
    run(4000);
    assert_int_equal(fired(NULL), 0);
    f.rows = each_minute;
    run(5000);
    assert_int_equal(fired(&last), 1);
    assert_non_null(strstr(last, "\"tick\":202311142214"));
}

static void a_row_that_cannot_be_stands_still_and_the_others_go_on(void **state)
{
    BUF_CLEANUP struct buf page = BUF_INIT(64 * 1024);

    (void)state;
    f.rows = "[{\"SpecName\":\"shop\",\"ScheduleName\":\"bad\",\"Action\":\"stop\",\"Cron\":\"61 * * * "
             "*\",\"TimeZone\":\"UTC\"},"
             "{\"SpecName\":\"shop\",\"ScheduleName\":\"s\",\"Action\":\"stop\",\"Cron\":\"* * * * "
             "*\",\"TimeZone\":\"UTC\"},"
             "{\"SpecName\":\"shop\",\"ScheduleName\":\"no zone\",\"Action\":\"stop\",\"Cron\":\"* * * * "
             "*\",\"TimeZone\":\"Mars\"}]";
    run(4000);
    assert_int_equal(fired(NULL), 1);
    (void)fl_page(&f, "/metrics", &page);
    assert_non_null(strstr(buf_cstr(&page), "ec2sched_producer_schedules_invalid 2\n"));
    assert_non_null(strstr(buf_cstr(&page), "ec2sched_producer_schedules 1\n"));
}

static void a_name_that_stands_twice_fires_under_neither_row(void **state)
{
    (void)state;
    f.rows = "[{\"SpecName\":\"shop\",\"ScheduleName\":\"s\",\"Action\":\"stop\",\"Cron\":\"* * * * "
             "*\",\"TimeZone\":\"UTC\"},"
             "{\"SpecName\":\"shop\",\"ScheduleName\":\"s\",\"Action\":\"start\",\"Cron\":\"* * * * "
             "*\",\"TimeZone\":\"UTC\"}]";
    run(4000);
    assert_int_equal(fired(NULL), 0);
}

static void a_standby_reads_no_rows_and_fires_nothing(void **state)
{
    (void)state;
    fl_say(&f, "lead", "#0");
    run(5000);
    assert_int_equal(f.rows_read, 0);
    assert_int_equal(fired(NULL), 0);
}

static void whoever_has_lost_the_lock_fires_nothing(void **state)
{
    (void)state;
    run(1000);
    fl_say(&f, "lead", "#0");
    run(4000);
    assert_int_equal(fired(NULL), 0);
}

/* Schedules of so many workloads, each minute; nobody has seen them before. */
static void crowd(size_t n)
{
    static char text[16 * 1024];
    size_t at = 0;

    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "%s{\"SpecName\":\"w%zu\",\"ScheduleName\":\"s\",\"Action\":\"stop\","
                               "\"Cron\":\"* * * * *\",\"TimeZone\":\"UTC\"}",
                               i ? "," : "[", i);
    (void)snprintf(text + at, sizeof text - at, "]");
    f.rows = text;
}

static void many_ticks_are_records_before_the_first_of_them_is_folded_but_not_for_long(void **state)
{
    (void)state;
    crowd(CONTEXT_TICKS_MANY);
    run(2900);
    f.slow_acks = true;
    run(150); /* the minute was 50 ms ago */
    assert_int_equal(fired(NULL), CONTEXT_TICKS_MANY);
    assert_int_equal(fl_asked(&f, "fold"), 0);
    run(CONTEXT_FOLDS_WAIT_MS); /* brokers that do not answer keep nobody's record from being folded */
    assert_int_equal(fl_asked(&f, "fold"), CONTEXT_TICKS_MANY);
}

static void a_few_ticks_keep_no_record_from_being_folded(void **state)
{
    (void)state;
    crowd(CONTEXT_TICKS_MANY - 1);
    run(2900);
    f.slow_acks = true;
    run(150);
    assert_int_equal(fired(NULL), CONTEXT_TICKS_MANY - 1);
    assert_int_equal(fl_asked(&f, "fold"), CONTEXT_TICKS_MANY - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
        CASE(a_tick_fires_once_with_its_nominal_time),
        CASE(its_row_is_read_once_more_before_it_fires),
        CASE(a_schedule_that_was_paused_a_moment_ago_does_not_fire),
        CASE(a_row_that_is_gone_does_not_fire),
        CASE(what_the_row_says_at_its_tick_is_what_fires),
        CASE(a_row_that_means_another_time_now_waits_for_it),
        CASE(a_new_leader_fires_late_what_nobody_fired),
        CASE(beyond_its_window_a_tick_is_reported_and_does_not_fire),
        CASE(of_several_missed_ticks_the_latest_fires),
        CASE(all_fire_in_their_order_where_that_is_the_policy),
        CASE(only_what_is_a_minute_late_fires_where_the_policy_is_none),
        CASE(a_night_of_missed_ticks_is_told_in_a_few_records),
        CASE(two_schedules_of_a_workload_are_looked_at_together),
        CASE(without_marks_the_last_tick_that_was_folded_says_where_to_go_on),
        CASE(a_tick_that_was_folded_after_the_mark_does_not_fire_again),
        CASE(a_schedule_that_the_leader_before_did_not_know_begins_now),
        CASE(rows_that_cannot_be_read_at_a_tick_make_it_late_not_lost),
        CASE(a_row_that_cannot_be_stands_still_and_the_others_go_on),
        CASE(a_name_that_stands_twice_fires_under_neither_row),
        CASE(a_standby_reads_no_rows_and_fires_nothing),
        CASE(whoever_has_lost_the_lock_fires_nothing),
        CASE(many_ticks_are_records_before_the_first_of_them_is_folded_but_not_for_long),
        CASE(a_few_ticks_keep_no_record_from_being_folded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
