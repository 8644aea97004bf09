#include "base/timers.h"

#include "support/weigh.h"

#include <string.h>

enum { KEYS = 40, STEPS = 10000 };

/* The naive model: a moment for each key. */
struct model {
    bool set[KEYS];
    int64_t at_ms[KEYS];
};

static int64_t model_next(const struct model *m, uint64_t *key)
{
    int64_t best = INT64_MAX;

    for (uint64_t k = 0; k < KEYS; k++) {
        if (m->set[k] && m->at_ms[k] < best) {
            best = m->at_ms[k];
            *key = k;
        }
    }
    return best;
}

static size_t model_count(const struct model *m)
{
    size_t n = 0;

    for (size_t k = 0; k < KEYS; k++)
        n += m->set[k];
    return n;
}

static uint64_t draw(uint64_t *seed, uint64_t below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % below;
}

static void agree(const struct timers *t, const struct model *m)
{
    uint64_t key = 0;

    assert_int_equal(timers_next(t), model_next(m, &key));
    assert_int_equal(timers_count(t), model_count(m));
}

static void step(struct timers *t, struct model *m, uint64_t *seed)
{
    uint64_t key = draw(seed, KEYS);
    int64_t moment = (int64_t)draw(seed, 60) - 30; /* few moments: many are equal */
    uint64_t expected = 0;
    int64_t when = 0;

    switch (draw(seed, 4)) {
    case 0:
    case 1:
        timers_set(t, key, moment);
        m->set[key] = true;
        m->at_ms[key] = moment;
        break;
    case 2:
        timers_clear(t, key);
        m->set[key] = false;
        break;
    default:
        if (model_next(m, &expected) > moment) {
            assert_false(timers_take(t, moment, &key));
            break;
        }
        assert_true(timers_take(t, moment, &key));
        assert_int_equal(key, expected);
        m->set[key] = false;
    }
    assert_int_equal(timers_when(t, key, &when), m->set[key]);
    if (m->set[key])
        assert_int_equal(when, m->at_ms[key]);
    agree(t, m);
}

static void random_use_agrees_with_the_naive_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct timers *t = timers_new();
        struct model m = {0};
        uint64_t s = seed * 0x9e3779b97f4a7c15U;
        for (int i = 0; i < STEPS; i++)
            step(t, &m, &s);
        timers_free(t); /* with some left */
    }
}

static void equal_moments_come_out_in_the_order_of_their_keys(void **state)
{
    struct timers *t = timers_new();
    uint64_t key = 0;

    (void)state;
    for (uint64_t k = 0; k < 100; k++)
        timers_set(t, k * 37 % 100, 5);
    for (uint64_t k = 0; k < 100; k++) {
        assert_true(timers_take(t, 5, &key));
        assert_int_equal(key, k);
    }
    timers_free(t);
}

static void nothing_set_means_never(void **state)
{
    struct timers *t = timers_new();
    uint64_t key = 7;

    (void)state;
    assert_int_equal(timers_next(t), INT64_MAX);
    assert_false(timers_take(t, INT64_MAX, &key));
    assert_int_equal(key, 7);
    timers_clear(t, 1);
    timers_free(t);
    timers_free(NULL);
}

static void a_key_that_is_set_again_moves(void **state)
{
    struct timers *t = timers_new();
    uint64_t key = 0;

    (void)state;
    timers_set(t, 1, 10);
    timers_set(t, 2, 20);
    timers_set(t, 1, 30);
    assert_int_equal(timers_count(t), 2);
    assert_true(timers_take(t, 40, &key));
    assert_int_equal(key, 2);
    assert_true(timers_take(t, 40, &key));
    assert_int_equal(key, 1);
    timers_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(random_use_agrees_with_the_naive_model),
        WEIGHED(equal_moments_come_out_in_the_order_of_their_keys),
        WEIGHED(nothing_set_means_never),
        WEIGHED(a_key_that_is_set_again_moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
