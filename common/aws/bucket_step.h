#pragma once
/*
 * bucket_step - one API's token buckets in one account and region, as AWS keeps them, and the queue before
 * them.
 *
 * Two costs, as EC2 counts them: one request, and n instances. bucket_ask() never blocks: it takes the
 * tokens, or says how long to wait and takes nothing. Pure: no clock, no chance, no I/O; moments are the boot
 * clock's.
 *
 * Fair: first come, first served. Who is told to wait keeps its place under its name, and finds its tokens if
 * it asks again at the moment it was told, or up to BUCKET_ABSENT_MS later; who does not come back loses it.
 * A call may overtake when what it takes delays nobody beyond what that one was told: a small one need not
 * wait behind a large one whose tokens are far off.
 *
 * Learns: bucket_throttled(), told of each throttle, empties the bucket, for AWS's is empty, and slows it to
 * seven tenths; then it gains a twentieth of its known rate a minute, up to it. A bucket that is `open` has
 * no limit until the first throttle, and again once it has its full rate back and was not throttled for
 * BUCKET_OPEN_MS.
 *
 * Safe side: it begins full, as AWS's does after a quiet time. From then on it fills BUCKET_SLACK_MS later
 * than AWS's: a first request that was long on its way must not make the next ones come too early.
 *
 * Owner: aws/pacing. Bounds: BUCKET_WAITERS_MAX in the queue; who is more waits without a place.
 * Source: docs/protocol.md 4.13; "Request throttling for the Amazon EC2 API".
 */
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BUCKET_WAITERS_MAX = 4096,
    BUCKET_ABSENT_MS = 20 * 1000,
    BUCKET_SLACK_MS = 500,
    BUCKET_CUT_MS = 5000, /* throttles closer together are one: calls that were on their way together */
    BUCKET_CUT_PERCENT = 70,
    BUCKET_GAIN_PERCENT = 5,   /* a minute */
    BUCKET_LEAST_PERCENT = 10, /* it never gets slower */
    BUCKET_OPEN_MS = 600 * 1000,
    BUCKET_LEAST_SLACK_MS = 250, /* however fast time is: real requests travel in real time */
};

struct bucket_rates {
    int64_t requests, requests_s;   /* capacity, and refill a second */
    int64_t resources, resources_s; /* 0: it does not count them */
    bool open;                      /* nobody has published them: no limit before the first throttle */
};

struct bucket; /* opaque */

/* time_scale: a simulator's; every rate times it, every time above but BUCKET_ABSENT_MS divided by it. */
struct bucket *bucket_new(const struct bucket_rates *r, int64_t time_scale, int64_t now_ms);
void bucket_free(struct bucket *b); /* NULL is fine */

/* 0: go, the tokens are taken; else the milliseconds (> 0) after which `who` is to ask again. A call for more
 * than fits needs a full bucket. */
MUST_CHECK int64_t bucket_ask(struct bucket *b, const char *who, size_t resources, int64_t now_ms);
void bucket_throttled(struct bucket *b, int64_t now_ms);

size_t bucket_waiting(const struct bucket *b);
int bucket_percent(const struct bucket *b); /* of its known rate */
bool bucket_is_open(const struct bucket *b);
