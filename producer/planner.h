#pragma once
/*
 * planner - resolves the members of a step at the moment it begins, and appends its plan: TierPlanned in
 * parts, or PlanFailed.
 *
 * Membership is that of now: DescribeInstances is asked anew for each step, and for each try. What cannot be
 * planned for PLAN_PATIENCE_MS (denied, unreachable, throttled) fails the run; it is told as PlanDelayed
 * meanwhile. A refusal that waiting cannot mend (the call itself is not valid) fails it at the
 * PLAN_REFUSALS_MAX-th in a row, since a garbled reply looks like one; a plan that breaks a bound, at once.
 */
#include "producer/owed.h"

enum { PLAN_PATIENCE_MS = 10 * 60 * 1000, PLAN_REFUSALS_MAX = 3, PLAN_TELL_MS = 60 * 1000 };

MUST_CHECK bool planner_take(struct work *w,
                             const struct view_debt_entry *d); /* false: the debt does not parse */
void planner_go(struct work *w);
void planner_free(struct planning *p); /* NULL is fine */
