#include "aws/endpoint.h"

#include "aws/profile.h"
#include "support/fake_world.h"
#include "support/weigh.h"

#include <string.h>

static const struct aws_service ec2 = {"ec2", "ec2", "ec2", "EC2", AWS_EC2_QUERY, "2016-11-15", NULL};
static struct fake_world world;

static void regions_have_the_hosts_of_their_partition(void **state)
{
    static const struct {
        const char *region;
        bool fips, dualstack;
        const char *url;
    } rows[] = {
        {"eu-west-1", false, false, "https://ec2.eu-west-1.amazonaws.com/"},
        {"us-east-1", true, false, "https://ec2-fips.us-east-1.amazonaws.com/"},
        {"us-east-1", false, true, "https://ec2.us-east-1.api.aws/"},
        {"us-east-1", true, true, "https://ec2-fips.us-east-1.api.aws/"},
        {"cn-north-1", false, false, "https://ec2.cn-north-1.amazonaws.com.cn/"},
        {"cn-north-1", false, true, "https://ec2.cn-north-1.api.amazonwebservices.com.cn/"},
        {"us-gov-west-1", true, false, "https://ec2.us-gov-west-1.amazonaws.com/"},
        {"us-gov-west-1", true, true, "https://ec2-fips.us-gov-west-1.api.aws/"},
        {"eusc-de-east-1", false, false, "https://ec2.eusc-de-east-1.amazonaws.eu/"},
        {"us-iso-east-1", false, false, "https://ec2.us-iso-east-1.c2s.ic.gov/"},
        {"us-isob-east-1", false, false, "https://ec2.us-isob-east-1.sc2s.sgov.gov/"},
        {"eu-isoe-west-1", false, false, "https://ec2.eu-isoe-west-1.cloud.adc-e.uk/"},
        {"us-isof-south-1", false, false, "https://ec2.us-isof-south-1.csp.hci.ic.gov/"},
        {"xx-new-1", false, false, "https://ec2.xx-new-1.amazonaws.com/"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct endpoint_settings s = {.fips = rows[i].fips, .dualstack = rows[i].dualstack};
        struct endpoint out = {0};
        struct err e = {0};
        assert_true(endpoint_resolve(&s, &ec2, rows[i].region, &out, &e));
        assert_string_equal(out.url, rows[i].url);
        assert_string_equal(out.region, rows[i].region);
        assert_string_equal(out.path, "/");
    }
    assert_string_equal(endpoint_partition("us-gov-east-1"), "aws-us-gov");
    assert_string_equal(endpoint_partition("cn-north-1"), "aws-cn");
}

static void a_name_that_is_no_region_never_becomes_a_host(void **state)
{
    static const char *const names[] = {"",        "eu-west-1.evil.com/",
                                        "eu west", "EU-WEST-1",
                                        "-a",      "a-",
                                        "a@b",     "abcdefghijklmnopqrstuvwxyz-123456"};
    const struct endpoint_settings s = {0};
    struct endpoint out = {0};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct err e = {0};
        assert_false(endpoint_resolve(&s, &ec2, names[i], &out, &e));
        assert_int_equal(e.kind, ERR_CONFIG);
    }
}

static void resolve(const char *expected_url, const char *expected_host)
{
    struct endpoint_settings s = {0};
    struct endpoint out = {0};
    struct err e = {0};

    assert_true(endpoint_settings_load(&world.ports.process, &s, &e));
    assert_true(endpoint_resolve(&s, &ec2, "eu-west-1", &out, &e));
    assert_string_equal(out.url, expected_url);
    if (expected_host)
        assert_string_equal(out.host, expected_host);
    endpoint_settings_release(&s);
}

static void configured_urls_go_before_the_template_in_their_order(void **state)
{
    (void)state;
    fake_world_init(&world);
    fake_env(&world, "AWS_CONFIG_FILE", "/c");
    fake_file(&world, "/c",
              "[default]\nservices = mine\nendpoint_url = http://all.file\n[services mine]\nec2 =\n"
              "  endpoint_url = http://ec2.file:81/x/ # here\nssm =\n  endpoint_url = http://ssm.file\n");
    resolve("http://ec2.file:81/x", "ec2.file:81");
    fake_env(&world, "AWS_ENDPOINT_URL", "http://127.0.0.1:4566");
    resolve("http://127.0.0.1:4566/", "127.0.0.1:4566");
    fake_env(&world, "AWS_ENDPOINT_URL_SSM", "http://ssm.env");
    fake_env(&world, "AWS_ENDPOINT_URL_EC2", "https://ec2.env:443/");
    resolve("https://ec2.env/", "ec2.env");
    fake_env(&world, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    resolve("https://ec2.eu-west-1.amazonaws.com/", NULL);
    fake_world_release(&world);
}

static void a_url_that_does_not_keep_a_promise_is_an_error(void **state)
{
    static char *const urls[] = {"ftp://x",    "127.0.0.1:4566", "http://",
                                 "http://u@h", "http://h/?a",    "http://h/a b"};
    struct endpoint_settings s = {.url_count = 1};
    struct endpoint out = {0};
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        s.urls[0] = (struct endpoint_url){"", urls[i]};
        assert_false(endpoint_resolve(&s, &ec2, "eu-west-1", &out, &e));
    }
    s.urls[0].url = "http://h";
    assert_true(endpoint_resolve(&s, &ec2, "eu-west-1", &out, &e));
    s.fips = true;
    assert_false(endpoint_resolve(&s, &ec2, "eu-west-1", &out, &e));
}

static void regions_and_flags_are_read_from_where_the_sdks_read_them(void **state)
{
    struct endpoint_settings s = {0};
    struct err e = {0};

    (void)state;
    fake_world_init(&world);
    fake_env(&world, "HOME", "/u");
    fake_env(&world, "AWS_PROFILE", "p");
    fake_file(
        &world, "/u/.aws/config",
        "# mine\n[default]\nregion = eu-north-1\n[profile p]\nregion=sa-east-1\nuse_fips_endpoint=true\n");
    assert_true(endpoint_settings_load(&world.ports.process, &s, &e));
    assert_string_equal(s.region, "sa-east-1");
    assert_true(s.fips);
    endpoint_settings_release(&s);
    fake_env(&world, "AWS_DEFAULT_REGION", "eu-west-2");
    fake_env(&world, "AWS_USE_FIPS_ENDPOINT", "False");
    assert_true(endpoint_settings_load(&world.ports.process, &s, &e));
    assert_string_equal(s.region, "eu-west-2");
    assert_false(s.fips);
    endpoint_settings_release(&s);
    fake_env(&world, "AWS_REGION", "eu-west-3");
    assert_true(endpoint_settings_load(&world.ports.process, &s, &e));
    assert_string_equal(s.region, "eu-west-3");
    endpoint_settings_release(&s);
    fake_env(&world, "AWS_USE_FIPS_ENDPOINT", "yes");
    assert_false(endpoint_settings_load(&world.ports.process, &s, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
    fake_world_release(&world);
}

static void a_profile_file_is_read_line_by_line_and_a_broken_line_is_named(void **state)
{
    struct profiles p = {0};
    struct err e = {0};

    (void)state;
    fake_world_init(&world);
    fake_env(&world, "HOME", "/u");
    fake_file(&world, "/u/.aws/credentials", "[a]\naws_access_key_id=FROMCRED\r\n\n[default]\nx = y;z ; w\n");
    fake_file(&world, "/u/.aws/config",
              "[profile a]\naws_access_key_id=FROMCONFIG\nregion = r\ns3 =\n  max = 3\n[default] # d\n");
    assert_true(profiles_load(&world.ports.process, &p, &e));
    assert_string_equal(profiles_get(&p, "profile a", "aws_access_key_id"), "FROMCRED");
    assert_string_equal(profiles_get(&p, "profile a", "region"), "r");
    assert_string_equal(profiles_get(&p, "profile a", "s3.max"), "3");
    assert_string_equal(profiles_get(&p, "default", "x"), "y;z");
    assert_null(profiles_get(&p, "profile b", "x"));
    assert_true(profiles_has(&p, "profile a"));
    profiles_release(&p);

    fake_file(&world, "/u/.aws/config", "[profile a]\nsecret words\n");
    assert_false(profiles_load(&world.ports.process, &p, &e));
    assert_non_null(strstr(e.msg, "/u/.aws/config line 2"));
    assert_null(strstr(e.msg, "secret words")); /* it may be one */
    fake_file(&world, "/u/.aws/config", "key = before any section\n");
    assert_false(profiles_load(&world.ports.process, &p, &e));
    fake_env(&world, "AWS_CONFIG_FILE", "/not/there");
    assert_false(profiles_load(&world.ports.process, &p, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
    fake_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(regions_have_the_hosts_of_their_partition),
        WEIGHED(a_name_that_is_no_region_never_becomes_a_host),
        WEIGHED(configured_urls_go_before_the_template_in_their_order),
        WEIGHED(a_url_that_does_not_keep_a_promise_is_an_error),
        WEIGHED(regions_and_flags_are_read_from_where_the_sdks_read_them),
        WEIGHED(a_profile_file_is_read_line_by_line_and_a_broken_line_is_named),
    };

    return cmocka_run_group_tests_name("aws/endpoint", tests, NULL, NULL);
}
