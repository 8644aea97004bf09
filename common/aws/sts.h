#pragma once
/*
 * sts - who we are, and how we become someone else.
 *
 * Callers that only want to act in another account name the role in their `struct aws_where`: the engine
 * assumes it, keeps it fresh and retries. These are its own means, and the doctor's. Source: AWS STS API
 * reference, 2011-06-15.
 */
#include "aws/call.h"
#include "aws/credentials.h"

enum { STS_SESSION_MAX = 64, STS_DURATION_S = 3600 /* role chaining allows no more */ };

struct sts_identity { /* reply */
    char *account, *arn, *user_id;
};
void sts_identity_release(struct sts_identity *i);
void sts_identity_take(struct aws_result *r, struct sts_identity *out);
uint64_t sts_get_caller_identity(struct aws *a, const struct aws_where *w, aws_done *done, void *self);

struct sts_assumed { /* reply */
    struct credentials credentials;
    char *arn; /* of the assumed role's session */
};
void sts_assumed_release(struct sts_assumed *s);
void sts_assumed_take(struct aws_result *r, struct sts_assumed *out);

struct sts_assume {                     /* borrowed */
    const char *role_arn, *external_id; /* external id: sent only when set */
    const char *session;                /* 2..64 of [\w+=,.@-]: what CloudTrail shows */
    const char *web_identity; /* NULL: AssumeRole; a token: AssumeRoleWithWebIdentity, which is not signed */
};
/* Changes nothing in AWS: retried like a read. */
uint64_t sts_assume_role(struct aws *a, const struct aws_where *w, const struct sts_assume *q, aws_done *done,
                         void *self);
