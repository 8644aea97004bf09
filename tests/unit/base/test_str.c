#include "base/str.h"

#include "base/mem.h"
#include "support/weigh.h"

#include <string.h>

static void views_compare_by_bytes(void **state)
{
    (void)state;
    assert_true(str_eq(STR("a\0b"), str_n("a\0b", 3)));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_true(str_eq(str_n(NULL, 0), STR("")));
    assert_true(str_eq(str_of(NULL), STR("")));
    assert_true(str_is(str_n("abcd", 3), "abc"));
    assert_false(str_is(STR("abc\0"), "abc"));
    assert_true(str_is_nocase(STR("X-Amz-Date"), "x-amz-dATE"));
    assert_false(str_is_nocase(STR("X-Amz-Dat"), "x-amz-date"));
    assert_false(str_is_nocase(STR("@"), "`")); /* letters only */
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("b"), STR("ab")) > 0);
    assert_true(str_cmp(STR("\xff"), STR("a")) > 0); /* unsigned */
    assert_int_equal(str_cmp(str_n(NULL, 0), STR("")), 0);
}

static void parts_of_a_view(void **state)
{
    size_t at = 99;
    struct str head;
    struct str rest;

    (void)state;
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_true(str_starts(str_n(NULL, 0), STR("")));
    assert_false(str_starts(STR("ab"), STR("abc")));
    assert_true(str_ends(STR("abc"), STR("bc")));
    assert_true(str_ends(str_n(NULL, 0), str_n(NULL, 0)));
    assert_false(str_ends(STR("bc"), STR("abc")));
    assert_true(str_is(str_trim(STR(" \t\r\n a b \n")), "a b"));
    assert_int_equal(str_trim(STR(" \n")).n, 0);
    assert_true(str_is(str_skip(STR("abc"), 3), ""));
    assert_true(str_find(STR("abcabd"), STR("abd"), &at));
    assert_int_equal(at, 3);
    assert_false(str_find(STR("ab"), STR("abc"), &at));
    assert_true(str_find(str_n(NULL, 0), STR(""), &at));
    assert_true(str_cut(STR("a=b=c"), '=', &head, &rest));
    assert_true(str_is(head, "a") && str_is(rest, "b=c"));
    assert_false(str_cut(STR("abc"), '=', &head, &rest));
    assert_true(str_is(head, "abc") && str_is(rest, ""));
    assert_true(str_cut(STR("a="), '=', &head, &rest));
    assert_true(str_is(head, "a") && str_is(rest, ""));
    assert_true(str_has_control(STR("a\x1f")));
    assert_true(str_has_control(STR("a\x7f")));
    assert_false(str_has_control(STR("a \xc3\xa9")));
}

static void a_whole_number_is_read_to_the_edges_of_its_type_and_no_further(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"+7", true, 7},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775809", false, 0},
        {"92233720368547758070", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+-1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t v = 0;
        assert_int_equal(str_to_i64(str_of(rows[i].text), &v), rows[i].ok);
        assert_int_equal(v, rows[i].value);
    }
}

static void the_distance_of_two_words_is_the_least_number_of_changes(void **state)
{
    (void)state;
    assert_int_equal(str_distance(STR("kitten"), STR("sitting")), 3);
    assert_int_equal(str_distance(STR(""), STR("abc")), 3);
    assert_int_equal(str_distance(STR("abc"), STR("")), 3);
    assert_int_equal(str_distance(STR("TierName"), STR("tiername")), 0);
    assert_int_equal(str_distance(STR("ab"), STR("ba")), 2);
}

static void utf8_is_taken_as_rfc_3629_has_it(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } rows[] = {
        {"a", 1},
        {"\xc3\xa9", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\x80", 0},             /* a later byte first */
        {"\xc0\xaf", 0},         /* longer than need be */
        {"\xc1\xbf", 0},         /* longer than need be */
        {"\xe0\x9f\xbf", 0},     /* longer than need be */
        {"\xf0\x8f\xbf\xbf", 0}, /* longer than need be */
        {"\xed\xa0\x80", 0},     /* a surrogate */
        {"\xf4\x90\x80\x80", 0}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", 0},
        {"\xc3", 0}, /* cut */
        {"\xe2\x82", 0},
        {"\xf0\x9f\x98", 0},
        {"\xe2\x82z", 0},
        {"\xf0\x9f\x98z", 0},
        {"\xe2\x82\xff", 0},
        {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(str_utf8(str_of(rows[i].bytes)), rows[i].n);
    assert_int_equal(str_utf8(str_n("\0", 1)), 1);
}

static void a_buffer_never_passes_its_bound_and_says_so_once(void **state)
{
    BUF_CLEANUP struct buf b = BUF_INIT(5);
    struct err e = {0};

    (void)state;
    assert_string_equal(buf_cstr(&b), "");
    buf_add(&b, STR("abc"));
    buf_addf(&b, "%d", 12);
    assert_true(buf_ok(&b, "text", &e));
    assert_int_equal(e.kind, ERR_NONE);
    buf_addc(&b, 'x');
    assert_true(b.over);
    buf_adds(&b, ""); /* sticks */
    assert_false(buf_ok(&b, "text", &e));
    assert_string_equal(e.msg, "text: over 5 bytes");
    assert_string_equal(buf_cstr(&b), "abc12");
    buf_clear(&b);
    assert_true(buf_ok(&b, "text", &e));
    buf_addf(&b, "%s", "123456");
    assert_true(b.over);
    assert_int_equal(b.n, 0);
}

static void a_zeroed_buffer_takes_nothing(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_add(&b, STR(""));
    assert_false(b.over);
    buf_addc(&b, 'x');
    assert_true(b.over);
    buf_release(&b);
}

static void taking_a_buffers_text_leaves_it_empty_and_usable(void **state)
{
    BUF_CLEANUP struct buf b = BUF_INIT(1000);

    (void)state;
    for (int i = 0; i < 300; i++)
        buf_addf(&b, "%d,", i % 10);
    assert_int_equal(b.n, 600);
    char *s = buf_take(&b);
    assert_int_equal(strlen(s), 600);
    assert_int_equal(b.n, 0);
    xfree(s);
    s = buf_take(&b);
    assert_string_equal(s, "");
    xfree(s);
    buf_adds(&b, "again");
    assert_true(str_is(buf_view(&b), "again"));
}

static void text_that_is_not_utf8_is_made_so(void **state)
{
    BUF_CLEANUP struct buf b = BUF_INIT(100);

    (void)state;
    buf_add_utf8(&b, STR("a\xc3\xa9\xff\xc3z\0"));
    assert_string_equal(buf_cstr(&b), "a\xc3\xa9\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd");
    buf_clear(&b);
    buf_add_utf8(&b, str_n(NULL, 0));
    assert_int_equal(b.n, 0);
}

static void a_list_keeps_copies_in_order(void **state)
{
    STRS_CLEANUP struct strs l = {0};
    STRS_CLEANUP struct strs copy = {0};
    char word[] = "m-1";

    (void)state;
    for (int i = 0; i < 20; i++) {
        word[0] = (char)('z' - i);
        strs_add(&l, str_of(word));
    }
    strs_take(&l, xstrdup("own"));
    assert_int_equal(l.n, 21);
    assert_string_equal(l.at[0], "z-1");
    assert_true(strs_has(&l, STR("own")));
    assert_false(strs_has(&l, STR("ow")));
    strs_copy(&copy, &l);
    strs_sort(&copy);
    assert_string_equal(copy.at[0], "g-1");
    assert_string_equal(copy.at[20], "z-1");
    assert_ptr_not_equal(copy.at[20], l.at[0]);
    strs_release(&copy);
    strs_sort(&copy);
    assert_int_equal(copy.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(views_compare_by_bytes),
        WEIGHED(parts_of_a_view),
        WEIGHED(a_whole_number_is_read_to_the_edges_of_its_type_and_no_further),
        WEIGHED(the_distance_of_two_words_is_the_least_number_of_changes),
        WEIGHED(utf8_is_taken_as_rfc_3629_has_it),
        WEIGHED(a_buffer_never_passes_its_bound_and_says_so_once),
        WEIGHED(a_zeroed_buffer_takes_nothing),
        WEIGHED(taking_a_buffers_text_leaves_it_empty_and_usable),
        WEIGHED(text_that_is_not_utf8_is_made_so),
        WEIGHED(a_list_keeps_copies_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
