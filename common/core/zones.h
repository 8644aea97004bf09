#pragma once
/*
 * zones - time zones by name, each read once from wherever the owner keeps their files.
 *
 * What cannot be read is remembered too: its schedules stand still, the others go on. A zone lives as long as
 * the cache: make a new one to see newer zone data. Bound: ZONES_MAX names. Owner: whoever made it.
 */
#include "core/zone.h"

enum { ZONES_MAX = 2000 };

/* Appends the bytes of a zone's file. The name is a good one (zone_name_ok). */
typedef bool zones_load(void *self, const char *name, struct buf *bytes,
                        struct err *e); /* function types only */

struct zones; /* opaque */

struct zones *zones_new(zones_load *load, void *self);
void zones_free(struct zones *z); /* NULL is fine */
/* NULL with ERR_INVALID: no such zone, or its file is none. */
const struct zone *zones_get(struct zones *z, const char *name, struct err *e);
