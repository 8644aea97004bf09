#pragma once
/*
 * tzif - the bytes of a time zone as tzdata installs them (TZif, versions 2 to 4): when its offset from UTC
 * changes, and by which rule afterwards.
 *
 * Decodes the 64-bit part; the 32-bit part in front of it is skipped. Files with leap seconds ("right/…") are
 * refused: a wall_ms counts as POSIX does. So is a file of version 1: it ends in 2037 and says nothing of
 * what follows. Bounds: TZIF_MAX bytes, TZIF_CHANGES_MAX changes. Pure. Source: RFC 8536.
 */
#include "codec/tzrule.h"

enum { TZIF_MAX = 128 * 1024, TZIF_CHANGES_MAX = 5000 };

struct tzif_change {
    int64_t at_s;     /* seconds since 1970, UTC */
    int32_t offset_s; /* east of Greenwich, from then on */
};

struct tzif {
    int32_t first_s;        /* the offset before the first change */
    struct tzif_change *at; /* ascending */
    size_t n;
    bool has_rule; /* false: the last offset holds for ever */
    struct tzrule rule;
};

/* On failure *out is empty: ERR_INVALID. */
MUST_CHECK bool tzif_decode(struct str bytes, struct tzif *out, struct err *e);
void tzif_release(struct tzif *t);
