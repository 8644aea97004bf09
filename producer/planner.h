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

enum {
    PLAN_PATIENCE_MS = 10 * 60 * 1000,
    PLAN_REFUSALS_MAX = 3,
    PLAN_TELL_MS = 60 * 1000,
    PLAN_FIRST_JOBS = 4,
    PLAN_AHEAD = 1 /* records of the log that the view may have before it when a part of a plan follows */
};

MUST_CHECK bool planner_take(struct work *w,
                             const struct view_debt_entry *d); /* false: the debt does not parse */
void planner_go(struct work *w);
/* Of foreseen work: is it this debt's step; and then: the view owes it. */
bool planner_plans(const struct work *w, const struct view_debt_entry *d);
void planner_confirm(struct work *w);
/* The view has folded more of the log: the next part of a plan, if it waits for that (PLAN_AHEAD), goes out.
 */
void planner_folded(struct work *w);
/* Another record of the workload was read, which may keep the step shut. Otherwise the messages of its first
 * jobs, PLAN_FIRST_JOBS at most, go out when the plan's last part is in the log, while the view folds it. A
 * message is a hint: the claim decides. */
void planner_disturb(struct work *w);
void planner_free(struct planning *p); /* NULL is fine */
