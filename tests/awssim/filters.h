#pragma once
/*
 * filters - EC2's Filter.N: names with values, `*` and `?` as wildcards, a backslash before one that is meant
 * as itself.
 *
 * Values of one filter are alternatives, filters add up. A name that EC2 does not know is an error. Values
 * compare byte for byte. Source: "List and filter your resources" (EC2 user guide). Bounds: 50 filters of 200
 * values (FilterLimitExceeded).
 */
#include "awssim/call.h"
#include "awssim/instance.h"

enum { FILTERS_MAX = 50, FILTER_VALUES_MAX = 200 };

struct filter {
    const char *name; /* borrowed from the call */
    struct strs values;
};

struct filters { /* zeroed is valid: everything matches */
    struct filter at[FILTERS_MAX];
    size_t n;
};

MUST_CHECK bool filters_read(struct filters *f, struct call *c); /* false: the call has failed */
void filters_release(struct filters *f);
bool filters_match(const struct filters *f, const struct instance *i, int64_t now_ms);
/* The values of a filter that are plain text, so that they can be looked up; NULL if one is a pattern or
 * there is none. */
const struct strs *filters_plain(const struct filters *f, const char *name);

bool filter_like(struct str pattern, struct str text);
