#include "awssim/call.h"

#include "base/mem.h"
#include "codec/form.h"
#include "codec/xml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *version, *service, *namespace;
    enum call_protocol protocol;
} versions[] = {
    {"2016-11-15", "ec2", "http://ec2.amazonaws.com/doc/2016-11-15/", CALL_EC2},
    {"2011-06-15", "sts", "https://sts.amazonaws.com/doc/2011-06-15/", CALL_QUERY},
    {"2010-03-31", "sns", "http://sns.amazonaws.com/doc/2010-03-31/", CALL_QUERY},
};

static const struct {
    const char *prefix, *service, *namespace;
} targets[] = {
    {"DynamoDB_20120810.", "dynamodb", "com.amazonaws.dynamodb.v20120810#"},
    {"AmazonSSM.", "ssm", ""},
};

struct str call_header(const struct call *c, const char *name)
{
    return http_header_get(c->request->headers, c->request->header_count, name);
}

const char *call_account(const struct call *c)
{
    return c->who ? c->who->account : "";
}

bool call_fail(struct call *c, int status, const char *code, const char *fmt, ...)
{
    va_list ap;

    c->status = status;
    (void)snprintf(c->code, sizeof c->code, "%s", code);
    va_start(ap, fmt);
    (void)vsnprintf(c->message, sizeof c->message, fmt, ap);
    va_end(ap);
    return false;
}

static void keep(struct str value, char *out, size_t size)
{
    BUF_CLEANUP struct buf plain = BUF_INIT(1024);

    if (form_decode(value, &plain) && buf_view(&plain).n < size)
        (void)snprintf(out, size, "%s", buf_cstr(&plain));
}

/* Our own products' User-Agent: one token RUN/JOB/ATTEMPT, each percent-encoded, or run/X job/Y attempt/Z. */
static void read_user_agent(struct call *c)
{
    struct str rest = call_header(c, "user-agent");
    struct str token, a, b, d;

    while (rest.n) {
        (void)str_cut(rest, ' ', &token, &rest);
        if (!str_cut(token, '/', &a, &b))
            continue;
        if (str_is(a, "run"))
            keep(b, c->run, sizeof c->run);
        else if (str_is(a, "job"))
            keep(b, c->job, sizeof c->job);
        else if (str_is(a, "attempt"))
            keep(b, c->attempt, sizeof c->attempt);
        else if (str_cut(b, '/', &b, &d) && !c->run[0]) {
            int64_t number;
            if (d.n && !str_to_i64(d, &number))
                continue;
            keep(a, c->run, sizeof c->run);
            keep(b, c->job, sizeof c->job);
            keep(d, c->attempt, sizeof c->attempt);
        }
    }
}

static bool read_json(struct call *c, struct str target)
{
    struct err e = {0};

    c->protocol = CALL_JSON;
    c->service = "";
    c->namespace = "com.amazon.coral.service#";
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct str prefix = str_of(targets[i].prefix);
        if (!str_starts(target, prefix) || target.n - prefix.n >= sizeof c->operation)
            continue;
        c->service = targets[i].service;
        c->namespace = targets[i].namespace;
        (void)snprintf(c->operation, sizeof c->operation, STR_FMT, STR_ARG(str_skip(target, prefix.n)));
    }
    if (!c->operation[0])
        return call_fail(c, 400, "UnknownOperationException", "%s", "");
    c->input = json_parse(c->request->body, CALL_BODY_MAX, &e);
    if (json_type(c->input) != JSON_OBJECT)
        return call_fail(c, 400, "SerializationException", "%s", e.kind ? e.msg : "not an object");
    return true;
}

static bool read_query(struct call *c)
{
    struct err e = {0};
    const char *version, *action;

    c->protocol = CALL_QUERY;
    c->service = "";
    c->namespace = versions[1].namespace;
    if (!params_read(&c->params, c->request->body, &e))
        return call_fail(c, 400, "MalformedQueryString", "%s", e.msg);
    action = params_get(&c->params, "Action");
    version = params_get(&c->params, "Version");
    for (size_t i = 0; version && i < sizeof versions / sizeof *versions; i++) {
        if (strcmp(version, versions[i].version) != 0)
            continue;
        c->protocol = versions[i].protocol;
        c->service = versions[i].service;
        c->namespace = versions[i].namespace;
    }
    if (!c->service[0])
        return call_fail(c, 400, "NoSuchVersion", "The requested version (%s) is not valid.",
                         version ? version : "");
    if (!action || !action[0] || strlen(action) >= sizeof c->operation)
        return call_fail(c, 400, "MissingAction", "The request is missing an action.");
    (void)snprintf(c->operation, sizeof c->operation, "%s", action);
    return true;
}

bool call_read(struct call *c, const struct awssim_request *request)
{
    struct str target;

    c->now = request->now;
    c->request = request;
    c->service = c->namespace = "";
    c->status = 200;
    c->body = (struct buf)BUF_INIT(CALL_REPLY_MAX);
    c->protocol = CALL_QUERY;
    read_user_agent(c);
    if (request->body.n > CALL_BODY_MAX)
        return call_fail(c, 413, "RequestEntityTooLarge", "over %d bytes", CALL_BODY_MAX);
    if (!str_is(request->method, "POST"))
        return call_fail(c, 405, "InvalidAction", "POST only");
    target = call_header(c, "x-amz-target");
    return target.n ? read_json(c, target) : read_query(c);
}

void call_release(struct call *c)
{
    params_release(&c->params);
    json_free(c->input);
    strs_release(&c->ids);
    buf_release(&c->body);
}

void call_begin(struct call *c)
{
    if (c->protocol == CALL_JSON)
        return;
    buf_addf(&c->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%sResponse xmlns=\"%s\">", c->operation,
             c->namespace);
    if (c->protocol == CALL_EC2)
        buf_addf(&c->body, "<requestId>%s</requestId>", c->request_id);
    else
        buf_addf(&c->body, "<%sResult>", c->operation);
}

static void write_error(struct call *c)
{
    buf_clear(&c->body);
    if (c->protocol == CALL_JSON) {
        buf_addf(&c->body, "{\"__type\":\"%s%s\",\"message\":", c->namespace, c->code);
        json_quote(str_of(c->message), &c->body);
        buf_adds(&c->body, "}");
        return;
    }
    buf_adds(&c->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if (c->protocol == CALL_EC2)
        buf_adds(&c->body, "<Response><Errors><Error>");
    else
        buf_addf(&c->body, "<ErrorResponse xmlns=\"%s\"><Error><Type>%s</Type>", c->namespace,
                 c->status >= 500 ? "Receiver" : "Sender");
    buf_addf(&c->body, "<Code>%s</Code><Message>", c->code);
    xml_escape(str_of(c->message), &c->body);
    buf_adds(&c->body, "</Message></Error>");
    if (c->protocol == CALL_EC2)
        buf_addf(&c->body, "</Errors><RequestID>%s</RequestID></Response>", c->request_id);
    else
        buf_addf(&c->body, "<RequestId>%s</RequestId></ErrorResponse>", c->request_id);
}

void call_finish(struct call *c)
{
    if (c->code[0]) {
        write_error(c);
        return;
    }
    if (c->protocol == CALL_EC2)
        buf_addf(&c->body, "</%sResponse>", c->operation);
    else if (c->protocol == CALL_QUERY)
        buf_addf(&c->body,
                 "</%sResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>",
                 c->operation, c->request_id, c->operation);
    BUG_IF(c->body.over);
}
