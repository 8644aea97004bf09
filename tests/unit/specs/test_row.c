#include "specs/row.h"

#include "support/weigh.h"

static void plain(const char *row, const char *want)
{
    struct err e = {0};
    BUF_CLEANUP struct buf out = BUF_INIT(4096);
    JSON_CLEANUP struct json *j = json_parse(str_of(row), 4096, &e);
    assert_non_null(j);
    JSON_CLEANUP struct json *p = row_plain(j, &e);

    if (!want) {
        assert_null(p);
        assert_int_equal(e.kind, ERR_INVALID);
        return;
    }
    assert_non_null(p);
    json_print(p, &out);
    assert_string_equal(buf_cstr(&out), want);
}

static void typed_values_lose_their_wrappers_at_every_depth(void **state)
{
    (void)state;
    plain(
        "{\"A\":{\"S\":\"x\"},\"B\":{\"N\":\"2\"},\"C\":{\"BOOL\":true},\"D\":{\"M\":{\"E\":{\"N\":\"0\"}}},"
        "\"F\":{\"L\":[{\"S\":\"y\"}]},\"G\":{\"SS\":[\"p\",\"q\"]},\"H\":{\"NULL\":true}}",
        "{\"A\":\"x\",\"B\":2,\"C\":true,\"D\":{\"E\":0},\"F\":[\"y\"],\"G\":[\"p\",\"q\"],\"H\":\"\"}");
}

static void plain_rows_stay_as_they_are(void **state)
{
    (void)state;
    plain("{\"A\":\"x\",\"B\":{\"S\":\"section named S\"}}",
          "{\"A\":\"x\",\"B\":{\"S\":\"section named S\"}}");
}

static void numbers_that_json_would_bend_stay_texts(void **state)
{
    (void)state;
    plain("{\"A\":{\"N\":\"12345678901234567890\"},\"B\":{\"N\":\"1.5\"}}",
          "{\"A\":\"12345678901234567890\",\"B\":\"1.5\"}");
}

static void broken_typed_values_are_named(void **state)
{
    (void)state;
    plain("{\"A\":{\"S\":5}}", NULL);
    plain("{\"A\":{\"M\":{\"B\":\"untyped\"}}}", NULL);
    plain("[]", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(typed_values_lose_their_wrappers_at_every_depth),
        WEIGHED(plain_rows_stay_as_they_are),
        WEIGHED(numbers_that_json_would_bend_stay_texts),
        WEIGHED(broken_typed_values_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
