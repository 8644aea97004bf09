#include "aws/identity.h"

#include "base/mem.h"
#include "support/engine.h"
#include "support/weigh.h"

#include <string.h>

static struct fake_world world; /* large; each test begins it anew */

static void a_role_is_assumed_once_for_all_who_wait(void **state)
{
    struct seen one = {0}, two = {0};
    const struct aws_where where = {.region = "us-west-2", .role_arn = ROLE, .external_id = "x 1"};
    struct gate g = {0};
    const struct pacer pacer = {gate_ask, gate_throttled, &g};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, &pacer);
    struct ec2_filters none = {0};

    ec2_describe_instances(a, &where, &none, seen_instances, &one);
    ec2_describe_instances(a, &where, &none, seen_instances, &two);
    engine_turn(a, &world);
    assert_int_equal(world.asked_count, 1);
    assert_string_equal(fake_last(&world)->body,
                        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321"
                        "%3Arole%2FStop&RoleSessionName=ec2sched&DurationSeconds=3600&ExternalId=x%201");
    fake_reply(&world, 200, ASSUMED);
    engine_turn(a, &world);
    assert_int_equal(world.asked_count, 3);
    for (size_t i = 1; i < 3; i++) {
        assert_string_equal(world.asked[i].url, "https://ec2.us-west-2.amazonaws.com/");
        assert_non_null(strstr(fake_header(&world.asked[i], "authorization"), "Credential=ASIAROLE/"));
        assert_string_equal(fake_header(&world.asked[i], "x-amz-security-token"), "role-token");
    }
    assert_string_equal(g.account, "210987654321");
    aws_free(a);
    fake_world_release(&world);
}

static void a_changing_call_without_credentials_goes_back_and_fetches_them(void **state)
{
    struct seen s = {0};
    const struct aws_where where = {.role_arn = ROLE};
    STRS_CLEANUP struct strs ids = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    strs_add(&ids, STR("i-1"));
    engine_warm(a, &world, 0);
    ec2_stop_instances(a, &where, &ids, NULL, &world.now, seen_changes, &s);
    engine_turn(a, &world);
    assert_string_equal(s.r.err.code, AWS_CREDENTIALS);
    assert_true(err_is_retriable(&s.r.err));
    assert_true(s.r.retry_after_ms > 0);
    assert_non_null(strstr(fake_last(&world)->body, "AssumeRole"));
    fake_reply(&world, 200, ASSUMED);
    engine_turn(a, &world);
    ec2_stop_instances(a, &where, &ids, NULL, &world.now, seen_changes, &s);
    engine_turn(a, &world);
    assert_non_null(strstr(fake_last(&world)->body, "StopInstances"));
    aws_free(a);
    fake_world_release(&world);
}

static void a_role_that_may_not_be_assumed_fails_those_who_wait(void **state)
{
    struct seen s = {0};
    const struct aws_where where = {.role_arn = ROLE};
    struct ec2_filters none = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    ec2_describe_instances(a, &where, &none, seen_instances, &s);
    engine_turn(a, &world);
    fake_reply(
        &world, 403,
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>");
    engine_turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_DENIED);
    assert_string_equal(s.r.err.code, "AccessDenied");
    assert_non_null(strstr(s.r.err.msg, ROLE));
    ec2_describe_instances(a, &where, &none, seen_instances, &s);
    engine_turn(a, &world);
    assert_int_equal(world.asked_count, 1); /* the cool-down */
    assert_int_equal(s.count, 2);

    const struct aws_where broken = {.role_arn = "Stop"};
    ec2_describe_instances(a, &broken, &none, seen_instances, &s);
    engine_turn(a, &world);
    assert_int_equal(s.r.err.kind, ERR_CONFIG); /* never engine_home's credentials instead */
    aws_free(a);
    fake_world_release(&world);
}

static void credentials_that_aws_calls_expired_are_fetched_once_again(void **state)
{
    struct seen s = {0};
    const struct aws_where where = {.role_arn = ROLE};
    struct ec2_filters none = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    ec2_describe_instances(a, &where, &none, seen_instances, &s);
    engine_turn(a, &world);
    fake_reply(&world, 200, ASSUMED);
    engine_turn(a, &world);
    fake_reply(&world, 400, EC2_ERROR("ExpiredToken", "old"));
    engine_turn(a, &world);
    assert_non_null(strstr(fake_last(&world)->body, "AssumeRole"));
    fake_reply(&world, 200, ASSUMED);
    engine_turn(a, &world);
    fake_reply(&world, 400, EC2_ERROR("ExpiredToken", "old"));
    engine_turn(a, &world);
    assert_int_equal(world.asked_count, 4); /* not for ever */
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_DENIED);
    aws_free(a);
    fake_world_release(&world);
}

static void credentials_are_renewed_before_they_end(void **state)
{
    struct seen s = {0};
    const struct aws_where where = {.role_arn = ROLE};
    struct ec2_filters none = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    ec2_describe_instances(a, &where, &none, seen_instances, &s);
    engine_turn(a, &world);
    fake_reply(&world, 200, ASSUMED);
    engine_turn(a, &world);
    fake_reply(&world, 200, EC2_NONE);
    engine_turn(a, &world);
    fake_pass(&world, (int64_t)56 * 60 * 1000);
    ec2_describe_instances(a, &where, &none, seen_instances, &s);
    engine_turn(a, &world);
    engine_turn(a, &world);
    assert_int_equal(fake_open(&world),
                     2); /* the call goes out with the old ones, while new ones are fetched */
    assert_non_null(strstr(world.asked[2].body, "DescribeInstances"));
    assert_non_null(strstr(world.asked[3].body, "AssumeRole"));
    aws_free(a);
    fake_world_release(&world);
}

static void a_changing_call_with_expired_credentials_goes_back_and_the_next_one_does_better(void **state)
{
    struct seen s = {0};
    const struct aws_where where = {.role_arn = ROLE};
    STRS_CLEANUP struct strs ids = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    strs_add(&ids, STR("i-1"));
    engine_warm(a, &world, 0);
    (void)ec2_stop_instances(a, &where, &ids, NULL, &world.now, seen_changes, &s);
    engine_turn(a, &world);
    fake_reply(&world, 200, ASSUMED);
    engine_turn(a, &world);
    (void)ec2_stop_instances(a, &where, &ids, NULL, &world.now, seen_changes, &s);
    engine_turn(a, &world);
    size_t sent = world.asked_count;
    fake_reply(&world, 400, EC2_ERROR("ExpiredToken", "old"));
    engine_turn(a, &world);
    fake_pass(&world, 1000);
    engine_turn(a, &world);
    assert_int_equal(s.count, 2);
    assert_int_equal(world.asked_count, sent); /* not again by itself */
    assert_int_equal(s.r.err.kind, ERR_UNAVAILABLE);
    assert_string_equal(s.r.err.code, "ExpiredToken");
    assert_false(s.r.unanswered);

    (void)ec2_stop_instances(a, &where, &ids, NULL, &world.now, seen_changes, &s);
    engine_turn(a, &world);
    assert_string_equal(s.r.err.code, AWS_CREDENTIALS);
    fake_reply(&world, 200, ASSUMED);
    engine_turn(a, &world);
    (void)ec2_stop_instances(a, &where, &ids, NULL, &world.now, seen_changes, &s);
    engine_turn(a, &world);
    sent = world.asked_count;
    fake_reply(&world, 400, EC2_ERROR("ExpiredToken", "old"));
    engine_turn(a, &world);
    assert_int_equal(s.r.err.kind, ERR_DENIED); /* new ones were just fetched: they are not the reason */
    (void)ec2_stop_instances(a, &where, &ids, NULL, &world.now, seen_changes, &s);
    engine_turn(a, &world);
    assert_non_null(strstr(fake_last(&world)->body, "StopInstances"));
    assert_int_equal(world.asked_count, sent + 1);
    aws_free(a);
    fake_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_role_is_assumed_once_for_all_who_wait),
        WEIGHED(a_changing_call_without_credentials_goes_back_and_fetches_them),
        WEIGHED(a_role_that_may_not_be_assumed_fails_those_who_wait),
        WEIGHED(credentials_that_aws_calls_expired_are_fetched_once_again),
        WEIGHED(credentials_are_renewed_before_they_end),
        WEIGHED(a_changing_call_with_expired_credentials_goes_back_and_the_next_one_does_better),
    };

    return cmocka_run_group_tests_name("aws/identity", tests, NULL, NULL);
}
