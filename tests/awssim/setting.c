#include "awssim/setting.h"

#include "base/mem.h"

#include <string.h>

bool setting_known(const struct json *j, const char *where, const char *const *names, struct err *e)
{
    if (json_type(j) != JSON_OBJECT)
        return err_set(e, ERR_CONFIG, "%s: not an object", where);
    for (const struct json *m = json_first(j); m; m = json_next(m)) {
        size_t i = 0;
        while (names[i] && strcmp(names[i], json_name(m)) != 0)
            i++;
        if (!names[i])
            return err_set(e, ERR_CONFIG, "%s: unknown name '%s'", where, json_name(m));
    }
    return true;
}

bool setting_str(const struct json *j, const char *name, char **out, struct err *e)
{
    const struct json *v = json_get(j, name);
    struct str s;

    if (!v || json_type(v) == JSON_NULL)
        return true;
    if (!json_str(v, &s))
        return err_set(e, ERR_CONFIG, "'%s': not a string", name);
    xfree(*out);
    *out = str_dup(s);
    return true;
}

bool setting_int(const struct json *j, const char *name, int64_t *out, struct err *e)
{
    const struct json *v = json_get(j, name);

    if (!v)
        return true;
    if (!json_int(v, out) || *out < 0)
        return err_set(e, ERR_CONFIG, "'%s': not an integer >= 0", name);
    return true;
}

bool setting_bool(const struct json *j, const char *name, bool *out, struct err *e)
{
    const struct json *v = json_get(j, name);

    return !v || json_bool(v, out) || err_set(e, ERR_CONFIG, "'%s': not true or false", name);
}

bool setting_number(const struct json *j, const char *name, double *out, struct err *e)
{
    const struct json *v = json_get(j, name);

    return !v || json_number(v, out) || err_set(e, ERR_CONFIG, "'%s': not a number", name);
}

bool setting_strs(const struct json *j, const char *name, struct strs *out, struct err *e)
{
    const struct json *v = json_get(j, name);
    struct str s;

    if (!v)
        return true;
    if (json_str(v, &s)) {
        strs_add(out, s);
        return true;
    }
    if (json_type(v) != JSON_ARRAY)
        return err_set(e, ERR_CONFIG, "'%s': not a string or a list of strings", name);
    for (const struct json *m = json_first(v); m; m = json_next(m)) {
        if (!json_str(m, &s))
            return err_set(e, ERR_CONFIG, "'%s': not a list of strings", name);
        strs_add(out, s);
    }
    return true;
}

bool setting_word(const struct json *j, const char *name, const char *const *words, int *out, struct err *e)
{
    const struct json *v = json_get(j, name);
    struct str s;

    if (!v)
        return true;
    if (json_str(v, &s)) {
        for (int i = 0; words[i]; i++) {
            if (str_is(s, words[i])) {
                *out = i;
                return true;
            }
        }
    }
    return err_set(e, ERR_CONFIG, "'%s': not one of its words", name);
}
