/* What a daemon says of its way to AWS, once, when it starts. */
#include "aws/greeting.h"

#include "base/mem.h"
#include "support/engine.h"

#include "support/cmocka_first.h"

#include <string.h>

#define WHO                                                                                                  \
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ops</Arn>"      \
    "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
#define REFUSED                                                                                              \
    "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no such key</Message></Error>"          \
    "</ErrorResponse>"

static struct fake_world world; /* large; each test begins it anew */

static void turn(struct greeting *g)
{
    (void)greeting_turn(g, world.now.boot_ms);
}

static struct greeting *begin(void)
{
    struct err e = {0};

    fake_world_init(&world);
    fake_env(&world, "AWS_ACCESS_KEY_ID", "AKIDHOME");
    fake_env(&world, "AWS_SECRET_ACCESS_KEY", "secret");
    fake_env(&world, "AWS_REGION", "eu-west-1");
    struct greeting *g = greeting_new(&world.ports, "ec2sched-worker/0.1.0", &e);
    if (!g)
        fail_msg("%s", e.msg);
    turn(g);
    return g;
}

static void who_has_been_answered_asks_no_more(void **state)
{
    (void)state;
    struct greeting *g = begin();

    assert_int_equal(world.asked_count, 1);
    assert_string_equal(fake_last(&world)->url, "https://sts.eu-west-1.amazonaws.com/");
    fake_reply(&world, 200, WHO);
    turn(g);
    assert_true(greeting_turn(g, world.now.boot_ms) == INT64_MAX);
    fake_pass(&world, 10 * (int64_t)GREETING_AGAIN_MS);
    turn(g);
    assert_int_equal(world.asked_count, 1);
    greeting_free(g);
    fake_world_release(&world);
}

static void a_failure_is_told_once_and_asked_again_until_it_is_mended(void **state)
{
    (void)state;
    struct greeting *g = begin();

    world.warnings = 0;
    for (int i = 0; i < 3; i++) {
        fake_reply(&world, 403, REFUSED);
        turn(g);
        fake_pass(&world, GREETING_AGAIN_MS);
        turn(g);
    }
    assert_int_equal(world.asked_count, 4);
    assert_int_equal(world.warnings, 1);
    fake_reply(&world, 200, WHO);
    turn(g);
    assert_true(greeting_turn(g, world.now.boot_ms) == INT64_MAX);
    greeting_free(g);
    fake_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_been_answered_asks_no_more),
        cmocka_unit_test(a_failure_is_told_once_and_asked_again_until_it_is_mended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
