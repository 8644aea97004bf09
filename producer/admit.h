#pragma once
/*
 * admit - answers one waiting request: RunAccepted with the specification frozen in it, or RunRefused with
 * the cause.
 *
 * Everything is looked at before the run exists: the rows whole (core/lint), holds, MaxInstances and the
 * bounds of synchronous tiers against the members of this moment, not_after, the size of the record. What
 * cannot be looked at (tables or EC2 unreachable) is tried again for ADMIT_PATIENCE_MS, then refused: nothing
 * ever begins that could not be validated.
 */
#include "producer/owed.h"

enum { ADMIT_PATIENCE_MS = 2 * 60 * 1000 };

MUST_CHECK bool admit_take(struct work *w,
                           const struct view_debt_entry *d); /* false: the debt does not parse */
void admit_go(struct work *w);
void admit_free(struct admission *a); /* NULL is fine */
