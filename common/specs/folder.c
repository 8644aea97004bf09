#include "specs/folder.h"

#include "base/mem.h"
#include "specs/row.h"
#include "specs/source.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATH_BYTES = 4096, ROW_NAME_MAX = 520 };

struct entry {
    struct json *row; /* owned until it is handed out */
    const char *file; /* its name in the folder, borrowed */
    struct str name, range;
    enum spec_table table;
    size_t order;
};

struct reading {
    struct entry *at;
    size_t n, cap;
    struct json *faults;
    const char *file;
};

static const char *const workload_attributes[] = {
    "WorkloadFilterTagName", "EnvFilterTagName", "WorkloadFilterTagValue", "EnvFilterTagValue",
    "WorkloadRegion",        "Region",           "TierFilterTagName",      NULL};
static const char *const tier_attributes[] = {"TierTagValue", "TierStart",   "TierStop", "TierKind",
                                              "TierScaling",  "TierTimeout", NULL};

/* `workload` with n == 0: whose it is cannot be told. */
static void fault(struct reading *r, struct str workload, const char *row, const char *attribute,
                  const char *message)
{
    struct json *f = json_object();

    if (workload.n)
        json_add_str(f, "workload", workload);
    json_add_str(f, "row", str_of(row));
    json_add_str(f, "attribute", str_of(attribute));
    json_add_str(f, "message", str_of(message));
    json_push(r->faults, f);
}

static bool has_any(const struct json *row, const char *const *names)
{
    for (; *names; names++)
        if (json_get(row, *names))
            return true;
    return false;
}

static const char *const sections[TABLES] = {"WorkloadSpecification", "TierSpecification",
                                             "ScheduleSpecification"};

/* Which table's a row is, by what it has; a section's name says it for all of its rows. */
static enum spec_table table_of(const struct json *row)
{
    if (json_get(row, tables_range_key(TABLE_TIERS)))
        return TABLE_TIERS;
    if (json_get(row, tables_range_key(TABLE_SCHEDULES)))
        return TABLE_SCHEDULES;
    return has_any(row, tier_attributes) && !has_any(row, workload_attributes) ? TABLE_TIERS
                                                                               : TABLE_WORKLOADS;
}

/* TABLES: told by the row itself. */
static void take_row(struct reading *r, const struct json *row, enum spec_table t)
{
    struct err e = {0};
    struct json *plain = row_plain(row, &e);

    if (!plain) {
        fault(r, json_str_or_empty(json_get(json_get(row, "SpecName"), "S")), r->file, "", e.msg);
        return;
    }
    if (t == TABLES)
        t = table_of(plain);
    struct str name = json_str_or_empty(json_get(plain, "SpecName"));
    struct str range =
        tables_range_key(t) ? json_str_or_empty(json_get(plain, tables_range_key(t))) : STR("");
    if (t == TABLE_TIERS && !json_get(plain, "TierTagValue")) {
        fault(r, name, r->file, "TierTagValue", "a row of TierSpecification lacks it: the tier's name");
        json_free(plain);
        return;
    }
    if (r->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 64;
        r->at = xrealloc(r->at, r->cap * sizeof *r->at);
    }
    r->at[r->n] = (struct entry){plain, r->file, name, range, t, r->n};
    r->n++;
}

static void take_rows(struct reading *r, const struct json *rows, enum spec_table t)
{
    for (const struct json *row = json_first(rows); row && r->n <= SOURCE_ROWS_MAX; row = json_next(row))
        take_row(r, row, t);
}

static void take_file(struct reading *r, const struct json *file)
{
    char text[100];
    bool any = false;

    if (json_type(file) == JSON_ARRAY) {
        take_rows(r, file, TABLES);
        return;
    }
    for (int t = 0; t < TABLES; t++) {
        const struct json *rows = json_get(file, sections[t]);
        any = any || rows;
        if (rows && json_type(rows) != JSON_ARRAY) {
            (void)snprintf(text, sizeof text, "%s must be an array of rows", sections[t]);
            fault(r, STR(""), r->file, "", text);
        } else if (rows) {
            take_rows(r, rows, (enum spec_table)t);
        }
    }
    if (!any)
        take_row(r, file, TABLES);
}

static void read_file(struct reading *r, const struct process *process, const char *folder)
{
    char path[PATH_BYTES];
    struct err e = {0};
    BUF_CLEANUP struct buf text = BUF_INIT(SOURCE_FILE_MAX);

    if (snprintf(path, sizeof path, "%s/%s", folder, r->file) >= (int)sizeof path) {
        fault(r, STR(""), r->file, "", "the path is too long");
        return;
    }
    struct json *file = process->ops->read_file(process->port, path, &text, &e)
                            ? json_parse(buf_view(&text), SOURCE_FILE_MAX, &e)
                            : NULL;
    if (file)
        take_file(r, file);
    else
        fault(r, STR(""), r->file, "", e.msg);
    json_free(file);
}

/* ---- rows that stand twice: tables cannot hold them, a folder can ---- */

static int by_key(const void *x, const void *y)
{
    const struct entry *a = x;
    const struct entry *b = y;
    int order = (int)a->table - (int)b->table;

    order = order ? order : str_cmp(a->name, b->name);
    return order ? order : str_cmp(a->range, b->range);
}

static int by_key_and_order(const void *x, const void *y)
{
    const struct entry *a = x;
    const struct entry *b = y;
    int order = by_key(a, b);

    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static void say_double(struct reading *r, const struct entry *first, const struct entry *second)
{
    char row[ROW_NAME_MAX];
    char text[PATH_BYTES];

    (void)snprintf(row, sizeof row, "%s " STR_FMT "%s" STR_FMT, sections[first->table], STR_ARG(first->name),
                   first->range.n ? "/" : "", STR_ARG(first->range));
    (void)snprintf(text, sizeof text, "stands twice, in %s and in %s: keep one row", first->file,
                   second->file);
    fault(r, first->name, row, first->table == TABLE_TIERS ? "TierTagValue" : "SpecName", text);
}

/* The first of each is handed out, beside the fault; of schedules all: their lint tells of doubles. */
static void hand_out(struct reading *r, struct json *tables[TABLES])
{
    size_t said = SIZE_MAX;

    if (r->n)
        qsort(r->at, r->n, sizeof *r->at, by_key_and_order);
    for (size_t i = 0, first = 0; i < r->n; i++) {
        if (i > 0 && r->at[i].table != TABLE_SCHEDULES && by_key(&r->at[first], &r->at[i]) == 0) {
            if (said != first)
                say_double(r, &r->at[first], &r->at[i]);
            said = first;
            continue;
        }
        first = i;
        json_push(tables[r->at[i].table], r->at[i].row);
        r->at[i].row = NULL;
    }
    for (size_t i = 0; i < r->n; i++)
        json_free(r->at[i].row);
    xfree(r->at);
}

bool folder_read(const struct process *process, const char *path, struct folder_rows *out, struct err *e)
{
    struct reading r = {0};
    STRS_CLEANUP struct strs names = {0};

    *out = (struct folder_rows){0};
    if (!process->ops->list_folder(process->port, path, &names, e))
        return err_wrap(e, "specs.source");
    *out = (struct folder_rows){.faults = json_array()};
    for (int t = 0; t < TABLES; t++)
        out->tables[t] = json_array();
    r.faults = out->faults;
    for (size_t i = 0; i < names.n && r.n <= SOURCE_ROWS_MAX; i++) {
        r.file = names.at[i];
        if (str_ends(str_of(r.file), STR(".json")))
            read_file(&r, process, path);
    }
    bool fits = r.n <= SOURCE_ROWS_MAX;
    hand_out(&r, out->tables);
    return fits || err_set(e, ERR_INVALID, "specs.source: %s: over %d rows", path, SOURCE_ROWS_MAX);
}
