#pragma once
/*
 * credentials - a key of AWS, and where this process gets its own.
 *
 * Sources, the first that is configured is the one, and a configured source that is broken or not supported
 * is an error in plain words, never a fall to the next one (acting with other credentials than a person meant
 * is worse than not acting):
 *   1. environment   AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (both or neither), AWS_SESSION_TOKEN,
 *      AWS_CREDENTIAL_EXPIRATION
 *   2. web identity  AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE (the file is read anew at every refresh)
 *   3. shared files  AWS_PROFILE or `default`: aws_access_key_id …, in AWS_SHARED_CREDENTIALS_FILE and
 *      AWS_CONFIG_FILE
 *   4. container     AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, EKS Pod Identity)
 *   5. instance      IMDSv2 only, unless AWS_EC2_METADATA_DISABLED=true
 * As in the SDKs, keys in the environment go before AWS_PROFILE. Refused by name: profiles with role_arn,
 * sso_*, login_session, credential_process, web identity or credential_source; an AWS_PROFILE that no file
 * has; half a pair of keys.
 *
 * Pure but for the environment and files, read through ports/process.h. Fetching over the network is
 * aws/identity's.
 */
#include "base/str.h"
#include "codec/json.h"
#include "ports/process.h"

#include <stdint.h>

#define AWS_NO_CREDENTIALS                                                                                   \
    "NoCredentials" /* code of the error: none are configured, or their place is silent */

enum { CREDENTIALS_FILE_MAX = 1024 * 1024, CREDENTIALS_TOKEN_MAX = 64 * 1024 };

/* Owned text; secrets are wiped when released. Zeroed: none. */
struct credentials {
    char *id, *secret, *token; /* token: NULL for long-term keys */
    char *account;             /* twelve digits when the source tells it, else NULL */
    int64_t expires_ms;        /* wall clock; INT64_MAX: never */
};

void credentials_release(struct credentials *c);
bool credentials_ok(const struct credentials *c); /* an id and a secret are there */

/*
 * The JSON that containers and the instance metadata answer: AccessKeyId, SecretAccessKey, Token, Expiration
 * (missing: never), AccountId. An answer with a Code other than "Success" is ERR_DENIED with that code.
 */
MUST_CHECK bool credentials_from_json(const struct json *j, struct credentials *out, struct err *e);

enum credentials_source {
    CREDENTIALS_STATIC,
    CREDENTIALS_WEB_IDENTITY,
    CREDENTIALS_CONTAINER,
    CREDENTIALS_INSTANCE
};

/* Where to get them, and what is needed for it. Value object. */
struct credentials_plan {
    enum credentials_source source;
    struct credentials fixed; /* STATIC */
    char *url; /* CONTAINER: absolute and allowed; INSTANCE: base, without a slash at its end */
    char *token, *token_file; /* CONTAINER: the Authorization header, or its file (wins); WEB_IDENTITY */
    char *role_arn, *session; /* WEB_IDENTITY */
};

/* ERR_CONFIG says which source it was and what to change. */
MUST_CHECK bool credentials_choose(const struct process *process, struct credentials_plan *out,
                                   struct err *e);
void credentials_plan_release(struct credentials_plan *p);

/*
 * When to fetch the next ones: max(5 min, a tenth of the life) before the end, at most half-way; jitter
 * (0..999) thousandths of a tenth of that earlier still, so that a fleet does not ask at once. INT64_MAX for
 * keys that never expire.
 */
int64_t credentials_refresh_at(int64_t got_ms, int64_t expires_ms, int64_t jitter);
