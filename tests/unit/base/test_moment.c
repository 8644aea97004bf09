#include "base/moment.h"

#include "support/weigh.h"

#include <string.h>

static void known_moments_have_their_known_texts(void **state)
{
    static const struct {
        int64_t ms;
        const char *rfc3339, *amz;
        int weekday;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z", "19700101T000000Z", 4},
        {1, "1970-01-01T00:00:00.001Z", "19700101T000000Z", 4},
        {-1, "1969-12-31T23:59:59.999Z", "19691231T235959Z", 3},
        {951782400000, "2000-02-29T00:00:00.000Z", "20000229T000000Z", 2},
        {1709208000123, "2024-02-29T12:00:00.123Z", "20240229T120000Z", 4},
        {1777629600123, "2026-05-01T10:00:00.123Z", "20260501T100000Z", 5},
        {2147483648000, "2038-01-19T03:14:08.000Z", "20380119T031408Z", 2},
        {4107542400000, "2100-03-01T00:00:00.000Z", "21000301T000000Z", 1}, /* no leap year */
        {253402300799999, "9999-12-31T23:59:59.999Z", "99991231T235959Z", 5},
    };
    char text[MOMENT_MAX];
    int64_t back = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        moment_rfc3339(rows[i].ms, text);
        assert_string_equal(text, rows[i].rfc3339);
        assert_int_equal(moment_parse(str_of(text), &back), rows[i].ms >= 0);
        if (rows[i].ms >= 0)
            assert_int_equal(back, rows[i].ms);
        moment_amz(rows[i].ms, text);
        assert_string_equal(text, rows[i].amz);
        assert_int_equal(moment_civil(rows[i].ms).weekday, rows[i].weekday);
    }
}

static void every_day_of_four_centuries_goes_both_ways(void **state)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = 0;

    (void)state;
    for (int year = 1970; year < 2370; year++) {
        for (int month = 1; month <= 12; month++) {
            bool leap = month == 2 && (year % 4 == 0) && (year % 100 || year % 400 == 0);
            for (int d = 1; d <= days[month - 1] + leap; d++, day++) {
                struct civil c = moment_civil(day * 86400000 + 86399999);
                if (c.year != year || c.month != month || c.day != d || c.hour != 23 || c.second != 59 ||
                    c.weekday != (day + 4) % 7)
                    fail_msg("day %lld: %d-%d-%d", (long long)day, c.year, c.month, c.day);
                if (moment_of(&c) != day * 86400000 + 86399000)
                    fail_msg("day %lld does not come back", (long long)day);
            }
        }
    }
}

static void the_forms_that_others_write_are_read(void **state)
{
    static const char *const same[] = {
        "2026-05-01T10:00:00Z",           "2026-05-01T10:00:00.000Z",  "2026-05-01t10:00:00z",
        "2026-05-01T12:00:00+02:00",      "2026-05-01T05:30:00-04:30", "2026-05-01 10:00:00 GMT",
        "2026-05-01 10:00:00 UTC",        "20260501T100000Z",          "Fri, 01 May 2026 10:00:00 GMT",
        "  2026-05-01T10:00:00.0000009Z",
    };
    int64_t ms = 0;

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        ms = 0;
        if (!moment_parse(str_of(same[i]), &ms) || ms != 1777629600000)
            fail_msg("%s: %lld", same[i], (long long)ms);
    }
    assert_true(moment_parse(STR("2026-05-01T10:00:00.123456789Z"), &ms));
    assert_int_equal(ms, 1777629600123);
    assert_true(moment_parse(STR("2026-05-01T10:00:00.5Z"), &ms));
    assert_int_equal(ms, 1777629600500);
}

static void what_is_no_moment_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-05-01",
        "2026-05-01T10:00:00",
        "2026-05-01T10:00:00X",
        "2026-05-01T10:00:00Z ?",
        "2026-13-01T10:00:00Z",
        "2026-00-01T10:00:00Z",
        "2026-02-29T10:00:00Z", /* no leap year */
        "2100-02-29T10:00:00Z",
        "2026-04-31T10:00:00Z",
        "2026-05-01T24:00:00Z",
        "2026-05-01T10:60:00Z",
        "2026-05-01T10:00:61Z",
        "2026-05-01T10:00:00.Z",
        "2026-05-01T10:00:00+2:00",
        "2026-05-01T10:00:00+24:00",
        "2026-05-01T10:00:00+02:60",
        "2026-05-01T10:00:00+02:00Z",
        "2026-05-01T10:00:00+-2:00",
        "2026- 5-01T10:00:00Z",
        "2026-+5-01T10:00:00Z",
        "2026-5-1T10:00:00.000Z",
        "-026-05-01T10:00:00Z",
        "2026050 T100000Z",
        "2026+501T100000Z",
        "20260501T100000ZZ",
        "Fri, 01 May 2026 10:00:00",
        "Fri, 01 Mai 2026 10:00:00 GMT",
        "Fri, 01 ayJ 2026 10:00:00 GMT",
        "Fri, 1 May 2026 10:00:00 GMT",
        "20260501 100000Z",
        "2026-05-01_10:00:00Z",
    };
    int64_t ms = 7;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (moment_parse(str_of(bad[i]), &ms))
            fail_msg("taken: %s", bad[i]);
    assert_false(moment_parse(STR("2026-05-01T10:00:00\0Z"), &ms));
    assert_int_equal(ms, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(known_moments_have_their_known_texts),
        WEIGHED(every_day_of_four_centuries_goes_both_ways),
        WEIGHED(the_forms_that_others_write_are_read),
        WEIGHED(what_is_no_moment_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
