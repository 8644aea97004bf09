#include "sim/trace.h"

#include "sim/scheduler.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

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
    if (t->kept)
        memcpy(t->kept[t->next++ % TRACE_KEPT], line, strlen(line) + 1);
    if (t->out)
        (void)fprintf(t->out, "%s\n", line);
}

/* "SECONDS WHO ..." */
static bool is_of(const char *line, const char *who)
{
    const char *name = strchr(line, ' ');
    size_t n = who ? strlen(who) : 0;

    return !who || (name && strncmp(name + 1, who, n) == 0 && name[n + 1] == ' ');
}

void trace_last(const struct trace *t, const char *who, void (*line)(const char *text))
{
    size_t first = t->next > TRACE_KEPT ? t->next - TRACE_KEPT : 0;

    for (size_t i = first; t->kept && i < t->next; i++)
        if (is_of(t->kept[i % TRACE_KEPT], who))
            line(t->kept[i % TRACE_KEPT]);
}
