#pragma once
/*
 * request - one attempt of one call on the wire: body, headers, signature.
 *
 * Pure but for the hand-over to the HTTP port.
 */
#include "aws/call.h"
#include "aws/credentials.h"

struct request {
    const struct aws_op *op;
    const struct endpoint *endpoint;
    const char *agent; /* the whole User-Agent */
    struct str body;   /* as the service built it */
    struct str page;   /* the page's token; empty: the first. Query: its text; JSON: a JSON value */
    const struct credentials *credentials; /* NULL: not signed */
    int64_t wall_ms;                       /* AWS's time to sign with */
};

/*
 * Sends it; *id is the HTTP port's. ERR_INVALID: over AWS_BODY_MAX, or what cannot be signed; nothing is
 * sent.
 */
MUST_CHECK bool request_send(const struct http *http, const struct request *r, http_done *done, void *self,
                             uint64_t *id, struct err *e);
/* The User-Agent of a call for `w`: the program, and for which run, job and attempt. Owned by the caller. */
char *request_agent(const char *program, const struct aws_where *w);
/*
 * Whose place it takes in the pacer's queue. A changing call comes back anew for each try: its job tells that
 * it is the same; another is known by its id. Owned by the caller.
 */
char *request_who(const struct aws_op *op, const struct aws_where *w, uint64_t id);
