#include "codec/form.h"

#include <stdarg.h>
#include <stdio.h>

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void encode(struct str s, char also, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved(s.p[i]) || (also && s.p[i] == also))
            buf_addc(out, s.p[i]);
        else
            buf_add(out, str_n((const char[]){'%', digits[c >> 4], digits[c & 15]}, 3));
    }
}

void form_encode(struct str s, struct buf *out)
{
    encode(s, '\0', out);
}

void form_encode_path(struct str s, struct buf *out)
{
    encode(s, '/', out);
}

void form_add(struct buf *out, const char *name, struct str value)
{
    if (out->n)
        buf_addc(out, '&');
    form_encode(str_of(name), out);
    buf_addc(out, '=');
    form_encode(value, out);
}

void form_addf(struct buf *out, struct str value, const char *name_fmt, ...)
{
    char name[FORM_NAME_MAX];
    va_list ap;

    va_start(ap, name_fmt);
    int n = vsnprintf(name, sizeof name, name_fmt, ap);
    va_end(ap);
    BUG_IF(n < 0 || (size_t)n >= sizeof name);
    form_add(out, name, value);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool form_decode(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%') {
            buf_addc(out, s.p[i] == '+' ? ' ' : s.p[i]);
            continue;
        }
        bool whole = s.n - i > 2;
        int high = whole ? hex(s.p[i + 1]) : -1;
        int low = whole ? hex(s.p[i + 2]) : -1;
        if (high < 0 || low < 0)
            return false;
        buf_addc(out, (char)(high << 4 | low));
        i += 2;
    }
    return true;
}

bool form_next(struct form_walk *w, struct buf *name, struct buf *value, struct err *e)
{
    struct str pair = STR("");
    struct str left;
    struct str right;

    while (w->rest.n && !pair.n) /* && in a row, or at the end, is nothing */
        (void)str_cut(w->rest, '&', &pair, &w->rest);
    if (!pair.n)
        return false;
    (void)str_cut(pair, '=', &left, &right);
    buf_clear(name);
    buf_clear(value);
    if (!form_decode(left, name) || !form_decode(right, value))
        return err_set(e, ERR_INVALID, "form: a broken %%XX escape");
    return buf_ok(name, "form: name", e) && buf_ok(value, "form: value", e);
}
