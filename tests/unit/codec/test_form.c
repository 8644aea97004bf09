#include "codec/form.h"

#include "support/weigh.h"

static void only_unreserved_characters_stay_as_they_are(void **state)
{
    BUF_CLEANUP struct buf b = BUF_INIT(2000);

    (void)state;
    form_encode(STR("AZaz09-._~ /+*&=%\xc3\xa9\n\0"), &b);
    assert_string_equal(buf_cstr(&b), "AZaz09-._~%20%2F%2B%2A%26%3D%25%C3%A9%0A%00");
    buf_clear(&b);
    form_encode_path(STR("/a b/~c"), &b);
    assert_string_equal(buf_cstr(&b), "/a%20b/~c");
}

static void pairs_are_joined_as_a_query_wants_them(void **state)
{
    BUF_CLEANUP struct buf b = BUF_INIT(200);

    (void)state;
    form_add(&b, "Action", STR("StopInstances"));
    form_addf(&b, STR("i-1 & 2"), "InstanceId.%zu", (size_t)1);
    form_add(&b, "Empty", STR(""));
    assert_string_equal(buf_cstr(&b), "Action=StopInstances&InstanceId.1=i-1%20%26%202&Empty=");
}

static void every_byte_survives(void **state)
{
    char all[256];
    BUF_CLEANUP struct buf text = BUF_INIT(1000);
    BUF_CLEANUP struct buf back = BUF_INIT(256);

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    form_encode(str_n(all, sizeof all), &text);
    assert_true(form_decode(buf_view(&text), &back));
    assert_true(str_eq(buf_view(&back), str_n(all, sizeof all)));
}

static void a_broken_escape_is_refused(void **state)
{
    static const char *const rows[] = {"%", "a%", "%4", "a%4", "%zz", "%4g", "%%41", "%-1", "%+1"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        BUF_CLEANUP struct buf b = BUF_INIT(100);
        assert_false(form_decode(str_of(rows[i]), &b));
    }
    BUF_CLEANUP struct buf b = BUF_INIT(100);
    assert_false(form_decode(str_n("%41", 2), &b)); /* what stands behind the view is not looked at */
    assert_true(form_decode(STR("a+b%2b%2Bc"), &b));
    assert_string_equal(buf_cstr(&b), "a b++c");
}

static void pairs_are_walked_in_order(void **state)
{
    static const char *const expected[][2] = {{"a", "1"}, {"b", ""}, {"c", ""}, {"", "x"}, {"d e", "f=g"}};
    struct form_walk w = {STR("&a=1&b=&&c&=x&d+e=f=g&")};
    BUF_CLEANUP struct buf name = BUF_INIT(100);
    BUF_CLEANUP struct buf value = BUF_INIT(100);
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(form_next(&w, &name, &value, &e));
        assert_string_equal(buf_cstr(&name), expected[i][0]);
        assert_string_equal(buf_cstr(&value), expected[i][1]);
    }
    assert_false(form_next(&w, &name, &value, &e));
    assert_int_equal(e.kind, ERR_NONE);
}

static void a_walk_says_what_is_broken_or_too_long(void **state)
{
    BUF_CLEANUP struct buf name = BUF_INIT(4);
    BUF_CLEANUP struct buf value = BUF_INIT(4);
    struct form_walk w = {STR("a=%4")};
    struct err e = {0};

    (void)state;
    assert_false(form_next(&w, &name, &value, &e));
    assert_int_equal(e.kind, ERR_INVALID);
    w.rest = STR("a=12345");
    e = (struct err){0};
    assert_false(form_next(&w, &name, &value, &e));
    assert_string_equal(e.msg, "form: value: over 4 bytes");
    w.rest = STR("a=1"); /* and goes on */
    assert_true(form_next(&w, &name, &value, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(only_unreserved_characters_stay_as_they_are),
        WEIGHED(pairs_are_joined_as_a_query_wants_them),
        WEIGHED(every_byte_survives),
        WEIGHED(a_broken_escape_is_refused),
        WEIGHED(pairs_are_walked_in_order),
        WEIGHED(a_walk_says_what_is_broken_or_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
