#include "codec/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Printed by us rather than by cJSON: into the caller's bound, integers digit by digit (cJSON writes 1e+15).
 */

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

static void add_special(char c, struct buf *out)
{
    if (c == '"' || c == '\\')
        buf_addf(out, "\\%c", c);
    else if (c == '\n')
        buf_adds(out, "\\n");
    else if (c == '\t')
        buf_adds(out, "\\t");
    else if (c > 0)
        buf_addf(out, "\\u%04x", (unsigned)c);
    else
        buf_add(out, STR_REPLACEMENT); /* NUL, or not UTF-8 */
}

void json_quote(struct str s, struct buf *out)
{
    size_t plain = 0; /* bytes at the beginning of s that can go as they are, in one piece */

    buf_addc(out, '"');
    while (plain < s.n) {
        size_t n = is_plain((unsigned char)s.p[plain]) ? str_utf8(str_skip(s, plain)) : 0;
        plain += n;
        if (n)
            continue;
        buf_add(out, str_n(s.p, plain));
        add_special(s.p[plain], out);
        s = str_skip(s, plain + 1);
        plain = 0;
    }
    buf_add(out, s);
    buf_addc(out, '"');
}

static void print_number(const struct json *j, struct buf *out)
{
    char text[40];
    double d = 0;
    int64_t i = 0;

    if (json_int(j, &i)) {
        buf_addf(out, "%" PRId64, i);
        return;
    }
    (void)json_number(j, &d);
    (void)snprintf(text, sizeof text, "%.15g", d);
    if (strtod(text, NULL) < d || strtod(text, NULL) > d)
        (void)snprintf(text, sizeof text, "%.17g", d);
    buf_adds(out, text);
}

static void line(struct buf *out, int level)
{
    if (level < 0)
        return; /* compact */
    buf_addc(out, '\n');
    for (int i = 0; i < level; i++)
        buf_adds(out, "  ");
}

static void print(const struct json *j, int level, struct buf *out);

static void print_container(const struct json *j, int level, struct buf *out)
{
    bool object = json_type(j) == JSON_OBJECT;
    int inner = level < 0 ? level : level + 1;
    const struct json *first = json_first(j);

    buf_addc(out, object ? '{' : '[');
    for (const struct json *m = first; m; m = json_next(m)) {
        if (m != first)
            buf_addc(out, ',');
        line(out, inner);
        if (object) {
            json_quote(str_of(json_name(m)), out);
            buf_adds(out, level < 0 ? ":" : ": ");
        }
        print(m, inner, out);
    }
    if (first)
        line(out, level);
    buf_addc(out, object ? '}' : ']');
}

/*
 * level < 0: compact. As deep as the value: parsed ones have their bound, built ones are as deep as our own
 * code makes them.
 */
static void print(const struct json *j, int level, struct buf *out)
{
    bool yes = false;

    switch (json_type(j)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        print_container(j, level, out);
        break;
    case JSON_STRING:
        json_quote(json_str_or_empty(j), out);
        break;
    case JSON_NUMBER:
        print_number(j, out);
        break;
    case JSON_TRUE_FALSE:
        (void)json_bool(j, &yes);
        buf_adds(out, yes ? "true" : "false");
        break;
    case JSON_NULL:
    case JSON_NONE:
        buf_adds(out, "null");
        break;
    }
}

void json_print(const struct json *j, struct buf *out)
{
    print(j, -1, out);
}

void json_print_pretty(const struct json *j, struct buf *out)
{
    print(j, 0, out);
}
