#include "cli/schemas.h"

#include <string.h>

#define TRACE_PATTERN  "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$"
#define NUMBER_PATTERN "^-?[0-9]+$"

/* clang-format off */
const struct json_field schemas_event_headers[] = {
    {"ce_specversion", JSON_F_STR, 0, .required = true, .pattern = "^1[.]0$", .help = "1.0"},
    {"ce_type",        JSON_F_STR, 0, .required = true, .pattern = "^ec2sched[.][A-Za-z]+[.]v1$", .help = "ec2sched.TYPE.v1, TYPE as in the value"},
    {"ce_source",      JSON_F_STR, 0, .required = true, .pattern = "^/ec2sched/(producer|worker|cli)(/.+)?$", .help = "/ec2sched/PROGRAM/PROCESS: who wrote it"},
    {"ce_id",          JSON_F_STR, 0, .required = true, .pattern = "^[0-9a-f]{32}$", .help = "unique"},
    {"ce_time",        JSON_F_STR, 0, .required = true, .help = "as ts in the value"},
    {"content-type",   JSON_F_STR, 0, .required = true, .pattern = "^application/json$", .help = "application/json"},
    {"ce_subject",     JSON_F_STR, 0, .help = "WORKLOAD or WORKLOAD@RUN; absent in records of a whole partition"},
    {"traceparent",    JSON_F_STR, 0, .pattern = TRACE_PATTERN, .help = "W3C: 00-TRACE-SPAN-01; TRACE is the first 16 bytes of SHA-256 of WORKLOAD@RUN, SPAN the first 8 of ce_id: every record of a run is one trace. Absent without a run"},
    {0},
};

const struct json_field schemas_letter_headers[] = {
    {"x-topic",    JSON_F_STR, 0, .required = true, .help = "where the record stood: topic,"},
    {"x-part",     JSON_F_STR, 0, .required = true, .pattern = NUMBER_PATTERN, .help = "partition"},
    {"x-off",      JSON_F_STR, 0, .required = true, .pattern = NUMBER_PATTERN, .help = "and offset"},
    {"x-err",      JSON_F_STR, 0, .required = true, .help = "why it is a dead letter"},
    {"x-atts",     JSON_F_STR, 0, .required = true, .pattern = NUMBER_PATTERN, .help = "how often it was claimed"},
    {"x-first-ts", JSON_F_STR, 0, .required = true, .pattern = NUMBER_PATTERN, .help = "when it was written, ms since 1970"},
    {"x-last-ts",  JSON_F_STR, 0, .required = true, .pattern = NUMBER_PATTERN, .help = "when it was given up, ms since 1970"},
    {"x-host",     JSON_F_STR, 0, .required = true, .help = "the worker that gave it up"},
    {"x-size",     JSON_F_STR, 0, .pattern = NUMBER_PATTERN, .help = "of a letter that was cut: bytes of the whole"},
    {"x-sha256",   JSON_F_STR, 0, .pattern = "^[0-9a-f]{64}$", .help = "of the whole"},
    {"x-cut",      JSON_F_STR, 0, .pattern = NUMBER_PATTERN, .help = "bytes that are here"},
    {0},
};

static const struct json_field snapshot_fields[] = {
    {"v",    JSON_F_INT, 0, .required = true, .help = "1"},
    {"asof", JSON_F_INT, 0, .required = true, .help = "offset of the last record of the log that is in it"},
    {"log",  JSON_F_INT, 0, .required = true, .help = "generation of the log"},
    {"fv",   JSON_F_INT, 0, .required = true, .help = "version of the fold's rules"},
    {"w",    JSON_F_RAW, 0, .required = true, .help = "the workload's state, as docs/view.md tells it"},
    {"r",    JSON_F_RAW, 0, .required = true, .help = "its latest runs"},
    {0},
};

static const struct { /* parts with a name of their own */
    const char *name;
    const struct json_field *fields;
    const char *const *words;
} shared[] = {
    {"Cause", NULL, cause_names},
    {"Counts", counts_fields, NULL},
    {"JobOptions", job_options_fields, NULL},
    {"MemberOutcome", member_outcome_fields, NULL},
    {"Origin", event_origin_fields, NULL},
    {"Spec", spec_fields, NULL},
};
/* clang-format on */
enum { SHARED = sizeof shared / sizeof shared[0] };

const char *schemas_name(int which)
{
    if (which < EVENT_TYPES)
        return event_type_names[which];
    return which == SCHEMAS_JOB ? "Job" : "Snapshot";
}

const struct json_field *schemas_fields(int which)
{
    if (which < EVENT_TYPES)
        return event_fields((enum event_type)which);
    return which == SCHEMAS_JOB ? job_fields : snapshot_fields;
}

static struct json *schema_of_fields(const struct json_field *fields, const char *where);

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

static struct json *text_of(const struct json_field *f, size_t max)
{
    struct json *o = typed("string");

    if (max)
        json_add_int(o, "maxLength", (int64_t)max);
    if (f->pattern)
        json_add_str(o, "pattern", str_of(f->pattern));
    return o;
}

static struct json *reference(const struct json_field *f, const char *where)
{
    enum { REFERENCE_MAX = 100 };
    BUF_CLEANUP struct buf name = BUF_INIT(REFERENCE_MAX);

    for (size_t i = 0; i < SHARED; i++) {
        if ((!f->fields || f->fields != shared[i].fields) && (!f->names || f->names != shared[i].words))
            continue;
        struct json *o = json_object();
        buf_addf(&name, "%s%s", where, shared[i].name);
        json_add_str(o, "$ref", buf_view(&name));
        return o;
    }
    return NULL;
}

static struct json *inner_of(const struct json_field *f, const char *where)
{
    struct json *o = reference(f, where);

    return o || !f->fields ? o : schema_of_fields(f->fields, where);
}

static struct json *schema_of_field(const struct json_field *f, const char *where)
{
    struct json *o = NULL;

    switch (f->kind) {
    case JSON_F_INT:
        return typed("integer");
    case JSON_F_BOOL:
        return typed("boolean");
    case JSON_F_STRS:
        return list_of(text_of(f, 0), f->max);
    case JSON_F_OBJECT:
        return inner_of(f, where);
    case JSON_F_LIST:
        return list_of(inner_of(f, where), f->max ? f->max : JSON_LIST_MAX);
    case JSON_F_RAW:
        return json_object();
    case JSON_F_STR:
    case JSON_F_ENUM:
        break;
    }
    o = inner_of(f, where);
    if (o)
        return o;
    return f->names ? words_of(f->names) : text_of(f, f->max);
}

/* `type`: of the record whose fields they are, or NULL. */
static void add_fields(const struct json_field *fields, const char *type, const char *where,
                       struct json *properties, struct json *required)
{
    for (const struct json_field *f = fields; f && f->name; f++) {
        struct json *o = schema_of_field(f, where);
        if (type && strcmp(f->name, "v") == 0)
            json_add_int(o, "const", 1);
        else if (type && strcmp(f->name, "type") == 0)
            json_add_str(o, "const", str_of(type));
        if (f->help)
            json_add_str(o, "description", str_of(f->help));
        json_add(properties, f->name, o);
        if (f->required)
            json_push_str(required, str_of(f->name));
    }
}

static struct json *object_of(const struct json_field *common, const struct json_field *fields,
                              const char *type, const char *where)
{
    struct json *o = typed("object");
    struct json *properties = json_object();
    struct json *required = json_array();

    add_fields(common, type, where, properties, required);
    add_fields(fields, type, where, properties, required);
    json_add(o, "properties", properties);
    json_add(o, "required", required);
    return o;
}

static struct json *schema_of_fields(const struct json_field *fields, const char *where)
{
    return object_of(NULL, fields, NULL, where);
}

struct json *schemas_all(const char *where)
{
    struct json *all = json_object();

    for (int i = 1; i < SCHEMAS; i++)
        json_add(all, schemas_name(i),
                 object_of(i < EVENT_TYPES ? event_common_fields : NULL, schemas_fields(i), schemas_name(i),
                           where));
    for (size_t i = 0; i < SHARED; i++)
        json_add(all, shared[i].name,
                 shared[i].words ? words_of(shared[i].words) : schema_of_fields(shared[i].fields, where));
    json_add(all, "EventHeaders", schema_of_fields(schemas_event_headers, where));
    json_add(all, "LetterHeaders", schema_of_fields(schemas_letter_headers, where));
    return all;
}

struct json *schemas_bundle(void)
{
    enum { REFERENCE_MAX = 100 };
    static const char where[] = "#/$defs/";
    struct json *o = json_object();
    struct json *any = json_array();

    json_add_str(o, "$schema", STR("https://json-schema.org/draft/2020-12/schema"));
    json_add_str(o, "title", STR("Records of ec2sched"));
    json_add_str(o, "description",
                 STR("Each type of record is a schema under $defs; the whole takes any record of the events "
                     "and progress topics. Printed by `ec2sched schema`."));
    for (int i = 1; i < EVENT_TYPES; i++) {
        BUF_CLEANUP struct buf name = BUF_INIT(REFERENCE_MAX);
        struct json *one = json_object();
        buf_addf(&name, "%s%s", where, schemas_name(i));
        json_add_str(one, "$ref", buf_view(&name));
        json_push(any, one);
    }
    json_add(o, "anyOf", any);
    json_add(o, "$defs", schemas_all(where));
    return o;
}
