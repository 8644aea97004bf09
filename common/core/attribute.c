#include "core/attribute.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_MAX = 64 * 1024, NAME_MAX_BYTES = 128, VALUE_SHOWN = 60, NEAR_ENOUGH = 4 };

/* A value as text, for scalars of any type. */
static bool scalar(const struct json *j, struct buf *out)
{
    struct str s;
    int64_t n = 0;
    bool b = false;

    buf_clear(out);
    if (json_str(j, &s))
        buf_add(out, s);
    else if (json_int(j, &n))
        buf_addf(out, "%lld", (long long)n);
    else if (json_bool(j, &b))
        buf_adds(out, b ? "true" : "false");
    else
        return false;
    return !out->over;
}

static bool say(const struct attribute_reader *r, enum severity severity, enum cause cause, const char *name,
                const char *what)
{
    char full[NAME_MAX_BYTES];

    (void)snprintf(full, sizeof full, "%s%s", r->prefix, name);
    findings_add(r->findings, severity, cause, r->row, full, "%s", what);
    return severity != SEVERITY_ERROR;
}

static bool wrong(const struct attribute_reader *r, const char *name, const char *value, const char *remedy)
{
    char text[FINDING_TEXT_MAX];

    (void)snprintf(text, sizeof text, "'%.*s' %s", VALUE_SHOWN, value, remedy);
    return say(r, SEVERITY_ERROR, CAUSE_INVALID, name, text);
}

/* A value that no text stands for, shown as it is written in JSON. */
static bool wrong_type(const struct attribute_reader *r, const char *name, const struct json *value,
                       const char *remedy)
{
    BUF_CLEANUP struct buf text = BUF_INIT(VALUE_MAX);

    if (!scalar(value, &text))
        json_print(value, &text);
    return wrong(r, name, text.over ? "…" : buf_cstr(&text), remedy);
}

static bool set_flag(const struct attribute_reader *r, const struct attribute *a, const char *value,
                     bool *out)
{
    struct str s = str_trim(str_of(value));

    if (str_is_nocase(s, "true") || str_is(s, "1"))
        *out = true;
    else if (str_is_nocase(s, "false") || str_is(s, "0") || s.n == 0)
        *out = false;
    else
        return wrong(r, a->name, value, "is neither true (1) nor false (0): write one of them");
    return true;
}

static bool set_number(const struct attribute_reader *r, const struct attribute *a, const char *value,
                       int64_t *out)
{
    char remedy[160];
    int64_t n = 0;

    if (str_to_i64(str_trim(str_of(value)), &n) && n >= a->min && n <= a->max) {
        *out = n;
        return true;
    }
    (void)snprintf(remedy, sizeof remedy, "is not a whole number from %lld to %lld", (long long)a->min,
                   (long long)a->max);
    return wrong(r, a->name, value, remedy);
}

static bool set_word(const struct attribute_reader *r, const struct attribute *a, const char *value, int *out)
{
    BUF_CLEANUP struct buf remedy = BUF_INIT(300);

    for (int i = 0; a->reserved && a->reserved[i]; i++) {
        if (!str_is_nocase(str_trim(str_of(value)), a->reserved[i]))
            continue;
        buf_addf(&remedy, "'%s' is reserved and not supported by this version: leave the tier out, or write",
                 a->reserved[i]);
        for (int k = 0; a->words[k]; k++)
            if (a->words[k][0])
                buf_addf(&remedy, " %s", a->words[k]);
        return say(r, SEVERITY_ERROR, CAUSE_NOT_SUPPORTED, a->name, buf_cstr(&remedy));
    }
    buf_adds(&remedy, "is not one of");
    for (int i = 0; a->words[i]; i++) {
        if (a->words[i][0] && str_is_nocase(str_trim(str_of(value)), a->words[i])) {
            *out = i;
            return true;
        }
        if (a->words[i][0])
            buf_addf(&remedy, " %s", a->words[i]);
    }
    return wrong(r, a->name, value, buf_cstr(&remedy));
}

static bool set_text(const struct attribute_reader *r, const struct attribute *a, const char *value,
                     char **out)
{
    if (str_has_control(str_of(value)))
        return wrong(r, a->name, value, "holds a control character: take it out");
    *out = value[0] ? xstrdup(value) : NULL;
    return true;
}

static bool set_texts(const struct attribute_reader *r, const struct attribute *a, const struct json *j,
                      struct strs *out)
{
    BUF_CLEANUP struct buf text = BUF_INIT(4096);
    bool list = json_type(j) == JSON_ARRAY;

    for (const struct json *m = list ? json_first(j) : j; m; m = list ? json_next(m) : NULL) {
        if (!scalar(m, &text) || str_has_control(buf_view(&text)))
            return wrong_type(r, a->name, j, "must be a string or a list of strings");
        if (text.n)
            strs_add(out, buf_view(&text));
    }
    return true;
}

static bool set_section(const struct attribute_reader *r, const struct attribute *a, const struct json *j,
                        void *out)
{
    char prefix[NAME_MAX_BYTES];
    struct attribute_reader inner = *r;

    if (json_type(j) != JSON_OBJECT)
        return wrong_type(
            r, a->name, j,
            "must be a map, as {\"TierSequence\": \"0\"}; leave it out for a tier that takes no part");
    (void)snprintf(prefix, sizeof prefix, "%s%s.", r->prefix, a->name);
    inner.prefix = prefix;
    *(bool *)((char *)out + a->present) = true;
    return attributes_read(&inner, j, a->fields, out);
}

static bool set(const struct attribute_reader *r, const struct attribute *a, const struct json *j, void *out)
{
    BUF_CLEANUP struct buf text = BUF_INIT(4096);
    char *at = (char *)out + a->offset;

    if (a->kind == ATTRIBUTE_SECTION)
        return set_section(r, a, j, out);
    if (a->kind == ATTRIBUTE_TEXTS)
        return set_texts(r, a, j, (struct strs *)at);
    if (a->reserved_map && json_type(j) == JSON_OBJECT)
        return say(r, SEVERITY_ERROR, CAUSE_NOT_SUPPORTED, a->name, a->reserved_map);
    if (!scalar(j, &text))
        return wrong_type(
            r, a->name, j,
            "is of the wrong type: a string, a number or a boolean is wanted, of at most 4,096 bytes");
    switch (a->kind) {
    case ATTRIBUTE_FLAG:
        return set_flag(r, a, buf_cstr(&text), (bool *)at);
    case ATTRIBUTE_NUMBER:
        return set_number(r, a, buf_cstr(&text), (int64_t *)at);
    case ATTRIBUTE_WORD:
        return set_word(r, a, buf_cstr(&text), (int *)at);
    default:
        return set_text(r, a, buf_cstr(&text), (char **)at);
    }
}

static bool same(const struct json *a, const struct json *b)
{
    BUF_CLEANUP struct buf x = BUF_INIT(VALUE_MAX);
    BUF_CLEANUP struct buf y = BUF_INIT(VALUE_MAX);

    if (!scalar(a, &x) || !scalar(b, &y)) {
        buf_clear(&x);
        buf_clear(&y);
        json_print(a, &x);
        json_print(b, &y);
    }
    return !x.over && !y.over && str_eq(buf_view(&x), buf_view(&y));
}

bool attribute_is_empty(const struct json *j)
{
    struct str s;

    return !j || json_type(j) == JSON_NULL || (json_str(j, &s) && s.n == 0);
}

static bool read_one(const struct attribute_reader *r, const struct attribute *a, const struct json *object,
                     void *out)
{
    char text[FINDING_TEXT_MAX];
    const struct json *now = json_get(object, a->name);
    const struct json *older = a->older ? json_get(object, a->older) : NULL;
    const struct json *j = now ? now : older;

    if (now && older) {
        (void)snprintf(text, sizeof text, "stands beside its older name %s%s", r->prefix, a->older);
        if (!same(now, older)) {
            (void)snprintf(text, sizeof text,
                           "differs from its older name %s%s in the same row: keep one of them", r->prefix,
                           a->older);
            return say(r, SEVERITY_ERROR, CAUSE_INVALID, a->name, text);
        }
        (void)say(r, SEVERITY_NOTICE, CAUSE_NONE, a->name, text);
    }
    if (attribute_is_empty(j)) {
        if (!a->required)
            return true;
        (void)snprintf(text, sizeof text, "is missing: %s", a->help ? a->help : "add it");
        return say(r, SEVERITY_ERROR, CAUSE_INVALID, a->name, text);
    }
    if (a->kind == ATTRIBUTE_KEY)
        return true;
    if (a->kind == ATTRIBUTE_UNBUILT)
        return say(r, SEVERITY_ERROR, CAUSE_NOT_SUPPORTED, a->name,
                   "is not supported by this version, and a run that ignored it could act wrongly: take it "
                   "out of the row to run without it");
    return set(r, a, j, out);
}

static bool is_known(const struct attribute *fields, const char *name)
{
    for (const struct attribute *a = fields; a->name; a++)
        if (strcmp(a->name, name) == 0 || (a->older && strcmp(a->older, name) == 0))
            return true;
    return false;
}

static const char *nearest(const struct attribute *fields, const char *name)
{
    const char *best = NULL;
    size_t least = NEAR_ENOUGH + 1;

    for (const struct attribute *a = fields; a->name; a++) {
        size_t d = str_distance(str_of(a->name), str_of(name));
        if (d < least) {
            least = d;
            best = a->name;
        }
    }
    return best;
}

static bool unknown(const struct attribute_reader *r, const struct attribute *fields, const char *name)
{
    char text[FINDING_TEXT_MAX];
    const char *near = nearest(fields, name);

    (void)snprintf(text, sizeof text, "is not an attribute that we know%s%s%s%s",
                   near ? ": did you mean " : "", near ? r->prefix : "", near ? near : "", near ? "?" : "");
    return say(r, r->strict ? SEVERITY_ERROR : SEVERITY_WARNING, CAUSE_INVALID, name, text);
}

bool attributes_read(const struct attribute_reader *r, const struct json *object,
                     const struct attribute *fields, void *out)
{
    bool ok = true;

    for (const struct attribute *a = fields; a->name; a++)
        ok = read_one(r, a, object, out) && ok;
    for (const struct json *m = json_first(object); m; m = json_next(m))
        if (!is_known(fields, json_name(m)))
            ok = unknown(r, fields, json_name(m)) && ok;
    return ok;
}
