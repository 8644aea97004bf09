#pragma once
/*
 * outcome - what one reply means for its call: classified, decoded, with the next page's token.
 *
 * Pure. Runs inside the HTTP port's completion, so that a large body need not be copied.
 */
#include "aws/call.h"
#include "aws/errors.h"

struct outcome {
    struct err err; /* ERR_NONE: a page was decoded */
    int status;
    bool sent;
    bool answered;   /* by AWS itself: whole, and in its own words */
    int64_t hint_ms; /* x-amz-retry-after; 0: none */
    char request_id[AWS_REQUEST_ID_MAX];
    struct strs named;
    char *token; /* owned; NULL: this was the last page */
};

/* `reply` is the call's reply struct; a page is added to it. After a failure it may hold a part of a page. */
void outcome_read(const struct aws_op *op, const struct http_reply *http, void *reply, struct outcome *out);
void outcome_release(struct outcome *o);
