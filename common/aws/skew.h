#pragma once
/*
 * skew - how far AWS's clock is from ours, by the Date header of its replies.
 *
 * The offset is AWS's time minus our wall clock at the middle of the round trip, and is worth as much as the
 * wall clock stays what it was: when the wall clock moves against the boot clock by more than
 * SKEW_JUMP_MAX_MS after the measurement, somebody has set it, and the offset is unknown until the next
 * reply. Pure.
 */
#include "base/str.h"
#include "ports/clock.h"

enum { SKEW_JUMP_MAX_MS = 2000, SKEW_RTT_MAX_MS = 30 * 1000 };

struct skew {
    bool known, loud;
    int64_t offset_ms;
    struct instant measured;
};

/*
 * A reply with this Date header arrived at `now`, rtt_ms after it was asked for. Longer trips than
 * SKEW_RTT_MAX_MS and what is no date are ignored. True: the measured offset has just gone above
 * AWS_OFFSET_LOUD_MS, say so.
 */
bool skew_measure(struct skew *s, struct str date, int64_t rtt_ms, struct instant now);
/* False: unknown at this reading of the clocks. Offsets of at most AWS_OFFSET_MIN_MS count as 0. */
bool skew_known(const struct skew *s, struct instant now, int64_t *offset_ms);
/*
 * The best guess of AWS's time at this reading: for signatures of calls that change nothing, and for the end
 * of credentials.
 */
int64_t skew_wall_ms(const struct skew *s, struct instant now);
