#include "aws/skew.h"

#include "aws/call.h"
#include "base/moment.h"

#include <stdlib.h>

bool skew_measure(struct skew *s, struct str date, int64_t rtt_ms, struct instant now)
{
    enum { HALF_A_SECOND_MS = 500 }; /* Date is cut to the second */
    int64_t theirs = 0;

    if (rtt_ms < 0 || rtt_ms > SKEW_RTT_MAX_MS || !moment_parse(date, &theirs))
        return false;
    s->offset_ms = theirs + HALF_A_SECOND_MS - (now.wall_ms - rtt_ms / 2);
    s->measured = now;
    s->known = true;
    bool was = s->loud;
    s->loud = llabs(s->offset_ms) > AWS_OFFSET_LOUD_MS;
    return s->loud && !was;
}

static int64_t applied(int64_t offset_ms)
{
    return llabs(offset_ms) > AWS_OFFSET_MIN_MS ? offset_ms : 0;
}

bool skew_known(const struct skew *s, struct instant now, int64_t *offset_ms)
{
    int64_t jump = (now.wall_ms - s->measured.wall_ms) - (now.boot_ms - s->measured.boot_ms);

    if (!s->known || llabs(jump) > SKEW_JUMP_MAX_MS)
        return false;
    *offset_ms = applied(s->offset_ms);
    return true;
}

int64_t skew_wall_ms(const struct skew *s, struct instant now)
{
    if (!s->known)
        return now.wall_ms;
    /* By the boot clock: a wall clock that was set in between does not matter. */
    int64_t ours = s->measured.wall_ms + (now.boot_ms - s->measured.boot_ms);
    return ours + applied(s->offset_ms);
}
