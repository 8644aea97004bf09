#pragma once
/*
 * sts_decode - STS's XML as the reply structs of aws/sts.h: for its operations' rows, the fuzzer and the
 * tests. Pure.
 */
#include "aws/sts.h"

bool sts_decode_identity(const struct aws_body *b, void *reply, struct err *e);
bool sts_decode_assumed(const struct aws_body *b, void *reply, struct err *e);
bool sts_decode_web_identity(const struct aws_body *b, void *reply, struct err *e);
