#pragma once
/*
 * json_call - a JSON service's request from a struct json: printed, bounded, handed to the engine. For
 * aws/ssm and aws/dynamodb.
 */
#include "aws/call.h"
#include "codec/json.h"

struct json_call {
    const struct aws_op *op;
    const struct aws_where *where;
    const struct instant *checked;
    size_t resources;
    struct json *body;         /* taken */
    const struct err *refused; /* as aws_call's; NULL: none */
    aws_done *done;
    void *self;
    aws_page *page; /* as aws_call's */
};
uint64_t json_call(struct aws *a, const struct json_call *c);
