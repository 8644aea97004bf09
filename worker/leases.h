#pragma once
/*
 * leases - what keeps a claimed job ours: renewals, our own deadline, and the holds that a renewal may
 * announce.
 *
 * Our deadline is the boot clock BEFORE the claim or renewal was sent + 0.9 of the lease's time: it ends
 * before the server's, always (docs/protocol.md 4.7). The lease's time is the fleet's, in the view
 * (view_where), and the smaller of it and lease.ttl counts; a log partition whose time is not known yet is
 * not claimed from. Renewed after a third of it, at most LEASES_BATCH in one call, all of one log partition.
 * HOLD, FENCED and LOST go to the job_step and end the renewing; WAIT and errors are asked again. When `hv`
 * moves, the workload's holds are read before any further changing call (job_step_holds_stale).
 *
 * Owner: the worker's loop.
 */
#include "conf/options.h"
#include "view/view.h"
#include "worker/work.h"

enum {
    LEASES_BATCH = 100,
    LEASES_PARTITIONS_MAX = 1024,  /* of the log */
    LEASES_AGAIN_MS = 1000,        /* after WAIT, or a view that does not answer */
    LEASES_TTL_AGE_MS = 60 * 1000, /* the fleet's lease time is read again */
};

struct leases; /* opaque */

struct leases *leases_new(struct works *ws, struct view *view, const struct options *o,
                          const struct ports *ports);
void leases_free(struct leases *l); /* only when the view delivers no more completions */

/* How long a lease of this log partition counts for us: 0.9 of its time. 0: not known yet, it is being asked
 * for. */
int64_t leases_local_ms(struct leases *l, int partition, int64_t now_ms);
/* A work was claimed: renewed from now on; hv as the claim said. */
void leases_begin(struct leases *l, struct work *w, int64_t hv, int64_t now_ms);
/* Renews and reads what is due. Returns when to call again. */
int64_t leases_turn(struct leases *l, int64_t now_ms);

struct leases_counts {
    int64_t renewed, held, fenced, lost, failed;
};
struct leases_counts leases_counts(const struct leases *l);
