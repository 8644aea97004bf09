#pragma once
/*
 * dynamodb - the tables and their items, in DynamoDB's own typed JSON.
 *
 * A scenario's table: {"name", "region", "account", "hash", "range", "items": [typed], "rows": [plain JSON,
 * typed by what it is], "page_items"}. Keys are strings (S), numbers (N) or binary (B) and compare as their
 * text. Items are kept in the order of their keys within a table. Bounds: TABLES_MAX, ITEMS_MAX a table, 400
 * kB an item.
 */
#include "awssim/call.h"

enum { TABLES_MAX = 256, ITEMS_MAX = 200000, ITEM_BYTES_MAX = 400 * 1024 };

struct item {
    char *hash, *range; /* the text of the key's attributes; range NULL: none */
    struct json *attributes;
};

struct table {
    char *name, *account, *region, *hash, *range; /* range NULL: no sort key */
    char hash_type[2], range_type[2];
    struct item *at; /* sorted */
    size_t n, cap;
    int64_t page_items; /* at most so many are looked at for a page; 0: 1 MB of them */
    int64_t created_wall_ms;
    int64_t read_units, write_units; /* 0: on demand */
};

struct tables; /* opaque */

struct tables *tables_new(const struct json *settings, const char *account, const char *region,
                          struct err *e);
void tables_free(struct tables *t);
/* NULL: not for this caller */
struct table *tables_find(const struct tables *t, const struct call *c, struct str name);
size_t tables_count(const struct tables *t);
const struct table *tables_at(const struct tables *t, size_t index);
/* A new, empty table; NULL: TABLES_MAX are there. Borrowed. */
struct table *tables_create(struct tables *t, const char *account, const char *region, struct str name);

/* The key's texts out of an item or a Key; false: an attribute is missing or of the wrong type. Owned by the
 * caller. */
MUST_CHECK bool table_key(const struct table *t, const struct json *attributes, char **hash, char **range);
struct item *table_find(const struct table *t, const char *hash, const char *range); /* NULL: no such item */
/* the first place not before it */
size_t table_seek(const struct table *t, const char *hash, const char *range);
/* a copy is kept; false: no key, or full */
MUST_CHECK bool table_put(struct table *t, const struct json *attributes);
void table_remove(struct table *t, struct item *item);
