#include "awssim/signature.h"
#include "base/crypto.h"
#include "support/weigh.h"

#include <string.h>

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define DATE   "20150830T123600Z"

struct example {
    const char *method, *target, *service, *signed_headers, *body;
    struct http_header headers[6];
    const char *digest;
};

static void digest_of(const struct example *x, char digest[65])
{
    BUF_CLEANUP struct buf canonical = BUF_INIT(65536);
    unsigned char key[SIGNATURE_KEY_BYTES];
    struct awssim_request request = {.method = str_of(x->method),
                                     .target = str_of(x->target),
                                     .headers = x->headers,
                                     .body = str_of(x->body)};
    const struct signature s = {.date = STR("20150830"),
                                .region = STR("us-east-1"),
                                .service = str_of(x->service),
                                .signed_headers = str_of(x->signed_headers)};

    while (request.header_count < 6 && x->headers[request.header_count].name.n)
        request.header_count++;
    signature_key(STR(SECRET), &s, key);
    signature_canonical(&s, &request, &canonical);
    signature_digest(&s, buf_view(&canonical), STR(DATE), key, digest);
}

#define HOST                                                                                                 \
    {                                                                                                        \
        STR("Host"), STR("example.amazonaws.com")                                                            \
    }
#define WHEN                                                                                                 \
    {                                                                                                        \
        STR("X-Amz-Date"), STR(DATE)                                                                         \
    }

/* AWS's own examples: the IAM user guide's, and cases of the Signature Version 4 test suite. */
static void digests_agree_with_awss_published_examples(void **state)
{
    const struct example rows[] = {
        {"GET",
         "/?Action=ListUsers&Version=2010-05-08",
         "iam",
         "content-type;host;x-amz-date",
         "",
         {{STR("Content-Type"), STR("application/x-www-form-urlencoded; charset=utf-8")},
          {STR("Host"), STR("iam.amazonaws.com")},
          WHEN},
         "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
        {"GET",
         "/",
         "service",
         "host;x-amz-date",
         "",
         {HOST, WHEN},
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"GET",
         "/?Param2=value2&Param1=value1",
         "service",
         "host;x-amz-date",
         "",
         {HOST, WHEN},
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"GET",
         "/example/..",
         "service",
         "host;x-amz-date",
         "",
         {HOST, WHEN},
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"POST",
         "/",
         "service",
         "host;x-amz-date",
         "",
         {HOST, WHEN},
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"GET",
         "/",
         "service",
         "host;my-header1;my-header2;x-amz-date",
         "",
         {HOST, {STR("My-Header1"), STR(" value1")}, {STR("My-Header2"), STR(" \"a   b   c\"")}, WHEN},
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    };
    char digest[65];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        digest_of(&rows[i], digest);
        assert_string_equal(digest, rows[i].digest);
    }
}

static void every_part_of_a_request_changes_its_digest(void **state)
{
    const struct example whole = {"POST",     "/a?b=c",
                                  "ec2",      "content-type;host;x-amz-date",
                                  "Action=X", {{STR("Content-Type"), STR("text/plain")}, HOST, WHEN},
                                  NULL};
    char before[65], after[65];

    (void)state;
    digest_of(&whole, before);
    for (int part = 0; part < 6; part++) {
        struct example x = whole;
        x.method = part == 0 ? "PUT" : x.method;
        x.target = part == 1 ? "/a?b=d" : part == 2 ? "/b?b=c" : x.target;
        x.body = part == 3 ? "Action=Y" : x.body;
        x.service = part == 4 ? "ssm" : x.service;
        if (part == 5)
            x.headers[1].value = STR("other.amazonaws.com");
        digest_of(&x, after);
        assert_string_not_equal(before, after);
    }
}

static void an_authorization_header_is_read_whole_or_not_at_all(void **state)
{
    static const char digest[] = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    static const char *const bad[] = {
        "",
        "AWS4-HMAC-SHA256",
        "Basic abc",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host, Signature=abc",
        "AWS4-HMAC-SHA256 Credential=A/2015/r/s/aws4_request, SignedHeaders=host, Signature="
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws5_request, SignedHeaders=host, Signature="
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    };
    BUF_CLEANUP struct buf good = BUF_INIT(512);
    struct signature s;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(signature_read(str_of(bad[i]), &s));
    buf_addf(
        &good,
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request,SignedHeaders=host;x-amz-date,Signature=%s",
        digest);
    assert_true(signature_read(buf_view(&good), &s));
    assert_true(str_is(s.access_key, "A") && str_is(s.region, "r") && str_is(s.service, "s"));
    assert_true(str_is(s.digest, digest));
}

static bool covers(const char *signed_headers, const char *extra)
{
    const struct http_header headers[] = {HOST, WHEN, {str_of(extra), STR("v")}};
    const struct awssim_request request = {.headers = headers, .header_count = 3};
    const struct signature s = {.signed_headers = str_of(signed_headers)};

    return signature_covers(&s, &request);
}

static void host_and_all_amz_headers_must_be_signed(void **state)
{
    (void)state;
    assert_true(covers("host;x-amz-date", "User-Agent"));
    assert_true(covers("host;x-amz-date;x-amz-target", "X-Amz-Target"));
    assert_false(covers("host;x-amz-date", "X-Amz-Security-Token"));
    assert_false(covers("x-amz-date", "User-Agent"));
    assert_false(covers("host;x-amz-date;x-not-there", "User-Agent"));
    assert_false(covers("x-amz-date;host", "User-Agent"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(digests_agree_with_awss_published_examples),
        WEIGHED(every_part_of_a_request_changes_its_digest),
        WEIGHED(an_authorization_header_is_read_whole_or_not_at_all),
        WEIGHED(host_and_all_amz_headers_must_be_signed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
