#include "support/cmocka_first.h"

#include "core/backoff.h"
#include "support/weigh.h"

enum { MOST = BACKOFF_CHANCES - 1 };

static void the_bound_doubles_from_a_second_to_half_a_minute(void **state)
{
    static const int64_t bounds[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};

    (void)state;
    for (int i = 0; i < 7; i++) {
        assert_in_range(backoff_ms(i + 1, MOST, 0), bounds[i] - 1, bounds[i]);
        assert_int_equal(backoff_ms(i + 1, BACKOFF_CHANCES / 4, 0), bounds[i] / 4);
        assert_int_equal(backoff_ms(i + 1, 0, 0), 0);
    }
    assert_in_range(backoff_ms(1000000, MOST, 0), BACKOFF_MAX_MS - 1, BACKOFF_MAX_MS);
}

static void a_servers_hint_lengthens_a_wait_up_to_a_bound_and_never_shortens_it(void **state)
{
    (void)state;
    assert_int_equal(backoff_ms(3, BACKOFF_CHANCES / 2, 1), 2000);
    assert_int_equal(backoff_ms(3, BACKOFF_CHANCES / 2, 1999), 2000);
    assert_int_equal(backoff_ms(3, BACKOFF_CHANCES / 2, 7000), 7000);
    assert_int_equal(backoff_ms(1, 0, INT64_MAX), BACKOFF_HINT_MAX_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(the_bound_doubles_from_a_second_to_half_a_minute),
        WEIGHED(a_servers_hint_lengthens_a_wait_up_to_a_bound_and_never_shortens_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
