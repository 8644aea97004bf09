#pragma once
/*
 * tables - the DynamoDB tables that specifications live in: names and keys.
 *
 * Source: docs/contract.md. Pure.
 */
#include "base/str.h"

enum table { TABLE_WORKLOADS, TABLE_TIERS, TABLES };

/* `prefix` may be NULL. Owned by the caller. */
char *tables_name(const char *prefix, enum table t);
const char *tables_hash_key(enum table t);
const char *tables_range_key(enum table t); /* NULL: none */
