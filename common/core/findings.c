#include "base/mem.h"
#include "core/lint.h"

#include <stdarg.h>
#include <stdio.h>

const char *const severity_names[] = {"notice", "warning", "error", NULL};

/* clang-format off */
const struct json_field finding_fields[] = {
    {"severity",  JSON_F_ENUM, offsetof(struct finding, severity), .required = true, .names = severity_names},
    {"cause",     JSON_F_ENUM, offsetof(struct finding, cause), .names = cause_names},
    {"row",       JSON_F_STR,  offsetof(struct finding, row), .required = true},
    {"attribute", JSON_F_STR,  offsetof(struct finding, attribute)},
    {"message",   JSON_F_STR,  offsetof(struct finding, message), .required = true},
    {0},
};
/* clang-format on */

void findings_add(struct findings *f, enum severity severity, enum cause cause, const char *row,
                  const char *attribute, const char *fmt, ...)
{
    char text[FINDING_TEXT_MAX];
    va_list ap;

    if (f->n >= FINDINGS_MAX && severity != SEVERITY_ERROR)
        return; /* a table of thousands of odd rows must not hide its errors; those are bounded by the rows */
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    f->at = xrealloc(f->at, (f->n + 1) * sizeof *f->at);
    f->at[f->n++] = (struct finding){
        .severity = (int)severity,
        .cause = severity == SEVERITY_ERROR ? (int)cause : CAUSE_NONE,
        .row = xstrdup(row),
        .attribute = xstrdup(attribute),
        .message = xstrdup(text),
    };
}

void findings_release(struct findings *f)
{
    for (size_t i = 0; i < f->n; i++)
        json_release(finding_fields, &f->at[i]);
    xfree(f->at);
    *f = (struct findings){0};
}

const struct finding *findings_first_error(const struct findings *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].severity == SEVERITY_ERROR)
            return &f->at[i];
    return NULL;
}
