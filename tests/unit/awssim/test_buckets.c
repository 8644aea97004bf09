#include "awssim/buckets.h"
#include "support/weigh.h"

static struct buckets *on(const char *settings, int64_t time_scale)
{
    struct err e = {0};
    JSON_CLEANUP struct json *j = json_parse(str_of(settings), 65536, &e);
    struct buckets *b = buckets_new(j, time_scale, &e);

    assert_non_null(b);
    return b;
}

static bool start(struct buckets *b, const char *account, size_t n, int64_t now_ms)
{
    const struct bucket_ask ask = {
        account, "r", "ec2:StartInstances", "ec2:mutating", "ec2:StartInstances/resources", n};

    return buckets_take(b, &ask, now_ms);
}

static void five_starts_at_once_then_two_a_second(void **state)
{
    struct buckets *b = on("{\"on\":true}", 1);

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(start(b, "a", 1, 0));
    assert_false(start(b, "a", 1, 0));
    assert_false(start(b, "a", 1, 499));
    assert_true(start(b, "a", 1, 500));
    assert_false(start(b, "a", 1, 501));
    assert_true(start(b, "another", 1, 501));
    buckets_free(b);
}

static void a_thousand_instances_at_once_and_a_refusal_costs_nothing(void **state)
{
    struct buckets *b = on("{\"on\":true}", 1);

    (void)state;
    assert_true(start(b, "a", 999, 0));
    for (int i = 0; i < 50; i++)
        assert_false(start(b, "a", 2, 0));
    assert_true(start(b, "a", 1, 0));
    assert_false(start(b, "a", 1, 499));
    assert_true(start(b, "a", 1, 500));
    buckets_free(b);
}

static void a_bucket_is_never_fuller_than_its_capacity(void **state)
{
    struct buckets *b = on("{\"on\":true}", 1);
    int taken = 0;

    (void)state;
    assert_true(start(b, "a", 1, 0));
    while (start(b, "a", 1, 86400000))
        taken++;
    assert_int_equal(taken, 5);
    buckets_free(b);
}

static void the_time_scale_fills_faster_and_the_scenario_may_name_rates(void **state)
{
    struct buckets *b = on("{\"on\":true,\"rates\":{\"ssm:SendCommand\":[1,1]}}", 100);
    const struct bucket_ask known = {"a", "r", "ssm:SendCommand", NULL, NULL, 0};
    const struct bucket_ask unknown = {"a", "r", "ssm:ListCommands", NULL, NULL, 0};

    (void)state;
    assert_true(buckets_take(b, &known, 0));
    assert_false(buckets_take(b, &known, 9));
    assert_true(buckets_take(b, &known, 10));
    for (int i = 0; i < 1000; i++)
        assert_true(buckets_take(b, &unknown, 0));
    buckets_free(b);
}

static void off_lets_everything_pass(void **state)
{
    struct buckets *b = on("{\"on\":false}", 1);

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_true(start(b, "a", 5000, 0));
    buckets_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(five_starts_at_once_then_two_a_second),
        WEIGHED(a_thousand_instances_at_once_and_a_refusal_costs_nothing),
        WEIGHED(a_bucket_is_never_fuller_than_its_capacity),
        WEIGHED(the_time_scale_fills_faster_and_the_scenario_may_name_rates),
        WEIGHED(off_lets_everything_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
