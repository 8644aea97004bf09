#pragma once
/*
 * row - takes DynamoDB's type wrappers off a row: {"TierSequence": {"N": "2"}} -> {"TierSequence": 2}.
 *
 * A row whose every value is an object with exactly one member named S, N, BOOL, NULL, M, L, SS, NS or B is
 * in DynamoDB's own form; anything else is plain JSON and is copied as it is. Numbers that are whole and
 * exact stay numbers, others become strings. Pure.
 */
#include "codec/json.h"

/* NULL, with ERR_INVALID that names the attribute, when a typed value is broken. Owned by the caller. */
struct json *row_plain(const struct json *row, struct err *e);
