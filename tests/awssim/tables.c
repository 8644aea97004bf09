#include "awssim/dynamodb.h"

#include "awssim/setting.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct tables {
    struct table *at[TABLES_MAX];
    size_t n;
};

static void free_item(struct item *i)
{
    xfree(i->hash);
    xfree(i->range);
    json_free(i->attributes);
}

static void free_table(struct table *t)
{
    for (size_t k = 0; k < t->n; k++)
        free_item(&t->at[k]);
    xfree(t->at);
    xfree(t->name);
    xfree(t->account);
    xfree(t->region);
    xfree(t->hash);
    xfree(t->range);
    xfree(t);
}

void tables_free(struct tables *t)
{
    if (!t)
        return;
    for (size_t k = 0; k < t->n; k++)
        free_table(t->at[k]);
    xfree(t);
}

struct table *tables_create(struct tables *t, const char *account, const char *region, struct str name)
{
    struct table *made;

    if (t->n == TABLES_MAX)
        return NULL;
    made = xcalloc(1, sizeof *made);
    made->name = str_dup(name);
    made->account = xstrdup(account);
    made->region = xstrdup(region);
    (void)snprintf(made->hash_type, sizeof made->hash_type, "S");
    (void)snprintf(made->range_type, sizeof made->range_type, "S");
    t->at[t->n++] = made;
    return made;
}

size_t tables_count(const struct tables *t)
{
    return t->n;
}

const struct table *tables_at(const struct tables *t, size_t index)
{
    return t->at[index];
}

struct table *tables_find(const struct tables *t, const struct call *c, struct str name)
{
    for (size_t k = 0; k < t->n; k++)
        if (str_is(name, t->at[k]->name) && strcmp(t->at[k]->region, c->region) == 0 &&
            strcmp(t->at[k]->account, call_account(c)) == 0)
            return t->at[k];
    return NULL;
}

static bool key_part(const struct json *attributes, const char *name, const char *type, char **out)
{
    struct str text;

    if (!json_str(json_get(json_get(attributes, name), type), &text) || !text.n)
        return false;
    *out = str_dup(text);
    return true;
}

bool table_key(const struct table *t, const struct json *attributes, char **hash, char **range)
{
    *hash = *range = NULL;
    if (!key_part(attributes, t->hash, t->hash_type, hash))
        return false;
    if (!t->range || key_part(attributes, t->range, t->range_type, range))
        return true;
    xfree(*hash);
    *hash = NULL;
    return false;
}

static int compare(const struct item *i, const char *hash, const char *range)
{
    int c = strcmp(i->hash, hash);

    return c || !i->range ? c : strcmp(i->range, range ? range : "");
}

size_t table_seek(const struct table *t, const char *hash, const char *range)
{
    size_t low = 0, high = t->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&t->at[middle], hash, range) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct item *table_find(const struct table *t, const char *hash, const char *range)
{
    size_t place = table_seek(t, hash, range);

    return place < t->n && compare(&t->at[place], hash, range) == 0 ? &t->at[place] : NULL;
}

bool table_put(struct table *t, const struct json *attributes)
{
    struct item fresh = {0};

    if (!table_key(t, attributes, &fresh.hash, &fresh.range))
        return false;
    fresh.attributes = json_copy(attributes);
    size_t place = table_seek(t, fresh.hash, fresh.range);
    if (place < t->n && compare(&t->at[place], fresh.hash, fresh.range) == 0) {
        free_item(&t->at[place]);
        t->at[place] = fresh;
        return true;
    }
    if (t->n == ITEMS_MAX) {
        free_item(&fresh);
        return false;
    }
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 16;
        t->at = xrealloc(t->at, t->cap * sizeof *t->at);
    }
    memmove(&t->at[place + 1], &t->at[place], (t->n - place) * sizeof *t->at);
    t->at[place] = fresh;
    t->n++;
    return true;
}

void table_remove(struct table *t, struct item *item)
{
    size_t place = (size_t)(item - t->at);

    free_item(item);
    memmove(&t->at[place], &t->at[place + 1], (t->n - place - 1) * sizeof *t->at);
    t->n--;
}

/* ---- the scenario ---- */

static struct json *typed(const struct json *plain);

static struct json *typed_members(const struct json *plain)
{
    struct json *out = json_object();

    for (const struct json *m = json_first(plain); m; m = json_next(m))
        json_add(out, json_name(m), typed(m));
    return out;
}

static struct json *typed_list(const struct json *plain)
{
    struct json *out = json_array();

    for (const struct json *m = json_first(plain); m; m = json_next(m))
        json_push(out, typed(m));
    return out;
}

/* {"S": …} of "…", {"N": "…"} of a number, and so on. */
static struct json *typed(const struct json *plain)
{
    struct json *out = json_object();
    BUF_CLEANUP struct buf text = BUF_INIT(64);
    bool flag = false;

    switch (json_type(plain)) {
    case JSON_STRING:
        json_add_str(out, "S", json_str_or_empty(plain));
        break;
    case JSON_NUMBER:
        json_print(plain, &text);
        json_add_str(out, "N", buf_view(&text));
        break;
    case JSON_TRUE_FALSE:
        (void)json_bool(plain, &flag);
        json_add_bool(out, "BOOL", flag);
        break;
    case JSON_OBJECT:
        json_add(out, "M", typed_members(plain));
        break;
    case JSON_ARRAY:
        json_add(out, "L", typed_list(plain));
        break;
    case JSON_NONE:
    case JSON_NULL:
        json_add_bool(out, "NULL", true);
        break;
    }
    return out;
}

static bool load_items(struct table *t, const struct json *j, struct err *e)
{
    for (const struct json *m = json_first(json_get(j, "items")); m; m = json_next(m))
        if (!table_put(t, m))
            return err_set(e, ERR_CONFIG, "table %s: an item without its key", t->name);
    for (const struct json *m = json_first(json_get(j, "rows")); m; m = json_next(m)) {
        JSON_CLEANUP struct json *item = typed_members(m);
        if (!table_put(t, item))
            return err_set(e, ERR_CONFIG, "table %s: a row without its key", t->name);
    }
    return true;
}

static bool load_table(struct tables *all, const struct json *j, const char *account, const char *region,
                       struct err *e)
{
    static const char *const known[] = {"name",  "account", "region",     "hash", "range",
                                        "items", "rows",    "page_items", NULL};
    struct table *t = tables_create(all, account, region, json_str_or_empty(json_get(j, "name")));

    if (!t)
        return err_set(e, ERR_CONFIG, "tables: over %d", TABLES_MAX);
    return setting_known(j, "tables", known, e) && setting_str(j, "account", &t->account, e) &&
           setting_str(j, "region", &t->region, e) && setting_str(j, "hash", &t->hash, e) &&
           setting_str(j, "range", &t->range, e) && setting_int(j, "page_items", &t->page_items, e) &&
           ((t->hash && t->name[0]) || err_set(e, ERR_CONFIG, "tables: 'name' and 'hash' are needed")) &&
           load_items(t, j, e);
}

struct tables *tables_new(const struct json *settings, const char *account, const char *region, struct err *e)
{
    struct tables *t = xcalloc(1, sizeof *t);

    for (const struct json *j = json_first(settings); j; j = json_next(j)) {
        if (!load_table(t, j, account, region, e)) {
            tables_free(t);
            return NULL;
        }
    }
    return t;
}
