#include "support/cmocka_first.h"

#include "sim/redis_number.h"

#include <math.h>

static void is_written(double n, const char *want)
{
    char text[REDIS_NUMBER_MAX];

    redis_number_format(n, text);
    assert_string_equal(text, want);
}

static void a_number_is_written_with_seventeen_digits(void **state)
{
    (void)state;
    is_written(3, "3");
    is_written(0.1, "0.10000000000000001");
    is_written(1e16, "10000000000000000");
    is_written(1e17, "1e+17");
    is_written(1780000000000.25, "1780000000000.25");
    is_written(-1.0 / 3, "-0.33333333333333331");
    is_written(HUGE_VAL, "inf");
    is_written(-HUGE_VAL, "-inf");
}

static void an_integer_is_strict(void **state)
{
    static const char *const wrong[] = {
        "", "-", "+1", "01", "-0", "1.0", " 1", "1 ", "1e3", "x", "9223372036854775808"};
    int64_t n = 0;

    (void)state;
    assert_true(redis_number_integer(STR("0"), &n) && n == 0);
    assert_true(redis_number_integer(STR("-17"), &n) && n == -17);
    assert_true(redis_number_integer(STR("9223372036854775807"), &n) && n == INT64_MAX);
    assert_true(redis_number_integer(STR("-9223372036854775808"), &n) && n == INT64_MIN);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(redis_number_integer(str_of(wrong[i]), &n));
    assert_false(redis_number_integer(STR("1\0"), &n));
}

static void a_score_is_a_whole_number_of_any_form(void **state)
{
    static const char *const wrong[] = {"", " 1", "1 ", "x", "nan", "1e400", "1e-400", "(1"};
    double n = 0;

    (void)state;
    assert_true(redis_number_score(STR("1.5"), &n) && n == 1.5);
    assert_true(redis_number_score(STR("+1e3"), &n) && n == 1000);
    assert_true(redis_number_score(STR("0x1f"), &n) && n == 31);
    assert_true(redis_number_score(STR("-inf"), &n) && isinf(n) && n < 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(redis_number_score(str_of(wrong[i]), &n));
}

static void a_bound_may_exclude_itself(void **state)
{
    double n = 0;
    bool excluded = false;

    (void)state;
    assert_true(redis_number_bound(STR("(5"), &n, &excluded) && n == 5 && excluded);
    assert_true(redis_number_bound(STR("+inf"), &n, &excluded) && isinf(n) && !excluded);
    assert_false(redis_number_bound(STR("(x"), &n, &excluded));
    assert_false(redis_number_bound(STR("nan"), &n, &excluded));
}

static void a_reply_loses_its_fraction_towards_zero(void **state)
{
    (void)state;
    assert_int_equal(redis_number_truncate(3.99), 3);
    assert_int_equal(redis_number_truncate(-3.99), -3);
    assert_int_equal(redis_number_truncate(0x1p62), INT64_C(1) << 62);
    assert_int_equal(redis_number_truncate(1e19), INT64_MIN);
    assert_int_equal(redis_number_truncate(NAN), INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_written_with_seventeen_digits),
        cmocka_unit_test(an_integer_is_strict),
        cmocka_unit_test(a_score_is_a_whole_number_of_any_form),
        cmocka_unit_test(a_bound_may_exclude_itself),
        cmocka_unit_test(a_reply_loses_its_fraction_towards_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
