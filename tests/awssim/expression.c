#include "awssim/expression.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(struct expression *x, const char *what)
{
    if (!x->error[0])
        (void)snprintf(x->error, sizeof x->error, "%s, near: \"%.*s\"", what,
                       x->text.n < 60 ? (int)x->text.n : 60, x->text.n ? x->text.p : "");
    return false;
}

static void skip_blanks(struct expression *x)
{
    while (x->text.n && strchr(" \t\r\n", x->text.p[0]))
        x->text = str_skip(x->text, 1);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '#' || c == ':' || c == '-';
}

static struct str peek_word(struct expression *x)
{
    size_t n = 0;

    skip_blanks(x);
    while (n < x->text.n && is_word(x->text.p[n]))
        n++;
    return str_n(x->text.p, n);
}

static bool take(struct expression *x, const char *sign)
{
    skip_blanks(x);
    if (!str_starts(x->text, str_of(sign)))
        return false;
    x->text = str_skip(x->text, strlen(sign));
    return true;
}

static bool take_keyword(struct expression *x, const char *word)
{
    struct str w = peek_word(x);

    if (!str_is_nocase(w, word))
        return false;
    x->text = str_skip(x->text, w.n);
    return true;
}

/* A name as it stands, or what #name stands for; empty: not a name. */
static struct str take_name(struct expression *x)
{
    struct str w = peek_word(x);
    char *key;

    if (!w.n || w.p[0] == ':')
        return STR("");
    x->text = str_skip(x->text, w.n);
    if (w.p[0] != '#')
        return w;
    key = str_dup(w);
    struct str name = json_str_or_empty(json_get(x->names, key));
    xfree(key);
    if (!name.n)
        (void)fail(x, "an expression attribute name used in the document path is not defined");
    return name;
}

static const struct json *member(const struct json *object, struct str name)
{
    char *key = str_dup(name);
    const struct json *found = json_get(object, key);

    xfree(key);
    return found;
}

/* Walks name.name.name down from the item; NULL: missing there. */
static const struct json *take_path(struct expression *x, const struct json *item)
{
    struct str name = take_name(x);
    const struct json *at;

    if (!name.n) {
        (void)fail(x, "a name is missing");
        return NULL;
    }
    at = member(item, name);
    while (x->text.n && x->text.p[0] == '.') {
        x->text = str_skip(x->text, 1);
        name = take_name(x);
        at = member(json_get(at, "M"), name);
    }
    return at;
}

static const struct json *take_operand(struct expression *x, const struct json *item)
{
    struct str w = peek_word(x);
    const struct json *value;

    if (!w.n || w.p[0] != ':')
        return take_path(x, item);
    x->text = str_skip(x->text, w.n);
    value = member(x->values, w);
    if (!value)
        (void)fail(x, "an expression attribute value used in expression is not defined");
    return value;
}

/* < 0, 0, > 0, or 2: not comparable (missing, or of different types) */
static int compare(const struct json *a, const struct json *b)
{
    struct str s, t;
    const struct json *av = json_first(a), *bv = json_first(b);

    if (!av || !bv || strcmp(json_name(av), json_name(bv)) != 0)
        return 2;
    if (json_str(av, &s) && json_str(bv, &t)) {
        if (strcmp(json_name(av), "N") == 0) {
            char *x = str_dup(s), *y = str_dup(t);
            double p = strtod(x, NULL), q = strtod(y, NULL);
            xfree(x);
            xfree(y);
            return (p > q) - (p < q);
        }
        int c = str_cmp(s, t);
        return (c > 0) - (c < 0);
    }
    BUF_CLEANUP struct buf p = BUF_INIT(1 << 20);
    BUF_CLEANUP struct buf q = BUF_INIT(1 << 20);
    json_print(av, &p);
    json_print(bv, &q);
    return str_eq(buf_view(&p), buf_view(&q)) ? 0 : 2;
}

static bool read_or(struct expression *x, const struct json *item);

static bool read_call(struct expression *x, const struct json *item, bool *is_call)
{
    struct expression at = *x;
    const struct json *p;

    *is_call = true;
    if (take_keyword(&at, "attribute_exists") && take(&at, "(")) {
        p = take_path(&at, item);
        bool closed = take(&at, ")");
        *x = at;
        return closed ? p != NULL : fail(x, "')' is missing");
    }
    at = *x;
    if (take_keyword(&at, "attribute_not_exists") && take(&at, "(")) {
        p = take_path(&at, item);
        bool closed = take(&at, ")");
        *x = at;
        return closed ? p == NULL : fail(x, "')' is missing");
    }
    at = *x;
    if (take_keyword(&at, "begins_with") && take(&at, "(")) {
        p = take_path(&at, item);
        bool comma = take(&at, ",");
        const struct json *prefix = take_operand(&at, item);
        bool closed = take(&at, ")");
        *x = at;
        return comma && closed
                   ? str_starts(json_str_or_empty(json_first(p)), json_str_or_empty(json_first(prefix))) &&
                         p && prefix
                   : fail(x, "begins_with(path, value) is meant");
    }
    return *is_call = false;
}

static bool read_comparison(struct expression *x, const struct json *item)
{
    const struct json *left = take_operand(x, item), *right;
    static const char *const signs[] = {"<>", "<=", ">=", "=", "<", ">"};

    if (take_keyword(x, "BETWEEN")) {
        const struct json *low = take_operand(x, item);
        bool both = take_keyword(x, "AND");
        const struct json *high = take_operand(x, item);
        int a = compare(left, low), b = compare(left, high);
        return both ? a != 2 && b != 2 && a >= 0 && b <= 0 : fail(x, "BETWEEN … AND … is meant");
    }
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (!take(x, signs[i]))
            continue;
        right = take_operand(x, item);
        int c = compare(left, right);
        bool known = c != 2; /* a missing attribute is unequal to everything, and nothing else */
        const bool results[] = {c != 0, known && c <= 0, known && c >= 0,
                                c == 0, known && c < 0,  known && c > 0};
        return results[i];
    }
    return fail(x, "a comparison is missing");
}

static bool read_one(struct expression *x, const struct json *item)
{
    bool is_call;

    if (x->depth >= EXPRESSION_DEPTH_MAX)
        return fail(x, "too deep");
    if (take_keyword(x, "NOT")) {
        x->depth++;
        bool holds = !read_one(x, item);
        x->depth--;
        return holds;
    }
    if (take(x, "(")) {
        x->depth++;
        bool holds = read_or(x, item);
        x->depth--;
        return take(x, ")") ? holds : fail(x, "')' is missing");
    }
    bool holds = read_call(x, item, &is_call);
    return is_call ? holds : read_comparison(x, item);
}

static bool read_and(struct expression *x, const struct json *item)
{
    bool holds = read_one(x, item);

    while (!x->error[0] && take_keyword(x, "AND"))
        holds = read_one(x, item) && holds;
    return holds;
}

static bool read_or(struct expression *x, const struct json *item)
{
    bool holds = read_and(x, item);

    while (!x->error[0] && take_keyword(x, "OR"))
        holds = read_and(x, item) || holds;
    return holds;
}

bool expression_holds(struct expression *x, const struct json *item)
{
    bool holds = read_or(x, item);

    skip_blanks(x);
    if (x->text.n && !x->error[0])
        return fail(x, "syntax error");
    return holds && !x->error[0];
}

/* The copy with one top-level attribute set, or left out (value NULL). */
static struct json *with(struct json *item, struct str name, const struct json *value)
{
    struct json *out = json_object();
    char *key = str_dup(name);

    for (const struct json *m = json_first(item); m; m = json_next(m))
        if (strcmp(json_name(m), key) != 0)
            json_add(out, json_name(m), json_copy(m));
    if (value)
        json_add(out, key, json_copy(value));
    xfree(key);
    json_free(item);
    return out;
}

static struct json *apply_list(struct expression *x, struct json *item, const struct json *before, bool set)
{
    do {
        struct str name = take_name(x);
        const struct json *value = NULL;
        if (!name.n || (x->text.n && x->text.p[0] == '.')) {
            (void)fail(x, "an attribute's name is meant");
            return item;
        }
        if (set && !take(x, "=")) {
            (void)fail(x, "'=' is missing");
            return item;
        }
        if (set && !(value = take_operand(x, before))) {
            (void)fail(x, "the provided expression refers to an attribute that does not exist in the item");
            return item;
        }
        item = with(item, name, value);
    } while (take(x, ","));
    return item;
}

struct json *expression_apply(struct expression *x, const struct json *before)
{
    struct json *item = before ? json_copy(before) : json_object();
    bool set_seen = false, remove_seen = false;

    skip_blanks(x);
    while (x->text.n && !x->error[0]) {
        if (!set_seen && take_keyword(x, "SET"))
            item = apply_list(x, item, before, set_seen = true);
        else if (!remove_seen && take_keyword(x, "REMOVE")) {
            remove_seen = true;
            item = apply_list(x, item, before, false);
        } else
            (void)fail(x, "syntax error");
        skip_blanks(x);
    }
    if (!x->error[0])
        return item;
    json_free(item);
    return NULL;
}
