#include "core/tick.h"

#include "base/moment.h"

#include <stdio.h>
#include <stdlib.h>

#define MINUTE_MS INT64_C(60000)
#define LAST_MS   INT64_C(253402300799000) /* 9999 */

static int64_t floor_min(int64_t s)
{
    return s / 60 - (s % 60 < 0);
}

static int64_t floor_s(int64_t ms)
{
    return ms / 1000 - (ms % 1000 < 0);
}

static int64_t number_of(int64_t local_min)
{
    struct civil c = moment_civil(local_min * MINUTE_MS);

    return ((((int64_t)c.year * 100 + c.month) * 100 + c.day) * 100 + c.hour) * 100 + c.minute;
}

bool tick_next(const struct cron *c, const struct zone *z, int64_t after_ms, struct tick *out)
{
    int64_t local_min = 0;
    int64_t more_min = 0;

    if (after_ms < 0 || after_ms > LAST_MS)
        return false;
    if (!cron_next(c, floor_min(zone_shown_s(z, floor_s(after_ms))), &local_min))
        return false;
    int64_t at_s = zone_moment_s(z, local_min * 60);
    int64_t shown_min = floor_min(at_s + zone_span_at(z, at_s).offset_s);
    while (cron_next(c, local_min, &more_min) && more_min <= shown_min)
        local_min = more_min; /* the clocks jump over these: they are due at the same moment */
    *out = (struct tick){at_s * 1000, number_of(local_min)};
    return true;
}

bool tick_due(const struct zone *z, int64_t number, int64_t *at_ms)
{
    struct civil c = {
        .year = (int)(number / 100000000 % 10000),
        .month = (int)(number / 1000000 % 100),
        .day = (int)(number / 10000 % 100),
        .hour = (int)(number / 100 % 100),
        .minute = (int)(number % 100),
    };

    if (number < 197001010000 || number > 999912312359 || c.month < 1 || c.month > 12 || c.day < 1 ||
        c.day > 31 || c.hour > 23 || c.minute > 59)
        return false;
    *at_ms = zone_moment_s(z, moment_of(&c) / 1000) * 1000;
    return true;
}

void tick_text(const struct zone *z, int64_t at_ms, char out[TICK_TEXT_MAX])
{
    int32_t offset_s = zone_span_at(z, floor_s(at_ms)).offset_s;
    struct civil c = moment_civil(at_ms + offset_s * INT64_C(1000));
    int32_t minutes = abs(offset_s) / 60;

    (void)snprintf(out, TICK_TEXT_MAX, "%04d-%02d-%02d %02d:%02d %c%02d:%02d", c.year % 10000, c.month % 100,
                   c.day % 100, c.hour % 100, c.minute % 100, offset_s < 0 ? '-' : '+', minutes / 60 % 100,
                   minutes % 60);
}
