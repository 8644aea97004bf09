#pragma once
/*
 * zone_bytes - a time zone's file made in a test: version 2, one type, no changes, and a POSIX rule behind.
 */
#include "base/str.h"

/* Appends the bytes; first_s: the offset before anything else. */
void zone_bytes(int32_t first_s, const char *rule, struct buf *out);
