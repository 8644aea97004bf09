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
    return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
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
    return n ? str_n(s.p + n, s.n - n) : s; /* NULL + 0 is not defined */
}

bool str_find(struct str s, struct str what, size_t *at)
{
    for (size_t i = 0; i + what.n <= s.n; i++) {
        if (str_starts(str_skip(s, i), what)) {
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

size_t str_utf8(struct str s)
{
    /* By the first byte: how many follow, and the range of the first of them (RFC 3629, section 4). */
    static const struct {
        unsigned char from, to, low, high, n;
    } rows[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const unsigned char *p = (const unsigned char *)s.p;

    if (s.n && p[0] < 0x80)
        return 1;
    for (size_t i = 0; s.n && i < sizeof rows / sizeof *rows; i++) {
        if (p[0] < rows[i].from || p[0] > rows[i].to)
            continue;
        if (s.n < rows[i].n || p[1] < rows[i].low || p[1] > rows[i].high)
            return 0;
        for (size_t j = 2; j < rows[i].n; j++)
            if ((p[j] & 0xc0) != 0x80)
                return 0;
        return rows[i].n;
    }
    return 0;
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

void buf_add_utf8(struct buf *b, struct str s)
{
    size_t good = 0; /* bytes at the beginning of s that can go as they are, in one piece */

    while (good < s.n) {
        size_t n = s.p[good] ? str_utf8(str_skip(s, good)) : 0;
        good += n;
        if (n)
            continue;
        buf_add(b, str_n(s.p, good));
        buf_add(b, STR_REPLACEMENT);
        s = str_skip(s, good + 1);
        good = 0;
    }
    buf_add(b, s);
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
