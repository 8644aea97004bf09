#include "sim/redis_resp.h"

#include "base/mem.h"
#include "sim/redis_number.h"

#include <string.h>

static const struct str crlf = {"\r\n", 2};

/* ---- writing ---- */

static void head(struct buf *out, char kind, int64_t n)
{
    char text[32];
    char *p = text + sizeof text;
    uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;

    *--p = '\n';
    *--p = '\r';
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (n < 0)
        *--p = '-';
    *--p = kind;
    buf_add(out, str_n(p, (size_t)(text + sizeof text - p)));
}

void redis_resp_int(struct buf *out, int64_t n)
{
    head(out, ':', n);
}

void redis_resp_bulk(struct buf *out, struct str s)
{
    head(out, '$', (int64_t)s.n);
    buf_add(out, s);
    buf_add(out, crlf);
}

void redis_resp_score(struct buf *out, double score)
{
    char text[REDIS_NUMBER_MAX];

    redis_number_format(score, text);
    redis_resp_bulk(out, str_of(text));
}

void redis_resp_nil(struct buf *out)
{
    head(out, '$', -1);
}

/* A line ends where it ends: what would end it earlier becomes a blank. */
static void line(struct buf *out, char kind, struct str text)
{
    buf_addc(out, kind);
    for (size_t i = 0; i < text.n; i++)
        buf_addc(out, text.p[i] == '\r' || text.p[i] == '\n' ? ' ' : text.p[i]);
    buf_add(out, crlf);
}

void redis_resp_status(struct buf *out, const char *word)
{
    line(out, '+', str_of(word));
}

void redis_resp_list(struct buf *out, size_t n)
{
    head(out, '*', (int64_t)n);
}

void redis_resp_error(struct buf *out, struct str text)
{
    while (text.n && (text.p[text.n - 1] == '\r' || text.p[text.n - 1] == '\n'))
        text.n--;
    line(out, '-', text);
}

/* ---- reading ---- */

static bool take_line(struct str *wire, struct str *out)
{
    const char *end = wire->n ? memchr(wire->p, '\n', wire->n) : NULL;

    if (!end)
        return false;
    *out = str_n(wire->p, (size_t)(end - wire->p));
    *wire = str_skip(*wire, out->n + 1);
    BUG_IF(out->n < 2 || out->p[out->n - 1] != '\r');
    out->n--;
    return true;
}

bool redis_resp_next(struct str *wire, struct redis_resp_part *out)
{
    struct str rest = *wire;
    struct str text = {0};

    if (!take_line(&rest, &text))
        return false;
    char kind = text.p[0];
    *out = (struct redis_resp_part){.s = str_skip(text, 1)};
    if (kind == '+' || kind == '-') {
        out->type = kind == '+' ? REDIS_STATUS : REDIS_ERROR;
    } else {
        BUG_IF(!strchr(":$*", kind) || !str_to_i64(out->s, &out->i));
        if (kind == ':') {
            out->type = REDIS_INT;
        } else if (out->i < 0) {
            out->type = REDIS_NIL;
        } else if (kind == '*') {
            out->type = REDIS_LIST;
            out->n = (size_t)out->i;
        } else {
            size_t n = (size_t)out->i;
            if (rest.n < n + crlf.n)
                return false;
            out->type = REDIS_STR;
            out->s = str_n(rest.p, n);
            rest = str_skip(rest, n + crlf.n);
        }
    }
    *wire = rest;
    return true;
}

size_t redis_resp_length(struct str wire)
{
    struct str rest = wire;
    struct redis_resp_part part;

    for (size_t open = 1; open > 0; open--) {
        if (!redis_resp_next(&rest, &part))
            return 0;
        open += part.type == REDIS_LIST ? part.n : 0;
    }
    return wire.n - rest.n;
}

/* ---- values ---- */

static size_t room(struct redis_resp_tree *t, size_t n)
{
    size_t at = t->n;

    t->n += n;
    if (t->n > t->cap) {
        t->cap = t->n * 2;
        t->values = xrealloc(t->values, t->cap * sizeof *t->values);
    }
    return at;
}

/* The parts of a list lie side by side; until all are read a list knows its first by number. */
static void read_into(struct redis_resp_tree *t, size_t at, struct str *wire, int depth)
{
    struct redis_resp_part part;

    BUG_IF(depth > REDIS_RESP_DEPTH_MAX);
    BUG_IF(!redis_resp_next(wire, &part));
    size_t first = part.type == REDIS_LIST ? room(t, part.n) : 0;
    t->values[at] =
        (struct redis_value){.type = part.type, .i = part.type == REDIS_LIST ? (int64_t)first : 0};
    if (part.type == REDIS_INT)
        t->values[at].i = part.i;
    else if (part.type == REDIS_LIST)
        t->values[at].n = part.n;
    else if (part.type != REDIS_NIL)
        t->values[at].s = part.s;
    for (size_t i = 0; i < part.n; i++)
        read_into(t, first + i, wire, depth + 1);
}

void redis_resp_tree_read(struct redis_resp_tree *t, struct str wire)
{
    t->n = 0;
    read_into(t, room(t, 1), &wire, 0);
    for (size_t i = 0; i < t->n; i++) {
        if (t->values[i].type != REDIS_LIST)
            continue;
        t->values[i].at = t->values + t->values[i].i;
        t->values[i].i = 0;
    }
}

void redis_resp_tree_release(struct redis_resp_tree *t)
{
    xfree(t->values);
    *t = (struct redis_resp_tree){0};
}

/* ---- commands ---- */

bool redis_resp_command(struct str *wire, struct str **words, size_t *n)
{
    size_t length = redis_resp_length(*wire);
    struct redis_resp_part part;

    if (length == 0)
        return false;
    BUG_IF(!redis_resp_next(wire, &part) || part.type != REDIS_LIST);
    *n = part.n;
    *words = xcalloc(part.n + 1, sizeof **words);
    for (size_t i = 0; i < *n; i++) {
        BUG_IF(!redis_resp_next(wire, &part) || part.type != REDIS_STR);
        (*words)[i] = part.s;
    }
    return true;
}
