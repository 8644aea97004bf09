#include "codec/json.h"

#include "base/mem.h"
#include "codec/json_check.h"

#include <cjson/cJSON.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below it a double tells every integer from its neighbours; 2^53 itself is also what 2^53 + 1 is read as. */
static const double int_bound = 9007199254740992.0;

/* cJSON keeps its allocator in a global of its own: set to the same value by whoever makes something. */
static void use_our_memory(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = xmalloc, .free_fn = xfree});
}

static cJSON *own(struct json *j)
{
    return (cJSON *)j;
}

static const cJSON *view(const struct json *j)
{
    return (const cJSON *)j;
}

static struct json *made(cJSON *c)
{
    BUG_IF(!c); /* allocation cannot fail */
    return (struct json *)c;
}

/* ---- parsing ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static bool repeats(const char *name, struct err *e)
{
    return err_set(e, ERR_INVALID, "not JSON: the name '%.60s' stands twice in one object", name);
}

/* The first of few members that has an earlier one's name, or NULL. */
static const cJSON *repeat_of_few(const cJSON *object)
{
    for (const cJSON *m = object->child; m; m = m->next)
        for (const cJSON *before = object->child; before != m; before = before->next)
            if (strcmp(before->string, m->string) == 0)
                return m;
    return NULL;
}

static const cJSON *repeat_of_many(const cJSON *object, size_t n)
{
    const cJSON **all = xcalloc(n, sizeof *all);
    const cJSON *found = NULL;
    size_t i = 0;

    for (const cJSON *m = object->child; m; m = m->next)
        all[i++] = m;
    qsort(all, n, sizeof *all, by_name);
    for (i = 1; i < n && !found; i++)
        found = by_name(&all[i - 1], &all[i]) == 0 ? all[i] : NULL;
    xfree(all);
    return found;
}

/* Few members are compared each with each; many are sorted first, so that a wide object costs n log n. */
static bool names_differ(const cJSON *object, struct err *e)
{
    enum { FEW = 12 };
    size_t n = (size_t)cJSON_GetArraySize(object);
    const cJSON *twice = n <= FEW ? repeat_of_few(object) : repeat_of_many(object, n);

    return !twice || repeats(twice->string, e);
}

/* What only the tree shows. Depth is bounded by json_check. */
static bool tree_ok(const cJSON *c, struct err *e)
{
    if (cJSON_IsNumber(c) && !isfinite(c->valuedouble))
        return err_set(e, ERR_INVALID, "not JSON: a number that is too large");
    if (cJSON_IsObject(c) && !names_differ(c, e))
        return false;
    for (const cJSON *m = c->child; m; m = m->next)
        if (!tree_ok(m, e))
            return false;
    return true;
}

struct json *json_parse(struct str text, size_t max, struct err *e)
{
    if (text.n > max) {
        (void)err_set(e, ERR_INVALID, "too large: over %zu bytes of JSON", max);
        return NULL;
    }
    if (!json_check(text, e))
        return NULL;
    use_our_memory();
    cJSON *c = cJSON_ParseWithLengthOpts(text.p, text.n, NULL, 0);
    if (!c) {
        (void)err_set(e, ERR_INVALID, "not JSON: cannot be read");
        return NULL;
    }
    if (!tree_ok(c, e)) {
        cJSON_Delete(c);
        return NULL;
    }
    return made(c);
}

void json_free(struct json *j)
{
    cJSON_Delete(own(j));
}

void json_freep(struct json **j)
{
    json_free(*j);
    *j = NULL;
}

/* ---- walking ---- */

enum json_type json_type(const struct json *j)
{
    if (!j)
        return JSON_NONE;
    switch (view(j)->type & 0xff) {
    case cJSON_NULL:
        return JSON_NULL;
    case cJSON_True:
    case cJSON_False:
        return JSON_TRUE_FALSE;
    case cJSON_Number:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default:
        return JSON_NONE;
    }
}

const struct json *json_get(const struct json *object, const char *name)
{
    if (json_type(object) != JSON_OBJECT)
        return NULL;
    return (const struct json *)cJSON_GetObjectItemCaseSensitive(view(object), name);
}

const struct json *json_first(const struct json *container)
{
    return container ? (const struct json *)view(container)->child : NULL;
}

const struct json *json_next(const struct json *member)
{
    return member ? (const struct json *)view(member)->next : NULL;
}

size_t json_count(const struct json *container)
{
    return container ? (size_t)cJSON_GetArraySize(view(container)) : 0;
}

const char *json_name(const struct json *member)
{
    return member && view(member)->string ? view(member)->string : "";
}

bool json_str(const struct json *j, struct str *out)
{
    if (json_type(j) != JSON_STRING)
        return false;
    *out = str_of(view(j)->valuestring);
    return true;
}

bool json_int(const struct json *j, int64_t *out)
{
    double d = 0;

    if (!json_number(j, &d) || fabs(d) >= int_bound || trunc(d) != d)
        return false;
    *out = (int64_t)d;
    return true;
}

bool json_number(const struct json *j, double *out)
{
    if (json_type(j) != JSON_NUMBER)
        return false;
    *out = view(j)->valuedouble;
    return true;
}

bool json_bool(const struct json *j, bool *out)
{
    if (json_type(j) != JSON_TRUE_FALSE)
        return false;
    *out = cJSON_IsTrue(view(j));
    return true;
}

struct str json_str_or_empty(const struct json *j)
{
    struct str s = STR("");

    (void)json_str(j, &s);
    return s;
}

/* ---- building ---- */

struct json *json_object(void)
{
    use_our_memory();
    return made(cJSON_CreateObject());
}

struct json *json_array(void)
{
    use_our_memory();
    return made(cJSON_CreateArray());
}

struct json *json_new_str(struct str s)
{
    struct buf text = BUF_INIT(SIZE_MAX / 4); /* bounded by s: at most three times its size */

    buf_add_utf8(&text, s);
    use_our_memory();
    cJSON *c = own(made(cJSON_CreateNull()));
    c->type = cJSON_String;
    c->valuestring = buf_take(&text);
    return made(c);
}

struct json *json_new_int(int64_t i)
{
    BUG_IF(fabs((double)i) >= int_bound);
    use_our_memory();
    return made(cJSON_CreateNumber((double)i));
}

struct json *json_new_bool(bool b)
{
    use_our_memory();
    return made(cJSON_CreateBool(b));
}

struct json *json_copy(const struct json *j)
{
    use_our_memory();
    return made(cJSON_Duplicate(view(j), 1));
}

static bool is_owned(const cJSON *c)
{
    return c->prev != NULL; /* every member of a list has a predecessor: the first has the last */
}

void json_add(struct json *object, const char *name, struct json *value)
{
    BUG_IF(json_type(object) != JSON_OBJECT || !value || is_owned(own(value)));
    use_our_memory();
    BUG_IF(!cJSON_AddItemToObject(own(object), name, own(value)));
}

void json_push(struct json *array, struct json *value)
{
    BUG_IF(json_type(array) != JSON_ARRAY || !value || is_owned(own(value)));
    BUG_IF(!cJSON_AddItemToArray(own(array), own(value)));
}

void json_add_str(struct json *object, const char *name, struct str s)
{
    json_add(object, name, json_new_str(s));
}

void json_add_int(struct json *object, const char *name, int64_t i)
{
    json_add(object, name, json_new_int(i));
}

void json_add_bool(struct json *object, const char *name, bool b)
{
    json_add(object, name, json_new_bool(b));
}

void json_push_str(struct json *array, struct str s)
{
    json_push(array, json_new_str(s));
}
