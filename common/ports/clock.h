#pragma once
/*
 * clock - the seam to time. A daemon asks it only where a moment is part of a decision (a lease check, a
 * signature); everything else is handed `now_ms`, the boot clock's reading at the beginning of its turn.
 */
#include <stdint.h>

/* One reading of two clocks. A signature uses the instant of its lease check, never a later one (EC2 knows no
 * fencing token). */
struct instant {
    int64_t boot_ms; /* CLOCK_BOOTTIME: never goes back, counts while the machine sleeps */
    int64_t wall_ms; /* CLOCK_REALTIME: milliseconds since 1970, UTC; may jump */
};

struct clock {
    struct instant (*now)(void *self);
    void *self;
};

static inline struct instant clock_now(const struct clock *c)
{
    return c->now(c->self);
}
