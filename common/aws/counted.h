#pragma once
/*
 * counted - what came of each request to AWS, for the registry: by operation and result, how long it took,
 * and throttles by account and region. Results are the kinds of errors, "ok", and "no-answer" where nothing
 * came that AWS itself wrote. A call has as many requests as it has pages and tries.
 */
#include "aws/outcome.h"

struct metrics;

/* m: NULL is fine. p: whose request it was. */
void counted_reply(struct metrics *m, const struct pace *p, const struct outcome *o, int64_t took_ms);
