#pragma once
/*
 * tick - when an expression comes due in a zone: the schedule engine, a pure function of expression, zone and
 * moment.
 *
 * A tick is named by its nominal local time, as a number YYYYMMDDhhmm: replicas with different zone data
 * agree on it (docs/protocol.md 4.9). A time that does not exist (clocks are put forward over it) comes due
 * at the first moment after the gap; all that fall there are one tick, named by the last of them. A time that
 * exists twice comes due once, the first time.
 */
#include "core/cron.h"
#include "core/zone.h"

struct tick {
    int64_t at_ms;  /* when it is due: wall time, UTC */
    int64_t number; /* YYYYMMDDhhmm */
};

/* The first tick due after after_ms. False: there is none within cron's bounds. */
MUST_CHECK bool tick_next(const struct cron *c, const struct zone *z, int64_t after_ms, struct tick *out);
/* When a tick of this number is due. False: it is no time. */
MUST_CHECK bool tick_due(const struct zone *z, int64_t number, int64_t *at_ms);

/* The moment as the zone's clocks show it, with its offset: "2026-03-29 03:00 +02:00". */
enum { TICK_TEXT_MAX = 40 };
void tick_text(const struct zone *z, int64_t at_ms, char out[TICK_TEXT_MAX]);
