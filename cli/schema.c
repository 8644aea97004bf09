#include "cli/arguments.h"
#include "cli/asyncapi.h"
#include "cli/examples.h"
#include "cli/print.h"
#include "cli/schemas.h"
#include "cli/verbs.h"
#include "cli/yaml.h"
#include "conf/metrics_table.h"

#include <string.h>

/* The generated pages: docs/schemas.json, docs/asyncapi.yaml, docs/events.md and docs/configuration.md, all
 * from the tables that the code works by, so that none can drift from it. */

enum { TEXT_MAX = 4 * 1024 * 1024 };

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
        if (f->names)
            words_markdown(f, out);
        buf_addf(out, "%s |\n", f->help ? f->help : "");
        if (!f->fields)
            continue;
        BUF_CLEANUP struct buf inner = BUF_INIT(300);
        buf_addf(&inner, "%s%s%s.", prefix, f->name, f->kind == JSON_F_LIST ? "[]" : "");
        table_markdown(f->fields, buf_cstr(&inner), out);
    }
}

static void section_markdown(int which, const char *beside, struct buf *out)
{
    buf_addf(out,
             "\n## %s%s\n\nIt says: %s.\n\n```json\n%s\n```\n\n| field | type | meaning |\n|---|---|---|\n",
             schemas_name(which), beside, example_sentence(which), example_text(which));
    table_markdown(schemas_fields(which), "", out);
}

static void headers_markdown(struct buf *out)
{
    buf_adds(out, "\n## Headers\n\nRecords of events and progress: CloudEvents 1.0 (Kafka binding, binary "
                  "mode) and W3C trace context. Jobs and snapshots have none.\n\n| header | type | meaning "
                  "|\n|---|---|---|\n");
    table_markdown(schemas_event_headers, "", out);
    buf_adds(out, "\nDead letters (the dlq topic; the value is the record as it was):\n\n| header | type | "
                  "meaning |\n|---|---|---|\n");
    table_markdown(schemas_letter_headers, "", out);
}

static void causes_markdown(struct buf *out)
{
    buf_adds(out, "\n## Causes\n\nOne closed list: a word never changes its meaning.\n\n| cause | what it "
                  "says |\n|---|---|\n");
    for (int c = 1; c < CAUSE_COUNT; c++)
        buf_addf(out, "| `%s` | %s |\n", cause_names[c], cause_sentence((enum cause)c));
}

static void print_markdown(void)
{
    BUF_CLEANUP struct buf out = BUF_INIT(TEXT_MAX);

    buf_adds(
        &out,
        "# Events\n\nEvery record of the topics, field by field, with one of a real run. Printed by "
        "`ec2sched schema --markdown` from the tables in `common/model/event.c`; a test compares. The same "
        "as JSON Schemas: [schemas.json](schemas.json); topics, keys, partitions, headers and schemas as "
        "AsyncAPI 3.0: [asyncapi.yaml](asyncapi.yaml); how to write a reader: "
        "[readers.md](readers.md).\n\n"
        "Values are JSON objects of at most 900,000 bytes; a reader ignores fields and types that it does "
        "not know, and decides nothing by a header. An optional field that is absent is empty, 0 or "
        "false; `on_failure` is `halt` then, and `ready` is `state`.\n\n"
        "## Fields of every record\n\n| field | type | meaning |\n|---|---|---|\n");
    table_markdown(event_common_fields, "", &out);
    headers_markdown(&out);
    for (int t = 1; t < EVENT_TYPES; t++)
        section_markdown(t, t == EVENT_JOB_PROGRESS ? " (progress topic)" : "", &out);
    section_markdown(SCHEMAS_JOB, " (jobs topic)", &out);
    section_markdown(SCHEMAS_SNAPSHOT, " (snap topic)", &out);
    causes_markdown(&out);
    BUG_IF(out.over);
    print_text(buf_view(&out));
}

static void print_schemas(void)
{
    BUF_CLEANUP struct buf out = BUF_INIT(TEXT_MAX);
    JSON_CLEANUP struct json *j = schemas_bundle();

    json_print_pretty(j, &out);
    buf_adds(&out, "\n");
    BUG_IF(out.over);
    print_text(buf_view(&out));
}

static void print_asyncapi(void)
{
    BUF_CLEANUP struct buf out = BUF_INIT(TEXT_MAX);
    JSON_CLEANUP struct json *j = asyncapi_document();

    yaml_print(j, &out);
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
    bool asyncapi = false;
    bool metrics = false;
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {{"--markdown", ARGUMENT_SWITCH, &markdown, NULL, "docs/events.md"},
                                     {"--asyncapi", ARGUMENT_SWITCH, &asyncapi, NULL, "docs/asyncapi.yaml"},
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
    else if (asyncapi)
        print_asyncapi();
    else
        print_schemas();
    return CLI_OK;
}
