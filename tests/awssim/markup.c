#include "awssim/markup.h"

#include "base/moment.h"
#include "codec/xml.h"

#include <inttypes.h>

void markup_open(struct buf *out, const char *name)
{
    buf_addc(out, '<');
    buf_adds(out, name);
    buf_addc(out, '>');
}

void markup_close(struct buf *out, const char *name)
{
    buf_adds(out, "</");
    buf_adds(out, name);
    buf_addc(out, '>');
}

/* Ids, names and times: nothing to escape, so that a page of a thousand instances is copied and not looked at
 * byte by byte. */
static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~' || s.p[i] == '<' || s.p[i] == '>' || s.p[i] == '&' ||
            s.p[i] == '"' || s.p[i] == '\'')
            return false;
    return true;
}

void markup_str(struct buf *out, const char *name, struct str value)
{
    markup_open(out, name);
    if (is_plain(value))
        buf_add(out, value);
    else
        xml_escape(value, out);
    markup_close(out, name);
}

void markup_text(struct buf *out, const char *name, const char *value)
{
    if (value)
        markup_str(out, name, str_of(value));
}

void markup_int(struct buf *out, const char *name, int64_t value)
{
    markup_open(out, name);
    buf_addf(out, "%" PRId64, value);
    markup_close(out, name);
}

void markup_bool(struct buf *out, const char *name, bool value)
{
    markup_text(out, name, value ? "true" : "false");
}

void markup_moment(struct buf *out, const char *name, int64_t wall_ms)
{
    char text[MOMENT_MAX];

    moment_rfc3339(wall_ms, text);
    markup_text(out, name, text);
}
