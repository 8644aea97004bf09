#pragma once
/*
 * zone - a time zone as a value: which offset from UTC holds when. Many at once; none is the machine's.
 *
 * Made from the bytes of its TZif file (codec/tzif); whoever owns the files port reads them. Moments are
 * seconds since 1970 in UTC, between ZONE_FIRST_S and ZONE_LAST_S. Pure; never changes once it is made.
 */
#include "base/str.h"

#define ZONE_FIRST_S INT64_C(-100000000000)
#define ZONE_LAST_S  INT64_C(300000000000)

enum { ZONE_NAME_MAX = 64 };

struct zone; /* opaque */

/* Where the files are, and how one is named: a zone's name is letters, digits, + - _ and single slashes
 * between them, as IANA names them; never a way out of the folder. */
bool zone_name_ok(struct str name);

/* NULL with ERR_INVALID: the bytes are no zone. */
struct zone *zone_new(struct str tzif, struct err *e);
void zone_free(struct zone *z); /* NULL is fine */

struct zone_span { /* begin <= moment < end: one offset */
    int64_t begin_s, end_s;
    int32_t offset_s; /* local time = UTC + offset */
};
struct zone_span zone_span_at(const struct zone *z, int64_t at_s);

/* The first moment at which the zone's clocks show local_s or more: a time that does not exist is the first
 * moment after the gap, one that exists twice is its first. (Seconds since 1970 as if local were UTC.) */
int64_t zone_moment_s(const struct zone *z, int64_t local_s);
/* The latest time that the zone's clocks have shown up to at_s: that of now, or what they showed before they
 * were put back within the last two days. */
int64_t zone_shown_s(const struct zone *z, int64_t at_s);
