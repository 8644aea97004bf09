#include "codec/json_check.h"

#include "codec/json.h"

#include <string.h>

/*
 * cJSON copies a number into a buffer of 64 bytes and reads what fits: longer ones would be taken for
 * something else.
 */
enum { NUMBER_MAX = 63 };

struct scan {
    struct str text;
    size_t at;
    int depth;
    struct err *e;
};

static bool value(struct scan *s);

static bool refuse(struct scan *s, const char *why)
{
    return err_set(s->e, ERR_INVALID, "not JSON: byte %zu: %s", s->at, why);
}

/* The byte that is next, or 0 at the end: a NUL in the text is refused wherever it stands. */
static char peek(const struct scan *s)
{
    return s->at < s->text.n ? s->text.p[s->at] : '\0';
}

static void skip_space(struct scan *s)
{
    char c = peek(s);

    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        s->at++;
        c = peek(s);
    }
}

static bool accept(struct scan *s, char c)
{
    if (peek(s) != c)
        return false;
    s->at++;
    return true;
}

static bool word(struct scan *s, struct str w)
{
    if (!str_starts(str_skip(s->text, s->at), w))
        return refuse(s, "expected a value");
    s->at += w.n;
    return true;
}

static bool digits(struct scan *s)
{
    size_t from = s->at;

    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return s->at > from;
}

static bool number(struct scan *s)
{
    size_t from = s->at;

    (void)accept(s, '-');
    if (!accept(s, '0') && !digits(s))
        return refuse(s, "expected a digit");
    if (peek(s) >= '0' && peek(s) <= '9')
        return refuse(s, "a number with a leading zero");
    if (accept(s, '.') && !digits(s))
        return refuse(s, "expected a digit");
    if (accept(s, 'e') || accept(s, 'E')) {
        if (!accept(s, '+'))
            (void)accept(s, '-');
        if (!digits(s))
            return refuse(s, "expected a digit");
    }
    return s->at - from <= NUMBER_MAX || refuse(s, "a number of too many digits");
}

static bool hex4(struct scan *s, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        char c = peek(s);
        if (c >= '0' && c <= '9')
            *out = *out * 16 + (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *out = *out * 16 + (unsigned)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            *out = *out * 16 + (unsigned)(c - 'A' + 10);
        else
            return refuse(s, "expected four hexadecimal digits");
    }
    return true;
}

/* Behind the backslash. */
static bool escape(struct scan *s)
{
    unsigned unit = 0;
    unsigned low = 0;
    char c = peek(s);

    if (c && strchr("\"\\/bfnrt", c)) {
        s->at++;
        return true;
    }
    if (!accept(s, 'u'))
        return refuse(s, "unknown escape");
    if (!hex4(s, &unit))
        return false;
    if (unit == 0)
        return refuse(s, "\\u0000 in a string");
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    if (unit > 0xdbff || !accept(s, '\\') || !accept(s, 'u'))
        return refuse(s, "half of a surrogate pair");
    if (!hex4(s, &low))
        return false;
    return (low >= 0xdc00 && low <= 0xdfff) || refuse(s, "half of a surrogate pair");
}

/* What most of a string is: printable ASCII that means itself. */
static void skip_plain(struct scan *s)
{
    const char *p = s->text.p;
    size_t at = s->at;

    while (at < s->text.n && p[at] >= 0x20 && p[at] != '"' && p[at] != '\\')
        at++;
    s->at = at;
}

static bool string(struct scan *s)
{
    if (!accept(s, '"'))
        return refuse(s, "expected a string");
    while (skip_plain(s), s->at < s->text.n) {
        if (accept(s, '"'))
            return true;
        if (accept(s, '\\')) {
            if (!escape(s))
                return false;
            continue;
        }
        if ((unsigned char)peek(s) < 0x20)
            return refuse(s, "a control character in a string");
        size_t n = str_utf8(str_skip(s->text, s->at));
        if (!n)
            return refuse(s, "invalid UTF-8");
        s->at += n;
    }
    return refuse(s, "a string without its end");
}

static bool member(struct scan *s)
{
    if (!string(s))
        return false;
    skip_space(s);
    if (!accept(s, ':'))
        return refuse(s, "expected ':'");
    return value(s);
}

/* One item at least, and the end. */
static bool items(struct scan *s, char end, bool (*item)(struct scan *))
{
    do {
        skip_space(s);
        if (!item(s))
            return false;
    } while (accept(s, ','));
    return accept(s, end) || refuse(s, end == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
}

static bool container(struct scan *s, char end, bool (*item)(struct scan *))
{
    if (++s->depth > JSON_DEPTH_MAX)
        return refuse(s, "nested too deep");
    s->at++;
    skip_space(s);
    if (!accept(s, end) && !items(s, end, item))
        return false;
    s->depth--;
    return true;
}

static bool bare(struct scan *s)
{
    switch (peek(s)) {
    case '{':
        return container(s, '}', member);
    case '[':
        return container(s, ']', value);
    case '"':
        return string(s);
    case 't':
        return word(s, STR("true"));
    case 'f':
        return word(s, STR("false"));
    case 'n':
        return word(s, STR("null"));
    case '-':
        return number(s);
    default:
        return (peek(s) >= '0' && peek(s) <= '9') ? number(s) : refuse(s, "expected a value");
    }
}

static bool value(struct scan *s)
{
    skip_space(s);
    if (!bare(s))
        return false;
    skip_space(s);
    return true;
}

bool json_check(struct str text, struct err *e)
{
    struct scan s = {.text = text, .e = e};

    return value(&s) && (s.at == text.n || refuse(&s, "something after the value"));
}
