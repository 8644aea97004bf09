#include "cli/yaml.h"

#include <inttypes.h>

enum { STEP = 2 };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_plain_char(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* Words that YAML 1.1 takes for something else than a string. */
static bool is_reserved(struct str s)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", NULL};

    for (size_t i = 0; words[i]; i++)
        if (str_is_nocase(s, words[i]))
            return true;
    return false;
}

static void text(struct str s, struct buf *out)
{
    bool plain = s.n && is_letter(s.p[0]) && !is_reserved(s);

    for (size_t i = 0; i < s.n && plain; i++)
        plain = is_plain_char(s.p[i]);
    if (plain)
        buf_add(out, s);
    else
        json_quote(s, out);
}

static bool is_block(const struct json *j)
{
    return (json_type(j) == JSON_OBJECT || json_type(j) == JSON_ARRAY) && json_count(j);
}

static void scalar(const struct json *j, struct buf *out)
{
    int64_t i = 0;
    struct str s;

    if (json_str(j, &s))
        text(s, out);
    else if (json_int(j, &i))
        buf_addf(out, "%" PRId64, i);
    else
        json_print(j, out); /* true, false, null, {} and [] are written as in JSON */
    buf_adds(out, "\n");
}

/* The first line of a block stands where the buffer ends, the others are indented. */
static void block(const struct json *j, int indent, struct buf *out)
{
    bool object = json_type(j) == JSON_OBJECT;

    for (const struct json *m = json_first(j); m; m = json_next(m)) {
        if (m != json_first(j))
            buf_addf(out, "%*s", indent, "");
        if (object) {
            text(str_of(json_name(m)), out);
            buf_adds(out, ":");
        } else {
            buf_adds(out, "-");
        }
        if (object && is_block(m))
            buf_addf(out, "\n%*s", indent + STEP, "");
        else
            buf_adds(out, " ");
        if (is_block(m))
            block(m, indent + STEP, out);
        else
            scalar(m, out);
    }
}

void yaml_print(const struct json *j, struct buf *out)
{
    if (is_block(j))
        block(j, 0, out);
    else
        scalar(j, out);
}
