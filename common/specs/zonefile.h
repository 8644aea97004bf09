#pragma once
/*
 * zonefile - where the machine keeps its time zones, read through the process port.
 *
 * The folder is `schedule.zoneinfo` (tzdata's /usr/share/zoneinfo unless set). zonefile_load is a zones_load
 * (core/zones.h); its `self` is a struct zonefile that outlives the cache.
 */
#include "ports/process.h"

struct zonefile {
    const struct process *process;
    const char *folder;
};

MUST_CHECK bool zonefile_load(void *self, const char *name, struct buf *bytes, struct err *e);
