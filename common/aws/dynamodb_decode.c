#include "aws/dynamodb_decode.h"

#include "base/mem.h"

#include <string.h>

void dynamodb_items_release(struct dynamodb_items *i)
{
    json_free(i->items);
    i->items = NULL;
}

void dynamodb_free_items(void *reply)
{
    dynamodb_items_release(reply);
}

void dynamodb_items_take(struct aws_result *r, struct dynamodb_items *out)
{
    struct dynamodb_items *have = r->reply;

    *out = *have;
    *have = (struct dynamodb_items){0};
}

/* An object of attributes, each an object of exactly one typed value. */
static bool is_item(const struct json *j)
{
    if (json_type(j) != JSON_OBJECT)
        return false;
    for (const struct json *attribute = json_first(j); attribute; attribute = json_next(attribute))
        if (json_type(attribute) != JSON_OBJECT || json_count(attribute) != 1)
            return false;
    return true;
}

/* Moves items out of a reply, whose array this is. */
static bool take_all(struct json *items, struct dynamodb_items *r, struct err *e)
{
    for (const struct json *j = json_first(items); j; j = json_next(j))
        if (!is_item(j))
            return err_set(e, ERR_INVALID, "an item that is not one");
    if (!r->items)
        r->items = json_array();
    if (json_count(r->items) + json_count(items) > DYNAMODB_ITEMS_MAX)
        return err_set(e, ERR_INVALID, "more than %d items", DYNAMODB_ITEMS_MAX);
    json_move(items, r->items);
    return true;
}

bool dynamodb_decode_item(const struct aws_body *b, void *reply, struct err *e)
{
    struct dynamodb_items *r = reply;
    const struct json *item = json_get(b->json, "Item");

    if (item && !is_item(item))
        return err_set(e, ERR_INVALID, "Item is not one");
    dynamodb_items_release(r);
    r->items = json_array();
    if (item)
        json_push(r->items, json_copy(item));
    return true;
}

bool dynamodb_decode_items(const struct aws_body *b, void *reply, struct err *e)
{
    struct dynamodb_items *r = reply;
    JSON_CLEANUP struct json *items = json_take(b->json, "Items");

    if (json_type(items) != JSON_ARRAY)
        return err_set(e, ERR_INVALID, "no Items");
    return take_all(items, r, e);
}

bool dynamodb_decode_batch(const struct aws_body *b, void *reply, struct err *e)
{
    struct dynamodb_items *r = reply;
    JSON_CLEANUP struct json *tables = json_take(b->json, "Responses");

    if (json_type(tables) != JSON_OBJECT || json_count(tables) > 1)
        return err_set(e, ERR_INVALID, "no Responses of one table");
    if (json_count(json_get(b->json, "UnprocessedKeys")) > 0)
        return err_set(e, ERR_INVALID, "some keys were left unread");
    dynamodb_items_release(r);
    r->items = json_array();
    if (!json_count(tables))
        return true;
    JSON_CLEANUP struct json *items = json_take(tables, json_name(json_first(tables)));
    if (json_type(items) != JSON_ARRAY)
        return err_set(e, ERR_INVALID, "no Responses of one table");
    return take_all(items, r, e);
}

void dynamodb_table_release(struct dynamodb_table *t)
{
    xfree(t->status);
    xfree(t->arn);
    xfree(t->hash);
    xfree(t->range);
    *t = (struct dynamodb_table){0};
}

void dynamodb_free_table(void *reply)
{
    dynamodb_table_release(reply);
}

void dynamodb_table_take(struct aws_result *r, struct dynamodb_table *out)
{
    struct dynamodb_table *have = r->reply;

    *out = *have;
    *have = (struct dynamodb_table){0};
}

static char *key_name(const struct json *table, const char *type)
{
    for (const struct json *k = json_first(json_get(table, "KeySchema")); k; k = json_next(k))
        if (str_is(json_str_or_empty(json_get(k, "KeyType")), type))
            return str_dup(json_str_or_empty(json_get(k, "AttributeName")));
    return xstrdup("");
}

bool dynamodb_decode_table(const struct aws_body *b, void *reply, struct err *e)
{
    struct dynamodb_table *t = reply;
    const struct json *table = json_get(b->json, "Table");

    if (!table)
        table = json_get(b->json, "TableDescription");
    if (!json_str_or_empty(json_get(table, "TableStatus")).n)
        return err_set(e, ERR_INVALID, "a table without a status");
    dynamodb_table_release(t);
    t->status = str_dup(json_str_or_empty(json_get(table, "TableStatus")));
    t->arn = str_dup(json_str_or_empty(json_get(table, "TableArn")));
    t->hash = key_name(table, "HASH");
    t->range = key_name(table, "RANGE");
    if (!json_int(json_get(table, "ItemCount"), &t->item_count))
        t->item_count = 0;
    return true;
}
