#include "awssim/expression.h"
#include "awssim/filters.h"
#include "support/weigh.h"

static void wildcards_and_escapes_mean_what_ec2_says(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool like;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "a", true},
        {"a", "A", false},
        {"*", "", true},
        {"*", "anything", true},
        {"?", "", false},
        {"?", "a", true},
        {"a*c", "abbbc", true},
        {"a*c", "ac", true},
        {"a*c", "acd", false},
        {"*b*", "abc", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"a\\*c", "a*c", true},
        {"a\\*c", "abc", false},
        {"a\\?", "a?", true},
        {"a\\?", "ab", false},
        {"a\\\\b", "a\\b", true},
        {"a\\\\b", "ab", false},
        {"*a*a*a", "aaaa", true},
        {"*a*a*ab", "aaaa", false},
        {"ENV\\*", "ENV-PROD", false},
        {"a\\", "a\\", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(filter_like(str_of(rows[i].pattern), str_of(rows[i].text)), rows[i].like);
}

static bool holds(const char *text, bool *readable)
{
    struct err e = {0};
    JSON_CLEANUP struct json *item = json_parse(
        STR("{\"s\":{\"S\":\"abc\"},\"n\":{\"N\":\"10\"},\"m\":{\"M\":{\"x\":{\"N\":\"1\"}}}}"), 4096, &e);
    JSON_CLEANUP struct json *names = json_parse(STR("{\"#s\":\"s\"}"), 4096, &e);
    JSON_CLEANUP struct json *values = json_parse(
        STR("{\":abc\":{\"S\":\"abc\"},\":ab\":{\"S\":\"ab\"},\":9\":{\"N\":\"9\"},\":1\":{\"N\":\"1\"}}"),
        4096, &e);
    struct expression x = {.text = str_of(text), .names = names, .values = values};
    bool result = expression_holds(&x, item);

    *readable = !x.error[0];
    return result;
}

static void conditions_hold_or_not_as_dynamodb_says(void **state)
{
    static const struct {
        const char *text;
        bool holds;
    } rows[] = {
        {"s = :abc", true},
        {"#s = :abc AND n > :9", true},
        {"s <> :abc OR n > :9", true},
        {"NOT s = :abc", false},
        {"attribute_not_exists(x)", true},
        {"attribute_exists(m.x) and m.x = :1", true},
        {"begins_with(s, :ab)", true},
        {"begins_with(s, :9)", false},
        {"n BETWEEN :1 AND :9", false},
        {"(s = :ab OR s = :abc) AND NOT (n < :9)", true},
        {"n = :abc", false},
        {"x = :abc", false},
    };
    bool readable;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(holds(rows[i].text, &readable), rows[i].holds);
        assert_true(readable);
    }
}

static void conditions_that_cannot_be_read_are_errors(void **state)
{
    static const char *const rows[] = {"s",          "s =",          "s = :no",
                                       "#no = :abc", "s = :abc AND", "(s = :abc",
                                       "s = :abc )", "size(s) > :9", "s = :abc s"};
    bool readable;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(holds(rows[i], &readable));
        assert_false(readable);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(wildcards_and_escapes_mean_what_ec2_says),
        WEIGHED(conditions_hold_or_not_as_dynamodb_says),
        WEIGHED(conditions_that_cannot_be_read_are_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
