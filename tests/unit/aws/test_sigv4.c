#include "aws/sigv4.h"

#include "base/mem.h"
#include "support/weigh.h"

#include <string.h>

/* "get-vanilla", "post-x-www-form-urlencoded" and others of AWS's own signing test suite. */
static const struct sigv4_key suite_key = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", NULL};
static const struct sigv4_scope suite_scope = {"us-east-1", "service"};
static const int64_t suite_ms = 1440938160000; /* 2015-08-30T12:36:00Z */

static void the_suites_signatures_come_out(void **state)
{
    static const struct {
        const char *method, *path, *query, *signature;
    } rows[] = {
        {"GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"GET", "/", "Param2=value2&Param1=value1",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"GET", "/example1/example2/../..", "",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    };
    const struct http_header host = {STR("Host"), STR("example.amazonaws.com")};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sigv4_request r = {.method = str_of(rows[i].method),
                                        .path = str_of(rows[i].path),
                                        .query = str_of(rows[i].query),
                                        .headers = &host,
                                        .header_count = 1};
        struct sigv4_signed s = {0};
        struct err e = {0};
        assert_true(sigv4_sign(&r, &suite_key, &suite_scope, suite_ms, &s, &e));
        assert_string_equal(s.date, "20150830T123600Z");
        assert_non_null(strstr(buf_cstr(&s.authorization), "SignedHeaders=host;x-amz-date, Signature="));
        assert_string_equal(buf_cstr(&s.authorization) + s.authorization.n - 64, rows[i].signature);
        sigv4_signed_release(&s);
    }
}

static void canonical(const struct sigv4_request *r, const char *expected)
{
    BUF_CLEANUP struct buf out = BUF_INIT(4096);
    BUF_CLEANUP struct buf names = BUF_INIT(4096);
    struct err e = {0};

    assert_true(sigv4_canonical(r, STR(""), &out, &names, &e));
    assert_true(str_starts(buf_view(&out), str_of(expected)));
}

static void a_query_is_sorted_by_name_and_then_value(void **state)
{
    const struct sigv4_request r = {
        .method = STR("GET"),
        .path = STR("/"),
        .query = STR("Param-3=Value3&Param=Value2&%E1%88%B4=Value1&b&a=2&a=1&x=%2f+y")};

    (void)state;
    canonical(&r, "GET\n/\n%E1%88%B4=Value1&Param=Value2&Param-3=Value3&a=1&a=2&b=&x=%2F%2By\n");
}

static void headers_are_sorted_joined_and_trimmed_and_what_agents_rewrite_is_left_out(void **state)
{
    const struct http_header headers[] = {
        {STR("X-Amz-Meta-Test-Two"), STR("2")},
        {STR("x-amz-meta-test"), STR("  a   \"b \t c\"  ")},
        {STR("User-Agent"), STR("x")},
        {STR("Host"), STR("h")},
        {STR("My"), STR("v2")},
        {STR("Connection"), STR("close")},
        {STR("my"), STR("v1")},
        {STR("MY"), STR("v2")},
        {STR("Expect"), STR("y")},
    };
    const struct sigv4_request r = {.method = STR("GET"),
                                    .path = STR("/"),
                                    .headers = headers,
                                    .header_count = sizeof headers / sizeof *headers};

    (void)state;
    canonical(&r, "GET\n/\n\nhost:h\nmy:v2,v1,v2\nx-amz-meta-test:a \"b c\"\nx-amz-meta-test-two:2\n\n"
                  "host;my;x-amz-meta-test;x-amz-meta-test-two\n");
}

static void s3_encodes_a_path_once_and_leaves_its_dots(void **state)
{
    const struct http_header headers[] = {{STR("Host"), STR("h")},
                                          {STR("x-amz-content-sha256"), STR("UNSIGNED-PAYLOAD")}};
    struct sigv4_request r = {
        .method = STR("GET"), .path = STR("/b//../a%20b/c+d:e=%2f"), .headers = headers, .header_count = 2};
    BUF_CLEANUP struct buf out = BUF_INIT(4096);
    BUF_CLEANUP struct buf names = BUF_INIT(4096);
    struct err e = {0};

    (void)state;
    canonical(&r, "GET\n/a%2520b/c%2Bd%3Ae%3D%252f\n");
    r.s3 = true;
    canonical(&r, "GET\n/b//../a%20b/c%2Bd%3Ae%3D%2F\n");
    assert_true(sigv4_canonical(&r, STR(""), &out, &names, &e));
    assert_true(str_ends(buf_view(&out), STR("\nUNSIGNED-PAYLOAD")));
    r.header_count = 1;
    assert_false(sigv4_canonical(&r, STR(""), &out, &names, &e));
}

static void what_cannot_be_signed_is_refused(void **state)
{
    const struct http_header host = {STR("Host"), STR("h")};
    const struct http_header injected[] = {{STR("Host"), STR("h")}, {STR("X"), STR("a\r\nHost: b")}};
    const struct http_header own[] = {{STR("Host"), STR("h")}, {STR("X-AMZ-Date"), STR("20150830T123600Z")}};
    const struct sigv4_key empty = {"", "s", NULL};
    const struct sigv4_key newline = {"id", "s", "to\nken"};
    struct sigv4_request r = {.method = STR("GET"), .path = STR("/")};
    struct sigv4_signed s = {0};
    struct err e = {0};

    (void)state;
    assert_false(sigv4_sign(&r, &suite_key, &suite_scope, suite_ms, &s, &e));
    r.headers = injected;
    r.header_count = 2;
    assert_false(sigv4_sign(&r, &suite_key, &suite_scope, suite_ms, &s, &e));
    r.headers = own;
    assert_false(sigv4_sign(&r, &suite_key, &suite_scope, suite_ms, &s, &e));
    r.headers = &host;
    r.header_count = 1;
    assert_false(sigv4_sign(&r, &empty, &suite_scope, suite_ms, &s, &e));
    assert_false(sigv4_sign(&r, &newline, &suite_scope, suite_ms, &s, &e));
    sigv4_signed_release(&s);
}

struct received {
    struct http_header headers[5];
    struct sigv4_request r;
    struct sigv4_signed s;
    struct sigv4_claim claim;
};

static void receive(struct received *x)
{
    struct err e = {0};

    x->headers[0] = (struct http_header){STR("Host"), STR("ec2.eu-west-1.amazonaws.com")};
    x->headers[1] = (struct http_header){STR("X-Amz-Target"), STR("T")};
    x->r = (struct sigv4_request){.method = STR("POST"),
                                  .path = STR("/"),
                                  .headers = x->headers,
                                  .header_count = 2,
                                  .body = STR("Action=StopInstances")};
    assert_true(sigv4_sign(&x->r, &suite_key, &suite_scope, suite_ms, &x->s, &e));
    x->headers[2] = (struct http_header){STR("X-Amz-Date"), str_of(x->s.date)};
    x->headers[3] = (struct http_header){STR("Authorization"), buf_view(&x->s.authorization)};
    x->r.header_count = 4;
    assert_true(sigv4_claim_read(x->headers[3].value, &x->claim, &e));
}

static bool genuine(const struct received *x, const char **code)
{
    static struct err e;
    int64_t at = 0;

    e = (struct err){0};
    bool ok = sigv4_verify(&x->r, &x->claim, suite_key.secret, &at, &e);
    *code = e.code;
    return ok && at == suite_ms;
}

static void a_genuine_request_is_told_from_a_changed_one(void **state)
{
    struct received x = {0};
    const char *code = NULL;

    (void)state;
    receive(&x);
    assert_true(genuine(&x, &code));
    x.r.body = STR("Action=StartInstances");
    assert_false(genuine(&x, &code));
    assert_string_equal(code, "SignatureDoesNotMatch");
    x.r.body = STR("Action=StopInstances");
    x.headers[1].value = STR("U");
    assert_false(genuine(&x, &code));
    x.headers[1].value = STR("T");
    x.headers[4] = (struct http_header){STR("X-Amz-Security-Token"), STR("slipped in")};
    x.r.header_count = 5;
    assert_false(genuine(&x, &code));
    assert_string_equal(code, "IncompleteSignature");
    x.r.header_count = 4;
    x.headers[2].value = STR("20150831T123600Z"); /* not the scope's day */
    assert_false(genuine(&x, &code));
    assert_string_equal(code, "IncompleteSignature");
    sigv4_signed_release(&x.s);
}

static void a_claim_is_read_whole_or_not_at_all(void **state)
{
#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    static const char *const broken[] = {
        "",
        "AWS4-HMAC-SHA256",
        "Bearer x",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host, Signature=short",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/other, SignedHeaders=host, Signature=" DIGEST,
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/aws4_request, SignedHeaders=host, Signature=" DIGEST,
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host, SignedHeaders=x, "
        "Signature=" DIGEST,
    };
    struct sigv4_claim c = {0};
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_false(sigv4_claim_read(str_of(broken[i]), &c, &e));
    assert_true(sigv4_claim_read(
        STR("AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request,SignedHeaders=a;b,Signature=" DIGEST),
        &c, &e));
    assert_true(str_is(c.id, "A") && str_is(c.region, "r") && str_is(c.service, "s") &&
                str_is(c.names, "a;b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(the_suites_signatures_come_out),
        WEIGHED(a_query_is_sorted_by_name_and_then_value),
        WEIGHED(headers_are_sorted_joined_and_trimmed_and_what_agents_rewrite_is_left_out),
        WEIGHED(s3_encodes_a_path_once_and_leaves_its_dots),
        WEIGHED(what_cannot_be_signed_is_refused),
        WEIGHED(a_genuine_request_is_told_from_a_changed_one),
        WEIGHED(a_claim_is_read_whole_or_not_at_all),
    };

    return cmocka_run_group_tests_name("aws/sigv4", tests, NULL, NULL);
}
