#include "awssim/dynamodb_tables.h"

#include "awssim/dynamodb.h"
#include "awssim/sim.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

bool request_invalid(struct call *c, const char *what)
{
    c->namespace = "com.amazon.coral.validate#";
    return call_fail(c, 400, "ValidationException", "%s", what);
}

struct table *request_table(struct awssim *sim, struct call *c, const struct json *input)
{
    struct str name = json_str_or_empty(json_get(input, "TableName"));
    struct table *t = tables_find(sim->tables, c, name);

    if (!t)
        (void)call_fail(c, 400, "ResourceNotFoundException",
                        "Requested resource not found: Table: " STR_FMT " not found", STR_ARG(name));
    return t;
}

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

bool serve_describe_table(struct awssim *sim, struct call *c)
{
    struct table *t = request_table(sim, c, c->input);

    if (!t)
        return false;
    buf_adds(&c->body, "{\"Table\":");
    write_table(&c->body, t, "ACTIVE");
    buf_adds(&c->body, "}");
    return true;
}

bool serve_list_tables(struct awssim *sim, struct call *c)
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

/* On demand, or with both units: the two forms exclude each other. */
static bool read_billing(struct call *c, int64_t *reads, int64_t *writes)
{
    struct str mode = json_str_or_empty(json_get(c->input, "BillingMode"));
    const struct json *units = json_get(c->input, "ProvisionedThroughput");
    bool both = json_int(json_get(units, "ReadCapacityUnits"), reads) &&
                json_int(json_get(units, "WriteCapacityUnits"), writes) && *reads >= 1 && *writes >= 1;

    if (str_is(mode, "PAY_PER_REQUEST"))
        return units
                   ? request_invalid(c,
                                     "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                                     "BillingMode is PAY_PER_REQUEST")
                   : true;
    return both ||
           request_invalid(
               c, "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
                  "PROVISIONED");
}

bool serve_create_table(struct awssim *sim, struct call *c)
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
        return request_invalid(c, "TableName and a HASH key are needed");
    if (!read_billing(c, &reads, &writes))
        return false;
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
