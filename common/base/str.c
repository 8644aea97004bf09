#include "base/str.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct str str_of(const char *s)
{
    return (struct str){s ? s : "", s ? strlen(s) : 0};
}

struct str str_n(const char *p, size_t n)
{
    return (struct str){p, n};
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(struct str a, const char *b)
{
    return str_eq(a, str_of(b));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_is_nocase(struct str a, const char *b)
{
    if (strlen(b) != a.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b[i]))
            return false;
    return true;
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;

    return c ? c : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq(str_n(s.p, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq(str_n(s.p + (s.n - suffix.n), suffix.n), suffix);
}

bool str_has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.n && is_blank(s.p[0]))
        s = str_skip(s, 1);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct str str_skip(struct str s, size_t n)
{
    BUG_IF(n > s.n);
    return str_n(s.p + n, s.n - n);
}

bool str_find(struct str s, struct str what, size_t *at)
{
    for (size_t i = 0; i + what.n <= s.n; i++) {
        if (str_eq(str_n(s.p + i, what.n), what)) {
            *at = i;
            return true;
        }
    }
    return false;
}

bool str_cut(struct str s, char sep, struct str *head, struct str *rest)
{
    const char *p = s.n ? memchr(s.p, sep, s.n) : NULL;

    if (!p) {
        *head = s;
        *rest = STR("");
        return false;
    }
    *head = str_n(s.p, (size_t)(p - s.p));
    *rest = str_skip(s, head->n + 1);
    return true;
}

char *str_dup(struct str s)
{
    return xstrndup(s.n ? s.p : "", s.n);
}

bool str_to_i64(struct str s, int64_t *out)
{
    bool minus = s.n && s.p[0] == '-';
    uint64_t limit = minus ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t v = 0;

    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_skip(s, 1);
    if (!s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (v > (limit - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = minus ? (int64_t)(~v + 1) : (int64_t)v;
    return true;
}

size_t str_distance(struct str a, struct str b)
{
    enum { LONGEST = 64 };
    size_t row[LONGEST + 1];

    if (a.n > LONGEST || b.n > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t best = diagonal + (lower(a.p[i - 1]) != lower(b.p[j - 1]));
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b.n];
}

void buf_release(struct buf *b)
{
    xfree(b->p);
    *b = (struct buf)BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->over = false;
    if (b->p)
        b->p[0] = '\0';
}

static bool buf_room(struct buf *b, size_t n)
{
    enum { FIRST = 64 };

    if (b->over || n > b->max - b->n) {
        b->over = true;
        return false;
    }
    size_t need = b->n + n + 1;
    if (need > b->cap) {
        size_t cap = b->cap ? b->cap : FIRST;
        while (cap < need)
            cap *= 2;
        b->p = xrealloc(b->p, cap);
        b->cap = cap;
    }
    return true;
}

void buf_add(struct buf *b, struct str s)
{
    if (!buf_room(b, s.n))
        return;
    if (s.n)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    b->p[b->n] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, str_of(s));
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, str_n(&c, 1));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_list again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    BUG_IF(n < 0);
    if (buf_room(b, (size_t)n)) {
        (void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

struct str buf_view(const struct buf *b)
{
    return str_n(b->p ? b->p : "", b->n);
}

const char *buf_cstr(const struct buf *b)
{
    return b->p ? b->p : "";
}

bool buf_ok(const struct buf *b, const char *what, struct err *e)
{
    return !b->over || err_set(e, ERR_INVALID, "%s: over %zu bytes", what, b->max);
}

char *buf_take(struct buf *b)
{
    char *p = b->p ? b->p : xstrdup("");

    b->p = NULL;
    buf_release(b);
    return p;
}

void strs_release(struct strs *l)
{
    for (size_t i = 0; i < l->n; i++)
        xfree(l->at[i]);
    xfree(l->at);
    *l = (struct strs){0};
}

void strs_add(struct strs *l, struct str s)
{
    strs_take(l, str_dup(s));
}

void strs_take(struct strs *l, char *s)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 8;
        l->at = xrealloc(l->at, l->cap * sizeof *l->at);
    }
    l->at[l->n++] = s;
}

void strs_copy(struct strs *to, const struct strs *from)
{
    for (size_t i = 0; i < from->n; i++)
        strs_add(to, str_of(from->at[i]));
}

bool strs_has(const struct strs *l, struct str s)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_is(s, l->at[i]))
            return true;
    return false;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void strs_sort(struct strs *l)
{
    if (l->n > 1)
        qsort(l->at, l->n, sizeof *l->at, by_bytes);
}
