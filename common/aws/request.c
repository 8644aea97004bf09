#include "aws/request.h"

#include "aws/sigv4.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "codec/form.h"

#include <inttypes.h>

enum { TARGET_MAX = 256, AGENT_MAX = 2048 };

char *request_agent(const char *program, const struct aws_where *w)
{
    BUF_CLEANUP struct buf text = BUF_INIT(AGENT_MAX);
    const char *const words[] = {w->run, w->job, w->att};
    bool any = w->run || w->job || w->att;

    buf_adds(&text, program);
    for (size_t i = 0; any && i < sizeof words / sizeof *words; i++) {
        buf_addc(&text, i ? '/' : ' ');
        form_encode(str_of(words[i]), &text);
    }
    if (!text.over)
        return buf_take(&text);
    return xstrdup(program);
}

char *request_who(const struct aws_op *op, const struct aws_where *w, uint64_t id)
{
    BUF_CLEANUP struct buf text = BUF_INIT(AGENT_MAX);

    if (op->changes && w->job && w->job[0])
        buf_addf(&text, "%s|%s|%s", w->workload ? w->workload : "", w->run ? w->run : "", w->job);
    else
        buf_addf(&text, "#%" PRIu64, id);
    return buf_take(&text);
}

static void compose_query(const struct request *r, struct buf *out)
{
    form_add(out, "Action", str_of(r->op->action));
    form_add(out, "Version", str_of(r->op->service->version));
    if (r->body.n) {
        buf_addc(out, '&');
        buf_add(out, r->body);
    }
    if (r->page.n)
        form_add(out, r->op->page_in, r->page);
}

static void compose_json(const struct request *r, struct buf *out)
{
    BUG_IF(r->body.n < 2 || r->body.p[r->body.n - 1] != '}');
    buf_add(out, str_n(r->body.p, r->body.n - 1));
    if (r->page.n) {
        buf_adds(out, r->body.n > 2 ? ",\"" : "\"");
        buf_addf(out, "%s\":", r->op->page_in);
        buf_add(out, r->page);
    }
    buf_addc(out, '}');
}

static bool sign(const struct request *r, const struct sigv4_request *plain, struct sigv4_signed *out,
                 struct err *e)
{
    const struct credentials *c = r->credentials;
    const struct sigv4_key key = {c->id, c->secret, c->token};
    const struct sigv4_scope scope = {r->endpoint->region, r->op->service->signing};

    return sigv4_sign(plain, &key, &scope, r->wall_ms, out, e);
}

/* What is signed: who is asked, in what form, and for JSON what. */
static size_t add_signed(const struct request *r, struct buf *type, struct buf *target,
                         struct http_header *out)
{
    const struct aws_service *service = r->op->service;
    size_t n = 0;

    out[n++] = (struct http_header){STR("Host"), str_of(r->endpoint->host)};
    if (service->protocol == AWS_JSON) {
        buf_addf(type, "application/x-amz-json-%s", service->version);
        buf_addf(target, "%s.%s", service->target, r->op->action);
        out[n++] = (struct http_header){STR("X-Amz-Target"), buf_view(target)};
    } else {
        buf_adds(type, "application/x-www-form-urlencoded; charset=utf-8");
    }
    out[n++] = (struct http_header){STR("Content-Type"), buf_view(type)};
    BUG_IF(type->over || target->over);
    return n;
}

static size_t add_signature(const struct request *r, const struct sigv4_signed *s, struct http_header *out,
                            size_t n)
{
    out[n++] = (struct http_header){STR("User-Agent"), str_of(r->agent)};
    if (r->credentials) {
        out[n++] = (struct http_header){STR("X-Amz-Date"), str_of(s->date)};
        out[n++] = (struct http_header){STR("Authorization"), buf_view(&s->authorization)};
    }
    if (s->token.n)
        out[n++] = (struct http_header){STR("X-Amz-Security-Token"), buf_view(&s->token)};
    return n;
}

bool request_send(const struct http *http, const struct request *r, http_done *done, void *self, uint64_t *id,
                  struct err *e)
{
    BUF_CLEANUP struct buf body = BUF_INIT(AWS_BODY_MAX);
    BUF_CLEANUP struct buf type = BUF_INIT(TARGET_MAX);
    BUF_CLEANUP struct buf target = BUF_INIT(TARGET_MAX);
    struct sigv4_signed signature = {0};
    struct http_header headers[8];
    size_t n = add_signed(r, &type, &target, headers);

    (r->op->service->protocol == AWS_JSON ? compose_json : compose_query)(r, &body);
    if (!buf_ok(&body, r->op->action, e))
        return err_code(e, AWS_TOO_LARGE);
    const struct sigv4_request plain = {.method = STR("POST"),
                                        .path = str_of(r->endpoint->path),
                                        .headers = headers,
                                        .header_count = n,
                                        .body = buf_view(&body)};
    bool ok = !r->credentials || sign(r, &plain, &signature, e);
    if (ok) {
        const struct http_request q = {.method = "POST",
                                       .url = str_of(r->endpoint->url),
                                       .headers = headers,
                                       .header_count = add_signature(r, &signature, headers, n),
                                       .body = buf_view(&body),
                                       .connect_timeout_ms = AWS_CONNECT_MS,
                                       .timeout_ms = r->op->changes ? AWS_CHANGE_MS : AWS_READ_MS,
                                       .once = r->op->changes,
                                       .reply_max = r->op->reply_max ? r->op->reply_max : AWS_REPLY_MAX};
        *id = http_send(http, &q, done, self);
    }
    sigv4_signed_release(&signature);
    if (!r->credentials && body.p) /* a web identity's token is in it */
        crypto_wipe(body.p, body.n);
    return ok;
}
