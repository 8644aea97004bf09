#include "conf/options_table.h"

#include "base/crypto.h"
#include "base/mem.h"

#include <string.h>

/* One option's value: from text, to text, and away. */

static void *field(struct options *o, const struct option *row)
{
    return (char *)o + row->offset;
}

static const void *field_const(const struct options *o, const struct option *row)
{
    return (const char *)o + row->offset;
}

const struct option *option_find(struct str name)
{
    for (const struct option *row = option_table; row->name; row++)
        if (str_is(name, row->name))
            return row;
    return NULL;
}

const char *option_nearest(struct str name)
{
    const char *best = NULL;
    size_t least = name.n / 4 + 2; /* farther than that it is another word */

    for (const struct option *row = option_table; row->name; row++) {
        size_t far = str_distance(name, str_of(row->name));
        if (far < least) {
            least = far;
            best = row->name;
        }
    }
    return best;
}

void option_variable(struct str name, char out[OPTION_VARIABLE_MAX])
{
    static const char first[] = "EC2SCHED_";
    size_t n = sizeof first - 1;

    memcpy(out, first, n);
    for (size_t i = 0; i < name.n && n < OPTION_VARIABLE_MAX - 1; i++) {
        char c = name.p[i];
        out[n++] = c == '.' ? '_' : c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    out[n] = '\0';
}

/* ---- durations ---- */

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
enum { UNITS = sizeof units / sizeof *units };

/* The digits at the beginning of s as a number, and how many they are; more than `most` are too many. */
static bool take_digits(struct str *s, size_t most, int64_t *value, size_t *count)
{
    size_t n = 0;

    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    *count = n;
    if (n == 0 || n > most || !str_to_i64(str_n(s->p, n), value))
        return false;
    *s = str_skip(*s, n);
    return true;
}

bool options_duration(struct str text, int64_t *ms)
{
    enum { WHOLE_DIGITS = 10, FRACTION_DIGITS = 9 }; /* 10^10 days in ms still fit an int64_t */
    int64_t whole = 0;
    int64_t fraction = 0;
    int64_t scale = 1;
    int64_t unit = 0;
    size_t digits = 0;

    if (!take_digits(&text, WHOLE_DIGITS, &whole, &digits))
        return false;
    if (str_starts(text, STR("."))) {
        text = str_skip(text, 1);
        if (!take_digits(&text, FRACTION_DIGITS, &fraction, &digits))
            return false;
        while (digits--)
            scale *= 10;
    }
    for (size_t i = 0; i < UNITS; i++)
        if (str_is(text.n ? text : STR("s"), units[i].name))
            unit = units[i].ms;
    if (!unit || fraction * unit % scale) /* part of a millisecond */
        return false;
    *ms = whole * unit + fraction * unit / scale;
    return true;
}

void option_show_duration(int64_t ms, struct buf *out)
{
    size_t i = 0;

    while (i < UNITS - 1 && (ms == 0 ? units[i].ms != 1000 : ms % units[i].ms != 0))
        i++;
    buf_addf(out, "%lld%s", (long long)(ms / units[i].ms), units[i].name);
}

/* ---- secrets ---- */

bool option_secret(struct str text, const struct process *process, char **out, struct err *e)
{
    if (!str_starts(text, STR("@/"))) {
        *out = str_dup(text);
        return true;
    }
    CLEANUP(xfreep) char *path = str_dup(str_skip(text, 1));
    BUF_CLEANUP struct buf content = BUF_INIT(OPTION_SECRET_MAX);
    if (!process->ops->read_file(process->port, path, &content, e)) {
        e->kind = ERR_CONFIG;
        return err_wrap(e, "cannot read the secret");
    }
    struct str s = buf_view(&content);
    if (str_ends(s, STR("\n")))
        s.n--;
    if (str_ends(s, STR("\r")))
        s.n--;
    bool ok = s.n > 0 && !str_has_control(s);
    if (ok)
        *out = str_dup(s);
    crypto_wipe(content.p, content.n);
    return ok || err_set(e, ERR_CONFIG, "the file %s must hold the secret alone, in one line", path);
}

void option_wipe(char **secret)
{
    if (*secret)
        crypto_wipe(*secret, strlen(*secret));
    xfreep(secret);
}

/* ---- from text ---- */

/* What was given may hold a password where none belongs: an URL with one, or a secret in the wrong place. */
static bool may_be_shown(const struct option *row, struct str text)
{
    return row->kind != OPTION_SECRET && row->kind != OPTION_URL && text.n <= 60 && !str_has_control(text);
}

static bool refuse(const struct option *row, struct str text, struct err *e, const char *must)
{
    if (may_be_shown(row, text))
        return err_set(e, ERR_CONFIG, "must %s, not '" STR_FMT "'", must, STR_ARG(text));
    return err_set(e, ERR_CONFIG, "must %s", must);
}

static bool refuse_range(const struct option *row, struct str text, struct err *e)
{
    BUF_CLEANUP struct buf must = BUF_INIT(200);

    if (row->kind == OPTION_INT) {
        buf_addf(&must, "be a whole number from %lld to %lld", (long long)row->min, (long long)row->max);
    } else {
        buf_adds(&must, "be a time from ");
        option_show_duration(row->min, &must);
        buf_adds(&must, " to ");
        option_show_duration(row->max, &must);
        buf_adds(&must, " (units: ms, s, m, h, d; none: seconds)");
    }
    return refuse(row, text, e, buf_cstr(&must));
}

static bool set_str(const struct option *row, struct str text, char **out, struct err *e)
{
    if (row->check && !row->check(text))
        return refuse(row, text, e, row->must);
    xfree(*out);
    *out = str_dup(text);
    return true;
}

static bool set_number(const struct option *row, struct str text, int64_t *out, struct err *e)
{
    int64_t v = 0;
    bool ok = row->kind == OPTION_INT ? str_to_i64(text, &v) : options_duration(text, &v);

    if (!ok || v < row->min || v > row->max)
        return refuse_range(row, text, e);
    *out = v;
    return true;
}

static bool set_bool(const struct option *row, struct str text, bool *out, struct err *e)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_is_nocase(text, words[i])) {
            *out = i % 2;
            return true;
        }
    }
    return refuse(row, text, e, "be true or false");
}

static bool set_enum(const struct option *row, struct str text, int *out, struct err *e)
{
    BUF_CLEANUP struct buf must = BUF_INIT(200);

    buf_adds(&must, "be one of");
    for (int i = 0; row->words[i]; i++) {
        if (str_is(text, row->words[i])) {
            *out = i;
            return true;
        }
        buf_addf(&must, "%s %s", i ? "," : "", row->words[i]);
    }
    return refuse(row, text, e, buf_cstr(&must));
}

static bool set_secret(struct str text, const struct process *process, char **out, struct err *e)
{
    char *secret = NULL;

    if (!option_secret(text, process, &secret, e))
        return false;
    option_wipe(out);
    *out = secret;
    return true;
}

bool option_set(struct options *o, const struct option *row, struct str text, const struct process *process,
                struct err *e)
{
    void *out = field(o, row);

    if (str_has_control(text))
        return err_set(e, ERR_CONFIG, "must not hold control characters");
    switch (row->kind) {
    case OPTION_STR:
    case OPTION_URL:
        return set_str(row, text, out, e);
    case OPTION_SECRET:
        return set_secret(text, process, out, e);
    case OPTION_INT:
    case OPTION_DURATION:
        return set_number(row, text, out, e);
    case OPTION_BOOL:
        return set_bool(row, text, out, e);
    case OPTION_ENUM:
        return set_enum(row, text, out, e);
    }
    err_bug(__FILE__, __LINE__, "no such kind of option");
}

/* ---- to text ---- */

static void show_url(struct str url, struct buf *out)
{
    size_t start = 0;
    size_t user = 0;

    if (str_find(url, STR("://"), &start))
        start += 3;
    for (size_t i = start; i < url.n; i++) /* the last @: a password may hold one, and a slash too */
        if (url.p[i] == '@')
            user = i;
    buf_add(out, str_n(url.p, start));
    if (user)
        buf_adds(out, "***");
    buf_add(out, str_skip(url, user ? user : start));
}

void option_show(const struct options *o, const struct option *row, struct buf *out)
{
    const void *in = field_const(o, row);

    switch (row->kind) {
    case OPTION_STR:
        buf_add(out, str_of(*(char *const *)in));
        break;
    case OPTION_URL:
        show_url(str_of(*(char *const *)in), out);
        break;
    case OPTION_SECRET:
        buf_adds(out, *(char *const *)in ? "***" : "");
        break;
    case OPTION_INT:
        buf_addf(out, "%lld", (long long)*(const int64_t *)in);
        break;
    case OPTION_DURATION:
        option_show_duration(*(const int64_t *)in, out);
        break;
    case OPTION_BOOL:
        buf_adds(out, *(const bool *)in ? "true" : "false");
        break;
    case OPTION_ENUM:
        buf_adds(out, row->words[*(const int *)in]);
        break;
    }
}

void option_release(struct options *o, const struct option *row)
{
    void *f = field(o, row);

    switch (row->kind) {
    case OPTION_STR:
        xfreep(f);
        break;
    case OPTION_URL: /* may hold a password */
    case OPTION_SECRET:
        option_wipe(f);
        break;
    case OPTION_INT:
    case OPTION_DURATION:
        *(int64_t *)f = 0;
        break;
    case OPTION_BOOL:
        *(bool *)f = false;
        break;
    case OPTION_ENUM:
        *(int *)f = 0;
        break;
    }
}
