#include "aws/errors.h"

#include "aws/call.h"
#include "aws/retry.h"
#include "aws/skew.h"
#include "support/weigh.h"

static void each_protocols_error_is_read(void **state)
{
    const struct http_header type = {STR("X-Amzn-Errortype"), STR("ValidationException:http://x/")};
    const struct http_header id = {STR("x-amzn-RequestId"), STR("r-3")};
    const struct {
        enum aws_protocol protocol;
        const char *body;
        const struct http_header *header;
        const char *code, *message, *id;
    } rows[] = {
        {AWS_EC2_QUERY,
         "<?xml version=\"1.0\"?><Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>no "
         "&amp; no</Message>"
         "</Error></Errors><RequestID>r-1</RequestID></Response>",
         NULL, "InvalidInstanceID.NotFound", "no & no", "r-1"},
        {AWS_QUERY,
         "<ErrorResponse "
         "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>AccessDenied</"
         "Code>"
         "<Message>m</Message></Error><RequestId>r-2</RequestId></ErrorResponse>",
         NULL, "AccessDenied", "m", "r-2"},
        {AWS_JSON,
         "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException\",\"message\":\"m\"}", &id,
         "ResourceNotFoundException", "m", "r-3"},
        {AWS_JSON, "{\"code\":\"ThrottlingException\",\"Message\":\"M\"}", NULL, "ThrottlingException", "M",
         ""},
        {AWS_JSON,
         "{\"__type\":\"InvalidSignatureException\",\"message\":\"It does not match.\\n\\nThe Canonical "
         "String for this request should have been\\n'POST\\n/\"}",
         NULL, "InvalidSignatureException", "It does not match.", ""}, /* the request is for nobody's log */
        {AWS_JSON, "not json", &type, "ValidationException", "", ""},
        {AWS_EC2_QUERY, "<html><body>502 Bad Gateway</body></html>", NULL, "", "", ""},
        {AWS_EC2_QUERY, "<Response><Errors><Error><Code>Inval", NULL, "", "", ""},
        {AWS_JSON, "", NULL, "", "", ""},
        {AWS_JSON, "[1]", NULL, "", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct http_reply r = {.status = 400,
                                     .headers = rows[i].header,
                                     .header_count = rows[i].header ? 1 : 0,
                                     .body = str_of(rows[i].body)};
        struct aws_error a;
        aws_error_read(rows[i].protocol, &r, &a);
        assert_string_equal(a.code, rows[i].code);
        assert_string_equal(a.message, rows[i].message);
        assert_string_equal(a.request_id, rows[i].id);
    }
}

static void the_code_goes_before_the_status(void **state)
{
    static const struct {
        const char *code;
        int status;
        enum err_kind kind;
    } rows[] = {
        {"RequestLimitExceeded", 503, ERR_THROTTLED},
        {"ThrottlingException", 400, ERR_THROTTLED},
        {"", 429, ERR_THROTTLED},
        {"InsufficientInstanceCapacity", 500, ERR_CONFLICT},
        {"InsufficientCapacityOnHost", 400, ERR_CONFLICT},
        {"InternalError", 500, ERR_UNAVAILABLE},
        {"", 503, ERR_UNAVAILABLE},
        {"", 302, ERR_UNAVAILABLE},
        {"RequestExpired", 400, ERR_UNAVAILABLE},
        {"UnauthorizedOperation", 403, ERR_DENIED},
        {"ExpiredTokenException", 400, ERR_DENIED},
        {"", 403, ERR_DENIED},
        {"InvalidInstanceID.NotFound", 400, ERR_NOT_FOUND},
        {"InvalidInstanceID.Malformed", 400, ERR_INVALID},
        {"InvalidInstanceId", 400, ERR_CONFLICT},
        {"InvalidOutputFolder", 400, ERR_INVALID},
        {"ResourceNotFoundException", 400, ERR_NOT_FOUND},
        {"IncorrectInstanceState", 400, ERR_CONFLICT},
        {"OperationNotPermitted", 400, ERR_CONFLICT},
        {"ConditionalCheckFailedException", 400, ERR_CONFLICT},
        {"ValidationException", 400, ERR_INVALID},
        {"SomethingNew", 400, ERR_INVALID},
        {"SomethingNew", 500, ERR_UNAVAILABLE},
        {"", 404, ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(aws_error_kind(rows[i].code, rows[i].status), rows[i].kind);
}

static void only_whole_instance_ids_are_found_in_a_message(void **state)
{
    STRS_CLEANUP struct strs ids = {0};

    (void)state;
    aws_error_ids(STR("The instance IDs 'i-0123456789abcdef0, i-12345678' do not exist: i-12345678, "
                      "vol-i-12345678, i-123456789, "
                      "i-abcdef12g, xi-12345678, i-, i-87654321-9, [[i-0aaaaaaaaaaaaaaaa]]"),
                  &ids);
    assert_int_equal(ids.n, 3);
    assert_string_equal(ids.at[0], "i-0123456789abcdef0");
    assert_string_equal(ids.at[1], "i-12345678");
    assert_string_equal(ids.at[2], "i-0aaaaaaaaaaaaaaaa");
}

static void waits_grow_with_jitter_up_to_a_bound(void **state)
{
    (void)state;
    assert_int_equal(retry_backoff_ms(ERR_UNAVAILABLE, 0, 999999, 0), 49);
    assert_int_equal(retry_backoff_ms(ERR_THROTTLED, 0, 500000, 0), 500);
    assert_int_equal(retry_backoff_ms(ERR_THROTTLED, 2, 500000, 0), 2000);
    assert_int_equal(retry_backoff_ms(ERR_THROTTLED, 1000, 999999, 0), 19999);
    assert_int_equal(retry_backoff_ms(ERR_THROTTLED, 0, 0, 0), 0);
    assert_int_equal(retry_backoff_ms(ERR_THROTTLED, 0, 500000, 3000), 3000);  /* the server's hint, */
    assert_int_equal(retry_backoff_ms(ERR_THROTTLED, 0, 500000, 60000), 5500); /* within reason */
}

static void the_budget_is_spent_and_given_back(void **state)
{
    struct retry_budget b = {0};
    int cost = 0, n = 0;

    (void)state;
    while (retry_take(&b, ERR_THROTTLED, &cost))
        n++;
    assert_int_equal(n, 100);
    retry_give(&b, cost);
    assert_true(retry_take(&b, ERR_THROTTLED, &cost));
    assert_false(retry_take(&b, ERR_UNAVAILABLE, &cost));
    for (int i = 0; i < 1000; i++)
        retry_give(&b, 0);
    assert_int_equal(b.spent, 0);
}

static void an_offset_is_known_until_somebody_sets_the_clock(void **state)
{
    struct skew s = {0};
    struct instant now = {5000, 1777629600000};
    int64_t offset = 0;

    (void)state;
    assert_false(skew_known(&s, now, &offset));
    assert_int_equal(skew_wall_ms(&s, now), now.wall_ms);
    assert_false(skew_measure(&s, STR("yesterday"), 10, now));
    assert_false(skew_measure(&s, STR("Fri, 01 May 2026 10:02:00 GMT"), SKEW_RTT_MAX_MS + 1, now));
    assert_false(skew_known(&s, now, &offset));
    assert_true(skew_measure(&s, STR("Fri, 01 May 2026 10:02:00 GMT"), 1000, now)); /* loud */
    assert_true(skew_known(&s, now, &offset));
    assert_int_equal(offset, 121000);
    assert_false(skew_measure(&s, STR("Fri, 01 May 2026 10:02:00 GMT"), 1000, now)); /* said already */

    now = (struct instant){now.boot_ms + 60000, now.wall_ms + 60000 + SKEW_JUMP_MAX_MS};
    assert_true(skew_known(&s, now, &offset));
    now.wall_ms++;
    assert_false(skew_known(&s, now, &offset));
    assert_int_equal(skew_wall_ms(&s, now),
                     1777629600000 + 60000 + 121000); /* by the clock that nobody sets */

    assert_false(skew_measure(&s, STR("Fri, 01 May 2026 10:01:02 GMT"), 0, now));
    assert_true(skew_known(&s, now, &offset));
    assert_int_equal(offset, 0); /* too small to be believed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(each_protocols_error_is_read),
        WEIGHED(the_code_goes_before_the_status),
        WEIGHED(only_whole_instance_ids_are_found_in_a_message),
        WEIGHED(waits_grow_with_jitter_up_to_a_bound),
        WEIGHED(the_budget_is_spent_and_given_back),
        WEIGHED(an_offset_is_known_until_somebody_sets_the_clock),
    };

    return cmocka_run_group_tests_name("aws/errors", tests, NULL, NULL);
}
