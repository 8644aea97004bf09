#include "aws/call.h"

#include "aws/dynamodb.h"
#include "aws/skew.h"
#include "base/mem.h"
#include "support/engine.h"
#include "support/weigh.h"

#include <stdio.h>
#include <string.h>

static struct fake_world world; /* large; each test begins it anew */

static void a_call_completes_from_the_turn_alone(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_describe(a, &s);
    assert_int_equal(world.asked_count, 0);
    engine_turn(a, &world);
    assert_int_equal(world.asked_count, 1);
    fake_reply(&world, 200, EC2_NONE);
    assert_int_equal(s.count, 0);
    engine_turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_NONE);
    assert_int_equal(aws_in_hand(a), 0);
    ec2_instances_release(&s.instances);
    aws_free(a);
    fake_world_release(&world);
}

static void a_request_is_what_ec2_wants_and_says_for_whom(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_describe(a, &s);
    engine_turn(a, &world);
    const struct fake_asked *q = fake_last(&world);
    assert_string_equal(q->url, "https://ec2.eu-west-1.amazonaws.com/");
    assert_string_equal(
        q->body,
        "Action=DescribeInstances&Version=2016-11-15&MaxResults=1000&Filter.1.Name=instance-state-name"
        "&Filter.1.Value.1=running");
    assert_string_equal(fake_header(q, "host"), "ec2.eu-west-1.amazonaws.com");
    assert_string_equal(fake_header(q, "user-agent"), "ec2sched-worker/0.1.0 r%201/s1-t1-b1/2");
    assert_string_equal(fake_header(q, "x-amz-date"), "20260501T100000Z");
    assert_non_null(
        strstr(fake_header(q, "authorization"), "Credential=AKIDHOME/20260501/eu-west-1/ec2/aws4_request"));
    aws_free(a);
    assert_true(q->cancelled);
    assert_int_equal(s.count, 0);
    fake_world_release(&world);
}

static void a_reading_call_is_tried_again_within_its_bound(void **state)
{
    static const char *const bodies[] = {EC2_ERROR("RequestLimitExceeded", "slow"), "<html>502</html>",
                                         "<DescribeInstancesResponse><reservationSet>"};
    static const int statuses[] = {503, 502, 200};

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct seen s = {0};
        fake_world_init(&world);
        struct aws *a = engine_new(&world, NULL);
        engine_describe(a, &s);
        for (int j = 0; j < AWS_ATTEMPTS; j++) {
            engine_turn(a, &world);
            assert_int_equal(fake_open(&world), 1);
            fake_reply(&world, statuses[i], bodies[i]);
            int64_t next = aws_turn(a, world.now.boot_ms);
            if (j + 1 == AWS_ATTEMPTS)
                break;
            assert_int_equal(s.count, 0);
            assert_true(next <= world.now.boot_ms + AWS_BACKOFF_MAX_MS);
            fake_pass(&world, next - world.now.boot_ms);
        }
        assert_int_equal(s.count, 1);
        assert_int_equal(s.r.attempts, AWS_ATTEMPTS);
        assert_true(err_is_retriable(&s.r.err));
        assert_false(s.r.unanswered);
        aws_free(a);
        fake_world_release(&world);
    }
}

static void what_is_refused_for_good_is_not_tried_again(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_describe(a, &s);
    engine_turn(a, &world);
    fake_reply(&world, 403, EC2_ERROR("UnauthorizedOperation", "no"));
    engine_turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_DENIED);
    assert_string_equal(s.r.err.code, "UnauthorizedOperation");
    assert_string_equal(s.r.request_id, "r-9");
    assert_int_equal(world.asked_count, 1);
    aws_free(a);
    fake_world_release(&world);
}

static void no_changing_call_leaves_before_awss_clock_is_known(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_stop(a, &world, &s);
    engine_turn(a, &world);
    assert_int_equal(world.asked_count, 0);
    assert_string_equal(s.r.err.code, AWS_CLOCK);
    assert_true(err_is_retriable(&s.r.err));
    assert_false(s.r.sent);
    engine_warm(a, &world, 0);
    engine_stop(a, &world, &s);
    engine_turn(a, &world);
    assert_int_equal(fake_open(&world), 1);
    assert_int_equal(aws_unsettled(a), 1);
    fake_reply(&world, 200, STOPPED);
    engine_turn(a, &world);
    assert_int_equal(s.changes, 1);
    assert_int_equal(aws_unsettled(a), 0);

    world.now.wall_ms += SKEW_JUMP_MAX_MS + 1; /* somebody set the clock */
    engine_stop(a, &world, &s);
    engine_turn(a, &world);
    assert_int_equal(fake_open(&world), 0);
    assert_string_equal(s.r.err.code, AWS_CLOCK);
    aws_free(a);
    fake_world_release(&world);
}

static void a_changing_call_is_signed_with_the_moment_of_its_check_and_the_offset(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_warm(a, &world, 120000);
    assert_int_equal(world.warnings, 1);
    engine_warm(a, &world, 120000);
    assert_int_equal(world.warnings, 1); /* once, not with every reply */
    engine_stop(a, &world, &s);
    fake_pass(&world, 3000);
    engine_turn(a, &world);
    assert_string_equal(fake_header(fake_last(&world), "x-amz-date"), "20260501T100200Z");
    assert_int_equal(fake_last(&world)->timeout_ms, AWS_CHANGE_MS);
    assert_true(fake_last(&world)->once); /* a copy that its sender knows nothing of could land unnoticed */
    aws_cancel(a, s.id);

    engine_warm(a, &world, 3000); /* within what a Date header's resolution and a slow reply make */
    engine_stop(a, &world, &s);
    engine_turn(a, &world);
    assert_string_equal(fake_header(fake_last(&world), "x-amz-date"), "20260501T100003Z");
    aws_free(a);
    fake_world_release(&world);
}

static void a_changing_call_with_an_old_check_is_not_sent(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_warm(a, &world, 0);
    engine_stop(a, &world, &s);
    fake_pass(&world, AWS_CHECK_MAX_MS + 1);
    engine_turn(a, &world);
    assert_int_equal(fake_open(&world), 0);
    assert_string_equal(s.r.err.code, AWS_STALE);
    aws_free(a);
    fake_world_release(&world);
}

static void a_changing_call_is_never_sent_twice(void **state)
{
    static const struct {
        int status; /* 0: no reply, -1: none, and nothing was sent */
        const char *body;
        enum err_kind kind;
        bool unanswered;
    } rows[] = {
        {503, EC2_ERROR("RequestLimitExceeded", "slow"), ERR_THROTTLED, false},
        {500, EC2_ERROR("InternalError", "oops"), ERR_UNAVAILABLE, false},
        {504, "<html>gateway</html>", ERR_UNAVAILABLE, true},
        {200, "<StopInstancesResponse><inst", ERR_UNAVAILABLE, true},
        {200, "", ERR_UNAVAILABLE, true},
        {0, NULL, ERR_UNAVAILABLE, true},
        {-1, NULL, ERR_UNAVAILABLE, false},
        {400, EC2_ERROR("IncorrectInstanceState", "The instance 'i-0123456789abcdef0' is not in a state"),
         ERR_CONFLICT, false},
        {500, EC2_ERROR("InsufficientInstanceCapacity", "none"), ERR_CONFLICT, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen s = {0};
        fake_world_init(&world);
        struct aws *a = engine_new(&world, NULL);
        engine_warm(a, &world, 0);
        engine_stop(a, &world, &s);
        engine_turn(a, &world);
        if (rows[i].status > 0)
            fake_reply(&world, rows[i].status, rows[i].body);
        else
            fake_break(&world, rows[i].status == 0);
        engine_turn(a, &world);
        fake_pass(&world, 60000);
        engine_turn(a, &world);
        assert_int_equal(s.count, 1);
        assert_int_equal(world.asked_count, 2);
        assert_int_equal(s.r.err.kind, rows[i].kind);
        assert_int_equal(s.r.unanswered, rows[i].unanswered);
        assert_int_equal(s.r.attempts, 1);
        assert_int_equal(aws_unsettled(a), 0);
        aws_free(a);
        fake_world_release(&world);
    }
}

static void the_instances_that_an_error_names_are_told(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_warm(a, &world, 0);
    engine_stop(a, &world, &s);
    engine_turn(a, &world);
    fake_reply(&world, 400,
               EC2_ERROR("InvalidInstanceID.NotFound",
                         "The instance IDs 'i-0123456789abcdef0, i-12345678' do not exist"));
    engine_turn(a, &world);
    assert_int_equal(s.r.err.kind, ERR_NOT_FOUND);
    assert_int_equal(s.named, 2);
    assert_string_equal(s.first_named, "i-0123456789abcdef0");
    aws_free(a);
    fake_world_release(&world);
}

static void a_changing_call_brings_awss_own_hint_and_no_backoff_of_ours(void **state)
{
    static const char *const codes[] = {"RequestLimitExceeded", "Unavailable"};
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_warm(a, &world, 0);
    for (size_t i = 0; i < 2; i++) {
        char body[256];
        (void)snprintf(body, sizeof body, EC2_ERROR("%s", "later"), codes[i]);
        engine_stop(a, &world, &s);
        engine_turn(a, &world);
        fake_reply(&world, 503, body);
        engine_turn(a, &world);
        assert_int_equal(s.count, i + 1);
        assert_true(err_is_retriable(&s.r.err));
        assert_int_equal(s.r.retry_after_ms, 0); /* how long to wait is the caller's to say */
    }
    aws_free(a);
    fake_world_release(&world);
}

static void the_pacer_is_asked_before_each_attempt(void **state)
{
    struct seen s = {0};
    struct gate g = {0};
    const struct pacer pacer = {gate_ask, gate_throttled, &g};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, &pacer);

    engine_warm(a, &world, 0);
    assert_int_equal(g.asked, 1);
    g.wait_ms = 700;
    engine_describe(a, &s);
    assert_int_equal(aws_turn(a, world.now.boot_ms), world.now.boot_ms + 700); /* a read waits inside */
    assert_int_equal(fake_open(&world), 0);
    g.wait_ms = 0;
    fake_pass(&world, 700);
    engine_turn(a, &world);
    assert_int_equal(fake_open(&world), 1);
    fake_reply(&world, 503, EC2_ERROR("RequestLimitExceeded", "slow"));
    engine_turn(a, &world);
    assert_int_equal(g.throttled, 1);
    aws_cancel(a, s.id);

    g.wait_ms = 1500;
    engine_stop(a, &world, &s);
    engine_turn(a, &world);
    assert_int_equal(s.count, 1); /* a change goes back to its lease */
    assert_string_equal(s.r.err.code, AWS_PACED);
    assert_int_equal(s.r.retry_after_ms, 1500);
    assert_string_equal(g.api, "StopInstances");
    assert_int_equal(g.last.resources, 1);
    assert_string_equal(g.who, "|r 1|s1-t1-b1"); /* each try of a job has the same place in the queue */
    assert_string_equal(g.account, "home");
    aws_free(a);
    fake_world_release(&world);
}

static void a_clock_that_was_off_is_corrected_and_asked_with_again(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);
    const struct fake_answer skewed = {
        .status = 403, .body = EC2_ERROR("AuthFailure", "no"), .ahead_ms = 3600000};

    engine_describe(a, &s);
    engine_turn(a, &world);
    fake_answer(&world, &skewed);
    engine_turn(a, &world);
    assert_int_equal(world.asked_count, 2);
    assert_string_equal(fake_header(fake_last(&world), "x-amz-date"), "20260501T110000Z");
    fake_answer(&world, &skewed); /* now it is no skew any more */
    engine_turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_DENIED);

    engine_describe(a, &s);
    engine_turn(a, &world);
    fake_answer(&world, &skewed);
    engine_turn(a, &world);
    assert_int_equal(s.count, 2); /* a genuine refusal */
    aws_free(a);
    fake_world_release(&world);
}

static void an_empty_batch_is_refused_not_sent_to_all(void **state)
{
    struct seen s = {0};
    struct strs none = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_warm(a, &world, 0);
    ec2_stop_instances(a, &engine_home, &none, NULL, &world.now, seen_changes, &s);
    ec2_describe_status(a, &engine_home, &none, seen_done, &s);
    engine_turn(a, &world);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.r.err.kind, ERR_INVALID);
    assert_int_equal(fake_open(&world), 0);
    aws_free(a);
    fake_world_release(&world);
}

static void a_cancelled_call_says_nothing_more(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_describe(a, &s);
    engine_turn(a, &world);
    aws_cancel(a, s.id);
    assert_true(fake_last(&world)->cancelled);
    aws_cancel(a, s.id);
    aws_cancel(a, 12345);
    engine_turn(a, &world);
    assert_int_equal(s.count, 0);
    assert_int_equal(aws_in_hand(a), 0);
    aws_free(a);
    fake_world_release(&world);
}

static void a_reply_with_another_checksum_is_asked_for_again(void **state)
{
    struct seen s = {0};
    const struct fake_answer wrong = {200, "{\"Items\":[]}", 0, "x-amz-crc32", "1", NULL};
    const struct fake_answer right = {200, "{\"Items\":[]}", 0, "x-amz-crc32", "2770214093", NULL};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    dynamodb_scan(a, &engine_home, "T", seen_done, &s);
    engine_turn(a, &world);
    fake_answer(&world, &wrong);
    fake_pass(&world, AWS_BACKOFF_MAX_MS);
    engine_turn(a, &world);
    fake_pass(&world, AWS_BACKOFF_MAX_MS);
    engine_turn(a, &world);
    assert_int_equal(world.asked_count, 2);
    fake_answer(&world, &right);
    engine_turn(a, &world);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.r.err.kind, ERR_NONE);
    aws_free(a);
    fake_world_release(&world);
}

static void an_outage_empties_the_budget_of_retries(void **state)
{
    struct seen s = {0};
    size_t calls = 0;
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    for (; calls < 60; calls++) {
        engine_describe(a, &s);
        for (int j = 0; j < AWS_ATTEMPTS; j++) {
            engine_turn(a, &world);
            if (!fake_open(&world))
                break;
            fake_reply(&world, 500, "");
            engine_turn(a, &world);
            fake_pass(&world, AWS_BACKOFF_MAX_MS);
        }
    }
    assert_int_equal(s.count, calls);
    assert_int_equal(world.asked_count, calls + 35); /* 500 / 14 */
    aws_free(a);
    fake_world_release(&world);
}

static void a_changing_call_that_our_clock_spoiled_goes_back_as_retriable(void **state)
{
    struct seen s = {0};
    const struct fake_answer skewed = {
        .status = 403, .body = EC2_ERROR("AuthFailure", "no"), .ahead_ms = 3600000};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_warm(a, &world, 0);
    engine_stop(a, &world, &s);
    engine_turn(a, &world);
    fake_answer(&world, &skewed);
    engine_turn(a, &world);
    assert_int_equal(world.asked_count, 2);
    assert_int_equal(s.r.err.kind, ERR_UNAVAILABLE);
    assert_string_equal(s.r.err.code, "AuthFailure");
    engine_stop(a, &world, &s);
    engine_turn(a, &world);
    fake_answer(&world, &skewed); /* the clock is right now: it is a refusal */
    engine_turn(a, &world);
    assert_int_equal(s.r.err.kind, ERR_DENIED);
    aws_free(a);
    fake_world_release(&world);
}

static void an_answer_to_another_question_is_none(void **state)
{
    struct seen s = {0};
    (void)state;
    fake_world_init(&world);
    struct aws *a = engine_new(&world, NULL);

    engine_warm(a, &world, 0);
    engine_stop(a, &world, &s);
    engine_turn(a, &world);
    fake_reply(&world, 200, "<StartInstancesResponse><instancesSet/></StartInstancesResponse>");
    engine_turn(a, &world);
    assert_string_equal(s.r.err.code, AWS_GARBLED);
    assert_true(s.r.unanswered);
    aws_free(a);
    fake_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_call_completes_from_the_turn_alone),
        WEIGHED(a_request_is_what_ec2_wants_and_says_for_whom),
        WEIGHED(a_reading_call_is_tried_again_within_its_bound),
        WEIGHED(what_is_refused_for_good_is_not_tried_again),
        WEIGHED(no_changing_call_leaves_before_awss_clock_is_known),
        WEIGHED(a_changing_call_is_signed_with_the_moment_of_its_check_and_the_offset),
        WEIGHED(a_changing_call_with_an_old_check_is_not_sent),
        WEIGHED(a_changing_call_is_never_sent_twice),
        WEIGHED(the_instances_that_an_error_names_are_told),
        WEIGHED(a_changing_call_brings_awss_own_hint_and_no_backoff_of_ours),
        WEIGHED(the_pacer_is_asked_before_each_attempt),
        WEIGHED(a_clock_that_was_off_is_corrected_and_asked_with_again),
        WEIGHED(an_empty_batch_is_refused_not_sent_to_all),
        WEIGHED(a_cancelled_call_says_nothing_more),
        WEIGHED(a_reply_with_another_checksum_is_asked_for_again),
        WEIGHED(an_outage_empties_the_budget_of_retries),
        WEIGHED(a_changing_call_that_our_clock_spoiled_goes_back_as_retriable),
        WEIGHED(an_answer_to_another_question_is_none),
    };

    return cmocka_run_group_tests_name("aws/call", tests, NULL, NULL);
}
