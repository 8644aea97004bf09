#pragma once
/*
 * expression - DynamoDB's expression language, as far as it is used here: conditions (key, filter and write
 * conditions) and SET, REMOVE updates.
 *
 *   condition = operand (= | <> | < | <= | > | >=) operand | attribute_exists(p) | attribute_not_exists(p) |
 *               begins_with(p, operand) | operand BETWEEN a AND b | NOT c | c AND c | c OR c | (c)
 *   update    = SET p = operand {, p = operand} | REMOVE p {, p}, both at most once
 *   p         = name | #name, with .name for members of a map; operand = p | :value
 * Source: "Using expressions in DynamoDB". What is not of this grammar is an error, never a guess.
 */
#include "codec/json.h"

struct expression {
    struct str text;                   /* what is left to read */
    const struct json *names, *values; /* ExpressionAttributeNames, ExpressionAttributeValues */
    char error[160];
    unsigned depth;
};

enum { EXPRESSION_DEPTH_MAX = 32 };

/* NULL item: attributes are all missing. False with error[0] set: it cannot be read. */
bool expression_holds(struct expression *x, const struct json *item);
/* Returns the changed copy, owned by the caller; NULL: it cannot be read. */
struct json *expression_apply(struct expression *x, const struct json *before);
