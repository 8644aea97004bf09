#include "aws/s3.h"

#include "support/fake_world.h"
#include "support/weigh.h"

#include <string.h>

static struct fake_world world;

static struct s3_asked answered(int status)
{
    struct s3_asked a = {0};

    s3_ask_bucket(&world.ports, "eu-west-1", "logs", &a);
    assert_false(a.done);
    fake_reply(&world, status, "");
    assert_true(a.done);
    return a;
}

static void a_stranger_learns_whether_a_bucket_is_there(void **state)
{
    static const struct {
        int status;
        enum s3_bucket bucket;
    } rows[] = {{200, S3_THERE},     {403, S3_THERE},   {301, S3_ELSEWHERE}, {307, S3_ELSEWHERE},
                {400, S3_ELSEWHERE}, {404, S3_MISSING}, {503, S3_UNKNOWN}};

    (void)state;
    fake_world_init(&world);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct s3_asked a = answered(rows[i].status);
        assert_int_equal(a.bucket, rows[i].bucket);
        assert_int_equal(a.err.kind != ERR_NONE, rows[i].bucket == S3_UNKNOWN);
    }
    assert_string_equal(fake_last(&world)->url,
                        "https://s3.eu-west-1.amazonaws.com/logs?list-type=2&max-keys=0");
    assert_string_equal(fake_last(&world)->method, "GET");
    assert_string_equal(fake_header(fake_last(&world), "Authorization"), "");
    fake_world_release(&world);
}

static void a_lost_answer_is_not_a_lost_bucket(void **state)
{
    struct s3_asked a = {0};

    (void)state;
    fake_world_init(&world);
    s3_ask_bucket(&world.ports, "eu-west-1", "logs", &a);
    fake_break(&world, true);
    assert_true(a.done && a.bucket == S3_UNKNOWN && a.err.kind != ERR_NONE);
    fake_world_release(&world);
}

static void a_name_from_a_row_stays_a_name_in_the_url(void **state)
{
    struct s3_asked a = {0};
    char long_name[S3_BUCKET_MAX + 2];

    (void)state;
    fake_world_init(&world);
    fake_env(&world, "AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000");
    s3_ask_bucket(&world.ports, "eu-west-1", "a/../b?c#d", &a);
    assert_string_equal(fake_last(&world)->url,
                        "http://127.0.0.1:9000/a%2F..%2Fb%3Fc%23d?list-type=2&max-keys=0");
    fake_break(&world, false);
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    s3_ask_bucket(&world.ports, "eu-west-1", long_name, &a);
    assert_true(a.done && a.bucket == S3_UNKNOWN && a.err.kind == ERR_INVALID);
    assert_int_equal(world.asked_count, 1);
    fake_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_stranger_learns_whether_a_bucket_is_there),
        WEIGHED(a_lost_answer_is_not_a_lost_bucket),
        WEIGHED(a_name_from_a_row_stays_a_name_in_the_url),
    };

    return cmocka_run_group_tests_name("aws/s3", tests, NULL, NULL);
}
