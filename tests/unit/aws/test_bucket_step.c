#include "aws/bucket_step.h"
#include "base/compiler.h"
#include "support/weigh.h"

#include <stdio.h>

enum { MINUTE = 60 * 1000, JOBS = 25, BATCH = 200 };

static const struct bucket_rates start = {5, 2, 1000, 2, false};

/* AWS's own bucket for one cost, kept naively, a millisecond at a time. */
struct naive {
    double tokens, capacity, per_ms;
    int64_t at_ms;
};

static bool naive_take(struct naive *n, double count, int64_t now_ms)
{
    for (; n->at_ms < now_ms; n->at_ms++)
        n->tokens = n->tokens + n->per_ms < n->capacity ? n->tokens + n->per_ms : n->capacity;
    if (n->tokens < count - 1e-6)
        return false;
    n->tokens -= count;
    return true;
}

static void a_burst_goes_at_once_and_the_rest_at_the_published_rate(void **state)
{
    struct bucket *b = bucket_new(&start, 1, 1000);

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(bucket_ask(b, "a", BATCH, 1000), 0);
    assert_int_equal(bucket_ask(b, "a", BATCH, 1000), BATCH * 1000 / 2 + BUCKET_SLACK_MS);
    assert_int_equal(bucket_ask(b, "a", BATCH, 1000 + BATCH * 1000 / 2 + BUCKET_SLACK_MS - 1), 1);
    assert_int_equal(bucket_ask(b, "a", BATCH, 1000 + BATCH * 1000 / 2 + BUCKET_SLACK_MS), 0);
    bucket_free(b);
}

static void requests_are_paced_too_when_each_touches_few(void **state)
{
    struct bucket *b = bucket_new(&start, 1, 0);

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(bucket_ask(b, "a", 1, 0), 0);
    assert_int_equal(bucket_ask(b, "a", 1, 0), 500 + BUCKET_SLACK_MS);
    bucket_free(b);
}

static void more_than_fits_waits_for_a_full_bucket_and_not_for_ever(void **state)
{
    struct bucket *b = bucket_new(&start, 1, 0);

    (void)state;
    assert_int_equal(bucket_ask(b, "a", 100000, 0), 0);
    assert_int_equal(bucket_ask(b, "a", 100000, 0), 500 * 1000 + BUCKET_SLACK_MS);
    bucket_free(b);
}

/* Twenty-five jobs of a tier ask again when they were told, at a bucket that counts as AWS does. */
static void play(int64_t scale, int64_t *end_ms, int order[JOBS])
{
    struct bucket *b = bucket_new(&start, scale, 0);
    struct naive requests = {5, 5, 2.0 * (double)scale / 1000, 0};
    struct naive instances = {1000, 1000, 2.0 * (double)scale / 1000, 0};
    int64_t due_ms[JOBS] = {0};
    int n = 0;

    for (int64_t now_ms = 0; n < JOBS; now_ms++) {
        for (int i = 0; i < JOBS; i++) {
            char who[16];
            if (due_ms[i] < 0 || due_ms[i] > now_ms)
                continue;
            (void)snprintf(who, sizeof who, "job %d", i);
            int64_t wait_ms = bucket_ask(b, who, BATCH, now_ms);
            due_ms[i] = wait_ms ? now_ms + wait_ms : -1;
            if (wait_ms)
                continue;
            assert_true(naive_take(&requests, 1, now_ms)); /* AWS throttles none of them */
            assert_true(naive_take(&instances, BATCH, now_ms));
            order[n++] = i;
            *end_ms = now_ms;
        }
    }
    assert_int_equal(bucket_waiting(b), 0);
    bucket_free(b);
}

static void five_thousand_instances_are_never_throttled_in_order_and_use_what_is_offered(void **state)
{
    static const int64_t scales[] = {1, 50};

    (void)state;
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        int64_t end_ms = 0, floor_ms = (JOBS * BATCH - 1000) * 1000 / 2 / scales[i];
        int order[JOBS];
        play(scales[i], &end_ms, order);
        for (int n = 0; n < JOBS; n++)
            assert_int_equal(order[n], n);
        assert_true(end_ms >= floor_ms);
        assert_true(end_ms <= floor_ms + floor_ms / 50); /* 98 % of the offered tokens: docs/performance.md */
    }
}

static void who_came_first_goes_first_and_a_latecomer_may_only_use_what_nobody_misses(void **state)
{
    struct bucket *b = bucket_new(&start, 1, 0);

    (void)state;
    assert_int_equal(bucket_ask(b, "before", 900, 0), 0); /* 100 are left */
    int64_t first = bucket_ask(b, "first", 200, 0);
    int64_t second = bucket_ask(b, "second", 200, 0);
    assert_int_equal(first, 50 * 1000 + BUCKET_SLACK_MS);
    assert_int_equal(second, first + 100 * 1000);
    assert_true(bucket_ask(b, "late", 100, 0) > second); /* there, but promised to the first */
    assert_int_equal(bucket_ask(b, "first", 200, first), 0);
    assert_true(bucket_ask(b, "late", 100, first) > 0);
    assert_int_equal(bucket_ask(b, "second", 200, second), 0);
    assert_int_equal(bucket_waiting(b), 1);
    bucket_free(b);
}

static void a_call_overtakes_only_when_that_makes_nobody_later_than_it_was_told(void **state)
{
    static const struct bucket_rates wide = {100, 20, 1000, 2, false};
    struct bucket *b = bucket_new(&wide, 1, 0);

    (void)state;
    assert_int_equal(bucket_ask(b, "before", 1000, 0), 0);
    int64_t gone = bucket_ask(b, "gone", 300, 0);
    int64_t large = bucket_ask(b, "large", 500, 0);
    assert_int_equal(large, gone + 250 * 1000);
    /* its 300 are free, and the large one comes when it was told */
    int64_t now_ms = gone + BUCKET_ABSENT_MS + 1;
    assert_int_equal(bucket_ask(b, "small", 100, now_ms), 0);
    assert_int_equal(bucket_ask(b, "small", 100, now_ms), 0);
    assert_true(bucket_ask(b, "small", 101, now_ms) > 0);
    assert_int_equal(bucket_ask(b, "large", 500, large), 0);
    bucket_free(b);
}

static void who_does_not_come_back_loses_its_place(void **state)
{
    struct bucket *b = bucket_new(&start, 1, 0);

    (void)state;
    assert_int_equal(bucket_ask(b, "before", 1000, 0), 0);
    int64_t gone = bucket_ask(b, "gone", 200, 0);
    assert_true(bucket_ask(b, "next", 200, gone + BUCKET_ABSENT_MS) > 0);
    assert_int_equal(bucket_ask(b, "next", 200, gone + BUCKET_ABSENT_MS + 1), 0);
    bucket_free(b);
}

static void a_throttle_empties_it_and_slows_it_and_it_recovers_slowly(void **state)
{
    struct bucket *b = bucket_new(&start, 1, 0);

    (void)state;
    bucket_throttled(b, 1000);
    bucket_throttled(b, 1200); /* was on its way together with the first */
    assert_int_equal(bucket_percent(b), BUCKET_CUT_PERCENT);
    assert_in_range(bucket_ask(b, "a", 140, 1200), 99 * 1000, 101 * 1000); /* 140 at 1.4 a second */
    bucket_throttled(b, 1000 + BUCKET_CUT_MS);
    assert_int_equal(bucket_percent(b), BUCKET_CUT_PERCENT * BUCKET_CUT_PERCENT / 100);
    for (int i = 0; i < 100; i++)
        bucket_throttled(b, (i + 2) * (BUCKET_CUT_MS + 1000));
    assert_int_equal(bucket_percent(b), BUCKET_LEAST_PERCENT);
    int64_t low_ms = 101 * (BUCKET_CUT_MS + 1000);
    (void)!bucket_ask(b, "a", 1, low_ms + 2 * MINUTE);
    assert_in_range(bucket_percent(b), BUCKET_LEAST_PERCENT + 9, BUCKET_LEAST_PERCENT + 10);
    (void)!bucket_ask(b, "a", 1, low_ms + 60 * MINUTE);
    assert_int_equal(bucket_percent(b), 100); /* never above what is known */
    bucket_free(b);
}

static void without_published_numbers_there_is_no_limit_until_the_first_throttle(void **state)
{
    static const struct bucket_rates unknown = {5, 1, 0, 0, true};
    struct bucket *b = bucket_new(&unknown, 1, 0);

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(bucket_ask(b, "a", 50, 10), 0);
    bucket_throttled(b, 20);
    assert_false(bucket_is_open(b));
    assert_int_equal(bucket_percent(b), 100); /* ours is a careful one: slowed by the next throttle only */
    assert_int_equal(bucket_ask(b, "a", 50, 20), 1000);
    (void)!bucket_ask(b, "a", 50, 20 + BUCKET_OPEN_MS);
    assert_true(bucket_is_open(b));
    bucket_free(b);
}

static void a_request_that_was_long_on_its_way_does_not_make_the_next_too_early(void **state)
{
    struct bucket *b = bucket_new(&start, 1, 0);
    struct naive instances = {1000, 1000, 0.002, 0};

    (void)state;
    assert_int_equal(bucket_ask(b, "a", 1000, 0), 0);
    /* it arrives so late, the next ones at once */
    assert_true(naive_take(&instances, 1000, BUCKET_SLACK_MS));
    for (int64_t now_ms = 0, i = 0; i < 10; i++) {
        now_ms += bucket_ask(b, "a", 200, now_ms);
        assert_int_equal(bucket_ask(b, "a", 200, now_ms), 0);
        assert_true(naive_take(&instances, 200, now_ms));
    }
    bucket_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_burst_goes_at_once_and_the_rest_at_the_published_rate),
        WEIGHED(requests_are_paced_too_when_each_touches_few),
        WEIGHED(more_than_fits_waits_for_a_full_bucket_and_not_for_ever),
        WEIGHED(five_thousand_instances_are_never_throttled_in_order_and_use_what_is_offered),
        WEIGHED(who_came_first_goes_first_and_a_latecomer_may_only_use_what_nobody_misses),
        WEIGHED(a_call_overtakes_only_when_that_makes_nobody_later_than_it_was_told),
        WEIGHED(who_does_not_come_back_loses_its_place),
        WEIGHED(a_throttle_empties_it_and_slows_it_and_it_recovers_slowly),
        WEIGHED(without_published_numbers_there_is_no_limit_until_the_first_throttle),
        WEIGHED(a_request_that_was_long_on_its_way_does_not_make_the_next_too_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
