#include "aws/outcome.h"

#include "base/crypto.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/xml.h"

#include <stdio.h>
#include <string.h>

static void failed(const struct aws_op *op, int status, const struct aws_error *a, struct outcome *out)
{
    (void)err_set(&out->err, aws_error_kind(a->code, status), "%s %s: HTTP %d%s%s%s%.300s", op->service->name,
                  op->action, status, a->code[0] ? " " : "", a->code, a->message[0] ? ": " : "", a->message);
    (void)err_code(&out->err, a->code);
    out->answered = a->code[0] != '\0';
    aws_error_ids(str_of(a->message), &out->named);
}

static bool garbled(const struct aws_op *op, struct outcome *out, const char *why)
{
    (void)err_set(&out->err, ERR_UNAVAILABLE, "%s %s: the reply is not one: %s", op->service->name,
                  op->action, why);
    return err_code(&out->err, AWS_GARBLED);
}

static bool crc_fits(const struct http_reply *http)
{
    struct str header = http_header_get(http->headers, http->header_count, "x-amz-crc32");
    int64_t told = 0;

    return !header.n || (str_to_i64(header, &told) && told == (int64_t)crypto_crc32(http->body));
}

static bool decode(const struct aws_op *op, const struct aws_body *body, void *reply, struct outcome *out)
{
    struct err e = {0};

    return !op->decode || op->decode(body, reply, &e) || garbled(op, out, e.msg);
}

static bool read_json(const struct aws_op *op, const struct http_reply *http, void *reply,
                      struct outcome *out)
{
    enum { TOKEN_MAX = 512 * 1024 };
    struct err e = {0};
    JSON_CLEANUP struct json *root =
        json_parse(http->body, op->reply_max ? op->reply_max : AWS_REPLY_MAX, &e);
    const struct aws_body body = {.json = root};

    if (!root || json_type(root) != JSON_OBJECT)
        return garbled(op, out, root ? "not an object" : e.msg);
    if (!decode(op, &body, reply, out))
        return false;
    const struct json *token = op->page_out ? json_get(root, op->page_out) : NULL;
    bool none = !token || json_type(token) == JSON_NULL ||
                (json_type(token) == JSON_STRING && !json_str_or_empty(token).n) ||
                (json_type(token) == JSON_OBJECT && !json_count(token));
    if (none)
        return true;
    BUF_CLEANUP struct buf text = BUF_INIT(TOKEN_MAX);
    json_print(token, &text);
    if (text.over)
        return garbled(op, out, "the next page's token is too long");
    out->token = buf_take(&text);
    return true;
}

static bool read_xml(const struct aws_op *op, const struct http_reply *http, void *reply, struct outcome *out)
{
    struct err e = {0};
    char root_name[128];
    size_t max = op->reply_max ? op->reply_max : AWS_REPLY_MAX;
    const struct xml_list list = {op->list, op->item, reply};
    XML_CLEANUP struct xml *root = xml_parse_list(http->body, max, op->names, op->list ? &list : NULL, &e);
    const struct aws_body body = {.xml = root};

    if (!root)
        return garbled(op, out, e.msg);
    (void)snprintf(root_name, sizeof root_name, "%sResponse", op->action);
    if (!str_is(xml_name(root), root_name))
        return garbled(op, out, "it answers another question");
    if (!decode(op, &body, reply, out))
        return false;
    struct str token = op->page_out ? xml_at(root, op->page_out) : STR("");
    out->token = token.n ? str_dup(token) : NULL;
    return true;
}

void outcome_read(const struct aws_op *op, const struct http_reply *http, void *reply, struct outcome *out)
{
    struct aws_error a;

    *out = (struct outcome){.status = http->status, .sent = http->sent || http->status};
    if (http->err.kind != ERR_NONE) {
        (void)err_set(&out->err, http->err.kind, "%s %s: %s", op->service->name, op->action, http->err.msg);
        (void)err_code(&out->err, http->err.kind == ERR_INVALID ? AWS_TOO_LARGE : AWS_NO_ANSWER);
        return;
    }
    if (!str_to_i64(http_header_get(http->headers, http->header_count, "x-amz-retry-after"), &out->hint_ms) ||
        out->hint_ms < 0)
        out->hint_ms = 0;
    aws_error_read(op->service->protocol, http, &a);
    (void)snprintf(out->request_id, sizeof out->request_id, "%s", a.request_id);
    if (http->status < 200 || http->status > 299) {
        failed(op, http->status, &a, out);
        return;
    }
    if (!crc_fits(http)) {
        (void)garbled(op, out, "its checksum is another's");
        return;
    }
    out->answered = (op->service->protocol == AWS_JSON ? read_json : read_xml)(op, http, reply, out);
}

void outcome_release(struct outcome *o)
{
    strs_release(&o->named);
    xfree(o->token);
    *o = (struct outcome){0};
}
