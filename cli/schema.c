#include "cli/arguments.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "conf/metrics_table.h"
#include "model/event.h"

#include <string.h>

/* The records' tables as JSON Schemas and as docs/events.md: one generator, so that neither can drift from
 * the code. */

enum { TEXT_MAX = 4 * 1024 * 1024 };

static struct json *schema_of_table(const struct json_field *fields);

static struct json *typed(const char *type)
{
    struct json *o = json_object();

    json_add_str(o, "type", str_of(type));
    return o;
}

static struct json *list_of(struct json *items, size_t max)
{
    struct json *o = typed("array");

    json_add(o, "items", items);
    if (max)
        json_add_int(o, "maxItems", (int64_t)max);
    return o;
}

static struct json *words_of(const char *const *names)
{
    struct json *o = typed("string");
    struct json *all = json_array();

    for (size_t i = 0; names[i]; i++)
        if (names[i][0])
            json_push_str(all, str_of(names[i]));
    json_add(o, "enum", all);
    return o;
}

static struct json *schema_of_field(const struct json_field *f)
{
    switch (f->kind) {
    case JSON_F_INT:
        return typed("integer");
    case JSON_F_BOOL:
        return typed("boolean");
    case JSON_F_ENUM:
        return words_of(f->names);
    case JSON_F_STRS:
        return list_of(typed("string"), f->max);
    case JSON_F_OBJECT:
        return schema_of_table(f->fields);
    case JSON_F_LIST:
        return list_of(schema_of_table(f->fields), f->max);
    case JSON_F_RAW:
        return json_object();
    case JSON_F_STR:
        break;
    }
    struct json *o = typed("string");
    if (f->max)
        json_add_int(o, "maxLength", (int64_t)f->max);
    return o;
}

static void add_fields(const struct json_field *fields, struct json *properties, struct json *required)
{
    for (const struct json_field *f = fields; f && f->name; f++) {
        struct json *o = schema_of_field(f);
        if (f->help)
            json_add_str(o, "description", str_of(f->help));
        json_add(properties, f->name, o);
        if (f->required)
            json_push_str(required, str_of(f->name));
    }
}

static struct json *schema_of_table(const struct json_field *fields)
{
    struct json *o = typed("object");
    struct json *properties = json_object();
    struct json *required = json_array();

    add_fields(fields, properties, required);
    json_add(o, "properties", properties);
    json_add(o, "required", required);
    return o;
}

static struct json *schema_of_type(enum event_type type)
{
    struct json *o = typed("object");
    struct json *properties = json_object();
    struct json *required = json_array();

    json_add_str(o, "title", str_of(event_type_names[type]));
    add_fields(event_common_fields, properties, required);
    add_fields(event_fields(type), properties, required);
    json_add(o, "properties", properties);
    json_add(o, "required", required);
    return o;
}

static void print_schemas(void)
{
    JSON_CLEANUP struct json *o = json_object();
    struct json *records = json_object();

    json_add_str(o, "$schema", STR("https://json-schema.org/draft/2020-12/schema"));
    for (int t = 1; t < EVENT_TYPES; t++)
        json_add(records, event_type_names[t], schema_of_type((enum event_type)t));
    json_add(records, "Job", schema_of_table(job_fields));
    json_add(o, "records", records);
    print_json(o);
}

static const char *kind_word(const struct json_field *f)
{
    static const char *const words[] = {
        [JSON_F_STR] = "string", [JSON_F_INT] = "integer",  [JSON_F_BOOL] = "boolean",
        [JSON_F_ENUM] = "word",  [JSON_F_STRS] = "strings", [JSON_F_OBJECT] = "object",
        [JSON_F_LIST] = "list",  [JSON_F_RAW] = "any",
    };

    return words[f->kind];
}

static void words_markdown(const struct json_field *f, struct buf *out)
{
    if (f->names == cause_names) {
        buf_adds(out, "a cause (below) ");
        return;
    }
    for (size_t i = 0; f->names[i]; i++)
        if (f->names[i][0])
            buf_addf(out, "`%s` ", f->names[i]);
}

static void table_markdown(const struct json_field *fields, const char *prefix, struct buf *out)
{
    for (const struct json_field *f = fields; f && f->name; f++) {
        buf_addf(out, "| `%s%s` | %s%s | ", prefix, f->name, kind_word(f), f->required ? "" : ", optional");
        if (f->kind == JSON_F_ENUM)
            words_markdown(f, out);
        buf_addf(out, "%s |\n", f->help ? f->help : "");
        if (!f->fields)
            continue;
        BUF_CLEANUP struct buf inner = BUF_INIT(300);
        buf_addf(&inner, "%s%s%s.", prefix, f->name, f->kind == JSON_F_LIST ? "[]" : "");
        table_markdown(f->fields, buf_cstr(&inner), out);
    }
}

static void print_markdown(void)
{
    BUF_CLEANUP struct buf out = BUF_INIT(TEXT_MAX);

    buf_adds(&out, "# Events\n\nEvery record of the topics, field by field. Printed by `ec2sched schema "
                   "--markdown` from the tables in "
                   "`common/model/event.c`; a test compares.\n\n"
                   "Values are JSON objects of at most 900,000 bytes; a reader ignores fields and types that "
                   "it does not know, and decides "
                   "nothing by a header. Headers follow CloudEvents 1.0 (Kafka binding, binary mode) and W3C "
                   "`traceparent`.\n\n"
                   "## Fields of every record\n\n| field | type | meaning |\n|---|---|---|\n");
    table_markdown(event_common_fields, "", &out);
    for (int t = 1; t < EVENT_TYPES; t++) {
        buf_addf(&out, "\n## %s\n\n| field | type | meaning |\n|---|---|---|\n", event_type_names[t]);
        table_markdown(event_fields((enum event_type)t), "", &out);
    }
    buf_adds(&out, "\n## Job (jobs topic)\n\n| field | type | meaning |\n|---|---|---|\n");
    table_markdown(job_fields, "", &out);
    buf_adds(&out, "\n## Causes\n\nOne closed list: a word never changes its meaning.\n\n| cause | what it "
                   "says |\n|---|---|\n");
    for (int c = 1; c < CAUSE_COUNT; c++)
        buf_addf(&out, "| `%s` | %s |\n", cause_names[c], cause_sentence((enum cause)c));
    BUG_IF(out.over);
    print_text(buf_view(&out));
}

static void print_options(void)
{
    BUF_CLEANUP struct buf out = BUF_INIT(TEXT_MAX);

    buf_adds(
        &out,
        "# Configuration\n\nEvery option has one dotted name: the flag `--kafka.brokers V`, the variable "
        "`EC2SCHED_KAFKA_BROKERS`, and the key `kafka.brokers = V` in the file (`--config FILE`, default "
        "`/etc/ec2sched/ec2sched.conf`). A flag goes before a variable, a variable before the file. One file "
        "serves all programs. "
        "Unknown flags and keys are errors, unknown variables a warning. Secrets accept `@/path/to/file`.\n\n"
        "AWS's own variables work as in the SDKs: `AWS_REGION`, `AWS_PROFILE`, `AWS_ACCESS_KEY_ID` …, "
        "`AWS_ENDPOINT_URL[_SERVICE]`, "
        "`AWS_CA_BUNDLE`, `AWS_USE_FIPS_ENDPOINT`, `HTTPS_PROXY`, `NO_PROXY`.\n\n"
        "Printed by `ec2sched schema --options` from the option table; a test compares.\n\n");
    options_markdown(&out);
    BUG_IF(out.over);
    print_text(buf_view(&out));
}

static void print_metrics(void)
{
    BUF_CLEANUP struct buf out = BUF_INIT(TEXT_MAX);

    buf_adds(&out,
             "# Metrics\n\n`/metrics` of each daemon speaks Prometheus' text format (0.0.4). What to do with "
             "them: [operations.md](operations.md#metrics).\n\n"
             "Printed by `ec2sched schema --metrics` from the table in `common/conf/metrics_table.c`; a test "
             "compares.\n");
    metrics_markdown(&out);
    BUG_IF(out.over);
    print_text(buf_view(&out));
}

int verb_schema(struct cli *c, const struct strs *words)
{
    bool options = false;
    bool markdown = false;
    bool metrics = false;
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {{"--markdown", ARGUMENT_SWITCH, &markdown, NULL, "docs/events.md"},
                                     {"--options", ARGUMENT_SWITCH, &options, NULL, "docs/configuration.md"},
                                     {"--metrics", ARGUMENT_SWITCH, &metrics, NULL, "docs/metrics.md"},
                                     {0}};

    if (!arguments_read(words, table, 0, 0, &positional, &e))
        return cli_usage(c, "schema", e.msg);
    if (options)
        print_options();
    else if (metrics)
        print_metrics();
    else if (markdown)
        print_markdown();
    else
        print_schemas();
    return CLI_OK;
}
