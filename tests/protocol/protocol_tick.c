/*
 * protocol_tick - the schedule engine as a program, for test_tick.py to hold against other engines.
 *
 * Reads lines of tab-separated words and answers each with one line:
 *   cron EXPRESSION MINUTE COUNT   the next COUNT times in minutes since 1970 of a calendar without zones
 *   tick EXPRESSION FILE MS COUNT  the next COUNT ticks in the zone of a TZif file, as NUMBER:MS
 *   span FILE SECOND               the offset that holds, and when the next one begins
 * or "error: …".
 */
#include "base/mem.h"
#include "core/tick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 5, LINE_BYTES = 4096, FILE_BYTES = 256 * 1024 };

static struct zone *read_zone(const char *path, struct err *e)
{
    BUF_CLEANUP struct buf bytes = BUF_INIT(FILE_BYTES);
    char *part = xcalloc(1, FILE_BYTES);
    FILE *f = fopen(path, "rb");

    BUG_IF(!f);
    buf_add(&bytes, str_n(part, fread(part, 1, FILE_BYTES, f)));
    (void)fclose(f);
    xfree(part);
    return zone_new(buf_view(&bytes), e);
}

static int64_t number(const char *text)
{
    int64_t n = 0;

    BUG_IF(!str_to_i64(str_of(text), &n));
    return n;
}

static bool say_cron(char *const *w, struct err *e)
{
    struct cron c;
    int64_t at = number(w[2]);

    if (!cron_parse(str_of(w[1]), &c, e))
        return false;
    for (int64_t i = number(w[3]); i > 0 && cron_next(&c, at, &at); i--)
        (void)printf("%lld ", (long long)at);
    return true;
}

static bool say_ticks(char *const *w, struct err *e)
{
    struct cron c;
    struct tick t = {.at_ms = number(w[3])};
    struct zone *z = read_zone(w[2], e);
    bool ok = z && cron_parse(str_of(w[1]), &c, e);

    for (int64_t i = number(w[4]); ok && i > 0 && tick_next(&c, z, t.at_ms, &t); i--)
        (void)printf("%lld:%lld ", (long long)t.number, (long long)t.at_ms);
    zone_free(z);
    return ok;
}

static bool say_span(char *const *w, struct err *e)
{
    struct zone *z = read_zone(w[1], e);

    if (!z)
        return false;
    struct zone_span s = zone_span_at(z, number(w[2]));
    (void)printf("%d %lld", s.offset_s, (long long)s.end_s);
    zone_free(z);
    return true;
}

int main(void)
{
    char line[LINE_BYTES];

    while (fgets(line, sizeof line, stdin)) {
        char *w[WORDS] = {line};
        struct err e = {0};
        line[strcspn(line, "\n")] = 0;
        for (int i = 1; i < WORDS && w[i - 1]; i++) {
            w[i] = strchr(w[i - 1], '\t');
            if (w[i])
                *w[i]++ = 0;
        }
        bool ok = strcmp(w[0], "cron") == 0   ? say_cron(w, &e)
                  : strcmp(w[0], "tick") == 0 ? say_ticks(w, &e)
                                              : say_span(w, &e);
        (void)printf(ok ? "\n" : "error: %s\n", e.msg);
        (void)fflush(stdout);
    }
    return EXIT_SUCCESS;
}
