#include "model/ids.h"

#include "support/weigh.h"

#include <string.h>

static void names_that_would_be_mis_split_are_refused(void **state)
{
    char longest[202];

    (void)state;
    memset(longest, 'x', sizeof longest);
    assert_true(ids_workload_ok(str_n(longest, 200)));
    assert_false(ids_workload_ok(str_n(longest, 201)));
    assert_false(ids_workload_ok(STR("")));
    assert_false(ids_workload_ok(STR("a|b")));
    assert_false(ids_workload_ok(STR("a\nb")));
    assert_false(ids_workload_ok(STR("a\x7f")));
    assert_false(ids_workload_ok(STR("\xff")));
    assert_false(ids_workload_ok(STR("\xc0\x80")));
    assert_false(ids_workload_ok(STR("\xed\xa0\x80")));
    assert_true(ids_workload_ok(STR("Büro @ 7:00")));
}

static void run_ids_are_what_keys_and_shells_can_carry(void **state)
{
    (void)state;
    assert_true(ids_run_ok(STR("A-Z_a.z09")));
    assert_false(ids_run_ok(STR("")));
    assert_false(ids_run_ok(STR("a b")));
    assert_false(ids_run_ok(STR("a@b")));
    assert_false(ids_run_ok(STR("é")));
}

static void instance_ids_are_lower_hex(void **state)
{
    (void)state;
    assert_true(ids_instance_ok(STR("i-0123456789abcdef0")));
    assert_true(ids_instance_ok(STR("i-01234567")));
    assert_false(ids_instance_ok(STR("i-0123456")));
    assert_false(ids_instance_ok(STR("i-0123456G")));
    assert_false(ids_instance_ok(STR("i-0123456789abcdef01")));
    assert_false(ids_instance_ok(STR("j-01234567")));
}

/* For ever: a change of these figures orphans every record of a running deployment. */
static void a_workload_keeps_its_partition(void **state)
{
    (void)state;
    assert_int_equal(ids_partition(STR(""), 1 << 30), 2166136261U % (1U << 30));
    assert_int_equal(ids_partition(STR("a"), 1 << 30), 0xe40c292cU % (1U << 30));
    assert_int_equal(ids_partition(STR("foobar"), 12), 0xbf9cf968U % 12);
}

static void epochs_come_back_as_they_were_written(void **state)
{
    struct epoch ep = {0};
    char text[IDS_EPOCH_MAX];

    (void)state;
    assert_true(epoch_parse(STR("3:11:9007199254740993"), &ep));
    assert_int_equal(ep.generation, 3);
    assert_int_equal(ep.partition, 11);
    epoch_format(&ep, text);
    assert_string_equal(text, "3:11:9007199254740993");
    epoch_format_in_view(&ep, text);
    assert_string_equal(text, "3:9007199254740993");
    assert_true(epoch_parse_in_view(STR("3:5"), 11, &ep));
    assert_int_equal(ep.offset, 5);
    assert_false(epoch_parse(STR("3:5"), &ep));
    assert_false(epoch_parse(STR("3::5"), &ep));
    assert_false(epoch_parse(STR("-3:1:5"), &ep));
    assert_false(epoch_parse(STR("3:1:5x"), &ep));
}

static void a_run_splits_at_the_last_at(void **state)
{
    struct str w;
    struct str r;

    (void)state;
    assert_true(ids_split_run(STR("me@home@r1"), &w, &r));
    assert_true(str_is(w, "me@home"));
    assert_true(str_is(r, "r1"));
    assert_false(ids_split_run(STR("r1"), &w, &r));
    assert_false(ids_split_run(STR("@r1"), &w, &r));
    assert_false(ids_split_run(STR("w@"), &w, &r));
}

static void the_same_members_are_the_same_job(void **state)
{
    const char *two[] = {"i-01234567", "i-01234568"};
    const char *others[] = {"i-01234567", "i-01234569"};
    struct epoch ep = {0, 7, 42};
    char a[IDS_JOB_MAX];
    char b[IDS_JOB_MAX];

    (void)state;
    ids_job(&ep, 1, 3, two, 2, a);
    ids_job(&ep, 1, 3, two, 2, b);
    assert_string_equal(a, b);
    assert_memory_equal(a, "0.7.42.1.3#", 11);
    ids_job(&ep, 1, 3, others, 2, b);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(names_that_would_be_mis_split_are_refused),
        WEIGHED(run_ids_are_what_keys_and_shells_can_carry),
        WEIGHED(instance_ids_are_lower_hex),
        WEIGHED(a_workload_keeps_its_partition),
        WEIGHED(epochs_come_back_as_they_were_written),
        WEIGHED(a_run_splits_at_the_last_at),
        WEIGHED(the_same_members_are_the_same_job),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
