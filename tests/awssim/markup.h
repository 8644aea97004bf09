#pragma once
/*
 * markup - the elements of an XML reply, written in order into a buffer. Values are escaped, names are
 * constants of ours.
 */
#include "base/str.h"

#include <stdint.h>

void markup_open(struct buf *out, const char *name);
void markup_close(struct buf *out, const char *name);
void markup_str(struct buf *out, const char *name, struct str value);
void markup_text(struct buf *out, const char *name, const char *value); /* NULL: no element */
void markup_int(struct buf *out, const char *name, int64_t value);
void markup_bool(struct buf *out, const char *name, bool value);
void markup_moment(struct buf *out, const char *name, int64_t wall_ms);
