#pragma once
/*
 * tzrule - the POSIX TZ string that ends a TZif file ("CET-1CEST,M3.5.0,M10.5.0/3"): what holds behind its
 * last transition, for ever.
 *
 * Both forms of a name (letters, <+0330>), offsets up to 24 h, the three forms of a date (M5.2.0, J60, 59),
 * times from -167 to 167 h as RFC 8536 extends them. A daylight-saving time without dates is refused: POSIX
 * leaves to each system what that means. Pure. Source: POSIX.1-2017, 8.3 (TZ); RFC 8536, 3.3.1.
 */
#include "base/str.h"

enum { TZRULE_MAX = 256 /* bytes of the text */ };

enum tzrule_form {
    TZRULE_MONTH_WEEKDAY, /* Mm.w.d: the w-th weekday d of month m, 5 = the last */
    TZRULE_JULIAN,        /* Jn: 1..365, 29 February is never counted */
    TZRULE_DAY            /* n: 0..365, 29 February is counted */
};

struct tzrule_date {
    enum tzrule_form form;
    int month, week, day; /* day: of the week (0 = Sunday), or of the year */
    int32_t time_s;       /* local, from that day's midnight */
};

struct tzrule {
    int32_t standard_s, daylight_s; /* east of Greenwich */
    bool has_daylight;
    struct tzrule_date begin, end; /* of daylight-saving time; local time of before */
};

/* ERR_INVALID with the position of what is wrong. */
MUST_CHECK bool tzrule_parse(struct str text, struct tzrule *out, struct err *e);
/* Seconds since 1970 of a date in a year, as if local time were UTC. */
int64_t tzrule_local_s(const struct tzrule_date *d, int year);
