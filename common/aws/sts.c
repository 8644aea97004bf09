#include "aws/sts_decode.h"

#include "base/crypto.h"
#include "base/mem.h"
#include "base/moment.h"
#include "codec/form.h"
#include "codec/xml.h"

#include <stdio.h>

static const struct aws_service service = {"sts", "sts", "sts", "STS", AWS_QUERY, "2011-06-15", NULL};

static char *text(const struct xml *x, const char *path)
{
    return str_dup(xml_at(x, path));
}

void sts_identity_release(struct sts_identity *i)
{
    xfree(i->account);
    xfree(i->arn);
    xfree(i->user_id);
    *i = (struct sts_identity){0};
}

static void free_identity(void *reply)
{
    sts_identity_release(reply);
}

void sts_identity_take(struct aws_result *r, struct sts_identity *out)
{
    struct sts_identity *have = r->reply;

    *out = *have;
    *have = (struct sts_identity){0};
}

bool sts_decode_identity(const struct aws_body *b, void *reply, struct err *e)
{
    const struct xml *x = xml_child(b->xml, "GetCallerIdentityResult");
    struct sts_identity *i = reply;

    if (!xml_at(x, "Account").n)
        return err_set(e, ERR_INVALID, "no account");
    sts_identity_release(i);
    *i = (struct sts_identity){text(x, "Account"), text(x, "Arn"), text(x, "UserId")};
    return true;
}

void sts_assumed_release(struct sts_assumed *s)
{
    credentials_release(&s->credentials);
    xfree(s->arn);
    *s = (struct sts_assumed){0};
}

static void free_assumed(void *reply)
{
    sts_assumed_release(reply);
}

void sts_assumed_take(struct aws_result *r, struct sts_assumed *out)
{
    struct sts_assumed *have = r->reply;

    *out = *have;
    *have = (struct sts_assumed){0};
}

static bool read_assumed(const struct xml *x, void *reply, struct err *e)
{
    struct sts_assumed *s = reply;
    struct credentials c = {0};

    if (!moment_parse(xml_at(x, "Credentials/Expiration"), &c.expires_ms))
        return err_set(e, ERR_INVALID, "credentials without an end");
    c.id = text(x, "Credentials/AccessKeyId");
    c.secret = text(x, "Credentials/SecretAccessKey");
    c.token = text(x, "Credentials/SessionToken");
    if (!credentials_ok(&c) || !c.token[0]) {
        credentials_release(&c);
        return err_set(e, ERR_INVALID, "credentials without a key or a token");
    }
    sts_assumed_release(s);
    s->credentials = c;
    s->arn = text(x, "AssumedRoleUser/Arn");
    return true;
}

bool sts_decode_assumed(const struct aws_body *b, void *reply, struct err *e)
{
    return read_assumed(xml_child(b->xml, "AssumeRoleResult"), reply, e);
}

bool sts_decode_web_identity(const struct aws_body *b, void *reply, struct err *e)
{
    return read_assumed(xml_child(b->xml, "AssumeRoleWithWebIdentityResult"), reply, e);
}

/* clang-format off */
static const struct aws_op get_caller_identity = {
    .service = &service, .action = "GetCallerIdentity",
    .reply_size = sizeof(struct sts_identity), .decode = sts_decode_identity, .release = free_identity,
};
static const struct aws_op assume_role = {
    .service = &service, .action = "AssumeRole",
    .reply_size = sizeof(struct sts_assumed), .decode = sts_decode_assumed, .release = free_assumed,
};
static const struct aws_op assume_with_web_identity = {
    .service = &service, .action = "AssumeRoleWithWebIdentity",
    .reply_size = sizeof(struct sts_assumed), .decode = sts_decode_web_identity, .release = free_assumed,
};
/* clang-format on */

uint64_t sts_get_caller_identity(struct aws *a, const struct aws_where *w, aws_done *done, void *self)
{
    const struct aws_call c = {.op = &get_caller_identity, .where = w, .done = done, .self = self};

    return aws_call(a, &c);
}

uint64_t sts_assume_role(struct aws *a, const struct aws_where *w, const struct sts_assume *q, aws_done *done,
                         void *self)
{
    BUF_CLEANUP struct buf body = BUF_INIT(AWS_BODY_MAX);
    char duration[16];
    struct err e = {0};

    (void)snprintf(duration, sizeof duration, "%d", STS_DURATION_S);
    form_add(&body, "RoleArn", str_of(q->role_arn));
    form_add(&body, "RoleSessionName", str_of(q->session));
    form_add(&body, "DurationSeconds", str_of(duration));
    if (q->external_id && q->external_id[0])
        form_add(&body, "ExternalId", str_of(q->external_id));
    if (q->web_identity)
        form_add(&body, "WebIdentityToken", str_of(q->web_identity));
    (void)!buf_ok(&body, "AssumeRole", &e);
    const struct aws_call c = {.op = q->web_identity ? &assume_with_web_identity : &assume_role,
                               .where = w,
                               .body = buf_view(&body),
                               .refused = &e,
                               .anonymous = q->web_identity != NULL,
                               .done = done,
                               .self = self};
    uint64_t id = aws_call(a, &c);
    if (q->web_identity && body.p)
        crypto_wipe(body.p, body.n);
    return id;
}
