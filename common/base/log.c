#include "base/log.h"

#include "base/moment.h"

struct log_field fs(const char *name, const char *value)
{
    return (struct log_field){.name = name, .kind = LOG_STR, .s = str_of(value)};
}

struct log_field fv(const char *name, struct str value)
{
    return (struct log_field){.name = name, .kind = LOG_STR, .s = value};
}

struct log_field fi(const char *name, int64_t value)
{
    return (struct log_field){.name = name, .kind = LOG_INT, .i = value};
}

struct log_field fb(const char *name, bool value)
{
    return (struct log_field){.name = name, .kind = LOG_BOOL, .i = value};
}

struct log_field fe(const struct err *e)
{
    return fs("error", e->msg);
}

static void add_quoted(struct buf *b, struct str s)
{
    buf_addc(b, '"');
    while (s.n) {
        size_t n = str_utf8(s);
        char c = s.p[0];
        if (n == 0)
            buf_add(b, STR_REPLACEMENT); /* one foreign byte must not make the line unreadable */
        else if (c == '"' || c == '\\')
            buf_addf(b, "\\%c", c);
        else if (n == 1 && (c < 0x20 || c == 0x7f))
            buf_addf(b, "\\u%04x", (unsigned)c);
        else
            buf_add(b, str_n(s.p, n));
        s = str_skip(s, n ? n : 1);
    }
    buf_addc(b, '"');
}

static bool is_plain(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i += n) {
        n = str_utf8(str_skip(s, i));
        if (n == 0 || (unsigned char)s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == '=' || s.p[i] == '\\' ||
            s.p[i] == 0x7f)
            return false;
    }
    return s.n > 0;
}

static void add_field(const struct log *l, struct buf *b, const struct log_field *f)
{
    if (l->format == LOG_JSON)
        buf_addf(b, "%s\"%s\":", b->n > 1 ? "," : "", f->name);
    else
        buf_addf(b, "%s%s=", b->n ? " " : "", f->name);
    if (f->kind == LOG_INT)
        buf_addf(b, "%lld", (long long)f->i);
    else if (f->kind == LOG_BOOL)
        buf_adds(b, f->i ? "true" : "false");
    else if (l->format == LOG_LOGFMT && is_plain(f->s))
        buf_add(b, f->s);
    else
        add_quoted(b, f->s);
}

void log_write(const struct log *l, enum log_level level, const char *event, const struct log_field *fields)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char ts[MOMENT_MAX];

    if (!l || level < l->level)
        return;
    BUF_CLEANUP struct buf b = BUF_INIT(LOG_LINE_MAX);
    moment_rfc3339(l->wall_ms(l->self), ts);
    if (l->format == LOG_JSON)
        buf_addc(&b, '{');
    add_field(l, &b, &(struct log_field){.name = "ts", .s = str_of(ts)});
    add_field(l, &b, &(struct log_field){.name = "level", .s = str_of(names[level])});
    add_field(l, &b, &(struct log_field){.name = "event", .s = str_of(event)});
    for (const struct log_field *f = fields; f->name; f++) {
        size_t was = b.n;
        add_field(l, &b, f);
        if (b.over || b.n > LOG_LINE_MAX - 32) { /* room for what must follow */
            b.over = false;
            b.n = was;
            add_field(l, &b, &(struct log_field){.name = "cut", .kind = LOG_BOOL, .i = 1});
            break;
        }
    }
    buf_adds(&b, l->format == LOG_JSON ? "}\n" : "\n");
    l->write(l->self, buf_view(&b));
}
