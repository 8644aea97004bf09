#include "awssim/dynamodb.h"

#include "awssim/expression.h"
#include "awssim/sim.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_BYTES = 1024 * 1024, TRANSACTION_MAX = 100, BATCH_MAX = 100 };

static bool invalid(struct call *c, const char *what)
{
    c->namespace = "com.amazon.coral.validate#";
    return call_fail(c, 400, "ValidationException", "%s", what);
}

static struct table *named_table(struct awssim *sim, struct call *c, const struct json *input)
{
    struct str name = json_str_or_empty(json_get(input, "TableName"));
    struct table *t = tables_find(sim->tables, c, name);

    if (!t)
        (void)call_fail(c, 400, "ResourceNotFoundException",
                        "Requested resource not found: Table: " STR_FMT " not found", STR_ARG(name));
    return t;
}

static struct expression expression_of(const struct json *input, const char *name)
{
    return (struct expression){.text = json_str_or_empty(json_get(input, name)),
                               .names = json_get(input, "ExpressionAttributeNames"),
                               .values = json_get(input, "ExpressionAttributeValues")};
}

/* The item that `key` names: *out NULL if there is none. False: not a key of this table. */
static bool find_item(struct call *c, const struct table *t, const struct json *key, struct item **out)
{
    char *hash, *range;

    if (json_count(key) != (t->range ? 2U : 1U) || !table_key(t, key, &hash, &range))
        return invalid(c, "The provided key element does not match the schema");
    *out = table_find(t, hash, range);
    xfree(hash);
    xfree(range);
    return true;
}

static bool get_item(struct awssim *sim, struct call *c)
{
    struct table *t = named_table(sim, c, c->input);
    struct item *item = NULL;

    if (!t || !find_item(c, t, json_get(c->input, "Key"), &item))
        return false;
    buf_adds(&c->body, "{");
    if (item) {
        buf_adds(&c->body, "\"Item\":");
        json_print(item->attributes, &c->body);
    }
    buf_adds(&c->body, "}");
    return true;
}

static bool batch_items(struct call *c, const struct table *t, const struct json *keys)
{
    size_t shown = 0;

    for (const struct json *key = json_first(keys); key; key = json_next(key)) {
        struct item *item = NULL;
        if (!find_item(c, t, key, &item))
            return false;
        if (!item)
            continue;
        buf_adds(&c->body, shown++ ? "," : "");
        json_print(item->attributes, &c->body);
    }
    return true;
}

/* BatchGetItem of whole items, of any number of tables. */
static bool batch_get(struct awssim *sim, struct call *c)
{
    const struct json *tables = json_get(c->input, "RequestItems");
    size_t n = 0;

    buf_adds(&c->body, "{\"Responses\":{");
    for (const struct json *asked = json_first(tables); asked; asked = json_next(asked)) {
        struct table *t = tables_find(sim->tables, c, str_of(json_name(asked)));
        const struct json *keys = json_get(asked, "Keys");
        if (!t)
            return call_fail(c, 400, "ResourceNotFoundException", "Requested resource not found");
        n += json_count(keys);
        if (!json_count(keys) || n > BATCH_MAX)
            return invalid(c, "Too many items requested for the BatchGetItem call");
        buf_adds(&c->body, asked == json_first(tables) ? "" : ",");
        json_quote(str_of(json_name(asked)), &c->body);
        buf_adds(&c->body, ":[");
        if (!batch_items(c, t, keys))
            return false;
        buf_adds(&c->body, "]");
    }
    buf_adds(&c->body, "},\"UnprocessedKeys\":{}}");
    return n > 0 || invalid(c, "The requestItems parameter is required for BatchGetItem");
}

/* ---- Query and Scan ---- */

struct listing {
    struct expression key, filter; /* text empty: all */
    size_t begin, looked_at, shown, bytes;
    int64_t limit; /* 0: none */
    bool reverse;
};

/* The place behind the key that the caller has seen last. */
static bool read_start(struct call *c, const struct table *t, const struct json *start, struct listing *l)
{
    char *hash, *range;

    if (!table_key(t, start, &hash, &range))
        return invalid(c, "The provided starting key is invalid");
    l->begin = table_seek(t, hash, range);
    if (l->reverse)
        l->begin = t->n - l->begin;
    else if (table_find(t, hash, range))
        l->begin++;
    xfree(hash);
    xfree(range);
    return true;
}

static bool read_listing(struct awssim *sim, struct call *c, const struct table *t, struct listing *l)
{
    const struct json *start = json_get(c->input, "ExclusiveStartKey");
    bool forward = true;

    *l = (struct listing){.key = expression_of(c->input, "KeyConditionExpression"),
                          .filter = expression_of(c->input, "FilterExpression")};
    if (json_get(c->input, "Limit") && (!json_int(json_get(c->input, "Limit"), &l->limit) || l->limit < 1))
        return invalid(c, "Limit must be greater than or equal to 1");
    if (json_get(c->input, "IndexName") || json_get(c->input, "KeyConditions") ||
        json_get(c->input, "ScanFilter"))
        return invalid(c, "the simulator knows neither indexes nor the legacy conditions");
    (void)json_bool(json_get(c->input, "ScanIndexForward"), &forward);
    l->reverse = !forward;
    if (t->page_items && (!l->limit || l->limit > t->page_items))
        l->limit = t->page_items;
    if (start)
        return read_start(c, t, start, l);
    if (sim->empty_pages && t->n)
        l->limit = -1; /* a first page with a key and nothing else */
    return true;
}

static void write_key(struct buf *out, const struct table *t, const char *hash, const char *range)
{
    buf_adds(out, ",\"LastEvaluatedKey\":{");
    json_quote(str_of(t->hash), out);
    buf_addf(out, ":{\"%s\":", t->hash_type);
    json_quote(str_of(hash), out);
    buf_addc(out, '}');
    if (t->range) {
        buf_addc(out, ',');
        json_quote(str_of(t->range), out);
        buf_addf(out, ":{\"%s\":", t->range_type);
        json_quote(str_of(range), out);
        buf_addc(out, '}');
    }
    buf_addc(out, '}');
}

/* Holds, with what is left of the listing's expression kept for the next item. */
static bool holds(struct call *c, const struct expression *e, const struct item *i, bool *out)
{
    struct expression x = *e;

    *out = !x.text.n || expression_holds(&x, i->attributes);
    return !x.error[0] || invalid(c, x.error);
}

static bool look_at(struct call *c, struct listing *l, const struct item *i)
{
    bool in_key, wanted;

    if (!holds(c, &l->key, i, &in_key) || !holds(c, &l->filter, i, &wanted))
        return false;
    if (!in_key)
        return true;
    size_t before = c->body.n;
    l->looked_at++;
    if (wanted) {
        buf_adds(&c->body, l->shown ? "," : "");
        l->shown++;
        json_print(i->attributes, &c->body);
    }
    l->bytes += c->body.n - before;
    return true;
}

static bool is_full(const struct listing *l)
{
    return l->limit < 0 || (l->limit > 0 && l->looked_at >= (size_t)l->limit) || l->bytes >= PAGE_BYTES;
}

/* Where the next page begins; `last`: the last item that was looked at, NULL if it was the table's last. */
static void write_last(struct call *c, const struct table *t, const struct listing *l,
                       const struct item *last)
{
    const char *edge = l->reverse ? "~" : " "; /* sorts before, or after, all keys */

    if (l->limit < 0) /* the page that is empty on purpose */
        write_key(&c->body, t, edge, edge);
    else if (last && is_full(l))
        write_key(&c->body, t, last->hash, last->range);
}

static bool list_items(struct awssim *sim, struct call *c, const struct table *t)
{
    struct listing l;
    const struct item *last = NULL;
    size_t k;

    if (!read_listing(sim, c, t, &l))
        return false;
    buf_adds(&c->body, "{\"Items\":[");
    for (k = l.begin; k < t->n && !is_full(&l); k++) {
        last = &t->at[l.reverse ? t->n - 1 - k : k];
        if (!look_at(c, &l, last))
            return false;
    }
    buf_addf(&c->body, "],\"Count\":%zu,\"ScannedCount\":%zu", l.shown, l.looked_at);
    write_last(c, t, &l, k < t->n ? last : NULL);
    buf_adds(&c->body, "}");
    return true;
}

static bool scan(struct awssim *sim, struct call *c)
{
    struct table *t = named_table(sim, c, c->input);

    return t && list_items(sim, c, t);
}

static bool query(struct awssim *sim, struct call *c)
{
    struct table *t = named_table(sim, c, c->input);

    if (!t)
        return false;
    if (!json_str_or_empty(json_get(c->input, "KeyConditionExpression")).n)
        return invalid(
            c,
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
    return list_items(sim, c, t);
}

/* ---- writes ---- */

/* What a write's condition says of the item as it is; false: the call has failed. */
static bool check_condition(struct call *c, const struct json *input, const struct item *item, bool *out)
{
    struct expression x = expression_of(input, "ConditionExpression");

    *out = !x.text.n || expression_holds(&x, item ? item->attributes : NULL);
    return !x.error[0] || invalid(c, x.error);
}

static bool condition_failed(struct call *c)
{
    return call_fail(c, 400, "ConditionalCheckFailedException", "The conditional request failed");
}

static bool too_big(const struct json *item)
{
    BUF_CLEANUP struct buf text = BUF_INIT(ITEM_BYTES_MAX);

    json_print(item, &text);
    return text.over;
}

/* The key attributes alone, of an item. */
static struct json *key_of(const struct table *t, const struct json *item)
{
    struct json *key = json_object();

    if (json_get(item, t->hash))
        json_add(key, t->hash, json_copy(json_get(item, t->hash)));
    if (t->range && json_get(item, t->range))
        json_add(key, t->range, json_copy(json_get(item, t->range)));
    return key;
}

static bool find_for_item(struct call *c, const struct table *t, const struct json *item, struct item **out)
{
    JSON_CLEANUP struct json *key = key_of(t, item);

    return find_item(c, t, key, out);
}

static bool put_item(struct awssim *sim, struct call *c)
{
    struct table *t = named_table(sim, c, c->input);
    const struct json *item = json_get(c->input, "Item");
    struct item *old = NULL;
    bool met;

    if (!t || !find_for_item(c, t, item, &old) || !check_condition(c, c->input, old, &met))
        return false;
    if (!met)
        return condition_failed(c);
    if (too_big(item))
        return invalid(c, "Item size has exceeded the maximum allowed size");
    buf_adds(&c->body, "{");
    if (old && str_is(json_str_or_empty(json_get(c->input, "ReturnValues")), "ALL_OLD")) {
        buf_adds(&c->body, "\"Attributes\":");
        json_print(old->attributes, &c->body);
    }
    buf_adds(&c->body, "}");
    return table_put(t, item) || call_fail(c, 400, "LimitExceededException", "the table is full");
}

static bool delete_item(struct awssim *sim, struct call *c)
{
    struct table *t = named_table(sim, c, c->input);
    struct item *old = NULL;
    bool met;

    if (!t || !find_item(c, t, json_get(c->input, "Key"), &old) || !check_condition(c, c->input, old, &met))
        return false;
    if (!met)
        return condition_failed(c);
    if (old)
        table_remove(t, old);
    buf_adds(&c->body, "{}");
    return true;
}

/* The item after an update: the old one changed, or a new one of the key. NULL: the call has failed. */
static struct json *updated(struct call *c, const struct json *input, const struct item *old)
{
    struct expression x = expression_of(input, "UpdateExpression");
    struct json *after = expression_apply(&x, old ? old->attributes : json_get(input, "Key"));

    if (!after)
        (void)invalid(c, x.error);
    return after;
}

static bool update_item(struct awssim *sim, struct call *c)
{
    struct table *t = named_table(sim, c, c->input);
    struct item *old = NULL, *same = NULL;
    bool met;

    if (!t || !find_item(c, t, json_get(c->input, "Key"), &old) || !check_condition(c, c->input, old, &met))
        return false;
    if (!met)
        return condition_failed(c);
    JSON_CLEANUP struct json *after = updated(c, c->input, old);
    if (!after || !find_for_item(c, t, after, &same))
        return false;
    if (same != old)
        return invalid(c, "One or more parameter values were invalid: Cannot update attribute. This "
                          "attribute is part of the key");
    buf_adds(&c->body, "{");
    if (str_is(json_str_or_empty(json_get(c->input, "ReturnValues")), "ALL_NEW")) {
        buf_adds(&c->body, "\"Attributes\":");
        json_print(after, &c->body);
    }
    buf_adds(&c->body, "}");
    return table_put(t, after) || call_fail(c, 400, "LimitExceededException", "the table is full");
}

/* One member of TransactItems: its kind's own object. */
static const struct json *act_of(const struct json *one, const char **kind)
{
    static const char *const kinds[] = {"Put", "Delete", "ConditionCheck", "Update"};

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (json_get(one, kinds[k])) {
            *kind = kinds[k];
            return json_get(one, kinds[k]);
        }
    }
    *kind = "";
    return NULL;
}

static bool check_act(struct awssim *sim, struct call *c, const struct json *one, bool *met)
{
    const char *kind;
    const struct json *act = act_of(one, &kind);
    struct table *t = act ? named_table(sim, c, act) : NULL;
    struct item *old = NULL;

    if (!act)
        return invalid(c, "TransactItems can only contain one of Check, Put, Update or Delete");
    if (!t)
        return false;
    if (strcmp(kind, "Put") == 0 ? !find_for_item(c, t, json_get(act, "Item"), &old)
                                 : !find_item(c, t, json_get(act, "Key"), &old))
        return false;
    if (strcmp(kind, "Update") == 0) {
        JSON_CLEANUP struct json *after = updated(c, act, old);
        if (!after)
            return false;
    }
    return check_condition(c, act, old, met);
}

static bool do_act(struct awssim *sim, struct call *c, const struct json *one)
{
    const char *kind;
    const struct json *act = act_of(one, &kind);
    struct table *t = named_table(sim, c, act);
    struct item *old = NULL;

    if (strcmp(kind, "Put") == 0)
        return table_put(t, json_get(act, "Item")) ||
               call_fail(c, 400, "LimitExceededException", "the table is full");
    if (!find_item(c, t, json_get(act, "Key"), &old))
        return false;
    if (strcmp(kind, "Delete") == 0 && old)
        table_remove(t, old);
    if (strcmp(kind, "Update") != 0)
        return true;
    JSON_CLEANUP struct json *after = updated(c, act, old);
    return after && (table_put(t, after) || call_fail(c, 400, "LimitExceededException", "the table is full"));
}

/* All conditions first; then all writes. */
static bool transact(struct awssim *sim, struct call *c)
{
    const struct json *items = json_get(c->input, "TransactItems");
    BUF_CLEANUP struct buf reasons = BUF_INIT(CALL_MESSAGE_MAX);
    bool all = true;

    if (!json_count(items) || json_count(items) > TRANSACTION_MAX)
        return invalid(c, "Member must have length less than or equal to 100 and greater than or equal to 1");
    for (const struct json *one = json_first(items); one; one = json_next(one)) {
        bool met = true;
        if (!check_act(sim, c, one, &met))
            return false;
        buf_addf(&reasons, "%s%s", reasons.n ? ", " : "", met ? "None" : "ConditionalCheckFailed");
        all = all && met;
    }
    if (!all)
        return call_fail(c, 400, "TransactionCanceledException",
                         "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]",
                         buf_cstr(&reasons));
    for (const struct json *one = json_first(items); one; one = json_next(one))
        if (!do_act(sim, c, one))
            return false;
    buf_adds(&c->body, "{}");
    return true;
}

/* ---- tables ---- */

static void write_schema(struct buf *out, const char *name, const char *kind)
{
    buf_adds(out, "{\"AttributeName\":");
    json_quote(str_of(name), out);
    buf_addf(out, ",\"KeyType\":\"%s\"}", kind);
}

static void write_attribute(struct buf *out, const char *name, const char *type)
{
    buf_adds(out, "{\"AttributeName\":");
    json_quote(str_of(name), out);
    buf_addf(out, ",\"AttributeType\":\"%s\"}", type);
}

static void write_table(struct buf *out, const struct table *t, const char *status)
{
    buf_adds(out, "{\"TableName\":");
    json_quote(str_of(t->name), out);
    buf_addf(out,
             ",\"TableStatus\":\"%s\",\"ItemCount\":%zu,\"TableSizeBytes\":0,\"CreationDateTime\":%" PRId64
             ".%03d",
             status, t->n, t->created_wall_ms / 1000, (int)(t->created_wall_ms % 1000));
    buf_addf(out, ",\"TableArn\":\"arn:aws:dynamodb:%s:%s:table/%s\",\"KeySchema\":[", t->region, t->account,
             t->name);
    write_schema(out, t->hash, "HASH");
    if (t->range) {
        buf_addc(out, ',');
        write_schema(out, t->range, "RANGE");
    }
    buf_adds(out, "],\"AttributeDefinitions\":[");
    write_attribute(out, t->hash, t->hash_type);
    if (t->range) {
        buf_addc(out, ',');
        write_attribute(out, t->range, t->range_type);
    }
    buf_addf(out, "],\"ProvisionedThroughput\":{\"ReadCapacityUnits\":%lld,\"WriteCapacityUnits\":%lld}%s}",
             (long long)t->read_units, (long long)t->write_units,
             t->read_units ? "" : ",\"BillingModeSummary\":{\"BillingMode\":\"PAY_PER_REQUEST\"}");
}

static bool describe_table(struct awssim *sim, struct call *c)
{
    struct table *t = named_table(sim, c, c->input);

    if (!t)
        return false;
    buf_adds(&c->body, "{\"Table\":");
    write_table(&c->body, t, "ACTIVE");
    buf_adds(&c->body, "}");
    return true;
}

static bool list_tables(struct awssim *sim, struct call *c)
{
    bool any = false;

    buf_adds(&c->body, "{\"TableNames\":[");
    for (size_t k = 0; k < tables_count(sim->tables); k++) {
        const struct table *t = tables_at(sim->tables, k);
        if (!sim_sees(c, t->account, t->region))
            continue;
        buf_adds(&c->body, any ? "," : "");
        any = true;
        json_quote(str_of(t->name), &c->body);
    }
    buf_adds(&c->body, "]}");
    return true;
}

static void read_type(const struct call *c, const char *name, char type[2])
{
    const struct json *all = json_get(c->input, "AttributeDefinitions");

    for (const struct json *a = json_first(all); a; a = json_next(a))
        if (str_is(json_str_or_empty(json_get(a, "AttributeName")), name))
            (void)snprintf(type, 2, STR_FMT, STR_ARG(json_str_or_empty(json_get(a, "AttributeType"))));
}

static bool read_billing(struct call *c, int64_t *reads, int64_t *writes)
{
    const struct json *units = json_get(c->input, "ProvisionedThroughput");
    bool both = json_int(json_get(units, "ReadCapacityUnits"), reads) &&
                json_int(json_get(units, "WriteCapacityUnits"), writes) && *reads >= 1 && *writes >= 1;

    return str_is(json_str_or_empty(json_get(c->input, "BillingMode")), "PAY_PER_REQUEST") ? !units : both;
}

static bool create_table(struct awssim *sim, struct call *c)
{
    int64_t reads = 0, writes = 0;

    struct str name = json_str_or_empty(json_get(c->input, "TableName"));
    struct str hash = STR(""), range = STR("");

    for (const struct json *k = json_first(json_get(c->input, "KeySchema")); k; k = json_next(k)) {
        struct str attribute = json_str_or_empty(json_get(k, "AttributeName"));
        if (str_is(json_str_or_empty(json_get(k, "KeyType")), "HASH"))
            hash = attribute;
        else
            range = attribute;
    }
    if (name.n < 3 || name.n > 255 || !hash.n)
        return invalid(c, "TableName and a HASH key are needed");
    if (!read_billing(c, &reads, &writes))
        return invalid(c, "ProvisionedThroughput goes with BillingMode PROVISIONED, and only with it");
    if (tables_find(sim->tables, c, name))
        return call_fail(c, 400, "ResourceInUseException", "Table already exists: " STR_FMT, STR_ARG(name));
    struct table *t = tables_create(sim->tables, call_account(c), c->region, name);
    if (!t)
        return call_fail(c, 400, "LimitExceededException", "over %d tables", TABLES_MAX);
    t->hash = str_dup(hash);
    t->range = range.n ? str_dup(range) : NULL;
    t->created_wall_ms = c->now.wall_ms;
    t->read_units = reads;
    t->write_units = writes;
    read_type(c, t->hash, t->hash_type);
    if (t->range)
        read_type(c, t->range, t->range_type);
    buf_adds(&c->body, "{\"TableDescription\":");
    write_table(&c->body, t, "CREATING");
    buf_adds(&c->body, "}");
    return true;
}

const struct operation dynamodb_operations[] = {
    {"GetItem", get_item},
    {"BatchGetItem", batch_get},
    {"Query", query},
    {"Scan", scan},
    {"PutItem", put_item, .changes = true},
    {"UpdateItem", update_item, .changes = true},
    {"DeleteItem", delete_item, .changes = true},
    {"TransactWriteItems", transact, .changes = true},
    {"DescribeTable", describe_table},
    {"ListTables", list_tables},
    {"CreateTable", create_table, .changes = true},
    {0},
};
