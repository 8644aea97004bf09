/* The topics under a producer that runs already: what is led, and what is said, when they are not what they
 * were. */
#include "producer/precheck.h"
#include "support/fake_leader.h"

#include "support/cmocka_first.h"

/* HMGET P:v: applied inc since log fv ttl taws */
static const char view_open[] = "(4;server-a;0;0;1;15000;30000)";

static struct fake_leader f;

static int begin(void **state)
{
    (void)state;
    fake_leader_init(&f);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_leader_release(&f);
    return 0;
}

static bool says(const char *path, const char *words)
{
    BUF_CLEANUP struct buf text = BUF_INIT(64 * 1024);
    size_t at = 0;

    (void)fl_page(&f, path, &text);
    return str_find(buf_view(&text), str_of(words), &at);
}

static bool leads(void)
{
    return says("/metrics", "ec2sched_producer_partitions{state=\"lead\"} 1");
}

/* A view that stands at offset 4 of a log with five records. */
static void lead(void)
{
    f.extra = 5;
    fl_say(&f, "HMGET", view_open);
    fl_run(&f, 2000);
    if (!leads())
        fail_msg("it does not lead");
}

static void a_log_whose_partitions_were_added_to_is_led_no_more(void **state)
{
    (void)state;
    lead();
    f.log_partitions = FL_PARTITIONS + 1;
    fl_run(&f, PRECHECK_WATCH_MS);
    assert_false(leads());
    assert_true(says("/readyz", "t.events.v1 has 2 partitions, kafka.log.partitions is 1"));
    size_t asked = fl_asked(&f, "lead");
    size_t due = fl_asked(&f, "take");
    fl_run(&f, PRECHECK_WATCH_MS / 2);
    assert_int_equal(fl_asked(&f, "lead"), asked); /* nor does it try to */
    assert_int_equal(fl_asked(&f, "take"), due);
    f.log_partitions = 0; /* the topic was put back */
    fl_run(&f, PRECHECK_WATCH_MS);
    assert_true(leads());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_log_whose_partitions_were_added_to_is_led_no_more, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
