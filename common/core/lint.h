#pragma once
/*
 * lint - a person's rows, whole: into a typed specification, or into findings that name the row, the
 * attribute and the remedy.
 *
 * Both naming generations, every value type (docs/contract.md). Rows come as plain JSON objects: strings,
 * numbers, booleans, nested objects and lists; specs/ has already taken DynamoDB's type wrappers off.
 * Everything is looked at, so that one run of lint shows all that is wrong. Pure.
 */
#include "codec/json.h"
#include "model/spec.h"

enum severity { SEVERITY_NOTICE, SEVERITY_WARNING, SEVERITY_ERROR };
extern const char *const severity_names[]; /* "notice", "warning", "error", NULL */
enum { FINDINGS_MAX = 2000, FINDING_TEXT_MAX = 600 };

struct finding {
    int severity;    /* enum severity */
    int cause;       /* enum cause: what a refusal for it is called; CAUSE_INVALID unless it has its own */
    char *row;       /* "WorkloadSpecification W", "TierSpecification W/Role_App" */
    char *attribute; /* "TierStop.TierSequence"; may be empty */
    char *message;   /* what is wrong and what to do */
};
struct findings {
    struct finding *at;
    size_t n;
};
extern const struct json_field finding_fields[];

void findings_add(struct findings *f, enum severity severity, enum cause cause, const char *row,
                  const char *attribute, const char *fmt, ...) PRINTF_LIKE(6, 7);
void findings_release(struct findings *f);
const struct finding *findings_first_error(const struct findings *f); /* NULL: none */

/*
 * `workload` is the row (NULL: missing), tier_rows an array of rows. `strict`: an unknown attribute is an
 * error. Returns true, with *out filled, when there is no error; findings may hold notices and warnings even
 * then. An attribute that this build does not implement is an error with CAUSE_NOT_SUPPORTED. Rows are
 * matched by SpecName against `name`.
 */
MUST_CHECK bool lint_workload(const char *name, const struct json *workload, const struct json *tier_rows,
                              bool strict, struct spec *out, struct findings *f);

/* What an action adds: steps and tiers within bounds, an override file with its operating system, the named
 * tiers exist. */
MUST_CHECK bool lint_action(const struct spec *s, enum action action, const struct strs *only_tiers,
                            struct findings *f);
