#include "codec/json.h"

#include "base/mem.h"

#include <string.h>

/* Records by table: one walk a direction. Depth: the tables' own. */

static void *at(void *record, const struct json_field *f)
{
    return (char *)record + f->offset;
}

static const void *at_const(const void *record, const struct json_field *f)
{
    return (const char *)record + f->offset;
}

/* A typed list is read and written through its bytes: its pointer has another type than json_list's. */
static struct json_list list_of(const void *field)
{
    struct json_list l;

    memcpy(&l, field, sizeof l);
    return l;
}

static char *element(const struct json_list *l, const struct json_field *f, size_t i)
{
    return (char *)l->at + i * f->size;
}

/* ---- decode ---- */

static bool read_str(const struct json *j, const struct json_field *f, char **out, struct err *e)
{
    struct str s;

    if (!json_str(j, &s))
        return err_set(e, ERR_INVALID, "not a string");
    if (f->max && s.n > f->max)
        return err_set(e, ERR_INVALID, "over %zu bytes", f->max);
    *out = str_dup(s);
    return true;
}

/* Names the words that it may be. */
static bool no_such_word(const struct json_field *f, struct err *e)
{
    enum { KNOWN_MAX = 200 };
    BUF_CLEANUP struct buf known = BUF_INIT(KNOWN_MAX);

    for (int i = 0; f->names[i]; i++)
        buf_addf(&known, "%s%s", i ? ", " : "", f->names[i]);
    return err_set(e, ERR_INVALID, "unknown value, none of: %s%s", buf_cstr(&known), known.over ? " …" : "");
}

static bool read_enum(const struct json *j, const struct json_field *f, int *out, struct err *e)
{
    struct str s;

    if (!json_str(j, &s))
        return err_set(e, ERR_INVALID, "not a string");
    for (int i = 0; f->names[i]; i++) {
        if (str_is(s, f->names[i])) {
            *out = i;
            return true;
        }
    }
    return no_such_word(f, e);
}

static bool fits(const struct json *j, const struct json_field *f, size_t bound, struct err *e)
{
    size_t max = f->max ? f->max : bound;

    if (json_type(j) != JSON_ARRAY)
        return err_set(e, ERR_INVALID, "not a list");
    return json_count(j) <= max || err_set(e, ERR_INVALID, "over %zu elements", max);
}

static bool read_strs(const struct json *j, const struct json_field *f, struct strs *out, struct err *e)
{
    struct str s;

    if (!fits(j, f, SIZE_MAX, e))
        return false;
    for (const struct json *m = json_first(j); m; m = json_next(m)) {
        if (!json_str(m, &s))
            return err_set(e, ERR_INVALID, "element %zu: not a string", out->n);
        strs_add(out, s);
    }
    return true;
}

static bool read_list(const struct json *j, const struct json_field *f, void *out, struct err *e)
{
    struct json_list l = {0};

    if (!fits(j, f, JSON_LIST_MAX, e))
        return false;
    size_t n = json_count(j);
    if (!n)
        return true;
    l.at = xcalloc(n, f->size);
    bool ok = true;
    for (const struct json *m = json_first(j); m && ok; m = json_next(m)) {
        ok = json_decode(m, f->fields, element(&l, f, l.n), e) || err_wrap(e, "element %zu", l.n);
        l.n += ok;
    }
    memcpy(out, &l, sizeof l); /* json_release frees it on failure, up to the last whole element */
    return ok;
}

static bool read_raw(const struct json *j, const struct json_field *f, char **out, struct err *e)
{
    struct buf text = BUF_INIT(f->max ? f->max : SIZE_MAX / 4); /* what was parsed has its bound */

    json_print(j, &text);
    if (!buf_ok(&text, "value", e)) {
        buf_release(&text);
        return false;
    }
    *out = buf_take(&text);
    return true;
}

static bool read_value(const struct json *j, const struct json_field *f, void *out, struct err *e)
{
    switch (f->kind) {
    case JSON_F_STR:
        return read_str(j, f, out, e);
    case JSON_F_INT:
        return json_int(j, out) || err_set(e, ERR_INVALID, "not an integer below 2^53");
    case JSON_F_BOOL:
        return json_bool(j, out) || err_set(e, ERR_INVALID, "neither true nor false");
    case JSON_F_ENUM:
        return read_enum(j, f, out, e);
    case JSON_F_STRS:
        return read_strs(j, f, out, e);
    case JSON_F_OBJECT:
        return json_decode(j, f->fields, out, e);
    case JSON_F_LIST:
        return read_list(j, f, out, e);
    case JSON_F_RAW:
        return read_raw(j, f, out, e);
    }
    err_bug(__FILE__, __LINE__, "no such kind of field");
}

static bool read_field(const struct json *j, const struct json_field *f, void *record, struct err *e)
{
    bool absent = !j || (json_type(j) == JSON_NULL && f->kind != JSON_F_RAW);

    if (absent)
        return !f->required || err_set(e, ERR_INVALID, "is missing");
    return read_value(j, f, at(record, f), e);
}

/* Records are written in their table's order: what comes next is looked at before all. */
static const struct json *find(const struct json *object, const struct json *next, const char *name)
{
    return next && strcmp(json_name(next), name) == 0 ? next : json_get(object, name);
}

bool json_decode(const struct json *j, const struct json_field *fields, void *out, struct err *e)
{
    const struct json *next = json_first(j);

    if (json_type(j) != JSON_OBJECT)
        return err_set(e, ERR_INVALID, "not an object");
    for (const struct json_field *f = fields; f->name; f++) {
        const struct json *m = find(j, next, f->name);
        if (m)
            next = json_next(m);
        if (read_field(m, f, out, e))
            continue;
        json_release(fields, out);
        return err_wrap(e, "field '%s'", f->name);
    }
    return true;
}

/* ---- encode ---- */

static bool is_zero(const struct json_field *f, const void *field);

static bool all_zero(const struct json_field *fields, const void *record)
{
    for (const struct json_field *f = fields; f->name; f++)
        if (!is_zero(f, at_const(record, f)))
            return false;
    return true;
}

static bool is_zero(const struct json_field *f, const void *field)
{
    switch (f->kind) {
    case JSON_F_STR:
    case JSON_F_RAW:
        return !*(char *const *)field;
    case JSON_F_INT:
        return *(const int64_t *)field == 0;
    case JSON_F_BOOL:
        return !*(const bool *)field;
    case JSON_F_ENUM:
        return *(const int *)field == 0;
    case JSON_F_STRS:
        return ((const struct strs *)field)->n == 0;
    case JSON_F_OBJECT:
        return all_zero(f->fields, field);
    case JSON_F_LIST:
        return list_of(field).n == 0;
    }
    return true;
}

static const char *word(const struct json_field *f, int i)
{
    int n = 0;

    while (f->names[n])
        n++;
    BUG_IF(i < 0 || i >= n);
    return f->names[i];
}

static struct json *write_strs(const struct strs *l)
{
    struct json *array = json_array();

    for (size_t i = 0; i < l->n; i++)
        json_push_str(array, str_of(l->at[i]));
    return array;
}

static struct json *write_list(const struct json_field *f, const void *field)
{
    struct json_list l = list_of(field);
    struct json *array = json_array();

    for (size_t i = 0; i < l.n; i++)
        json_push(array, json_encode(f->fields, element(&l, f, i)));
    return array;
}

static struct json *write_raw(const char *text)
{
    struct err e = {0};
    struct json *j = json_parse(str_of(text ? text : "null"), SIZE_MAX, &e);

    BUG_IF(!j);
    return j;
}

static struct json *write_value(const struct json_field *f, const void *field)
{
    switch (f->kind) {
    case JSON_F_STR:
        return json_new_str(str_of(*(char *const *)field));
    case JSON_F_INT:
        return json_new_int(*(const int64_t *)field);
    case JSON_F_BOOL:
        return json_new_bool(*(const bool *)field);
    case JSON_F_ENUM:
        return json_new_str(str_of(word(f, *(const int *)field)));
    case JSON_F_STRS:
        return write_strs(field);
    case JSON_F_OBJECT:
        return json_encode(f->fields, field);
    case JSON_F_LIST:
        return write_list(f, field);
    case JSON_F_RAW:
        return write_raw(*(char *const *)field);
    }
    err_bug(__FILE__, __LINE__, "no such kind of field");
}

void json_encode_into(struct json *object, const struct json_field *fields, const void *in)
{
    for (const struct json_field *f = fields; f->name; f++)
        if (f->required || !is_zero(f, at_const(in, f)))
            json_add(object, f->name, write_value(f, at_const(in, f)));
}

struct json *json_encode(const struct json_field *fields, const void *in)
{
    struct json *object = json_object();

    json_encode_into(object, fields, in);
    return object;
}

/* ---- release ---- */

static void release_list(const struct json_field *f, void *field)
{
    struct json_list l = list_of(field);

    for (size_t i = 0; i < l.n; i++)
        json_release(f->fields, element(&l, f, i));
    xfree(l.at);
    memset(field, 0, sizeof l);
}

static void release_field(const struct json_field *f, void *field)
{
    switch (f->kind) {
    case JSON_F_STR:
    case JSON_F_RAW:
        xfreep(field);
        break;
    case JSON_F_INT:
        *(int64_t *)field = 0;
        break;
    case JSON_F_BOOL:
        *(bool *)field = false;
        break;
    case JSON_F_ENUM:
        *(int *)field = 0;
        break;
    case JSON_F_STRS:
        strs_release(field);
        break;
    case JSON_F_OBJECT:
        json_release(f->fields, field);
        break;
    case JSON_F_LIST:
        release_list(f, field);
        break;
    }
}

void json_release(const struct json_field *fields, void *out)
{
    for (const struct json_field *f = fields; f->name; f++)
        release_field(f, at(out, f));
}
