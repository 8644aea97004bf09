#pragma once
/*
 * moment - a point in time as text. Pure calendar arithmetic in UTC; no clock, no zone of the machine.
 *
 * A wall_ms is milliseconds since 1970-01-01T00:00:00Z without leap seconds, as POSIX counts them.
 */
#include "base/str.h"

#include <stdint.h>

enum { MOMENT_MAX = 32 };

void moment_rfc3339(
    int64_t wall_ms,
    char out[MOMENT_MAX]); /* 2026-05-01T10:00:00.123Z: the form of every time that we write */
void moment_amz(int64_t wall_ms, char out[MOMENT_MAX]); /* 20260501T100000Z: X-Amz-Date */

/*
 * Reads RFC 3339 (2026-05-01T10:00:00Z, fraction and offset allowed), the form that AWS puts into
 * StateTransitionReason ("2026-05-01 10:00:00 GMT"), X-Amz-Date, and the Date header of HTTP ("Fri, 01 May
 * 2026 10:00:00 GMT").
 */
MUST_CHECK bool moment_parse(struct str text, int64_t *wall_ms);

struct civil {
    int year, month, day, hour, minute, second, weekday; /* month 1..12, weekday 0 = Sunday */
};
struct civil moment_civil(int64_t wall_ms);
int64_t moment_of(const struct civil *c); /* weekday is not looked at */
