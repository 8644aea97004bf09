/*
 * fuzz_dynamodb - DynamoDB's and SSM's replies (both JSON) from anybody: every decoder, twice into one reply
 * (two pages).
 */
#include "aws/dynamodb_decode.h"
#include "aws/errors.h"
#include "aws/ssm_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void items(const struct aws_body *b)
{
    struct dynamodb_items i = {0};
    struct err e = {0};

    for (int page = 0; page < 2; page++)
        (void)!dynamodb_decode_items(b, &i, &e);
    for (const struct json *item = json_first(i.items); item; item = json_next(item))
        BUG_IF(json_type(item) != JSON_OBJECT);
    BUG_IF(dynamodb_decode_item(b, &i, &e) && json_count(i.items) > 1);
    dynamodb_items_release(&i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { TEXT_MAX = 1024 * 1024 };
    const struct str text = {(const char *)data, n};
    const struct http_reply reply = {.status = 400, .body = text};
    struct dynamodb_table t = {0};
    struct ssm_invocations v = {0};
    struct ssm_nodes nodes = {0};
    struct ssm_sent sent = {0};
    struct aws_error a;
    struct err e = {0};
    JSON_CLEANUP struct json *j = json_parse(text, TEXT_MAX, &e);
    const struct aws_body b = {.json = j};

    aws_error_read(AWS_JSON, &reply, &a);
    if (!j)
        return 0;
    items(&b);
    for (int page = 0; page < 2; page++) {
        (void)!dynamodb_decode_table(&b, &t, &e);
        (void)!ssm_decode_invocations(&b, &v, &e);
        (void)!ssm_decode_nodes(&b, &nodes, &e);
        (void)!ssm_decode_sent(&b, &sent, &e);
    }
    dynamodb_table_release(&t);
    ssm_invocations_release(&v);
    ssm_nodes_release(&nodes);
    ssm_sent_release(&sent);
    return 0;
}
