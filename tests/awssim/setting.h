#pragma once
/*
 * setting - the scenario's values, read strictly: a name that nobody knows or a value of the wrong type is an
 * error that says where, so that a misspelt fault is not a test that passes. Absent means the default handed
 * in.
 */
#include "base/str.h"
#include "codec/json.h"

/* Every member's name is among `names` (NULL ends it), and `j` is an object. `where` is for the message:
 * "faults[2]". */
MUST_CHECK bool setting_known(const struct json *j, const char *where, const char *const *names,
                              struct err *e);

/* owned; untouched if absent */
MUST_CHECK bool setting_str(const struct json *j, const char *name, char **out, struct err *e);
MUST_CHECK bool setting_int(const struct json *j, const char *name, int64_t *out, struct err *e); /* >= 0 */
MUST_CHECK bool setting_bool(const struct json *j, const char *name, bool *out, struct err *e);
MUST_CHECK bool setting_number(const struct json *j, const char *name, double *out, struct err *e);
/* one string or a list */
MUST_CHECK bool setting_strs(const struct json *j, const char *name, struct strs *out, struct err *e);
/* The value's place in `words` (NULL ends them); untouched if absent. */
MUST_CHECK bool setting_word(const struct json *j, const char *name, const char *const *words, int *out,
                             struct err *e);
