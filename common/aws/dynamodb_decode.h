#pragma once
/*
 * dynamodb_decode - DynamoDB's JSON as the reply structs of aws/dynamodb.h: for its rows, the fuzzer and the
 * tests. Pure.
 */
#include "aws/dynamodb.h"

bool dynamodb_decode_item(const struct aws_body *b, void *reply,
                          struct err *e); /* GetItem: struct dynamodb_items, none or one */
bool dynamodb_decode_items(const struct aws_body *b, void *reply,
                           struct err *e); /* Query, Scan: adds a page */
bool dynamodb_decode_batch(const struct aws_body *b, void *reply,
                           struct err *e); /* BatchGetItem of one table, read whole */
bool dynamodb_decode_table(const struct aws_body *b, void *reply,
                           struct err *e); /* Table or TableDescription */

/* The typed releases, for a row. */
void dynamodb_free_items(void *reply);
void dynamodb_free_table(void *reply);
