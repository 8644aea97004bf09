#include "aws/dynamodb.h"

#include "aws/dynamodb_decode.h"
#include "aws/json_call.h"

#include <stdio.h>

static const struct aws_service service = {"dynamodb", "dynamodb", "dynamodb",         "DYNAMODB",
                                           AWS_JSON,   "1.0",      "DynamoDB_20120810"};

/* clang-format off */
static const struct aws_op get_item = {
    .service = &service, .action = "GetItem",
    .reply_size = sizeof(struct dynamodb_items), .decode = dynamodb_decode_item, .release = dynamodb_free_items,
};
static const struct aws_op query = {
    .service = &service, .action = "Query", .page_in = "ExclusiveStartKey", .page_out = "LastEvaluatedKey",
    .reply_size = sizeof(struct dynamodb_items), .decode = dynamodb_decode_items, .release = dynamodb_free_items,
};
static const struct aws_op scan = {
    .service = &service, .action = "Scan", .page_in = "ExclusiveStartKey", .page_out = "LastEvaluatedKey",
    .reply_size = sizeof(struct dynamodb_items), .decode = dynamodb_decode_items, .release = dynamodb_free_items,
};
static const struct aws_op batch_get_item = {
    .service = &service, .action = "BatchGetItem",
    .reply_size = sizeof(struct dynamodb_items), .decode = dynamodb_decode_batch, .release = dynamodb_free_items,
};
static const struct aws_op put_item = {.service = &service, .action = "PutItem", .changes = true};
static const struct aws_op update_item = {.service = &service, .action = "UpdateItem", .changes = true};
static const struct aws_op create_table = {
    .service = &service, .action = "CreateTable", .changes = true,
    .reply_size = sizeof(struct dynamodb_table), .decode = dynamodb_decode_table, .release = dynamodb_free_table,
};
static const struct aws_op describe_table = {
    .service = &service, .action = "DescribeTable",
    .reply_size = sizeof(struct dynamodb_table), .decode = dynamodb_decode_table, .release = dynamodb_free_table,
};
/* clang-format on */

static struct json *body_of(const char *table)
{
    struct json *body = json_object();

    json_add_str(body, "TableName", str_of(table));
    return body;
}

static struct json *typed(struct str value)
{
    struct json *j = json_object();

    json_add_str(j, "S", value);
    return j;
}

static uint64_t ask(struct aws *a, const struct aws_op *op, const struct aws_where *w, struct json *body,
                    aws_done *done, void *self)
{
    const struct json_call q = {.op = op, .where = w, .body = body, .done = done, .self = self};

    return json_call(a, &q);
}

static uint64_t change(struct aws *a, const struct aws_op *op, const struct aws_where *w, struct json *body,
                       const struct instant *checked, aws_done *done, void *self)
{
    const struct json_call q = {
        .op = op, .where = w, .checked = checked, .body = body, .done = done, .self = self};

    return json_call(a, &q);
}

uint64_t dynamodb_get_item(struct aws *a, const struct aws_where *w, const char *table,
                           const struct json *key, aws_done *done, void *self)
{
    struct json *body = body_of(table);

    json_add(body, "Key", json_copy(key));
    json_add_bool(body, "ConsistentRead", true);
    return ask(a, &get_item, w, body, done, self);
}

uint64_t dynamodb_batch_get(struct aws *a, const struct aws_where *w, const char *table, struct json *keys,
                            aws_done *done, void *self)
{
    struct json *body = json_object();
    struct json *tables = json_object();
    struct json *asked = json_object();

    BUG_IF(json_count(keys) < 1 || json_count(keys) > DYNAMODB_BATCH_MAX);
    json_add(asked, "Keys", keys);
    json_add_bool(asked, "ConsistentRead", true);
    json_add(tables, table, asked);
    json_add(body, "RequestItems", tables);
    return ask(a, &batch_get_item, w, body, done, self);
}

uint64_t dynamodb_query(struct aws *a, const struct aws_where *w, const char *table, const char *key,
                        struct str value, aws_done *done, void *self)
{
    struct json *body = body_of(table);
    struct json *names = json_object();
    struct json *values = json_object();

    json_add_str(names, "#k", str_of(key));
    json_add(values, ":v", typed(value));
    json_add_str(body, "KeyConditionExpression", STR("#k = :v"));
    json_add(body, "ExpressionAttributeNames", names);
    json_add(body, "ExpressionAttributeValues", values);
    json_add_bool(body, "ConsistentRead", true);
    return ask(a, &query, w, body, done, self);
}

uint64_t dynamodb_scan(struct aws *a, const struct aws_where *w, const char *table, aws_done *done,
                       void *self)
{
    struct json *body = body_of(table);

    json_add_bool(body, "ConsistentRead", true);
    return ask(a, &scan, w, body, done, self);
}

uint64_t dynamodb_scan_pages(struct aws *a, const struct aws_where *w, const char *table, aws_page *page,
                             aws_done *done, void *self)
{
    struct json *body = body_of(table);
    const struct json_call q = {
        .op = &scan, .where = w, .body = body, .page = page, .done = done, .self = self};

    json_add_bool(body, "ConsistentRead", true);
    json_add_int(body, "Limit", DYNAMODB_PAGE_ITEMS);
    return json_call(a, &q);
}

uint64_t dynamodb_put_item(struct aws *a, const struct aws_where *w, const char *table,
                           const struct json *item, const char *absent, const struct instant *checked,
                           aws_done *done, void *self)
{
    struct json *body = body_of(table);

    json_add(body, "Item", json_copy(item));
    if (absent) {
        struct json *names = json_object();
        json_add_str(names, "#a", str_of(absent));
        json_add(body, "ExpressionAttributeNames", names);
        json_add_str(body, "ConditionExpression", STR("attribute_not_exists(#a)"));
    }
    return change(a, &put_item, w, body, checked, done, self);
}

uint64_t dynamodb_update_item(struct aws *a, const struct aws_where *w, const char *table,
                              const struct json *key, const struct json *values, const char *present,
                              const struct instant *checked, aws_done *done, void *self)
{
    BUF_CLEANUP struct buf set = BUF_INIT(AWS_BODY_MAX);
    struct json *body = body_of(table);
    struct json *names = json_object();
    struct json *placed = json_object();
    char name[16];
    char place[16];
    int i = 0;

    for (const struct json *v = json_first(values); v; v = json_next(v), i++) {
        (void)snprintf(name, sizeof name, "#n%d", i);
        (void)snprintf(place, sizeof place, ":v%d", i);
        json_add_str(names, name, str_of(json_name(v)));
        json_add(placed, place, json_copy(v));
        buf_addf(&set, "%s%s = %s", i ? ", " : "SET ", name, place);
    }
    if (present) {
        json_add_str(names, "#p", str_of(present));
        json_add_str(body, "ConditionExpression", STR("attribute_exists(#p)"));
    }
    json_add(body, "Key", json_copy(key));
    json_add_str(body, "UpdateExpression", buf_view(&set));
    json_add(body, "ExpressionAttributeNames", names);
    json_add(body, "ExpressionAttributeValues", placed);
    return change(a, &update_item, w, body, checked, done, self);
}

static void add_key(struct json *schema, struct json *attributes, const char *name, const char *type)
{
    struct json *key = json_object();
    struct json *attribute = json_object();

    json_add_str(key, "AttributeName", str_of(name));
    json_add_str(key, "KeyType", str_of(type));
    json_push(schema, key);
    json_add_str(attribute, "AttributeName", str_of(name));
    json_add_str(attribute, "AttributeType", STR("S"));
    json_push(attributes, attribute);
}

uint64_t dynamodb_create_table(struct aws *a, const struct aws_where *w, const struct dynamodb_wanted *wanted,
                               const struct instant *checked, aws_done *done, void *self)
{
    struct json *body = body_of(wanted->table);
    struct json *schema = json_array();
    struct json *attributes = json_array();
    bool provisioned = wanted->read_units > 0 && wanted->write_units > 0;

    add_key(schema, attributes, wanted->hash, "HASH");
    if (wanted->range)
        add_key(schema, attributes, wanted->range, "RANGE");
    json_add(body, "KeySchema", schema);
    json_add(body, "AttributeDefinitions", attributes);
    json_add_str(body, "BillingMode", provisioned ? STR("PROVISIONED") : STR("PAY_PER_REQUEST"));
    if (provisioned) {
        struct json *units = json_object();
        json_add_int(units, "ReadCapacityUnits", wanted->read_units);
        json_add_int(units, "WriteCapacityUnits", wanted->write_units);
        json_add(body, "ProvisionedThroughput", units);
    }
    return change(a, &create_table, w, body, checked, done, self);
}

uint64_t dynamodb_describe_table(struct aws *a, const struct aws_where *w, const char *table, aws_done *done,
                                 void *self)
{
    return ask(a, &describe_table, w, body_of(table), done, self);
}
