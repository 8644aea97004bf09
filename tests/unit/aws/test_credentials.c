#include "aws/credentials.h"

#include "aws/call.h"
#include "aws/sts.h"
#include "base/mem.h"
#include "support/fake_world.h"
#include "support/weigh.h"

#include <string.h>

static struct fake_world world;

static bool choose(struct credentials_plan *p, struct err *e)
{
    *e = (struct err){0};
    return credentials_choose(&world.ports.process, p, e);
}

static void begin(void)
{
    fake_world_init(&world);
    fake_env(&world, "HOME", "/u");
}

static void the_first_configured_source_is_the_one(void **state)
{
    struct credentials_plan p = {0};
    struct err e = {0};

    (void)state;
    begin();
    assert_true(choose(&p, &e));
    assert_int_equal(p.source, CREDENTIALS_INSTANCE);
    assert_string_equal(p.url, "http://169.254.169.254");
    credentials_plan_release(&p);
    fake_env(&world, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x");
    assert_true(choose(&p, &e));
    assert_int_equal(p.source, CREDENTIALS_CONTAINER);
    assert_string_equal(p.url, "http://169.254.170.2/v2/x");
    credentials_plan_release(&p);
    fake_file(&world, "/u/.aws/credentials",
              "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n");
    assert_true(choose(&p, &e));
    assert_string_equal(p.fixed.id, "AKIDFILE");
    assert_null(p.fixed.token);
    credentials_plan_release(&p);
    fake_env(&world, "AWS_WEB_IDENTITY_TOKEN_FILE", "/t");
    fake_env(&world, "AWS_ROLE_ARN", "arn:aws:iam::1:role/x");
    assert_true(choose(&p, &e));
    assert_int_equal(p.source, CREDENTIALS_WEB_IDENTITY);
    credentials_plan_release(&p);
    fake_env(&world, "AWS_ACCESS_KEY_ID", "AKIDENV");
    fake_env(&world, "AWS_SECRET_ACCESS_KEY", "s");
    fake_env(&world, "AWS_SESSION_TOKEN", "t");
    assert_true(choose(&p, &e));
    assert_string_equal(p.fixed.id, "AKIDENV");
    assert_string_equal(p.fixed.token, "t");
    assert_true(p.fixed.expires_ms == INT64_MAX);
    credentials_plan_release(&p);
    fake_world_release(&world);
}

static void a_configured_source_that_does_not_work_is_an_error_and_never_another_source(void **state)
{
    static const struct {
        const char *name, *value, *file;
    } rows[] = {
        {"AWS_ACCESS_KEY_ID", "A", NULL},
        {"AWS_SECRET_ACCESS_KEY", "s", NULL},
        {"AWS_WEB_IDENTITY_TOKEN_FILE", "/t", NULL},
        {"AWS_PROFILE", "nobody", NULL},
        {"AWS_PROFILE", "p", "[p]\naws_access_key_id = A\n"},
        {"AWS_PROFILE", "p", "[p]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = q\n"},
        {"AWS_PROFILE", "p", "[p]\nsso_start_url = https://x\n"},
        {"AWS_PROFILE", "p", "[p]\ncredential_process = /bin/x\n"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.1/x", NULL},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost:80@10.0.0.1/x", NULL},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.example.com/x", NULL},
        {"AWS_EC2_METADATA_DISABLED", "true", NULL},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "v6", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct credentials_plan p = {0};
        struct err e = {0};
        begin();
        fake_env(&world, rows[i].name, rows[i].value);
        if (rows[i].file)
            fake_file(&world, "/u/.aws/credentials", rows[i].file);
        assert_false(choose(&p, &e));
        assert_int_equal(e.kind, ERR_CONFIG);
        fake_world_release(&world);
    }
}

static void addresses_of_the_machine_itself_may_give_credentials(void **state)
{
    static const char *const urls[] = {"http://127.0.0.1:51679/x",
                                       "http://127.1.2.3/x",
                                       "http://localhost/x",
                                       "https://any.example/x",
                                       "http://169.254.170.23/v1/credentials",
                                       "http://[fd00:ec2::23]/v1",
                                       "http://[::1]:8000/v1"};

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct credentials_plan p = {0};
        struct err e = {0};
        begin();
        fake_env(&world, "AWS_CONTAINER_CREDENTIALS_FULL_URI", urls[i]);
        assert_true(choose(&p, &e));
        credentials_plan_release(&p);
        fake_world_release(&world);
    }
}

static void on_done(void *self, uint64_t id, struct aws_result *r)
{
    (void)id;
    *(struct err *)self = r->err;
}

static struct aws *engine(void)
{
    const struct aws_options o = {"test/1", "eu-west-1", NULL};
    struct err e = {0};
    struct aws *a = aws_new(&world.ports, &o, &e);

    if (!a)
        fail_msg("%s", e.msg);
    return a;
}

static struct fake_asked *turn(struct aws *a)
{
    (void)aws_turn(a, world.now.boot_ms);
    return fake_last(&world);
}

static const struct aws_where here = {0};
#define KEYS                                                                                                 \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"s\",\"Token\":\"tok\","           \
    "\"Expiration\":"
#define LATER "\"2026-05-01T16:00:00Z\"}"

static void an_instance_gives_its_roles_credentials_by_version_two_alone(void **state)
{
    struct err result = {0};

    (void)state;
    begin();
    struct aws *a = engine();
    (void)sts_get_caller_identity(a, &here, on_done, &result);
    struct fake_asked *q = turn(a);
    assert_string_equal(q->method, "PUT");
    assert_string_equal(q->url, "http://169.254.169.254/latest/api/token");
    assert_string_equal(fake_header(q, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
    assert_true(q->direct); /* no proxy sees it */
    fake_reply(&world, 200, "imds-token");
    q = turn(a);
    assert_string_equal(q->url, "http://169.254.169.254/latest/meta-data/iam/security-credentials/");
    assert_string_equal(fake_header(q, "x-aws-ec2-metadata-token"), "imds-token");
    fake_reply(&world, 200, "Worker-Role\n");
    q = turn(a);
    assert_string_equal(q->url,
                        "http://169.254.169.254/latest/meta-data/iam/security-credentials/Worker-Role");
    fake_reply(&world, 200, KEYS LATER);
    q = turn(a);
    assert_string_equal(fake_header(q, "x-amz-security-token"), "tok");
    assert_non_null(strstr(q->body, "GetCallerIdentity"));
    aws_free(a);
    fake_world_release(&world);
}

static void metadata_that_fails_is_tried_again_within_a_bound_and_never_by_version_one(void **state)
{
    struct err result = {0};
    size_t tries = 0;

    (void)state;
    begin();
    struct aws *a = engine();
    (void)sts_get_caller_identity(a, &here, on_done, &result);
    while (result.kind == ERR_NONE && tries < 20) {
        struct fake_asked *q = turn(a);
        assert_string_equal(q->method, "PUT");
        fake_break(&world, false);
        (void)turn(a);
        fake_pass(&world, 5000);
        tries++;
    }
    assert_int_equal(tries, 3);
    assert_int_equal(result.kind, ERR_UNAVAILABLE);
    assert_non_null(strstr(result.msg, "hop limit"));
    aws_free(a);
    fake_world_release(&world);
}

static void answers_of_the_metadata_that_are_none_are_refused(void **state)
{
    static const char *const roles[] = {"", "a/../b", "<html>"};
    static const char soon[] = KEYS "\"soon\"}";
    static const char *const keys[] = {"{}", "not json", "{\"Code\":\"Failed\",\"Message\":\"x\"}", soon,
                                       "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof roles / sizeof *roles + sizeof keys / sizeof *keys; i++) {
        struct err result = {0};
        const size_t n = sizeof roles / sizeof *roles;
        begin();
        struct aws *a = engine();
        (void)sts_get_caller_identity(a, &here, on_done, &result);
        (void)turn(a);
        fake_reply(&world, 200, "t");
        (void)turn(a);
        fake_reply(&world, 200, i < n ? roles[i] : "Role");
        (void)turn(a);
        if (i >= n)
            fake_reply(&world, 200, keys[i - n]);
        (void)turn(a);
        assert_int_not_equal(result.kind, ERR_NONE);
        assert_int_equal(fake_open(&world), 0);
        aws_free(a);
        fake_world_release(&world);
    }
}

static void a_containers_token_is_read_anew_from_its_file(void **state)
{
    struct err result = {0};

    (void)state;
    begin();
    fake_env(&world, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
    fake_env(&world, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token");
    fake_file(&world, "/token", "first\n");
    struct aws *a = engine();
    (void)sts_get_caller_identity(a, &here, on_done, &result);
    struct fake_asked *q = turn(a);
    assert_string_equal(fake_header(q, "authorization"), "first");
    assert_true(q->direct);
    fake_reply(&world, 200, KEYS LATER);
    q = turn(a);
    assert_non_null(strstr(fake_header(q, "authorization"), "Credential=ASIA1/"));
    fake_reply(&world, 200, "<GetCallerIdentityResponse/>");
    fake_file(&world, "/token", "second");
    fake_pass(&world, (int64_t)6 * 3600 * 1000);
    (void)sts_get_caller_identity(a, &here, on_done, &result);
    (void)turn(a);
    assert_string_equal(fake_header(&world.asked[2], "authorization"), "second");
    aws_free(a);
    fake_world_release(&world);
}

static void a_web_identity_is_exchanged_without_a_signature(void **state)
{
    struct err result = {0};

    (void)state;
    begin();
    fake_env(&world, "AWS_WEB_IDENTITY_TOKEN_FILE", "/token");
    fake_env(&world, "AWS_ROLE_ARN", "arn:aws:iam::1:role/x");
    fake_file(&world, "/token", " ey.J \n");
    struct aws *a = engine();
    (void)sts_get_caller_identity(a, &here, on_done, &result);
    struct fake_asked *q = turn(a);
    assert_non_null(strstr(q->body, "Action=AssumeRoleWithWebIdentity"));
    assert_non_null(strstr(q->body, "WebIdentityToken=ey.J"));
    assert_null(strstr(q->body, "%20"));
    assert_string_equal(fake_header(q, "authorization"), "");
    fake_reply(&world, 200,
               "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><"
               "AccessKeyId>ASIAWEB</AccessKeyId>"
               "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</"
               "SessionToken><Expiration>2026-05-01T11:00:00Z</Expiration>"
               "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>");
    q = turn(a);
    assert_non_null(strstr(fake_header(q, "authorization"), "Credential=ASIAWEB/"));
    aws_free(a);
    fake_world_release(&world);
}

static void instance_credentials_that_come_run_out_bridge_an_outage(void **state)
{
    struct err result = {0};

    (void)state;
    begin();
    struct aws *a = engine();
    (void)sts_get_caller_identity(a, &here, on_done, &result);
    (void)turn(a);
    fake_reply(&world, 200, "t");
    (void)turn(a);
    fake_reply(&world, 200, "Role");
    (void)turn(a);
    fake_reply(&world, 200, KEYS "\"2026-05-01T09:00:00Z\"}");
    assert_non_null(strstr(fake_header(turn(a), "authorization"), "Credential=ASIA1/"));
    aws_free(a);
    fake_world_release(&world);
}

static void the_next_credentials_are_fetched_well_before_the_end(void **state)
{
    const int64_t hour = 3600000, minute = 60000;

    (void)state;
    assert_true(credentials_refresh_at(0, INT64_MAX, 0) == INT64_MAX);
    assert_int_equal(credentials_refresh_at(0, hour, 0), hour - 6 * minute);
    assert_int_equal(credentials_refresh_at(0, 6 * hour, 0), 6 * hour - 36 * minute);
    assert_true(credentials_refresh_at(0, hour, 999) < hour - 6 * minute);
    assert_int_equal(credentials_refresh_at(0, 4 * minute, 0), 2 * minute);
    assert_int_equal(credentials_refresh_at(10, 5, 0), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(the_first_configured_source_is_the_one),
        WEIGHED(a_configured_source_that_does_not_work_is_an_error_and_never_another_source),
        WEIGHED(addresses_of_the_machine_itself_may_give_credentials),
        WEIGHED(an_instance_gives_its_roles_credentials_by_version_two_alone),
        WEIGHED(metadata_that_fails_is_tried_again_within_a_bound_and_never_by_version_one),
        WEIGHED(answers_of_the_metadata_that_are_none_are_refused),
        WEIGHED(a_containers_token_is_read_anew_from_its_file),
        WEIGHED(a_web_identity_is_exchanged_without_a_signature),
        WEIGHED(instance_credentials_that_come_run_out_bridge_an_outage),
        WEIGHED(the_next_credentials_are_fetched_well_before_the_end),
    };

    return cmocka_run_group_tests_name("aws/credentials", tests, NULL, NULL);
}
