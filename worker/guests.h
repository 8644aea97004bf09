#pragma once
/*
 * guests - puts the override question to instances through Systems Manager, and brings back what they said.
 *
 * A question: which of its instances have an agent online (DescribeInstanceInformation); one SendCommand to
 * those, at most JOB_GUESTS_MAX, with a nonce of its own; ListCommandInvocations until all have answered or
 * OVERRIDE_WAIT_MS have passed. Every member gets exactly one job_step_answered; whatever is not a clear
 * answer is UNKNOWN, with the reason in words. "InvalidInstanceId" takes the named ones out (offline) and
 * asks the rest, else asks by halves; "InvalidOutputFolder" asks once more without the bucket: people delete
 * them, and that must not turn a fleet's answers into UNKNOWN. A SendCommand without an answer is sent again
 * with a new nonce: the question changes nothing.
 *
 * Owner: the worker's loop. Source: docs/aws.md 5.4 to 5.7.
 */
#include "conf/options.h"
#include "worker/work.h"

enum {
    /* A call that fails for no instance's reason is made again (core/backoff), until its members count as
     * UNKNOWN: when AWS has not answered for so long and for so many calls in a row, or has throttled every
     * one for so long. Waiting for our own pacer does not count. */
    GUESTS_OUTAGE_MS = 10 * 60 * 1000,
    GUESTS_THROTTLED_MS = 30 * 60 * 1000,
    GUESTS_TRIES_MIN = 8,
    GUESTS_AGAIN_MS = 2000, /* a call that did not leave, when nothing says how long it waits */
};

struct guests; /* opaque */

struct guests *guests_new(struct works *ws, struct aws *aws, const struct options *o,
                          const struct ports *ports);
void guests_free(struct guests *g);

void guests_ask(struct guests *g, struct work *w, const size_t *members, size_t n);
/* Does what is due. Returns when to call again. */
int64_t guests_turn(struct guests *g, int64_t now_ms);
size_t guests_in_hand(const struct guests *g); /* questions */

struct guests_counts {
    int64_t commands, absent, present, unknown;
};
struct guests_counts guests_counts(const struct guests *g);
