#include "core/catchup.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

/* The latest ticks of (after, now] in `ring`; how many there were; at most CATCHUP_STEPS of them. */
static size_t walk(const struct cron *c, const struct zone *z, int64_t after_ms, int64_t now_ms,
                   struct tick ring[CATCHUP_KEEP])
{
    struct tick t = {.at_ms = after_ms};
    size_t n = 0;

    while (n < CATCHUP_STEPS && tick_next(c, z, t.at_ms, &t) && t.at_ms <= now_ms)
        ring[n++ % CATCHUP_KEEP] = t;
    return n;
}

size_t catchup_due(const struct cron *c, const struct zone *z, int64_t after_ms, int64_t now_ms,
                   size_t schedule, struct catchup_tick out[CATCHUP_KEEP])
{
    struct tick ring[CATCHUP_KEEP];
    size_t n = walk(c, z, after_ms, now_ms, ring);
    size_t before = 0;

    if (n == CATCHUP_STEPS) { /* so many that the last day alone has enough of them to look at */
        before = n;
        n = walk(c, z, now_ms - DAY_MS > after_ms ? now_ms - DAY_MS : after_ms, now_ms, ring);
    }
    size_t kept = n < CATCHUP_KEEP ? n : CATCHUP_KEEP;
    for (size_t i = 0; i < kept; i++)
        out[i] = (struct catchup_tick){.tick = ring[(n - kept + i) % CATCHUP_KEEP], .schedule = schedule};
    if (kept)
        out[0].earlier = (int64_t)(before + n - kept);
    return kept;
}

static int by_moment(const void *a, const void *b)
{
    const struct catchup_tick *x = a;
    const struct catchup_tick *y = b;

    if (x->tick.at_ms != y->tick.at_ms)
        return x->tick.at_ms < y->tick.at_ms ? -1 : 1;
    return (x->schedule > y->schedule) - (x->schedule < y->schedule);
}

void catchup_judge(enum catchup_policy policy, int64_t window_ms, int64_t now_ms, struct catchup_tick *at,
                   size_t n)
{
    if (n > 1)
        qsort(at, n, sizeof *at, by_moment);
    for (size_t i = 0; i < n; i++) {
        int64_t late_ms = now_ms - at[i].tick.at_ms;
        at[i].fires = false;
        if (late_ms > window_ms)
            at[i].why = MISSED_TOO_LATE;
        else if (policy == CATCHUP_LATEST && at[i].tick.at_ms != at[n - 1].tick.at_ms)
            at[i].why = MISSED_NEWER_TICK;
        else if (policy == CATCHUP_NONE && late_ms > CATCHUP_ON_TIME_MS)
            at[i].why = MISSED_POLICY;
        else
            at[i].fires = true;
    }
}
