/* What one member makes of DescribeInstances' replies, which may tell of the time before a call. */
#include "core/member_step.h"

#include "base/mem.h"
#include "support/cmocka_first.h"

enum { CALLED_MS = 100000, BEFORE_WALL_MS = 5000, AFTER_WALL_MS = 900000, TIMEOUT_S = 600 };

static struct job_options options = {.filter_value = "E", .timeout_s = TIMEOUT_S};
static const struct member_rules rules = {&options, "db", ACTION_START, 1};

/* Asked and told in the same moment, `ms` after the accepted call. */
static void tell(struct member_life *m, enum sight state, int64_t launch_wall_ms, int64_t ms)
{
    const struct sighting s = {
        .state = state, .filter_value = STR("E"), .tier_value = STR("db"), .launch_wall_ms = launch_wall_ms};

    member_seen(m, &rules, &s, CALLED_MS + ms, CALLED_MS + ms, CALLED_MS + ms);
}

static struct member_life started(void)
{
    struct member_life m = {.id = "i-1"};

    tell(&m, SIGHT_STOPPED, BEFORE_WALL_MS, -1000);
    member_call(&m, CALLED_MS);
    member_accepted(&m, &rules, CALLED_MS);
    assert_int_equal(m.phase, MEMBER_WAIT);
    return m;
}

static void an_old_reply_after_a_newer_one_is_not_a_start_that_fell_back(void **state)
{
    struct member_life m = started();

    (void)state;
    tell(&m, SIGHT_STOPPED, BEFORE_WALL_MS, 1000);
    tell(&m, SIGHT_PENDING, AFTER_WALL_MS, 2000);
    tell(&m, SIGHT_STOPPED, BEFORE_WALL_MS, 3000);                  /* from a server that lags */
    tell(&m, SIGHT_STOPPED, AFTER_WALL_MS, MEMBER_DESCRIBE_LAG_MS); /* and one that lags in one thing alone */
    assert_int_equal(m.phase, MEMBER_WAIT);
    tell(&m, SIGHT_RUNNING, AFTER_WALL_MS, MEMBER_DESCRIBE_LAG_MS + 1000);
    assert_int_equal(m.outcome, OUTCOME_DONE);
}

static void what_is_stopped_again_when_no_reply_can_be_that_old_fell_back(void **state)
{
    struct member_life m = started();

    (void)state;
    tell(&m, SIGHT_PENDING, AFTER_WALL_MS, 2000);
    tell(&m, SIGHT_STOPPED, AFTER_WALL_MS, MEMBER_DESCRIBE_LAG_MS + 1);
    assert_int_equal(m.outcome, OUTCOME_FAILED);
    assert_int_equal(m.cause, CAUSE_FELL_BACK);
}

static void a_newer_launch_alone_tells_of_a_start_that_nobody_saw(void **state)
{
    struct member_life m = started();

    (void)state;
    tell(&m, SIGHT_STOPPED, AFTER_WALL_MS, MEMBER_DESCRIBE_LAG_MS + 1);
    assert_int_equal(m.cause, CAUSE_FELL_BACK);
}

static void what_never_moved_is_given_a_minute(void **state)
{
    struct member_life m = started();

    (void)state;
    tell(&m, SIGHT_STOPPED, BEFORE_WALL_MS, MEMBER_FALL_BACK_MS);
    assert_int_equal(m.phase, MEMBER_WAIT);
    tell(&m, SIGHT_STOPPED, BEFORE_WALL_MS, MEMBER_FALL_BACK_MS + 1);
    assert_int_equal(m.cause, CAUSE_FELL_BACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_reply_after_a_newer_one_is_not_a_start_that_fell_back),
        cmocka_unit_test(what_is_stopped_again_when_no_reply_can_be_that_old_fell_back),
        cmocka_unit_test(a_newer_launch_alone_tells_of_a_start_that_nobody_saw),
        cmocka_unit_test(what_never_moved_is_given_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
