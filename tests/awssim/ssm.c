#include "awssim/ssm.h"

#include "awssim/pages.h"
#include "base/mem.h"
#include "base/moment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct operation ssm_operations[] = {
    {"SendCommand", ssm_send, .changes = true},
    {"ListCommandInvocations", sim_list_invocations},
    {"GetCommandInvocation", ssm_get_invocation},
    {"ListCommands", ssm_list_commands},
    {"DescribeInstanceInformation", ssm_describe_instances},
    {0},
};

enum { OUTPUT_MAX = 2500, STDOUT_MAX = 24000, STDERR_MAX = 8000, COMMENT_MAX = 100 };

static bool invalid(struct call *c, const char *what)
{
    return call_fail(c, 400, "ValidationException", "1 validation error detected: %s", what);
}

static int64_t int_or(const struct json *j, int64_t absent)
{
    int64_t v;

    return json_int(j, &v) ? v : absent;
}

static void add_field(struct buf *out, const char *name, const char *value)
{
    buf_addf(out, ",\"%s\":", name);
    json_quote(str_of(value ? value : ""), out);
}

static void add_moment(struct buf *out, const char *name, int64_t wall_ms)
{
    buf_addf(out, ",\"%s\":%" PRId64 ".%03d", name, wall_ms / 1000, (int)(wall_ms % 1000));
}

/* ---- SendCommand ---- */

static void join_commands(const struct json *parameters, struct buf *script)
{
    bool first = true;

    for (const struct json *j = json_first(json_get(parameters, "commands")); j; j = json_next(j)) {
        buf_adds(script, first ? "" : "\n");
        buf_add(script, json_str_or_empty(j));
        first = false;
    }
}

/* The agent takes 5 to 172800; anything else becomes 3600. */
static int64_t execution_s(const struct json *parameters)
{
    struct str text = json_str_or_empty(json_first(json_get(parameters, "executionTimeout")));
    int64_t s;

    return str_to_i64(text, &s) && s >= 5 && s <= 172800 ? s : 3600;
}

static bool check_parameters(struct call *c)
{
    struct str s;

    for (const struct json *p = json_first(json_get(c->input, "Parameters")); p; p = json_next(p)) {
        if (json_type(p) != JSON_ARRAY)
            return call_fail(c, 400, "SerializationException", "Parameters: '%s' is not a list",
                             json_name(p));
        for (const struct json *v = json_first(p); v; v = json_next(v))
            if (!json_str(v, &s))
                return call_fail(c, 400, "SerializationException",
                                 "Parameters: '%s' is not a list of strings", json_name(p));
    }
    if (!json_count(json_get(json_get(c->input, "Parameters"), "commands")))
        return call_fail(c, 400, "InvalidParameters", "Missing parameter: commands");
    return true;
}

static bool check_send(struct awssim *sim, struct call *c)
{
    int64_t timeout_s = int_or(json_get(c->input, "TimeoutSeconds"), 3600);
    struct str document = json_str_or_empty(json_get(c->input, "DocumentName"));
    struct str bucket;

    if (json_count(json_get(c->input, "InstanceIds")) > COMMAND_INSTANCES_MAX)
        return invalid(c, "Value at 'instanceIds' failed to satisfy constraint: Member must have length less "
                          "than or equal to 50");
    if (timeout_s < 30 || timeout_s > 2592000)
        return invalid(c, "Value at 'timeoutSeconds' failed to satisfy constraint: 30 to 2592000");
    if (json_str_or_empty(json_get(c->input, "Comment")).n > COMMENT_MAX)
        return invalid(c, "Value at 'comment' failed to satisfy constraint: Member must have length less "
                          "than or equal to 100");
    if (!commands_knows_document(sim, document))
        return call_fail(c, 400, "InvalidDocument", "Document with name " STR_FMT " does not exist.",
                         STR_ARG(document));
    if (json_str(json_get(c->input, "OutputS3BucketName"), &bucket) && !commands_knows_bucket(sim, bucket))
        return call_fail(c, 400, "InvalidOutputFolder", "S3 bucket " STR_FMT " does not exist.",
                         STR_ARG(bucket));
    return check_parameters(c);
}

static bool is_among(const struct strs *l, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(l->at[i], id) == 0)
            return true;
    return false;
}

/* A target chooses among what is managed; an id must be (or the whole call fails). */
static bool choose(struct awssim *sim, struct call *c, struct command *command)
{
    BUF_CLEANUP struct buf bad = BUF_INIT(CALL_MESSAGE_MAX);

    command->at = xcalloc(c->ids.n + 1, sizeof *command->at);
    for (size_t i = 0; i < c->ids.n; i++) {
        struct instance *found = instances_find(sim->instances, str_of(c->ids.at[i]));
        if (is_among(&c->ids, i, c->ids.at[i]))
            return call_fail(c, 400, "DuplicateInstanceId", "%s", c->ids.at[i]);
        if (found && sim_sees(c, found->account, found->region) && ssm_is_managed(found, c->now.boot_ms))
            command->at[command->n++].instance = found;
        else
            buf_addf(&bad, "%s%s", bad.n ? ", " : "", c->ids.at[i]);
    }
    if (bad.n)
        return call_fail(c, 400, "InvalidInstanceId", "Instances [[%s]] not in a valid state for account %s",
                         buf_cstr(&bad), call_account(c));
    return true;
}

static void write_command(struct call *c, const struct command *k)
{
    bool ended = true;

    for (size_t i = 0; i < k->n; i++)
        ended = ended && k->at[i].ended;
    buf_addf(&c->body, "{\"CommandId\":\"%s\"", k->id);
    add_field(&c->body, "DocumentName", k->document);
    add_field(&c->body, "DocumentVersion", "$DEFAULT");
    add_field(&c->body, "Comment", k->comment);
    add_field(&c->body, "Status", ended ? "Success" : "Pending");
    add_field(&c->body, "StatusDetails", ended ? "Success" : "Pending");
    add_moment(&c->body, "RequestedDateTime", k->requested.wall_ms);
    add_moment(&c->body, "ExpiresAfter", k->requested.wall_ms + k->timeout_ms);
    buf_addf(&c->body, ",\"TargetCount\":%zu,\"MaxConcurrency\":\"50\",\"MaxErrors\":\"0\",\"InstanceIds\":[",
             k->n);
    for (size_t i = 0; i < k->n; i++) {
        buf_adds(&c->body, i ? "," : "");
        json_quote(str_of(k->at[i].instance->id), &c->body);
    }
    buf_adds(&c->body, "],\"Parameters\":{},\"Targets\":[]}");
}

static void drop_command(struct command *k)
{
    xfree(k->at);
    xfree(k->document);
    xfree(k->comment);
    xfree(k->script);
    xfree(k->account);
    xfree(k->region);
}

bool ssm_send(struct awssim *sim, struct call *c)
{
    const struct json *parameters = json_get(c->input, "Parameters");
    struct buf script = BUF_INIT(CALL_BODY_MAX);
    struct command k = {.requested = c->now};

    if (json_count(json_get(c->input, "Targets")))
        return call_fail(c, 400, "InvalidTarget", "the simulator takes InstanceIds");
    if (!c->ids.n)
        return call_fail(c, 400, "InvalidInstanceId", "%s", "");
    if (!check_send(sim, c))
        return false;
    if (!choose(sim, c, &k)) {
        drop_command(&k);
        return false;
    }
    join_commands(parameters, &script);
    k.script = buf_take(&script);
    k.document = str_dup(json_str_or_empty(json_get(c->input, "DocumentName")));
    k.comment = str_dup(json_str_or_empty(json_get(c->input, "Comment")));
    k.account = xstrdup(call_account(c));
    k.region = xstrdup(c->region);
    k.timeout_ms = (int_or(json_get(c->input, "TimeoutSeconds"), 3600) + execution_s(parameters)) * 1000 /
                   commands_scale(sim);
    const struct command *kept = commands_add(sim, &k);
    buf_adds(&c->body, "{\"Command\":");
    write_command(c, kept);
    buf_adds(&c->body, "}");
    return true;
}

/* ---- reading ---- */

static bool shows(const struct call *c, const struct command *k)
{
    return sim_sees(c, k->account, k->region) && c->now.boot_ms >= k->visible_ms;
}

static void add_cut(struct buf *out, struct str text, size_t max, const char *sign)
{
    if (text.n <= max) {
        buf_add(out, text);
        return;
    }
    buf_add(out, str_n(text.p, max - strlen(sign)));
    buf_adds(out, sign);
}

/* stdout and stderr in one, as CommandPlugins carries them. */
static void write_output(struct buf *out, const struct invocation *v)
{
    BUF_CLEANUP struct buf text = BUF_INIT(CALL_REPLY_MAX);
    struct str err = str_of(v->err);

    add_cut(&text, str_of(v->out), OUTPUT_MAX - (err.n ? 100 : 0), "---Output truncated---");
    if (err.n) {
        buf_adds(&text, "\n----------ERROR-------\n");
        add_cut(&text, err, OUTPUT_MAX - text.n > 200 ? OUTPUT_MAX - text.n : 200, "---Error truncated----");
    }
    buf_adds(out, ",\"Output\":");
    json_quote(buf_view(&text), out);
}

static const char *plugin_name(const struct command *k)
{
    return strcmp(k->document, "AWS-RunPowerShellScript") == 0 ? "aws:runPowerShellScript"
                                                               : "aws:runShellScript";
}

static void write_invocation(struct call *c, const struct command *k, const struct invocation *v,
                             bool details)
{
    struct buf *out = &c->body;

    buf_addf(out, "{\"CommandId\":\"%s\"", k->id);
    add_field(out, "InstanceId", v->instance->id);
    add_field(out, "InstanceName", "");
    add_field(out, "Comment", k->comment);
    add_field(out, "DocumentName", k->document);
    add_field(out, "DocumentVersion", "$DEFAULT");
    add_moment(out, "RequestedDateTime", k->requested.wall_ms);
    add_field(out, "Status", invocation_status(v, c->now.boot_ms));
    add_field(out, "StatusDetails", invocation_details(v, c->now.boot_ms));
    add_field(out, "StandardOutputUrl", "");
    add_field(out, "StandardErrorUrl", "");
    buf_adds(out, ",\"CommandPlugins\":[");
    if (details && c->now.boot_ms >= v->begins_ms) {
        buf_addf(out, "{\"Name\":\"%s\"", plugin_name(k));
        add_field(out, "Status", invocation_status(v, c->now.boot_ms));
        add_field(out, "StatusDetails", invocation_details(v, c->now.boot_ms));
        buf_addf(out, ",\"ResponseCode\":%d", v->response_code);
        add_moment(out, "ResponseStartDateTime",
                   k->requested.wall_ms + (v->begins_ms - k->requested.boot_ms));
        if (v->ended)
            add_moment(out, "ResponseFinishDateTime",
                       k->requested.wall_ms + (v->ends_ms - k->requested.boot_ms));
        write_output(out, v);
        buf_adds(out, "}");
    }
    buf_adds(out, "]}");
}

static bool begin_page(struct awssim *sim, struct call *c, int64_t low, int64_t high, int64_t absent,
                       struct page *p)
{
    int64_t max = int_or(json_get(c->input, "MaxResults"), absent);
    struct str token = json_str_or_empty(json_get(c->input, "NextToken"));

    if (max < low || max > high)
        return invalid(c, "Value at 'maxResults' failed to satisfy constraint");
    char *text = token.n ? str_dup(token) : NULL;
    bool ok = page_begin(p, sim, text, (size_t)max) ||
              call_fail(c, 400, "InvalidNextToken", "%s", "The specified token is not valid.");
    xfree(text);
    return ok;
}

static void write_token(struct call *c, const struct page *p)
{
    char token[PAGE_TOKEN_MAX];

    if (p->more) {
        page_token(p, token);
        add_field(&c->body, "NextToken", token);
    }
}

bool sim_list_invocations(struct awssim *sim, struct call *c)
{
    struct str id = json_str_or_empty(json_get(c->input, "CommandId"));
    struct str instance = json_str_or_empty(json_get(c->input, "InstanceId"));
    const struct command *k = commands_find(sim, id);
    bool details = false, any = false;
    struct page p = {0};

    if (id.n && id.n != CHANCE_UUID_BYTES - 1)
        return call_fail(c, 400, "InvalidCommandId", "%s", "");
    (void)json_bool(json_get(c->input, "Details"), &details);
    if (!begin_page(sim, c, 1, 50, 50, &p))
        return false;
    buf_adds(&c->body, "{\"CommandInvocations\":[");
    for (size_t i = p.begin; k && shows(c, k) && i < k->n && !p.more; i++) {
        if ((instance.n && !str_is(instance, k->at[i].instance->id)) || !page_take(&p, i))
            continue;
        buf_adds(&c->body, any ? "," : "");
        any = true;
        write_invocation(c, k, &k->at[i], details);
    }
    buf_adds(&c->body, "]");
    write_token(c, &p);
    buf_adds(&c->body, "}");
    return true;
}

static void add_iso(struct buf *out, const char *name, int64_t wall_ms, bool known)
{
    char text[MOMENT_MAX];

    moment_rfc3339(wall_ms, text);
    add_field(out, name, known ? text : "");
}

static void write_content(struct buf *out, const struct invocation *v)
{
    BUF_CLEANUP struct buf text = BUF_INIT(CALL_REPLY_MAX);

    add_cut(&text, str_of(v->out), STDOUT_MAX, "--output truncated--");
    add_field(out, "StandardOutputContent", buf_cstr(&text));
    buf_clear(&text);
    add_cut(&text, str_of(v->err), STDERR_MAX, "--output truncated--");
    add_field(out, "StandardErrorContent", buf_cstr(&text));
}

bool ssm_get_invocation(struct awssim *sim, struct call *c)
{
    const struct command *k = commands_find(sim, json_str_or_empty(json_get(c->input, "CommandId")));
    struct str instance = json_str_or_empty(json_get(c->input, "InstanceId"));
    const struct invocation *v = NULL;
    struct buf *out = &c->body;

    for (size_t i = 0; k && shows(c, k) && i < k->n; i++)
        if (str_is(instance, k->at[i].instance->id))
            v = &k->at[i];
    if (!v)
        return call_fail(c, 400, "InvocationDoesNotExist", "%s", "");
    int64_t skew_ms = k->requested.wall_ms - k->requested.boot_ms;
    buf_addf(out, "{\"CommandId\":\"%s\",\"ResponseCode\":%d", k->id, v->response_code);
    add_field(out, "InstanceId", v->instance->id);
    add_field(out, "Comment", k->comment);
    add_field(out, "DocumentName", k->document);
    add_field(out, "DocumentVersion", "$DEFAULT");
    add_field(out, "PluginName", plugin_name(k));
    add_field(out, "Status", invocation_status(v, c->now.boot_ms));
    add_field(out, "StatusDetails", invocation_details(v, c->now.boot_ms));
    add_iso(out, "ExecutionStartDateTime", v->begins_ms + skew_ms, c->now.boot_ms >= v->begins_ms);
    add_iso(out, "ExecutionEndDateTime", v->ends_ms + skew_ms, v->ended);
    write_content(out, v);
    add_field(out, "StandardOutputUrl", "");
    add_field(out, "StandardErrorUrl", "");
    buf_adds(out, "}");
    return true;
}

bool ssm_list_commands(struct awssim *sim, struct call *c)
{
    struct str id = json_str_or_empty(json_get(c->input, "CommandId"));
    const struct command *k;
    bool any = false;
    struct page p = {0};

    if (!begin_page(sim, c, 1, 50, 50, &p))
        return false;
    buf_adds(&c->body, "{\"Commands\":[");
    for (size_t i = p.begin; !p.more && (k = commands_newest(sim, i)); i++) {
        if (!shows(c, k) || (id.n && !str_is(id, k->id)) || !page_take(&p, i))
            continue;
        buf_adds(&c->body, any ? "," : "");
        any = true;
        write_command(c, k);
    }
    buf_adds(&c->body, "]");
    write_token(c, &p);
    buf_adds(&c->body, "}");
    return true;
}

/* ---- DescribeInstanceInformation ---- */

struct wanted {
    struct strs ids;
    char *tag; /* NULL: any */
    struct strs tag_values;
};

static bool read_filter(struct awssim *sim, struct call *c, const struct json *filter, struct wanted *w)
{
    struct str key = json_str_or_empty(json_get(filter, "Key"));
    struct str value;
    struct strs *list = NULL;

    if (!key.n)
        key = json_str_or_empty(json_get(filter, "key"));
    if (str_is(key, "InstanceIds"))
        list = &w->ids;
    else if (str_starts(key, STR("tag:"))) {
        list = &w->tag_values;
        xfree(w->tag);
        w->tag = str_dup(str_skip(key, 4));
    }
    if (!list)
        return call_fail(c, 400, "InvalidFilterKey", "%s", "");
    const struct json *values =
        json_get(filter, "Values") ? json_get(filter, "Values") : json_get(filter, "valueSet");
    for (const struct json *v = json_first(values); v; v = json_next(v)) {
        if (!json_str(v, &value))
            return invalid(c, "filter values");
        if (list == &w->ids && !instances_find(sim->instances, value))
            return call_fail(c, 400, "InvalidInstanceId", "%s", "");
        strs_add(list, value);
    }
    return true;
}

static bool read_wanted(struct awssim *sim, struct call *c, struct wanted *w)
{
    const struct json *filters = json_get(c->input, "Filters");

    if (!filters)
        filters = json_get(c->input, "InstanceInformationFilterList");
    for (const struct json *f = json_first(filters); f; f = json_next(f))
        if (!read_filter(sim, c, f, w))
            return false;
    return !(w->tag && w->ids.n) || call_fail(c, 400, "InvalidInstanceInformationFilterValue", "%s", "");
}

static bool is_wanted(const struct call *c, const struct instance *i, const struct wanted *w)
{
    const char *value = w->tag ? instance_tag(i, w->tag) : NULL;

    return !i->gone && sim_sees(c, i->account, i->region) && ssm_is_managed(i, c->now.boot_ms) &&
           (!w->ids.n || strs_has(&w->ids, str_of(i->id))) &&
           (!w->tag || (value && strs_has(&w->tag_values, str_of(value))));
}

static void write_information(struct call *c, const struct instance *i)
{
    enum { HEARTBEAT_MS = 5 * 60 * 1000 };
    bool windows = i->agent->os == AGENT_WINDOWS;
    bool offline = i->agent->state == AGENT_OFFLINE;
    struct buf *out = &c->body;

    buf_adds(out, "{\"InstanceId\":");
    json_quote(str_of(i->id), out);
    add_field(out, "PingStatus", offline ? "ConnectionLost" : "Online");
    add_moment(out, "LastPingDateTime", c->now.wall_ms - (offline ? 12 * HEARTBEAT_MS : HEARTBEAT_MS / 2));
    add_field(out, "AgentVersion", "3.3.987.0");
    add_field(out, "PlatformType", windows ? "Windows" : "Linux");
    add_field(out, "PlatformName", windows ? "Microsoft Windows Server 2022 Datacenter" : "Amazon Linux");
    add_field(out, "PlatformVersion", windows ? "10.0.20348" : "2023");
    add_field(out, "ResourceType", "EC2Instance");
    add_field(out, "ComputerName", i->id);
    buf_adds(out, ",\"IsLatestVersion\":false}");
}

bool ssm_describe_instances(struct awssim *sim, struct call *c)
{
    struct wanted w = {0};
    struct page p = {0};
    bool any = false;
    bool ok = begin_page(sim, c, 5, 50, 10, &p) && read_wanted(sim, c, &w);

    if (ok) {
        buf_adds(&c->body, "{\"InstanceInformationList\":[");
        for (size_t k = p.begin; k < instances_count(sim->instances) && !p.more; k++) {
            const struct instance *i = instances_at(sim->instances, k);
            if (!is_wanted(c, i, &w) || !page_take(&p, k))
                continue;
            buf_adds(&c->body, any ? "," : "");
            any = true;
            write_information(c, i);
        }
        buf_adds(&c->body, "]");
        write_token(c, &p);
        buf_adds(&c->body, "}");
    }
    strs_release(&w.ids);
    strs_release(&w.tag_values);
    xfree(w.tag);
    return ok;
}
