#pragma once
/*
 * redis_number - how Redis 7.0 reads and writes numbers, to the byte.
 *
 * Source of the rules: what Redis 7.0.15 answers (tests/protocol/test_sim_redis.py holds both side by side).
 * A score, and a number that a script hands to redis.call, are written with %.17g; what Lua's `..` and
 * tostring write (%.14g) is Lua's own. Integers are strict: no sign but '-', no blanks, no leading zeros.
 */
#include "base/str.h"

enum { REDIS_NUMBER_MAX = 40 };

void redis_number_format(double n, char out[REDIS_NUMBER_MAX]);
/* False: "ERR value is not an integer or out of range". */
MUST_CHECK bool redis_number_integer(struct str s, int64_t *out);
/* A score: false: "ERR value is not a valid float" (blanks in front or behind, NaN, a NUL, out of range). */
MUST_CHECK bool redis_number_score(struct str s, double *out);
/* One end of a range of scores, '(' in front excludes it. False: "ERR min or max is not a float". */
MUST_CHECK bool redis_number_bound(struct str s, double *out, bool *excluded);
/* A Lua number as an integer reply: towards zero; what does not fit is INT64_MIN, as on x86-64 and in Redis
 * there. */
int64_t redis_number_truncate(double n);
