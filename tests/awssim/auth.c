#include "awssim/auth.h"

#include "awssim/identity.h"
#include "awssim/signature.h"
#include "base/crypto.h"
#include "base/moment.h"

#include <stdio.h>
#include <string.h>

enum fault { MISSING, INCOMPLETE, UNKNOWN_KEY, BAD_TOKEN, EXPIRED_TOKEN, SKEWED, BAD_SCOPE, BAD_DIGEST };

struct words {
    int status;
    const char *code, *message;
};

#define SKEW_TEXT "Signature expired or not yet current"
#define DIGEST_TEXT                                                                                          \
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "  \
    "Access Key "                                                                                            \
    "and signing method. Consult the service documentation for details."
#define TOKEN_TEXT  "The security token included in the request is invalid."
#define ENDED_TEXT  "The security token included in the request is expired"
#define MISSED_TEXT "Request is missing Authentication Token"
#define EC2_TEXT    "AWS was not able to validate the provided access credentials"
#define FORM_TEXT   "Authorization header, or the headers that it signs, are not complete."
#define SCOPE_TEXT  "Credential should be scoped to a valid region and to the service that is called."

/* By fault and protocol (EC2, query, JSON). A session's end at EC2 is RequestExpired. */
/* clang-format off */
static const struct words faults[][3] = {
    [MISSING]       = {{403, "MissingAuthenticationToken", MISSED_TEXT}, {403, "MissingAuthenticationToken", MISSED_TEXT},
                       {400, "MissingAuthenticationTokenException", MISSED_TEXT}},
    [INCOMPLETE]    = {{400, "IncompleteSignature", FORM_TEXT}, {400, "IncompleteSignature", FORM_TEXT},
                       {400, "IncompleteSignatureException", FORM_TEXT}},
    [UNKNOWN_KEY]   = {{401, "AuthFailure", EC2_TEXT}, {403, "InvalidClientTokenId", TOKEN_TEXT},
                       {400, "UnrecognizedClientException", TOKEN_TEXT}},
    [BAD_TOKEN]     = {{401, "AuthFailure", EC2_TEXT}, {403, "InvalidClientTokenId", TOKEN_TEXT},
                       {400, "UnrecognizedClientException", TOKEN_TEXT}},
    [EXPIRED_TOKEN] = {{400, "RequestExpired", "Request has expired."}, {403, "ExpiredToken", ENDED_TEXT},
                       {400, "ExpiredTokenException", ENDED_TEXT}},
    [SKEWED]        = {{400, "RequestExpired", "Request has expired."}, {403, "SignatureDoesNotMatch", SKEW_TEXT},
                       {400, "InvalidSignatureException", SKEW_TEXT}},
    [BAD_SCOPE]     = {{401, "AuthFailure", SCOPE_TEXT}, {403, "SignatureDoesNotMatch", SCOPE_TEXT},
                       {400, "InvalidSignatureException", SCOPE_TEXT}},
    [BAD_DIGEST]    = {{401, "AuthFailure", EC2_TEXT}, {403, "SignatureDoesNotMatch", DIGEST_TEXT},
                       {400, "InvalidSignatureException", DIGEST_TEXT}},
};
/* clang-format on */

static bool refuse(struct call *c, enum fault fault, const char *detail)
{
    const struct words *w = &faults[fault][c->protocol];

    if (c->protocol == CALL_JSON)
        c->namespace = "com.amazon.coral.service#"; /* said before the service is reached */
    return call_fail(c, w->status, w->code, "%s%s%s", w->message, detail[0] ? " " : "", detail);
}

/* eu-central-1 of "ec2.eu-central-1.amazonaws.com"; empty for any other host. */
static struct str host_region(struct str host)
{
    struct str service, region, rest;

    if (!str_cut(host, '.', &service, &rest) || !str_cut(rest, '.', &region, &rest) ||
        !str_starts(rest, STR("amazonaws")))
        return STR("");
    return region;
}

static bool check_scope(struct call *c, const struct signature *s, struct str amz_date)
{
    struct str region = host_region(call_header(c, "host"));

    if (!str_is(s->service, c->service))
        return refuse(c, BAD_SCOPE, "(service)");
    if (s->region.n >= sizeof c->region || (region.n && !str_eq(region, s->region)))
        return refuse(c, BAD_SCOPE, "(region)");
    if (!str_starts(amz_date, s->date))
        return refuse(c, BAD_SCOPE, "(date)");
    (void)snprintf(c->region, sizeof c->region, STR_FMT, STR_ARG(s->region));
    return true;
}

static bool check_age(const struct auth *a, struct call *c, struct str amz_date)
{
    int64_t signed_ms, window_ms = identities_window_s(a) * 1000;
    char now[MOMENT_MAX], detail[256];

    if (!moment_parse(amz_date, &signed_ms))
        return refuse(c, INCOMPLETE, "(x-amz-date)");
    if (signed_ms >= c->now.wall_ms - window_ms && signed_ms <= c->now.wall_ms + window_ms)
        return true;
    moment_amz(c->now.wall_ms, now);
    (void)snprintf(detail, sizeof detail, "(signed " STR_FMT ", received %s)", STR_ARG(amz_date), now);
    return refuse(c, SKEWED, c->protocol == CALL_EC2 ? "" : detail);
}

static bool check_key(const struct identity *who, struct call *c)
{
    struct str token = call_header(c, "x-amz-security-token");

    if (!who)
        return refuse(c, UNKNOWN_KEY, "");
    if (!who->token != !token.n || (who->token && !str_is(token, who->token)))
        return refuse(c, BAD_TOKEN, "");
    if (who->expires_wall_ms && c->now.wall_ms >= who->expires_wall_ms)
        return refuse(c, EXPIRED_TOKEN, "");
    return true;
}

static bool check_digest(struct identity *who, struct call *c, const struct signature *s, struct str amz_date)
{
    BUF_CLEANUP struct buf canonical = BUF_INIT(CALL_BODY_MAX);
    struct str claimed = call_header(c, "x-amz-content-sha256");
    char digest[2 * SIGNATURE_KEY_BYTES + 1], hash[CRYPTO_SHA256_HEX + 1];
    char detail[3072];

    signature_canonical(s, c->request, &canonical);
    signature_digest(s, buf_view(&canonical), amz_date, identity_signing_key(who, s), digest);
    crypto_sha256_hex(c->request->body, hash);
    if (crypto_equal(s->digest, str_of(digest)) && (!claimed.n || str_is(claimed, hash)))
        return true;
    (void)snprintf(detail, sizeof detail,
                   "\n\nThe Canonical String for this request should have been\n'%.2900s'",
                   buf_cstr(&canonical));
    return refuse(c, BAD_DIGEST, detail);
}

bool auth_check(struct auth *a, struct call *c)
{
    struct str authorization = call_header(c, "authorization");
    struct str amz_date = call_header(c, "x-amz-date");
    struct signature s;

    if (!authorization.n)
        return refuse(c, MISSING, "");
    if (!signature_read(authorization, &s) || !amz_date.n || !signature_covers(&s, c->request))
        return refuse(c, INCOMPLETE, "");
    struct identity *who = identities_find(a, s.access_key);
    if (!check_key(who, c) || !check_age(a, c, amz_date) || !check_scope(c, &s, amz_date) ||
        !check_digest(who, c, &s, amz_date))
        return false;
    c->who = &who->principal;
    return true;
}

bool auth_allow(struct call *c)
{
    char action[2 * CALL_WORD_MAX];

    if (!c->who)
        return true;
    (void)snprintf(action, sizeof action, "%s:%s", c->service, c->operation);
    if (!strs_has(&c->who->deny, str_of(action)))
        return true;
    if (c->protocol == CALL_EC2)
        return call_fail(
            c, 403, "UnauthorizedOperation",
            "You are not authorized to perform this operation. User: %s is not authorized to perform: %s",
            c->who->arn, action);
    return call_fail(c, c->protocol == CALL_JSON ? 400 : 403,
                     c->protocol == CALL_JSON ? "AccessDeniedException" : "AccessDenied",
                     "User: %s is not authorized to perform: %s", c->who->arn, action);
}
