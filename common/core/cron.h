#pragma once
/*
 * cron - an expression of five fields, and the times that it names on a calendar without zones.
 *
 *   minute 0-59 · hour 0-23 · day of month 1-31 · month 1-12 or JAN-DEC · day of week 0-7 or SUN-SAT (0 and 7
 *   are Sunday)
 *
 * A field is a list (,) of *, numbers or names, and ranges (a-b), * and ranges with a step (/n). As in cron,
 * a day that is restricted both ways counts if either fits; a day field that begins with * restricts nothing,
 * a step on it included: then both have to fit. Refused, by field and position: what is out of bounds, runs
 * backwards, a step behind a single number (cron's descend differ), @daily, L, W, # and ?; and what names no
 * day at all (30 February). Pure. Source: crontab(5) of Debian's cron; docs/contract.md.
 */
#include "base/str.h"

enum { CRON_MAX = 256 /* bytes of an expression */ };

struct cron {
    uint64_t minutes;
    uint32_t hours, days;      /* bit n: hour n; day n of the month */
    uint16_t months;           /* bit 1: January */
    uint8_t weekdays;          /* bit 0: Sunday */
    bool any_day, any_weekday; /* the field begins with * */
};

/* ERR_INVALID: "field 2 (hour), character 3: 25 is above 23". */
MUST_CHECK bool cron_parse(struct str text, struct cron *out, struct err *e);

/* The first time after `after_min`, both in minutes since 1970 of a calendar without zones. False: none in
 * the next CRON_YEARS_MAX years (cron_parse refuses such an expression; years end at 9999). */
enum { CRON_YEARS_MAX = 60 };
MUST_CHECK bool cron_next(const struct cron *c, int64_t after_min, int64_t *next_min);
