/* A producer's metrics of what its schedules want: which workload should be down and is not. */
#include "support/fake_leader.h"

#include "support/cmocka_first.h"

#include <stdio.h>
#include <string.h>

/* It is 22:13:57 UTC; the next minute begins in 3 s. */
#define NOW_MS INT64_C(1700000037000)

static const char view_open[] = "(4;server-a;0;0;1;15000;30000)";
static const char each_minute[] = "[{\"SpecName\":\"shop\",\"ScheduleName\":\"s\",\"Action\":\"stop\","
                                  "\"Cron\":\"* * * * *\",\"TimeZone\":\"UTC\"}]";
static const char at_night[] = "[{\"SpecName\":\"shop\",\"ScheduleName\":\"s\",\"Action\":\"stop\","
                               "\"Cron\":\"0 20 * * *\",\"TimeZone\":\"UTC\"}]";

#define WANTED "ec2sched_producer_workload_wanted_timestamp_seconds{workload=\"shop\",action=\"stop\"} "
#define UNMET  "ec2sched_producer_workload_unmet{workload=\"shop\",action=\"stop\"} "

static struct fake_leader f;

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

/* How often the view was asked for a workload meanwhile. */
static size_t run(int64_t ms)
{
    enum { PIECE_MS = 4000 /* what is asked is kept in a list with a bound */ };
    size_t peeks = 0;

    for (; ms > 0; ms -= PIECE_MS) {
        f.asked_count = 0;
        fl_run(&f, ms < PIECE_MS ? ms : PIECE_MS);
        peeks += fl_asked(&f, "peek");
    }
    return peeks;
}

static bool says(const char *text)
{
    BUF_CLEANUP struct buf page = BUF_INIT(256 * 1024);

    (void)fl_page(&f, "/metrics", &page);
    return strstr(buf_cstr(&page), text) != NULL;
}

/* What the view says of the tick's run at 22:14. */
static void view_says(const char *result)
{
    static char answer[256];

    (void)snprintf(answer, sizeof answer,
                   "((applied;5);();();();();(sched-202311142214-66e038af51be;0:9|stop|0:9|%s||0,0,0,0,0))",
                   result);
    fl_say(&f, "peek", answer);
}

static void a_workload_is_unmet_from_its_tick_on_until_its_run_has_succeeded(void **state)
{
    (void)state;
    view_says("");
    (void)run(2500);
    assert_false(says("workload=\"shop\"")); /* new: nothing is wished before its first tick */
    (void)run(5000);
    assert_true(says(WANTED "1700000040\n"));
    assert_true(says(UNMET "1\n"));
    view_says("succeeded");
    (void)run(5000);
    assert_true(says(UNMET "0\n"));
    assert_int_equal(run(40000), 0); /* it is met: nobody asks any more */
    assert_true(run(20000) > 0);
    assert_true(says(WANTED "1700000100\n")); /* the next tick: another run */
    assert_true(says(UNMET "1\n"));
}

static void a_new_leader_knows_it_of_a_tick_that_its_predecessor_fired(void **state)
{
    (void)state;
    f.rows = at_night;
    fl_say(&f, "MARKS", "(|;1;shop|s|stop|UTC|0 20 * * *;1699992000000)"); /* 20:00, two hours ago */
    fl_say(&f, "peek",
           "((applied;5);();();();();(sched-202311142000-66e038af51be;0:3|stop|0:3|halted||1,0,0,1,0))");
    (void)run(4000);
    assert_true(says(WANTED "1699992000\n"));
    assert_true(says(UNMET "1\n"));
}

static void a_schedule_that_began_at_no_tick_wishes_nothing(void **state)
{
    (void)state;
    f.rows = at_night;
    fl_say(&f, "MARKS", "(|;1;shop|s|stop|UTC|0 20 * * *;1699992000001)");
    assert_int_equal(run(4000), 0);
    assert_false(says("workload=\"shop\""));
}

static void nothing_is_told_before_the_view_has_answered(void **state)
{
    (void)state;
    fl_say(&f, "peek", "!LOADING");
    assert_true(run(5000) > 0);
    assert_false(says("workload=\"shop\""));
}

static void a_row_that_is_gone_wishes_nothing(void **state)
{
    (void)state;
    view_says("");
    (void)run(8000);
    assert_true(says(UNMET "1\n"));
    f.rows = "[]";
    (void)run(70000);
    assert_false(says("workload=\"shop\""));
}

static void whoever_has_lost_the_lock_tells_of_no_workload_and_of_no_view(void **state)
{
    (void)state;
    view_says("");
    (void)run(8000);
    assert_true(says(UNMET "1\n"));
    assert_true(says("\nec2sched_producer_view_age_seconds "));
    fl_say(&f, "lead", "#0");
    (void)run(10000);
    assert_false(says("workload=\"shop\""));
    assert_false(says("\nec2sched_producer_view_age_seconds "));
}

static void a_view_that_is_confirmed_no_more_grows_old(void **state)
{
    (void)state;
    (void)run(3000);
    assert_true(says("ec2sched_producer_view_age_seconds 0") || says("ec2sched_producer_view_age_seconds 1"));
    fl_say(&f, "beat", "(BEHIND;#5)");
    (void)run(60000);
    assert_true(says("ec2sched_producer_view_age_seconds 59") ||
                says("ec2sched_producer_view_age_seconds 60"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_workload_is_unmet_from_its_tick_on_until_its_run_has_succeeded,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_new_leader_knows_it_of_a_tick_that_its_predecessor_fired, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_schedule_that_began_at_no_tick_wishes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_told_before_the_view_has_answered, begin, end),
        cmocka_unit_test_setup_teardown(a_row_that_is_gone_wishes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(whoever_has_lost_the_lock_tells_of_no_workload_and_of_no_view, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_view_that_is_confirmed_no_more_grows_old, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
