#include "specs/row.h"

#include <string.h>

static struct json *unwrap(const struct json *value, struct err *e);

static struct json *unwrap_map(const struct json *map, struct err *e)
{
    struct json *out = json_object();

    for (const struct json *m = json_first(map); m; m = json_next(m)) {
        struct json *v = unwrap(m, e);
        if (!v) {
            (void)err_wrap(e, "%s", json_name(m));
            json_free(out);
            return NULL;
        }
        json_add(out, json_name(m), v);
    }
    return out;
}

static struct json *unwrap_list(const struct json *list, struct err *e)
{
    struct json *out = json_array();

    for (const struct json *m = json_first(list); m; m = json_next(m)) {
        struct json *v = unwrap(m, e);
        if (!v) {
            json_free(out);
            return NULL;
        }
        json_push(out, v);
    }
    return out;
}

static struct json *number(struct str text)
{
    enum { EXACT = 15 }; /* digits that a JSON number keeps for certain */
    int64_t n = 0;

    return text.n <= EXACT && str_to_i64(text, &n) ? json_new_int(n) : json_new_str(text);
}

static struct json *strings(const struct json *set)
{
    struct json *out = json_array();

    for (const struct json *m = json_first(set); m; m = json_next(m))
        json_push_str(out, json_str_or_empty(m));
    return out;
}

static struct json *unwrap_string(const struct json *s, struct err *e)
{
    (void)e;
    return json_copy(s);
}

static struct json *unwrap_number(const struct json *s, struct err *e)
{
    (void)e;
    return number(json_str_or_empty(s));
}

static struct json *unwrap_set(const struct json *set, struct err *e)
{
    (void)e;
    return strings(set);
}

static struct json *unwrap_bool(const struct json *j, struct err *e)
{
    bool b = false;

    (void)e;
    (void)!json_bool(j, &b);
    return json_new_bool(b);
}

static struct json *unwrap_null(const struct json *j, struct err *e)
{
    (void)j;
    (void)e;
    return json_new_str(STR(""));
}

static const struct wrapper {
    const char *name;
    enum json_type holds;
    struct json *(*take)(const struct json *inner, struct err *e);
} wrappers[] = {
    {"S", JSON_STRING, unwrap_string},      {"N", JSON_STRING, unwrap_number},
    {"BOOL", JSON_TRUE_FALSE, unwrap_bool}, {"NULL", JSON_TRUE_FALSE, unwrap_null},
    {"M", JSON_OBJECT, unwrap_map},         {"L", JSON_ARRAY, unwrap_list},
    {"SS", JSON_ARRAY, unwrap_set},         {"NS", JSON_ARRAY, unwrap_set},
    {"B", JSON_STRING, unwrap_string},      {0},
};

static const struct wrapper *wrapper_of(const struct json *value)
{
    const struct json *only = json_first(value);

    if (json_type(value) != JSON_OBJECT || !only || json_next(only))
        return NULL;
    for (const struct wrapper *w = wrappers; w->name; w++)
        if (strcmp(json_name(only), w->name) == 0)
            return w;
    return NULL;
}

static struct json *unwrap(const struct json *value, struct err *e)
{
    const struct wrapper *w = wrapper_of(value);

    if (w && json_type(json_first(value)) == w->holds)
        return w->take(json_first(value), e);
    if (w)
        (void)err_set(e, ERR_INVALID, "the value does not fit its type %s", w->name);
    else
        (void)err_set(e, ERR_INVALID, "not a typed value of DynamoDB ({\"S\": \"…\"})");
    return NULL;
}

static bool is_typed(const struct json *row)
{
    if (json_type(row) != JSON_OBJECT || !json_first(row))
        return false;
    for (const struct json *m = json_first(row); m; m = json_next(m))
        if (!wrapper_of(m))
            return false;
    return true;
}

struct json *row_plain(const struct json *row, struct err *e)
{
    if (json_type(row) != JSON_OBJECT) {
        (void)err_set(e, ERR_INVALID, "a row must be an object");
        return NULL;
    }
    return is_typed(row) ? unwrap_map(row, e) : json_copy(row);
}
