#pragma once
/*
 * auth - who a request is from: credentials and roles of the scenario, sessions of STS, and the check of
 * every signature.
 *
 * Checked: the header's form, the key (and that a session's token goes with it, and has not run out), that
 * host and all x-amz- headers are signed, the age (window), the scope (date, service, region where the host
 * names one) and the digest. What is wrong is said in the service's own words (EC2: AuthFailure,
 * RequestExpired; STS, SNS: SignatureDoesNotMatch, InvalidClientTokenId, ExpiredToken; JSON services:
 * InvalidSignatureException, UnrecognizedClientException, ExpiredTokenException …). Bound: AUTH_SESSIONS_MAX
 * sessions alive.
 */
#include "awssim/call.h"
#include "awssim/chance.h"

enum { AUTH_SESSIONS_MAX = 100000, AUTH_WINDOW_S = 900 };

struct auth; /* opaque */

struct auth_config {
    const struct json *credentials, *roles; /* NULL: the default credential, no role */
    const char *account;                    /* where a credential or role does not say */
    int64_t window_s;
};

struct auth_role {
    char *arn, *account, *external_id; /* external_id NULL: none asked for */
    char *web_identity_token;          /* NULL: not by web identity */
    struct strs trusts;                /* ARNs that may assume it; empty: everybody signed */
    struct strs deny;
    int64_t max_session_s;
    int64_t session_s; /* > 0: every session ends after so long, whatever was asked for */
};

/* of a role, as STS and the metadata endpoints hand it out; borrowed, valid until it has run out */
struct auth_session {
    const char *access_key, *secret_key, *token, *arn, *user_id;
    int64_t expires_wall_ms;
};

struct auth *auth_new(const struct auth_config *config, struct instant now, struct err *e);
void auth_free(struct auth *a);

/* Sets c->who and c->region. False: the call has failed with the reason. */
MUST_CHECK bool auth_check(struct auth *a, struct call *c);

/* True if the caller's policy allows the operation; false: the call has failed (UnauthorizedOperation,
 * AccessDenied…). */
MUST_CHECK bool auth_allow(struct call *c);

const struct auth_role *auth_role(const struct auth *a, const char *arn); /* NULL: no such role */
/* False: AUTH_SESSIONS_MAX are alive. */
MUST_CHECK bool auth_begin_session(struct auth *a, const struct auth_role *role, const char *name,
                                   int64_t seconds, struct instant now, struct chance *chance,
                                   struct auth_session *out);
