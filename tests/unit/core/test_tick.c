/* Ticks over both daylight-saving changes of 2026 in four zones, as golden/ticks_*.txt says; and the edges
 * around them. */
#include "core/tick.h"

#include "base/mem.h"
#include "base/moment.h"
#include "support/cmocka_first.h"
#include "support/zone_bytes.h"

#include <stdio.h>
#include <string.h>

enum { FILE_BYTES = 64 * 1024, TICKS = 8 };

static struct zone *zone_of(const char *rule)
{
    BUF_CLEANUP struct buf bytes = BUF_INIT(1000);
    struct err e = {0};

    zone_bytes(0, rule, &bytes);
    struct zone *z = zone_new(buf_view(&bytes), &e);
    assert_non_null(z);
    return z;
}

static struct cron cron_of(const char *text)
{
    struct cron c;
    struct err e = {0};

    assert_true(cron_parse(str_of(text), &c, &e));
    return c;
}

/* The ticks of one expression from a moment on: nominal time, moment, what the clocks show. */
static void write_ticks(const struct zone *z, const char *text, const char *from, struct buf *out)
{
    struct cron c = cron_of(text);
    struct tick t = {0};
    char at[MOMENT_MAX];
    char shown[TICK_TEXT_MAX];

    assert_true(moment_parse(str_of(from), &t.at_ms));
    buf_addf(out, "%s after %s\n", text, from);
    for (int i = 0; i < TICKS && tick_next(&c, z, t.at_ms, &t); i++) {
        moment_rfc3339(t.at_ms, at);
        tick_text(z, t.at_ms, shown);
        buf_addf(out, "    %lld  %s  %s\n", (long long)t.number, at, shown);
    }
}

static void read_golden(const char *name, struct buf *out)
{
    char path[400];
    char *part = xcalloc(1, FILE_BYTES);

    (void)snprintf(path, sizeof path, "%s/tests/unit/core/golden/ticks_%s.txt", TEST_SOURCE_DIR, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    buf_add(out, str_n(part, fread(part, 1, FILE_BYTES, f)));
    (void)fclose(f);
    xfree(part);
}

static void hold_against_golden(const char *name, const char *rule, const char *spring, const char *autumn)
{
    static const char *const expressions[] = {
        "30 2 * * *", "0 0 * * *", "*/20 * * * *", "15 1-3 * * *", "0 */6 * * SUN,MON",
    };
    BUF_CLEANUP struct buf got = BUF_INIT(FILE_BYTES);
    BUF_CLEANUP struct buf wanted = BUF_INIT(FILE_BYTES);
    struct zone *z = zone_of(rule);

    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        write_ticks(z, expressions[i], spring, &got);
        write_ticks(z, expressions[i], autumn, &got);
    }
    zone_free(z);
    read_golden(name, &wanted);
    if (!str_eq(buf_view(&got), buf_view(&wanted)))
        fail_msg("ticks_%s.txt differs; what came out:\n%s", name, buf_cstr(&got));
}

static void berlin_springs_at_two_and_falls_at_three(void **state)
{
    (void)state;
    hold_against_golden("berlin", "CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-28T22:50:00Z",
                        "2026-10-24T22:50:00Z");
}

static void new_york_springs_and_falls_at_two(void **state)
{
    (void)state;
    hold_against_golden("new_york", "EST5EDT,M3.2.0,M11.1.0", "2026-03-08T04:50:00Z", "2026-11-01T03:50:00Z");
}

static void lord_howe_moves_by_half_an_hour(void **state)
{
    (void)state;
    hold_against_golden("lord_howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-10-03T13:20:00Z",
                        "2026-04-04T12:50:00Z");
}

static void santiago_has_a_day_without_a_midnight_and_one_with_two(void **state)
{
    (void)state;
    hold_against_golden("santiago", "<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2026-09-06T02:50:00Z",
                        "2026-04-05T01:50:00Z");
}

static void a_zone_without_changes_ticks_as_the_calendar_does(void **state)
{
    struct zone *z = zone_of("<+0545>-5:45");
    struct cron c = cron_of("0 0 1 1 *");
    struct tick t;

    (void)state;
    assert_true(tick_next(&c, z, 1767225599999, &t));
    assert_int_equal(t.number, 202701010000);
    assert_int_equal(t.at_ms, INT64_C(1798761600000) - 20700000);
    zone_free(z);
}

static void a_zone_that_is_all_daylight_time_has_no_hole_at_new_year(void **state)
{
    struct zone *z = zone_of("XXX3EDT4,0/0,J365/23");

    (void)state;
    for (int64_t at_s = 1767225600 - 200000; at_s < 1767225600 + 200000; at_s += 600)
        assert_int_equal(zone_span_at(z, at_s).offset_s, -14400);
    zone_free(z);
}

static void a_moment_within_a_tick_s_minute_is_behind_it(void **state)
{
    struct zone *z = zone_of("UTC0");
    struct cron c = cron_of("* * * * *");
    struct tick t;

    (void)state;
    assert_true(tick_next(&c, z, 59999, &t));
    assert_int_equal(t.at_ms, 60000);
    assert_true(tick_next(&c, z, 60000, &t));
    assert_int_equal(t.at_ms, 120000);
    assert_true(tick_next(&c, z, 60001, &t));
    assert_int_equal(t.at_ms, 120000);
    zone_free(z);
}

static void a_tick_s_number_leads_back_to_its_moment(void **state)
{
    struct zone *z = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");
    int64_t at_ms = 0;
    int64_t wanted_ms = 0;

    (void)state;
    assert_true(tick_due(z, 202603290230, &at_ms)); /* in the gap */
    assert_true(moment_parse(STR("2026-03-29T01:00:00Z"), &wanted_ms));
    assert_int_equal(at_ms, wanted_ms);
    assert_true(tick_due(z, 202610250230, &at_ms)); /* twice: the first */
    assert_true(moment_parse(STR("2026-10-25T00:30:00Z"), &wanted_ms));
    assert_int_equal(at_ms, wanted_ms);
    assert_false(tick_due(z, 202613010000, &at_ms));
    assert_false(tick_due(z, 202612012460, &at_ms));
    assert_false(tick_due(z, 0, &at_ms));
    zone_free(z);
}

static void a_zone_s_name_never_leads_out_of_the_folder(void **state)
{
    static const char *const good[] = {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"};
    static const char *const bad[] = {"",        "/etc/passwd", "../x",  "Europe/../x", "Europe//Berlin",
                                      "Europe/", "a b",         "a.tab", "x\n"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(zone_name_ok(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(zone_name_ok(str_of(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(berlin_springs_at_two_and_falls_at_three),
        cmocka_unit_test(new_york_springs_and_falls_at_two),
        cmocka_unit_test(lord_howe_moves_by_half_an_hour),
        cmocka_unit_test(santiago_has_a_day_without_a_midnight_and_one_with_two),
        cmocka_unit_test(a_zone_without_changes_ticks_as_the_calendar_does),
        cmocka_unit_test(a_zone_that_is_all_daylight_time_has_no_hole_at_new_year),
        cmocka_unit_test(a_moment_within_a_tick_s_minute_is_behind_it),
        cmocka_unit_test(a_tick_s_number_leads_back_to_its_moment),
        cmocka_unit_test(a_zone_s_name_never_leads_out_of_the_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
