#include "base/err.h"

#include "support/weigh.h"

#include <string.h>

static void setting_an_error_is_always_false_and_forgets_the_old_code(void **state)
{
    struct err e = {0};

    (void)state;
    assert_false(err_set(&e, ERR_THROTTLED, "ec2 %s: HTTP %d", "StopInstances", 503));
    assert_string_equal(e.msg, "ec2 StopInstances: HTTP 503");
    assert_false(err_code(&e, "RequestLimitExceeded"));
    assert_string_equal(e.code, "RequestLimitExceeded");
    assert_false(err_set(&e, ERR_INVALID, "again"));
    assert_int_equal(e.kind, ERR_INVALID);
    assert_string_equal(e.code, "");
}

static void an_error_may_be_made_of_its_own_text(void **state)
{
    struct err e = {0};

    (void)state;
    (void)err_set(&e, ERR_DENIED, "inner");
    (void)err_set(&e, ERR_DENIED, "outer: %s", e.msg);
    assert_string_equal(e.msg, "outer: inner");
}

static void wrapping_puts_the_place_before_the_message_and_keeps_kind_and_code(void **state)
{
    struct err e = {0};

    (void)state;
    (void)err_set(&e, ERR_UNAVAILABLE, "refused");
    (void)err_code(&e, "ECONNREFUSED");
    assert_false(err_wrap(&e, "redis %s", "10.0.0.1"));
    assert_false(err_wrap(&e, "claim"));
    assert_string_equal(e.msg, "claim: redis 10.0.0.1: refused");
    assert_int_equal(e.kind, ERR_UNAVAILABLE);
    assert_string_equal(e.code, "ECONNREFUSED");
}

static void what_is_too_long_is_cut_and_still_ends(void **state)
{
    char big[2 * ERR_MSG_MAX];
    struct err e = {0};

    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    (void)err_set(&e, ERR_INVALID, "%s", big);
    assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
    (void)err_wrap(&e, "where");
    assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
    assert_memory_equal(e.msg, "where: xxx", 10);
    (void)err_wrap(&e, "%s", big);
    assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
    (void)err_code(&e, big);
    assert_int_equal(strlen(e.code), ERR_CODE_MAX - 1);
}

static void only_throttled_and_unavailable_are_worth_another_try(void **state)
{
    (void)state;
    for (int k = ERR_NONE; k <= ERR_CONFLICT; k++) {
        struct err e = {.kind = (enum err_kind)k};
        assert_int_equal(err_is_retriable(&e), k == ERR_THROTTLED || k == ERR_UNAVAILABLE);
    }
}

static void every_kind_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int a = ERR_NONE; a <= ERR_CONFLICT; a++) {
        assert_string_not_equal(err_kind_name((enum err_kind)a), "unknown");
        for (int b = ERR_NONE; b < a; b++)
            assert_string_not_equal(err_kind_name((enum err_kind)a), err_kind_name((enum err_kind)b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(setting_an_error_is_always_false_and_forgets_the_old_code),
        WEIGHED(an_error_may_be_made_of_its_own_text),
        WEIGHED(wrapping_puts_the_place_before_the_message_and_keeps_kind_and_code),
        WEIGHED(what_is_too_long_is_cut_and_still_ends),
        WEIGHED(only_throttled_and_unavailable_are_worth_another_try),
        WEIGHED(every_kind_has_a_word_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
