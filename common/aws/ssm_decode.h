#pragma once
/*
 * ssm_decode - SSM's JSON as the reply structs of aws/ssm.h: for its operations' rows, the fuzzer and the
 * tests. Pure.
 */
#include "aws/ssm.h"

bool ssm_decode_sent(const struct aws_body *b, void *reply, struct err *e);
bool ssm_decode_invocations(const struct aws_body *b, void *reply, struct err *e);
bool ssm_decode_nodes(const struct aws_body *b, void *reply, struct err *e);

/* The typed releases, for a row. */
void ssm_free_sent(void *reply);
void ssm_free_invocations(void *reply);
void ssm_free_nodes(void *reply);
