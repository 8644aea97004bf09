#pragma once
/*
 * buckets - AWS's token buckets: one a request and, for some calls, one a number of instances; per account,
 * region and API.
 *
 * Sizes and refill: "Request throttling for the Amazon EC2 API" (Describe 100 @ 20/s; unfiltered and
 * unpaginated 50 @ 10/s; mutating 50 @ 5/s; StartInstances 5 @ 2/s; resources: Start 1000 @ 2/s, Stop 1000 @
 * 20/s). AWS publishes none for the others: they have none until the scenario names them ("ssm:SendCommand":
 * [5, 1]).
 * A call takes its tokens only when all of them are there. Off: everything passes.
 */
#include "base/str.h"
#include "codec/json.h"

struct buckets; /* opaque */

struct bucket_ask {
    const char *account, *region;
    const char *rate;      /* "ec2:StartInstances", or "ec2:unfiltered" */
    const char *fallback;  /* the rate when that one is not known: "ec2:Describe"; NULL: no limit */
    const char *resources; /* "ec2:StartInstances/resources"; NULL: none */
    size_t resource_count;
};

/* `settings`: {"on": true, "rates": {NAME: [capacity, per second]}} or NULL (off). time_scale multiplies the
 * refill. */
struct buckets *buckets_new(const struct json *settings, int64_t time_scale, struct err *e);
void buckets_free(struct buckets *b);
/* false: throttled, nothing taken */
bool buckets_take(struct buckets *b, const struct bucket_ask *ask, int64_t now_ms);
