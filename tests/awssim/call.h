#pragma once
/*
 * call - one signed request while it is answered: what it asks, who asks, and the answer as it grows.
 *
 * An operation reads params (EC2, STS, SNS) or input (SSM, DynamoDB), writes the inside of its reply into
 * body and returns true, or says call_fail() and returns its false. The frame around the body, the error
 * document of the protocol and the headers are made here.
 * Bounds: CALL_BODY_MAX bytes in, CALL_REPLY_MAX bytes out.
 */
#include "awssim/core.h"
#include "awssim/params.h"
#include "codec/json.h"

enum {
    CALL_BODY_MAX = 1024 * 1024,
    CALL_REPLY_MAX = 64 * 1024 * 1024,
    CALL_WORD_MAX = 64,
    CALL_MESSAGE_MAX = 4096
};

enum call_protocol { CALL_EC2, CALL_QUERY, CALL_JSON };

/* Who may call: a user or a role's session. Lives as long as its credentials. */
struct principal {
    char *account, *arn, *user_id;
    struct strs deny; /* "ec2:StopInstances": operations that are refused */
};

struct call {
    struct instant now;
    const struct awssim_request *request;
    enum call_protocol protocol;
    const char *service;   /* the signing name: "ec2" */
    const char *namespace; /* of query replies, or what stands before a JSON error's name */
    char operation[CALL_WORD_MAX];
    struct params params;
    struct json *input;
    const struct principal *who; /* NULL: nobody (unsigned, or not proven) */
    char region[CALL_WORD_MAX];
    char request_id[CALL_WORD_MAX];
    char run[256], job[CALL_WORD_MAX], attempt[CALL_WORD_MAX];
    struct strs ids;
    int status;
    char code[CALL_WORD_MAX];
    char message[CALL_MESSAGE_MAX];
    struct buf body;
};

/* Finds service, operation and parameters. False: the call has failed, with the words of AWS. */
MUST_CHECK bool call_read(struct call *c, const struct awssim_request *request);
void call_release(struct call *c);

/* Always false. Cuts what is too long. */
bool call_fail(struct call *c, int status, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);

void call_begin(struct call *c);  /* before the operation: opens the reply's frame       */
void call_finish(struct call *c); /* after it: closes the frame, or writes the error document */

struct str call_header(const struct call *c, const char *name);
const char *call_account(const struct call *c); /* empty for nobody */

/* What all services share: an operation of a service, and the world it works on (core.c). */
struct awssim;
struct operation {
    const char *name;
    bool (*run)(struct awssim *sim, struct call *c);
    const char *resources; /* the second bucket, counted by ids */
    bool changes;          /* counts against the mutating bucket */
    bool unsigned_;        /* needs no signature */
};
