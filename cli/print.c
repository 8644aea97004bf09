#include "cli/print.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

enum { CELL_MAX = 2000, LINE_MAX_BYTES = 16 * 1024, DOCUMENT_MAX = 256 * 1024 * 1024 };

struct table {
    size_t columns;
    struct strs cells; /* the heading first */
};

struct table *table_new(const char *const *columns)
{
    struct table *t = xcalloc(1, sizeof *t);

    for (; columns[t->columns]; t->columns++)
        strs_add(&t->cells, str_of(columns[t->columns]));
    return t;
}

void table_freep(struct table **t)
{
    if (!*t)
        return;
    strs_release(&(*t)->cells);
    xfree(*t);
    *t = NULL;
}

void table_cell(struct table *t, const char *text)
{
    struct str s = str_of(text);
    BUF_CLEANUP struct buf clean = BUF_INIT(CELL_MAX);

    print_clean(str_n(s.p, s.n < CELL_MAX ? s.n : CELL_MAX), &clean);
    strs_take(&t->cells, buf_take(&clean));
}

void table_cellf(struct table *t, const char *fmt, ...)
{
    char text[CELL_MAX];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    table_cell(t, text);
}

static bool is_control(struct str c)
{
    unsigned char first = (unsigned char)c.p[0];

    return first < 0x20 || first == 0x7f || (first == 0xc2 && c.n > 1 && (unsigned char)c.p[1] < 0xa0);
}

void print_clean(struct str text, struct buf *out)
{
    while (text.n) {
        size_t n = str_utf8(text);
        if (n == 0 || is_control(str_n(text.p, n)))
            buf_addc(out, '?');
        else
            buf_add(out, str_n(text.p, n));
        text = str_skip(text, n ? n : 1);
    }
}

/* So that names in UTF-8 line up (wide ones apart). */
size_t print_width(struct str text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return n;
}

static size_t width_of(const char *text)
{
    return print_width(str_of(text));
}

void table_print(const struct table *t)
{
    size_t *widths = xcalloc(t->columns, sizeof *widths);

    for (size_t i = 0; i < t->cells.n; i++) {
        size_t w = width_of(t->cells.at[i]);
        if (w > widths[i % t->columns])
            widths[i % t->columns] = w;
    }
    for (size_t i = 0; i < t->cells.n; i++) {
        bool last = i % t->columns == t->columns - 1 || i + 1 == t->cells.n;
        (void)fputs(t->cells.at[i], stdout);
        size_t pad = widths[i % t->columns] - width_of(t->cells.at[i]) + 2;
        (void)(last ? printf("\n") : printf("%*s", (int)pad, ""));
    }
    xfree(widths);
}

void print_json(const struct json *document)
{
    BUF_CLEANUP struct buf text = BUF_INIT(DOCUMENT_MAX);

    json_print(document, &text);
    BUG_IF(text.over);
    (void)puts(buf_cstr(&text));
}

static void line(FILE *to, const char *text)
{
    BUF_CLEANUP struct buf clean = BUF_INIT(LINE_MAX_BYTES);

    print_clean(str_of(text), &clean);
    (void)fprintf(to, "%s\n", buf_cstr(&clean));
}

void print_line(const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    line(stdout, text);
}

void print_error_line(const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    line(stderr, text);
}

void print_text(struct str text)
{
    (void)fwrite(text.p, 1, text.n, stdout);
}

bool print_lost(void)
{
    return ferror(stdout) != 0;
}
