#include "specs/row.h"

#include <string.h>

static const char *const wrappers[] = {"S", "N", "BOOL", "NULL", "M", "L", "SS", "NS", "B", NULL};

static const char *wrapper_of(const struct json *value)
{
    const struct json *only = json_first(value);

    if (json_type(value) != JSON_OBJECT || !only || json_next(only))
        return NULL;
    for (size_t i = 0; wrappers[i]; i++)
        if (strcmp(json_name(only), wrappers[i]) == 0)
            return wrappers[i];
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

static struct json *unwrap(const struct json *value, struct err *e)
{
    const char *w = wrapper_of(value);
    const struct json *inner = json_first(value);
    enum json_type type = json_type(inner);
    bool b = false;

    if (!w)
        (void)err_set(e, ERR_INVALID, "not a typed value of DynamoDB ({\"S\": \"…\"})");
    else if (strcmp(w, "M") == 0 && type == JSON_OBJECT)
        return unwrap_map(inner, e);
    else if (strcmp(w, "L") == 0 && type == JSON_ARRAY)
        return unwrap_list(inner, e);
    else if ((strcmp(w, "SS") == 0 || strcmp(w, "NS") == 0) && type == JSON_ARRAY)
        return strings(inner);
    else if (strcmp(w, "N") == 0 && type == JSON_STRING)
        return number(json_str_or_empty(inner));
    else if ((strcmp(w, "S") == 0 || strcmp(w, "B") == 0) && type == JSON_STRING)
        return json_copy(inner);
    else if (strcmp(w, "BOOL") == 0 && json_bool(inner, &b))
        return json_new_bool(b);
    else if (strcmp(w, "NULL") == 0)
        return json_new_str(STR(""));
    else
        (void)err_set(e, ERR_INVALID, "the value does not fit its type %s", w);
    return NULL;
}

struct json *row_plain(const struct json *row, struct err *e)
{
    if (json_type(row) != JSON_OBJECT) {
        (void)err_set(e, ERR_INVALID, "a row must be an object");
        return NULL;
    }
    return is_typed(row) ? unwrap_map(row, e) : json_copy(row);
}
