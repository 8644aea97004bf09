#include "sim/trace.h"

#include "sim/scheduler.h"

#include <inttypes.h>
#include <stdarg.h>

enum { MILLION = 1000000 };

static const uint64_t fnv_basis = UINT64_C(14695981039346656037), fnv_prime = UINT64_C(1099511628211);

void trace_init(struct trace *t, const struct scheduler *s, FILE *out)
{
    *t = (struct trace){.s = s, .out = out, .digest = fnv_basis};
}

void trace_line(struct trace *t, const char *who, const char *fmt, ...)
{
    char line[TRACE_LINE_MAX];
    int64_t now_us = scheduler_now(t->s);
    int n =
        snprintf(line, sizeof line, "%" PRId64 ".%06" PRId64 " %s ", now_us / MILLION, now_us % MILLION, who);
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(line + n, sizeof line - (size_t)n, fmt, args);
    va_end(args);
    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < ' ')
            *c = ' ';
        t->digest = (t->digest ^ (unsigned char)*c) * fnv_prime;
    }
    t->lines++;
    if (t->out)
        (void)fprintf(t->out, "%s\n", line);
}
