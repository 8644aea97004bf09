#pragma once
/*
 * errors - what AWS said when it said no, as a kind to branch on and a code to be precise with.
 *
 * By code first, then by HTTP status. Sources: the SDKs' common list of throttling codes, "Error codes for
 * the Amazon EC2 API", the service models. Ours: a lack of capacity is answered with 5xx, and is no outage:
 * ERR_CONFLICT, for another instance type or zone may help and asking again at once never does. Tolerated:
 * HTML and empty bodies of proxies (the status decides), truncated XML or JSON. Pure.
 */
#include "aws/endpoint.h"
#include "base/str.h"
#include "ports/http.h"

enum { AWS_REQUEST_ID_MAX = 96, AWS_MESSAGE_MAX = 2048, AWS_NAMED_MAX = 1000 };

struct aws_error {
    char code[ERR_CODE_MAX];       /* "" : the body was not AWS's */
    char message[AWS_MESSAGE_MAX]; /* cut: encoded authorization messages are long */
    char request_id[AWS_REQUEST_ID_MAX];
};

/* Reads a reply that is not 2xx. Never fails: what cannot be read leaves the code empty. */
void aws_error_read(enum aws_protocol protocol, const struct http_reply *reply, struct aws_error *out);

/*
 * THROTTLED (wait), UNAVAILABLE (5xx, timeouts), DENIED, NOT_FOUND, CONFLICT (state, capacity, limits,
 * conditions), INVALID (the rest of 4xx: asking the same again is useless).
 */
enum err_kind aws_error_kind(const char *code, int status);

/* Credentials that have run out or are not known yet: fetch new ones, once, and ask again. */
bool aws_error_is_expired(const char *code);
/* May come of our clock: believe it only if the Date header says so too. */
bool aws_error_is_skew(const char *code);
/* No capacity for this type in this zone now: wait long, or take another. */
bool aws_error_is_capacity(const char *code);

/*
 * The instance ids (i- and 8 or 17 hex digits) named in a text, in order, each once, at most AWS_NAMED_MAX.
 * Appends.
 */
void aws_error_ids(struct str message, struct strs *ids);
