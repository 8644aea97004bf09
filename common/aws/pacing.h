#pragma once
/*
 * pacing - the pacer of one process: what aws_options.pacer points to.
 *
 * A bucket (aws/bucket_step) for each account, region, service and API, begun with AWS's published numbers;
 * where there are none (all services but EC2), with no limit before the first throttle. It knows only the
 * calls of this process: beside others each has a bucket of its own, and what they take from AWS's together
 * is learned from its throttles. Losing it costs speed, never order.
 *
 * Owner: the program, beside its struct aws and longer than it. Bound: PACING_BUCKETS_MAX buckets; the one
 * that was asked longest ago leaves. Source of the numbers: "Request throttling for the Amazon EC2 API";
 * Systems Manager publishes none, ours are careful.
 */
#include "aws/call.h"

enum { PACING_BUCKETS_MAX = 8192 };

struct pacing; /* opaque */

struct pacing_options {
    int64_t time_scale; /* a simulator's; 0 and 1: life */
    bool learn;         /* begin every bucket without a limit: the account's are raised, or there are none */
};

struct pacing *pacing_new(const struct pacing_options *o);
void pacing_free(struct pacing *p); /* NULL is fine */
const struct pacer *pacing_pacer(const struct pacing *p);
