#pragma once
/*
 * tables - the DynamoDB tables that specifications live in: names and keys.
 *
 * Source: docs/contract.md. Pure.
 */
#include "base/str.h"

enum spec_table { TABLE_WORKLOADS, TABLE_TIERS, TABLE_SCHEDULES, TABLES };

/* `prefix` may be NULL. Owned by the caller. */
char *tables_name(const char *prefix, enum spec_table t);
const char *tables_hash_key(enum spec_table t);
const char *tables_range_key(enum spec_table t); /* NULL: none */
