#pragma once
/*
 * params - the parameters of a query request (form body), by name: "MaxResults", "InstanceId.3",
 * "Filter.1.Value.2".
 *
 * Bound: PARAMS_MAX parameters; more, or a broken escape, refuse the request.
 */
#include "base/str.h"

enum { PARAMS_MAX = 12000 };

struct param {
    char *name, *value;
};

struct params { /* zeroed is valid and empty */
    struct param *at;
    size_t n, cap;
};

MUST_CHECK bool params_read(struct params *p, struct str body, struct err *e);
void params_release(struct params *p);

const char *params_get(const struct params *p, const char *name); /* NULL if absent */
bool params_flag(const struct params *p, const char *name);       /* "true" */
/* The values of PREFIX.1, PREFIX.2 … by their numbers; gaps are allowed, as AWS allows them. */
void params_list(const struct params *p, const char *prefix, struct strs *out);
