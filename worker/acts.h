#pragma once
/*
 * acts - the two calls that change instances. Nothing else in the program starts or stops anything.
 *
 * The lease is checked here once more, immediately before signing, and the request is signed with the time of
 * that very check: a process that is frozen in between is refused by AWS once its signature is too old
 * (docs/protocol.md 4.8). A call is never sent twice; what comes back goes to the job's job_step, which
 * decides anew.
 *
 * Owner: the worker's loop. Bound: one call a job.
 */
#include "worker/work.h"

struct acts; /* opaque */

struct acts *acts_new(struct works *ws, struct aws *aws, const struct ports *ports);
void acts_free(struct acts *a);

/* Starts or stops these members of the work, in one call. Exactly one job_step_called follows, maybe at
 * once. */
void acts_send(struct acts *a, struct work *w, const size_t *members, size_t n);
size_t acts_in_hand(const struct acts *a);

struct acts_counts {
    int64_t sent, instances, accepted, refused, withheld /* by the lease check */, unanswered;
};
struct acts_counts acts_counts(const struct acts *a);
