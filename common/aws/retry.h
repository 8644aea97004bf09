#pragma once
/*
 * retry - how long until a reading call is tried again, and whether it may be at all.
 *
 * The SDKs' standard mode: rand(0,1) * min(20 s, base * 2^i), base 50 ms for an outage, 1 s for a throttle; a
 * budget that an outage of the other side empties, so that a fleet does not multiply it: a retry costs 14
 * (outage) or 5 (throttle) of 500, success gives the last cost back, or 1. The first attempt is never
 * delayed. Pure. Source: AWS SDKs reference guide, "Retry behavior".
 */
#include "base/err.h"

#include <stdint.h>

enum { RETRY_BUDGET = 500, RETRY_COST_OUTAGE = 14, RETRY_COST_THROTTLE = 5, RETRY_HINT_MAX_MS = 5000 };

struct retry_budget {
    int spent; /* zeroed: whole */
};

/*
 * Takes what a retry after an error of this kind costs; false: there is not enough left. *cost is what to
 * give back.
 */
bool retry_take(struct retry_budget *b, enum err_kind kind, int *cost);
void retry_give(struct retry_budget *b, int cost); /* after a success; cost 0: it came at the first attempt */

/*
 * `retried`: how many retries there were before. chance: 0..999999. hint_ms: the server's x-amz-retry-after,
 * 0 for none; it may lengthen the wait by RETRY_HINT_MAX_MS at most.
 */
int64_t retry_backoff_ms(enum err_kind kind, int retried, int64_t chance, int64_t hint_ms);
