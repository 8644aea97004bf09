/* Which part of a log partition is read to know what happened since a moment. */
#include "core/stretch.h"
#include "support/cmocka_first.h"

static void a_log_is_read_from_the_first_record_of_the_moment_on(void **state)
{
    struct stretch s = {.partition = 3};
    (void)state;

    assert_true(stretch_begin(&s, 10, 100, 40));
    assert_true(s.from == 40 && s.until == 100 && s.partition == 3);
    assert_true(stretch_begin(&s, 50, 100, 40)); /* what retention has taken since is not there */
    assert_int_equal(s.from, 50);
}

static void where_no_record_is_that_young_the_last_one_tells_whether_the_broker_knew(void **state)
{
    struct stretch s = {0};
    (void)state;

    assert_false(stretch_begin(&s, 10, 100, -1));
    stretch_last(&s, 999, 1000); /* it is old: there is nothing to read */
    assert_true(s.from == 100 && s.until == 100);
    assert_false(stretch_begin(&s, 10, 100, -1));
    stretch_last(&s, 1000, 1000); /* it is young: a broker that knows of no times */
    assert_true(s.from == 10 && s.until == 100);
}

static void an_empty_log_needs_no_look(void **state)
{
    struct stretch s = {0};
    (void)state;

    assert_true(stretch_begin(&s, 7, 7, -1));
    assert_true(s.from == 7 && s.until == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_is_read_from_the_first_record_of_the_moment_on),
        cmocka_unit_test(where_no_record_is_that_young_the_last_one_tells_whether_the_broker_knew),
        cmocka_unit_test(an_empty_log_needs_no_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
