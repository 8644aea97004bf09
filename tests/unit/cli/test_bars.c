/* Progress bars: their width, their counts, and that they go back over exactly what they drew. */
#include "cli/bars.h"
#include "cli/print.h"
#include "support/cmocka_first.h"

#include <stdio.h>
#include <string.h>

static struct bar bar_of(const char *label, size_t done, size_t total, const char *note)
{
    struct bar b = {.done = done, .total = total};

    (void)snprintf(b.label, sizeof b.label, "%s", label);
    (void)snprintf(b.note, sizeof b.note, "%s", note);
    return b;
}

static void every_line_is_narrower_than_the_terminal(void **state)
{
    const struct bar at[] = {
        bar_of("0 Role_Web with quite a long name that nobody can read", 3, 9, "2 failed"),
        bar_of("1 äöü漢字", 100000, 100000, "done"), bar_of("", 0, 0, "")};
    (void)state;

    for (int width = BARS_WIDTH_MIN; width < 300; width++) {
        struct bars b = {0};
        struct str line;
        BUF_CLEANUP struct buf out = BUF_INIT(64 * 1024);
        bars_draw(&b, at, 3, width, &out);
        size_t lines = 0;
        for (struct str rest = buf_view(&out); str_cut(rest, '\n', &line, &rest); lines++)
            assert_true(print_width(line) < (size_t)width);
        assert_int_equal(lines, 3);
        assert_int_equal(b.lines, 3);
    }
}

static void a_second_drawing_goes_back_over_the_first(void **state)
{
    struct bars b = {0};
    const struct bar two[] = {bar_of("a", 0, 2, ""), bar_of("b", 1, 2, "")};
    BUF_CLEANUP struct buf out = BUF_INIT(64 * 1024);
    (void)state;

    bars_draw(&b, two, 2, 80, &out);
    assert_null(memchr(out.p, 0x1b, out.n)); /* nothing stands there yet */
    buf_clear(&out);
    bars_draw(&b, two, 1, 80, &out);
    assert_true(str_starts(buf_view(&out), STR("\x1b[2A\r\x1b[J")));
    buf_clear(&out);
    bars_erase(&b, &out);
    assert_string_equal(buf_cstr(&out), "\x1b[1A\r\x1b[J");
    buf_clear(&out);
    bars_erase(&b, &out);
    assert_int_equal(out.n, 0);
}

static void a_bar_is_full_only_when_all_is_done(void **state)
{
    struct bars b = {0};
    struct bar one = bar_of("t", 99999, 100000, "");
    BUF_CLEANUP struct buf out = BUF_INIT(64 * 1024);
    (void)state;

    bars_draw(&b, &one, 1, 60, &out);
    assert_non_null(strstr(buf_cstr(&out), "#-]"));
    assert_non_null(strstr(buf_cstr(&out), "99999/100000"));
    one.done = one.total;
    buf_clear(&out);
    b = (struct bars){0};
    bars_draw(&b, &one, 1, 60, &out);
    assert_null(strchr(buf_cstr(&out), '-'));
}

static void a_label_cannot_write_to_the_terminal(void **state)
{
    struct bars b = {0};
    const struct bar one = bar_of("0 \x1b[31mred\x07\xc2\x9b"
                                  "1m\xff",
                                  1, 2, "\x1b[2J");
    BUF_CLEANUP struct buf out = BUF_INIT(64 * 1024);
    (void)state;

    bars_draw(&b, &one, 1, 100, &out);
    for (size_t i = 0; i + 1 < out.n; i++)
        assert_true((unsigned char)out.p[i] >= 0x20 && out.p[i] != 0x7f);
    assert_non_null(strstr(buf_cstr(&out), "0 ?[31mred??1m?"));
}

static void text_for_a_terminal_keeps_what_people_write_and_loses_what_steers(void **state)
{
    BUF_CLEANUP struct buf out = BUF_INIT(1024);
    (void)state;

    print_clean(STR("naïve 漢字 🙂\t\n\r\x1b\x7f\xc2\x85.\xc3(\xe2\x82"), &out);
    assert_string_equal(buf_cstr(&out), "naïve 漢字 🙂??????.?(??");
}

static void a_narrow_terminal_gets_no_bars(void **state)
{
    (void)state;
    assert_false(bars_fit(0));
    assert_false(bars_fit(BARS_WIDTH_MIN - 1));
    assert_true(bars_fit(BARS_WIDTH_MIN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_narrower_than_the_terminal),
        cmocka_unit_test(a_second_drawing_goes_back_over_the_first),
        cmocka_unit_test(a_bar_is_full_only_when_all_is_done),
        cmocka_unit_test(a_label_cannot_write_to_the_terminal),
        cmocka_unit_test(text_for_a_terminal_keeps_what_people_write_and_loses_what_steers),
        cmocka_unit_test(a_narrow_terminal_gets_no_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
