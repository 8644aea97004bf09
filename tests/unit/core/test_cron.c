#include "core/cron.h"

#include "support/cmocka_first.h"

#include <string.h>

static void each_mistake_is_named_by_field_and_position(void **state)
{
    static const struct {
        const char *text, *why;
    } all[] = {
        {"60 * * * *", "field 1 (minute), character 1: 60 is above 59"},
        {"0 8,24 * * *", "field 2 (hour), character 5: 24 is above 23"},
        {"0 0 0 * *", "field 3 (day of month), character 5: 0 is below 1"},
        {"0 0 * 13 *", "field 4 (month), character 7: 13 is above 12"},
        {"0 0 * * 8", "field 5 (day of week), character 9: 8 is above 7"},
        {"0 0 * * FUN", "field 5 (day of week), character 9: not a name that it knows"},
        {"0 MON * * *", "field 2 (hour), character 3: names are for months"},
        {"0 0 * * MON-", "field 5 (day of week), character 13: a value is missing"},
        {"0 0 * * FRI-MON", "field 5 (day of week), character 9: the range runs backwards"},
        {"*/0 * * * *", "field 1 (minute), character 3: a step counts from 1"},
        {"*/60 * * * *", "field 1 (minute), character 3: 60 is above 59"},
        {"*/x * * * *", "field 1 (minute), character 3: the step behind / must be a number"},
        {"5/15 * * * *", "field 1 (minute), character 2: a step needs * or a range"},
        {"1,,2 * * * *", "field 1 (minute), character 3: a value is missing"},
        {"0 0 L * *", "field 3 (day of month), character 5: names are for months"},
        {"0 0 1W * *", "field 3 (day of month), character 6: does not belong here"},
        {"0 0 ? * *", "field 3 (day of month), character 5: neither a number, a name nor *"},
        {"@daily", "field 1 (minute), character 1: neither a number, a name nor *"},
        {"0 20 * *", "field 5 (day of week), character 9: is missing"},
        {"", "field 1 (minute), character 1: is missing"},
        {"0 20 * * * *", "character 12: a sixth field"},
        {"0 0 30 2 *", "field 3 (day of month): no month that is named has such a day"},
        {"0 0 31 4,6,9,11 *", "no month that is named"},
        {"-1 * * * *", "field 1 (minute), character 1: neither"},
        {"99999999999999999999 * * * *", "is above 59"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct cron c;
        struct err e = {0};
        assert_false(cron_parse(str_of(all[i].text), &c, &e));
        assert_int_equal(e.kind, ERR_INVALID);
        if (!strstr(e.msg, all[i].why))
            fail_msg("'%s': '%s' does not say '%s'", all[i].text, e.msg, all[i].why);
    }
}

static void same(const char *a, const char *b)
{
    struct cron x;
    struct cron y;
    struct err e = {0};

    assert_true(cron_parse(str_of(a), &x, &e));
    assert_true(cron_parse(str_of(b), &y, &e));
    assert_int_equal(x.minutes, y.minutes);
    assert_int_equal(x.hours, y.hours);
    assert_int_equal(x.days, y.days);
    assert_int_equal(x.months, y.months);
    assert_int_equal(x.weekdays, y.weekdays);
}

static void names_lists_ranges_and_steps_name_the_same_as_numbers(void **state)
{
    (void)state;
    same("0 20 * * MON-FRI", "0 20 * * 1-5");
    same("0 20 * * fri-SUN", "0 20 * * 5,6,0");
    same("0 20 * * 7", "0 20 * * SUN");
    same("0 20 * * 0-7", "0 20 * * *");
    same("0 20 * jan,Feb-APR *", "0 20 * 1-4 *");
    same("*/15 * * * *", "0,15,30,45 * * * *");
    same("10-40/15 * * * *", "10,25,40 * * * *");
    same("\t5  4 * * *  ", "5 4 * * *");
}

static int64_t next(const char *text, int64_t after_min)
{
    struct cron c;
    struct err e = {0};
    int64_t at = -1;

    assert_true(cron_parse(str_of(text), &c, &e));
    assert_true(cron_next(&c, after_min, &at));
    return at;
}

static void a_day_restricted_both_ways_counts_if_either_fits(void **state)
{
    enum { DAY = 1440, FIRST_OF_MAY_2026 = 20574 * DAY }; /* a Friday */

    (void)state;
    assert_int_equal(next("0 0 13 * FRI", FIRST_OF_MAY_2026 - 1), FIRST_OF_MAY_2026);
    assert_int_equal(next("0 0 13 * FRI", FIRST_OF_MAY_2026 + 7 * DAY), FIRST_OF_MAY_2026 + 12 * DAY);
    /* A field that begins with * restricts nothing: both have to fit. */
    assert_int_equal(next("0 0 */2 * FRI", FIRST_OF_MAY_2026), FIRST_OF_MAY_2026 + 14 * DAY);
    assert_int_equal(next("0 0 13 * *", FIRST_OF_MAY_2026), FIRST_OF_MAY_2026 + 12 * DAY);
}

static void the_next_time_is_never_the_present_one(void **state)
{
    (void)state;
    assert_int_equal(next("* * * * *", 41), 42);
    assert_int_equal(next("59 23 31 12 *", 0), 364 * 1440 + 1439);
    assert_int_equal(next("59 23 31 12 *", 364 * 1440 + 1439), 729 * 1440 + 1439);
}

static void a_leap_day_is_waited_for_over_a_century_without_one(void **state)
{
    enum { LEAP_DAY_2096 = 46080 };
    struct cron c;
    struct err e = {0};
    int64_t at = 0;

    (void)state;
    assert_true(cron_parse(STR("0 0 29 2 *"), &c, &e));
    assert_true(cron_next(&c, (int64_t)LEAP_DAY_2096 * 1440, &at));
    assert_int_equal(at, INT64_C(49001) * 1440);               /* 2104 */
    assert_false(cron_next(&c, INT64_C(2932896) * 1440, &at)); /* the end of 9999 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_named_by_field_and_position),
        cmocka_unit_test(names_lists_ranges_and_steps_name_the_same_as_numbers),
        cmocka_unit_test(a_day_restricted_both_ways_counts_if_either_fits),
        cmocka_unit_test(the_next_time_is_never_the_present_one),
        cmocka_unit_test(a_leap_day_is_waited_for_over_a_century_without_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
