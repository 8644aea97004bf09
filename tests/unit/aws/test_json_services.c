#include "aws/dynamodb.h"
#include "aws/ssm.h"

#include "base/mem.h"
#include "support/fake_world.h"
#include "support/weigh.h"

#include <string.h>

static struct fake_world world;
static const struct aws_where here = {0};

struct seen {
    struct err err;
    size_t count;
    struct dynamodb_items items;
    struct dynamodb_table table;
    struct ssm_invocations invocations;
    struct ssm_nodes nodes;
    struct ssm_sent sent;
};

static void on_items(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    (void)id;
    s->count++;
    s->err = r->err;
    if (r->err.kind == ERR_NONE)
        dynamodb_items_take(r, &s->items);
}

static void on_table(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    (void)id;
    s->err = r->err;
    if (r->err.kind == ERR_NONE)
        dynamodb_table_take(r, &s->table);
}

static void on_invocations(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    (void)id;
    s->err = r->err;
    if (r->err.kind == ERR_NONE)
        ssm_invocations_take(r, &s->invocations);
}

static void on_nodes(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    (void)id;
    s->err = r->err;
    if (r->err.kind == ERR_NONE)
        ssm_nodes_take(r, &s->nodes);
}

static void on_sent(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    (void)id;
    s->err = r->err;
    if (r->err.kind == ERR_NONE)
        ssm_sent_take(r, &s->sent);
}

static void on_done(void *self, uint64_t id, struct aws_result *r)
{
    (void)id;
    ((struct seen *)self)->err = r->err;
}

static struct aws *engine(void)
{
    const struct aws_options o = {"test/1", "eu-west-1", NULL};
    struct err e = {0};

    fake_world_init(&world);
    fake_env(&world, "AWS_ACCESS_KEY_ID", "A");
    fake_env(&world, "AWS_SECRET_ACCESS_KEY", "s");
    struct aws *a = aws_new(&world.ports, &o, &e);
    assert_non_null(a);
    return a;
}

static struct fake_asked *turn(struct aws *a)
{
    (void)aws_turn(a, world.now.boot_ms);
    return fake_last(&world);
}

static struct json *parse(const char *text)
{
    struct err e = {0};
    struct json *j = json_parse(str_of(text), 1 << 20, &e);

    assert_non_null(j);
    return j;
}

static void a_query_walks_pages_that_may_be_empty_and_keeps_types(void **state)
{
    struct seen s = {0};
    BUF_CLEANUP struct buf text = BUF_INIT(4096);

    (void)state;
    struct aws *a = engine();
    (void)dynamodb_query(a, &here, "TierSpecification", "SpecName", STR("a\"b"), on_items, &s);
    struct fake_asked *q = turn(a);
    assert_string_equal(fake_header(q, "x-amz-target"), "DynamoDB_20120810.Query");
    assert_string_equal(fake_header(q, "content-type"), "application/x-amz-json-1.0");
    assert_string_equal(
        q->body,
        "{\"TableName\":\"TierSpecification\",\"KeyConditionExpression\":\"#k = :v\","
        "\"ExpressionAttributeNames\":{\"#k\":\"SpecName\"},\"ExpressionAttributeValues\":{\":v\":{\"S\":"
        "\"a\\\"b\"}},\"ConsistentRead\":true}");
    fake_reply(&world, 200,
               "{\"Items\":[],\"LastEvaluatedKey\":{\"SpecName\":{\"S\":\"x\"},\"T\":{\"N\":\"1.50\"}}}");
    q = turn(a);
    assert_non_null(
        strstr(q->body, ",\"ExclusiveStartKey\":{\"SpecName\":{\"S\":\"x\"},\"T\":{\"N\":\"1.50\"}}}"));
    fake_reply(
        &world, 200,
        "{\"Items\":[{\"N\":{\"N\":\"100000000000000000001\"},\"B\":{\"BOOL\":true},\"M\":{\"M\":{}}}]}");
    (void)turn(a);
    assert_int_equal(s.count, 1);
    json_print(s.items.items, &text);
    assert_string_equal(buf_cstr(&text),
                        "[{\"N\":{\"N\":\"100000000000000000001\"},\"B\":{\"BOOL\":true},\"M\":{\"M\":{}}}]");
    dynamodb_items_release(&s.items);
    aws_free(a);
    fake_world_release(&world);
}

static void an_item_that_is_not_there_is_told_from_a_table_that_is_not(void **state)
{
    struct seen s = {0};
    JSON_CLEANUP struct json *key = parse("{\"SpecName\":{\"S\":\"x\"}}");

    (void)state;
    struct aws *a = engine();
    (void)dynamodb_get_item(a, &here, "T", key, on_items, &s);
    assert_string_equal(turn(a)->body,
                        "{\"TableName\":\"T\",\"Key\":{\"SpecName\":{\"S\":\"x\"}},\"ConsistentRead\":true}");
    fake_reply(&world, 200, "{}");
    (void)turn(a);
    assert_int_equal(s.err.kind, ERR_NONE);
    assert_int_equal(json_type(s.items.items), JSON_ARRAY);
    assert_int_equal(json_count(s.items.items), 0);
    dynamodb_items_release(&s.items);
    (void)dynamodb_get_item(a, &here, "T", key, on_items, &s);
    (void)turn(a);
    fake_reply(&world, 400,
               "{\"__type\":\"x#ResourceNotFoundException\",\"message\":\"Requested resource not found\"}");
    (void)turn(a);
    assert_int_equal(s.err.kind, ERR_NOT_FOUND);
    aws_free(a);
    fake_world_release(&world);
}

static void what_is_no_item_is_no_answer(void **state)
{
    static const char *const broken[] = {"{}",
                                         "{\"Items\":{}}",
                                         "{\"Items\":[1]}",
                                         "{\"Items\":[{\"a\":\"b\"}]}",
                                         "{\"Items\":[{\"a\":{}}]}",
                                         "{\"Items\":[{\"a\":{\"S\":\"x\",\"N\":\"1\"}}]}",
                                         "[]",
                                         ""};

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct seen s = {0};
        struct aws *a = engine();
        (void)dynamodb_scan(a, &here, "T", on_items, &s);
        while (!s.count) {
            (void)turn(a);
            if (fake_open(&world))
                fake_reply(&world, 200, broken[i]);
            (void)turn(a);
            fake_pass(&world, AWS_BACKOFF_MAX_MS);
        }
        assert_string_equal(s.err.code, AWS_GARBLED);
        assert_int_equal(world.asked_count, AWS_ATTEMPTS + 1);
        aws_free(a);
        fake_world_release(&world);
    }
}

static void a_batch_is_read_consistently_and_again_while_keys_are_left(void **state)
{
    struct seen s = {0};
    struct json *keys = parse("[{\"K\":{\"S\":\"x\"}},{\"K\":{\"S\":\"y\"}}]");

    (void)state;
    struct aws *a = engine();
    (void)dynamodb_batch_get(a, &here, "T", keys, on_items, &s);
    assert_string_equal(turn(a)->body,
                        "{\"RequestItems\":{\"T\":{\"Keys\":[{\"K\":{\"S\":\"x\"}},{\"K\":{\"S\":\"y\"}}],"
                        "\"ConsistentRead\":true}}}");
    fake_reply(&world, 200, "{\"Responses\":{\"T\":[{\"K\":{\"S\":\"x\"}}]},\"UnprocessedKeys\":{\"T\":{}}}");
    (void)turn(a);
    assert_int_equal(s.count, 0);
    fake_pass(&world, AWS_BACKOFF_MAX_MS);
    (void)turn(a);
    fake_reply(&world, 200, "{\"Responses\":{\"T\":[{\"K\":{\"S\":\"y\"}}]},\"UnprocessedKeys\":{}}");
    (void)turn(a);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.err.kind, ERR_NONE);
    assert_int_equal(json_count(s.items.items), 1);
    dynamodb_items_release(&s.items);
    aws_free(a);
    fake_world_release(&world);
}

static void tables_are_made_and_written_as_asked(void **state)
{
    struct seen s = {0};
    JSON_CLEANUP struct json *item = parse("{\"K\":{\"S\":\"x\"}}");
    JSON_CLEANUP struct json *values = parse("{\"LastActionType\":{\"S\":\"Stop\"},\"P\":{\"S\":\"p\"}}");

    (void)state;
    struct aws *a = engine();
    (void)dynamodb_describe_table(a, &here, "T", on_table, &s);
    assert_string_equal(turn(a)->body, "{\"TableName\":\"T\"}");
    fake_reply(&world, 200,
               "{\"Table\":{\"TableStatus\":\"ACTIVE\",\"TableArn\":\"arn\",\"ItemCount\":7,\"KeySchema\":[{"
               "\"AttributeName\":\"r\","
               "\"KeyType\":\"RANGE\"},{\"AttributeName\":\"h\",\"KeyType\":\"HASH\"}]}}");
    (void)turn(a);
    assert_string_equal(s.table.status, "ACTIVE");
    assert_string_equal(s.table.hash, "h");
    assert_string_equal(s.table.range, "r");
    assert_int_equal(s.table.item_count, 7);
    dynamodb_table_release(&s.table);
    (void)dynamodb_put_item(a, &here, "T", item, "K", &world.now, on_done, &s);
    assert_string_equal(
        turn(a)->body,
        "{\"TableName\":\"T\",\"Item\":{\"K\":{\"S\":\"x\"}},\"ExpressionAttributeNames\":{\"#a\":"
        "\"K\"},\"ConditionExpression\":\"attribute_not_exists(#a)\"}");
    fake_reply(&world, 400, "{\"__type\":\"x#ConditionalCheckFailedException\"}");
    (void)turn(a);
    assert_int_equal(s.err.kind, ERR_CONFLICT);
    (void)dynamodb_update_item(a, &here, "T", item, values, "K", &world.now, on_done, &s);
    const char *body = turn(a)->body;
    assert_non_null(strstr(body, "\"UpdateExpression\":\"SET #n0 = :v0, #n1 = :v1\""));
    assert_non_null(strstr(body, "\"ConditionExpression\":\"attribute_exists(#p)\""));
    assert_non_null(strstr(body, "\"#p\":\"K\""));
    fake_reply(&world, 200, "{}");
    (void)turn(a);
    assert_int_equal(s.err.kind, ERR_NONE);
    (void)dynamodb_create_table(a, &here, "T", "h", "r", &world.now, on_table, &s);
    assert_string_equal(
        turn(a)->body,
        "{\"TableName\":\"T\",\"KeySchema\":[{\"AttributeName\":\"h\",\"KeyType\":\"HASH\"},{"
        "\"AttributeName\":\"r\","
        "\"KeyType\":\"RANGE\"}],\"AttributeDefinitions\":[{\"AttributeName\":\"h\",\"AttributeType\":\"S\"},"
        "{\"AttributeName\":\"r\",\"AttributeType\":\"S\"}],\"BillingMode\":\"PAY_PER_REQUEST\"}");
    fake_reply(&world, 200, "{\"TableDescription\":{\"TableStatus\":\"CREATING\"}}");
    (void)turn(a);
    assert_string_equal(s.table.status, "CREATING");
    dynamodb_table_release(&s.table);
    aws_free(a);
    fake_world_release(&world);
}

static void a_command_is_spelled_as_ssm_wants_it(void **state)
{
    struct seen s = {0};
    STRS_CLEANUP struct strs ids = {0};
    STRS_CLEANUP struct strs lines = {0};
    struct ssm_command c = {&ids, "AWS-RunShellScript", &lines, "nonce", 30, 15, "b", "p"};

    (void)state;
    struct aws *a = engine();
    strs_add(&ids, STR("i-1"));
    strs_add(&lines, STR("p='x'\n"));
    (void)ssm_describe_nodes(a, &here, &ids, on_nodes, &s);
    assert_string_equal(turn(a)->body,
                        "{\"Filters\":[{\"Key\":\"InstanceIds\",\"Values\":[\"i-1\"]}],\"MaxResults\":50}");
    fake_reply(&world, 200,
               "{\"InstanceInformationList\":[{\"InstanceId\":\"i-1\",\"PingStatus\":\"Online\","
               "\"PlatformType\":\"Linux\","
               "\"LastPingDateTime\":1777629599.25}],\"NextToken\":\"\"}");
    (void)turn(a);
    assert_string_equal(ssm_nodes_find(&s.nodes, "i-1")->ping, "Online");
    assert_true(ssm_nodes_find(&s.nodes, "i-1")->last_ping_ms == 1777629599250);
    assert_null(ssm_nodes_find(&s.nodes, "i-2"));
    ssm_nodes_release(&s.nodes);
    (void)ssm_send_command(a, &here, &c, &world.now, on_sent, &s);
    struct fake_asked *q = turn(a);
    assert_string_equal(fake_header(q, "x-amz-target"), "AmazonSSM.SendCommand");
    assert_string_equal(fake_header(q, "content-type"), "application/x-amz-json-1.1");
    assert_string_equal(
        q->body,
        "{\"DocumentName\":\"AWS-RunShellScript\",\"InstanceIds\":[\"i-1\"],\"Parameters\":{\"commands\":["
        "\"p='x'\\n\"],\"executionTimeout\":[\"15\"]},\"TimeoutSeconds\":30,\"MaxConcurrency\":\"100%\","
        "\"MaxErrors\":\"100%\",\"Comment\":\"nonce\",\"OutputS3BucketName\":\"b\",\"OutputS3KeyPrefix\":"
        "\"p\"}");
    fake_reply(&world, 200, "{\"Command\":{\"CommandId\":\"c-1\",\"Status\":\"Pending\"}}");
    (void)turn(a);
    assert_string_equal(s.sent.command_id, "c-1");
    ssm_sent_release(&s.sent);
    (void)ssm_send_command(a, &here, &c, &world.now, on_sent, &s);
    (void)turn(a);
    fake_reply(&world, 400, "{\"__type\":\"InvalidOutputFolder\"}");
    (void)turn(a);
    assert_string_equal(s.err.code, "InvalidOutputFolder");
    c.timeout_s = 29;
    (void)ssm_send_command(a, &here, &c, &world.now, on_sent, &s);
    (void)turn(a);
    assert_int_equal(s.err.kind, ERR_INVALID);
    assert_int_equal(world.asked_count, 3);
    aws_free(a);
    fake_world_release(&world);
}

static void invocations_are_read_and_nothing_is_made_of_what_is_not_there(void **state)
{
    struct seen s = {0};

    (void)state;
    struct aws *a = engine();
    (void)ssm_list_invocations(a, &here, "c-1", on_invocations, &s);
    assert_string_equal(turn(a)->body, "{\"CommandId\":\"c-1\",\"Details\":true,\"MaxResults\":50}");
    fake_reply(&world, 200,
               "{\"CommandInvocations\":[{\"InstanceId\":\"i-1\",\"Status\":\"Success\",\"StatusDetails\":"
               "\"Success\","
               "\"CommandPlugins\":[{\"Output\":\"MARK\\n\",\"ResponseCode\":0}]}],\"NextToken\":\"t\"}");
    assert_string_equal(turn(a)->body,
                        "{\"CommandId\":\"c-1\",\"Details\":true,\"MaxResults\":50,\"NextToken\":\"t\"}");
    fake_reply(
        &world, 200,
        "{\"CommandInvocations\":[{\"InstanceId\":\"i-2\",\"Status\":\"Pending\",\"CommandPlugins\":[]}]}");
    (void)turn(a);
    assert_int_equal(s.invocations.n, 2);
    assert_string_equal(ssm_invocations_find(&s.invocations, "i-1")->output, "MARK\n");
    assert_int_equal(ssm_invocations_find(&s.invocations, "i-1")->response_code, 0);
    assert_int_equal(ssm_invocations_find(&s.invocations, "i-2")->response_code, -1);
    assert_string_equal(ssm_invocations_find(&s.invocations, "i-2")->output, "");
    assert_null(ssm_invocations_find(&s.invocations, "i-3"));
    ssm_invocations_release(&s.invocations);
    aws_free(a);
    fake_world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_query_walks_pages_that_may_be_empty_and_keeps_types),
        WEIGHED(an_item_that_is_not_there_is_told_from_a_table_that_is_not),
        WEIGHED(what_is_no_item_is_no_answer),
        WEIGHED(a_batch_is_read_consistently_and_again_while_keys_are_left),
        WEIGHED(tables_are_made_and_written_as_asked),
        WEIGHED(a_command_is_spelled_as_ssm_wants_it),
        WEIGHED(invocations_are_read_and_nothing_is_made_of_what_is_not_there),
    };

    return cmocka_run_group_tests_name("aws/ssm and aws/dynamodb", tests, NULL, NULL);
}
