#include "codec/tzif.h"

#include "support/cmocka_first.h"
#include "support/zone_bytes.h"

#include <string.h>

static void reads_a_rule_of_every_form(void **state)
{
    static const struct {
        const char *text;
        int32_t standard_s, daylight_s, begin_s, end_s; /* the last two: seconds into 2026, local */
    } all[] = {
        {"CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200, 87 * 86400 + 7200, 297 * 86400 + 10800},
        {"EST5EDT,M3.2.0,M11.1.0", -18000, -14400, 66 * 86400 + 7200, 304 * 86400 + 7200},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 37800, 39600, 276 * 86400 + 7200, 94 * 86400 + 7200},
        {"<-04>4<-03>,M9.1.6/24,M4.1.6/24", -14400, -10800, 247 * 86400 + 86400, 93 * 86400 + 86400},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 3600, 0, 297 * 86400 + 7200, 87 * 86400 + 3600},
        {"AAA3BBB,J60,J365/-1:30:15", -10800, -7200, 59 * 86400 + 7200, 364 * 86400 - 5415},
        {"AAA-3BBB,59/0,365/167", 10800, 14400, 59 * 86400, 365 * 86400 + 167 * 3600},
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct tzrule r;
        struct err e = {0};
        assert_true(tzrule_parse(str_of(all[i].text), &r, &e));
        assert_true(r.has_daylight);
        assert_int_equal(r.standard_s, all[i].standard_s);
        assert_int_equal(r.daylight_s, all[i].daylight_s);
        assert_int_equal(tzrule_local_s(&r.begin, 2026) - 1767225600, all[i].begin_s);
        assert_int_equal(tzrule_local_s(&r.end, 2026) - 1767225600, all[i].end_s);
    }
}

static void a_julian_day_never_counts_the_leap_day_and_a_plain_one_does(void **state)
{
    struct tzrule r;
    struct err e = {0};

    (void)state;
    assert_true(tzrule_parse(STR("AAA3BBB,J60/0,60/0"), &r, &e));
    assert_int_equal(tzrule_local_s(&r.begin, 2028) - tzrule_local_s(&r.begin, 2027), 366 * 86400);
    assert_int_equal(tzrule_local_s(&r.end, 2028) - tzrule_local_s(&r.end, 2027), 365 * 86400);
}

static void refuses_a_rule_that_cannot_be_and_says_where(void **state)
{
    static const char *const all[] = {
        "",
        "C-1",
        "CET",
        "CET-25",
        "CET-1CEST",
        "CET-1CEST,M13.5.0,M10.5.0",
        "<+03-3",
        "CET-1,M3.5",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,J0,J5",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/168",
        "CET-1CEST,M3.5.0,M10.5.0 ",
        "CET-99999999999",
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct tzrule r;
        struct err e = {0};
        assert_false(tzrule_parse(str_of(all[i]), &r, &e));
        assert_int_equal(e.kind, ERR_INVALID);
        assert_non_null(strstr(e.msg, "position"));
    }
}

static void no_cut_of_a_zone_is_a_zone(void **state)
{
    BUF_CLEANUP struct buf whole = BUF_INIT(1000);
    struct tzif t;
    struct err e = {0};

    (void)state;
    zone_bytes(3600, "CET-1CEST,M3.5.0,M10.5.0/3", &whole);
    assert_true(tzif_decode(buf_view(&whole), &t, &e));
    assert_int_equal(t.first_s, 3600);
    assert_true(t.has_rule && t.rule.has_daylight);
    tzif_release(&t);
    for (size_t n = 0; n < whole.n; n++) {
        assert_false(tzif_decode(str_n(whole.p, n), &t, &e));
        assert_null(t.at);
    }
}

static void refuse_with(size_t at, unsigned char byte, const char *why)
{
    BUF_CLEANUP struct buf bytes = BUF_INIT(1000);
    struct tzif t;
    struct err e = {0};

    zone_bytes(0, "UTC0", &bytes);
    bytes.p[at] = (char)byte;
    assert_false(tzif_decode(buf_view(&bytes), &t, &e));
    assert_non_null(strstr(e.msg, why));
}

static void refuses_leap_seconds_old_versions_and_counts_out_of_bounds(void **state)
{
    enum { SECOND = 44 + 10 }; /* where the 64-bit header begins */

    (void)state;
    refuse_with(4, 0, "version 1");
    refuse_with(SECOND + 31, 1, "leap seconds");
    refuse_with(SECOND + 32, 1, "bounds"); /* 16 million changes */
    refuse_with(SECOND + 39, 0, "bounds"); /* no type */
    refuse_with(SECOND + 23, 9, "contradict");
    refuse_with(0, 'X', "header");
    refuse_with(SECOND + 44, 0x7f, "offset");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_rule_of_every_form),
        cmocka_unit_test(a_julian_day_never_counts_the_leap_day_and_a_plain_one_does),
        cmocka_unit_test(refuses_a_rule_that_cannot_be_and_says_where),
        cmocka_unit_test(no_cut_of_a_zone_is_a_zone),
        cmocka_unit_test(refuses_leap_seconds_old_versions_and_counts_out_of_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
