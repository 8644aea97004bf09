#pragma once
/*
 * sigv4 - AWS Signature Version 4, both ways: what to send, and whether what was received is genuine.
 *
 * Pure: no clock, no environment, no allocation that outlives a call. Rules: AWS, "Create a signed AWS API
 * request", and the public signing test suite. The pitfalls that it settles: a query is sorted by encoded
 * name, then value; every byte outside A-Za-z0-9-._~ is %XX in upper case; a path is normalised and encoded
 * twice, but for S3 once and as it is; inner runs of blanks in a header collapse; repeated headers join with
 * ',' in the order of arrival; headers sort by name. What hop-by-hop agents rewrite (user-agent, connection,
 * expect, transfer-encoding, x-amzn-trace-id …) is never signed.
 */
#include "base/moment.h"
#include "base/str.h"
#include "ports/http.h"

enum {
    SIGV4_SIGNATURE_MAX = 65, /* 64 hex digits and a NUL */
    SIGV4_CANONICAL_MAX =
        2 * 1024 * 1024,    /* bytes of a canonical request: headers and query, never the body */
    SIGV4_HEADERS_MAX = 64, /* headers of one request */
    SIGV4_PARAMS_MAX = 512, /* query parameters of one request */
};

/* A request as it is on the wire. Everything borrowed. */
struct sigv4_request {
    struct str method, path, query;    /* path as sent ("" counts as "/"), query without '?' */
    const struct http_header *headers; /* with Host, in any case; what must not be signed is skipped */
    size_t header_count;
    struct str body;
    bool s3; /* path: encoded once, not normalised; payload hash: what x-amz-content-sha256 says */
};

struct sigv4_scope {
    const char *region, *service; /* the signing names: they may differ from the host's */
};

/* Borrowed. token: "" or NULL for long-term keys. */
struct sigv4_key {
    const char *id, *secret, *token;
};

/*
 * What is to be sent beside the request's own headers. Value object: zero it, sigv4_signed_release() it (it
 * wipes the token).
 */
struct sigv4_signed {
    char date[MOMENT_MAX];    /* x-amz-date */
    struct buf token;         /* x-amz-security-token; empty: do not send it */
    struct buf authorization; /* authorization */
};

/*
 * Signs with the moment that is given, which for a changing call is the moment of its lease check. Adds
 * x-amz-date and x-amz-security-token to what is signed; the request's headers must not hold them.
 * ERR_INVALID: no Host, too many headers, a control character in a header's value, an empty key.
 */
MUST_CHECK bool sigv4_sign(const struct sigv4_request *r, const struct sigv4_key *key,
                           const struct sigv4_scope *scope, int64_t wall_ms, struct sigv4_signed *out,
                           struct err *e);
void sigv4_signed_release(struct sigv4_signed *s);

/* ---- the pieces, for verification and for tests ---- */

/*
 * The canonical request, and the signed header names (a;b;c). `only`: the names to sign, separated by ';';
 * empty: all that may be. ERR_INVALID: over a bound, or a name of `only` that the request does not have.
 */
MUST_CHECK bool sigv4_canonical(const struct sigv4_request *r, struct str only, struct buf *canonical,
                                struct buf *names, struct err *e);
void sigv4_string_to_sign(struct str canonical, struct str amz_date, const struct sigv4_scope *scope,
                          struct buf *out);
void sigv4_signature(const char *secret, struct str amz_date, const struct sigv4_scope *scope,
                     struct str string_to_sign, char out[SIGV4_SIGNATURE_MAX]);

/* What an Authorization header claims; views into it. */
struct sigv4_claim {
    struct str id, day, region, service; /* day: YYYYMMDD */
    struct str names, signature;
};
MUST_CHECK bool sigv4_claim_read(struct str authorization, struct sigv4_claim *out, struct err *e);

/*
 * Whether a received request (all its headers, Authorization among them or not) bears the signature that
 * `secret` makes. Refused with ERR_DENIED and AWS's own code: a missing or malformed x-amz-date, or one of
 * another day than the scope ("IncompleteSignature"); host, x-amz-date, or any x-amz-* header left unsigned
 * ("IncompleteSignature"); another signature ("SignatureDoesNotMatch"). *signed_ms is the moment that it was
 * signed with: the window, the key's existence, the region and the service are the caller's to judge.
 */
MUST_CHECK bool sigv4_verify(const struct sigv4_request *r, const struct sigv4_claim *claim,
                             const char *secret, int64_t *signed_ms, struct err *e);
