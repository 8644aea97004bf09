#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
    char text[ERR_MSG_MAX]; /* the arguments may point into e itself */
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    e->kind = kind;
    e->code[0] = '\0';
    memcpy(e->msg, text, sizeof text);
    return false;
}

bool err_wrap(struct err *e, const char *fmt, ...)
{
    char where[ERR_MSG_MAX];
    char text[ERR_MSG_MAX];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(where, sizeof where, fmt, ap);
    va_end(ap);
    int n = snprintf(text, sizeof text, "%s: ", where);
    size_t at = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    (void)snprintf(text + at, sizeof text - at, "%s", e->msg);
    memcpy(e->msg, text, sizeof text);
    return false;
}

bool err_code(struct err *e, const char *code)
{
    (void)snprintf(e->code, sizeof e->code, "%s", code);
    return false;
}

bool err_is_retriable(const struct err *e)
{
    return e->kind == ERR_THROTTLED || e->kind == ERR_UNAVAILABLE;
}

const char *err_kind_name(enum err_kind kind)
{
    switch (kind) {
    case ERR_NONE:
        return "none";
    case ERR_CONFIG:
        return "config";
    case ERR_INVALID:
        return "invalid";
    case ERR_THROTTLED:
        return "throttled";
    case ERR_UNAVAILABLE:
        return "unavailable";
    case ERR_DENIED:
        return "denied";
    case ERR_NOT_FOUND:
        return "not-found";
    case ERR_CONFLICT:
        return "conflict";
    }
    return "unknown";
}

_Noreturn void err_bug(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "BUG %s:%d: %s\n", file, line, what);
    abort();
}
