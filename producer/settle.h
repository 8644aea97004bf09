#pragma once
/*
 * settle - the debts around a run's ends: Drained (or that the next run has expired), the run deadline,
 * RunFinished, the idle snapshot.
 *
 * Drained is asked of the view each 250 ms while it says no, or when it says the answer can change. A next
 * run is expired if the run before it ended by itself after its not_after, or if it is now later than both
 * not_after and EXPIRE_GRACE_MS after the first moment at which drained? could say yes: leases, the signature
 * window and a quarantine cost it nothing, a night without producers does.
 */
#include "producer/owed.h"

enum { EXPIRE_GRACE_MS = 60 * 1000 };

MUST_CHECK bool settle_take(struct work *w,
                            const struct view_debt_entry *d); /* false: the debt does not parse */
void settle_go(struct work *w);
void settle_free(struct settling *s); /* NULL is fine */

/* The rule above. first_ms: the first moment at which drained? could say yes; end_ms: VIEW_NOT_KNOWN when it
 * did not end by itself. */
bool settle_expired(int64_t not_after_ms, int64_t end_ms, int64_t first_ms, int64_t now_ms);
