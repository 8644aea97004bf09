#include "specs/folder.h"

#include "specs/row.h"
#include "specs/source.h"

#include <stdio.h>

enum { PATH_BYTES = 4096 };

struct reading {
    struct json **rows; /* of each table */
    size_t n;
};

static const char *const sections[TABLES] = {"WorkloadSpecification", "TierSpecification",
                                             "ScheduleSpecification"};

/* Which table's a row is, by what it has; a section's name says it for all of its rows. */
static enum spec_table table_of(const struct json *row)
{
    if (json_get(row, tables_range_key(TABLE_TIERS)))
        return TABLE_TIERS;
    return json_get(row, tables_range_key(TABLE_SCHEDULES)) ? TABLE_SCHEDULES : TABLE_WORKLOADS;
}

/* TABLES: told by the row itself. */
static bool take_row(struct reading *r, const struct json *row, enum spec_table t, struct err *e)
{
    struct json *plain = row_plain(row, e);

    if (!plain)
        return false;
    if (++r->n > SOURCE_ROWS_MAX) {
        json_free(plain);
        return err_set(e, ERR_INVALID, "over %d rows", SOURCE_ROWS_MAX);
    }
    json_push(r->rows[t == TABLES ? table_of(plain) : t], plain);
    return true;
}

static bool take_rows(struct reading *r, const struct json *rows, enum spec_table t, struct err *e)
{
    for (const struct json *row = json_first(rows); row; row = json_next(row))
        if (!take_row(r, row, t, e))
            return false;
    return true;
}

static bool take_file(struct reading *r, const struct json *file, struct err *e)
{
    bool any = false;

    if (json_type(file) == JSON_ARRAY)
        return take_rows(r, file, TABLES, e);
    for (int t = 0; t < TABLES; t++) {
        const struct json *rows = json_get(file, sections[t]);
        any = any || rows;
        if (rows && json_type(rows) != JSON_ARRAY)
            return err_set(e, ERR_INVALID, "%s must be an array of rows", sections[t]);
        if (rows && !take_rows(r, rows, (enum spec_table)t, e))
            return false;
    }
    return any || take_row(r, file, TABLES, e);
}

static bool read_file(struct reading *r, const struct process *process, const char *folder, const char *name,
                      struct err *e)
{
    char path[PATH_BYTES];
    BUF_CLEANUP struct buf text = BUF_INIT(SOURCE_FILE_MAX);

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return err_set(e, ERR_CONFIG, "specs.source: the path of %.60s is too long", name);
    if (!process->ops->read_file(process->port, path, &text, e))
        return false;
    JSON_CLEANUP struct json *file = json_parse(buf_view(&text), SOURCE_FILE_MAX, e);
    if (file && take_file(r, file, e))
        return true;
    return err_wrap(e, "%s", path);
}

bool folder_read(const struct process *process, const char *path, struct json *rows[TABLES], struct err *e)
{
    struct reading r = {.rows = rows};
    STRS_CLEANUP struct strs names = {0};

    for (int t = 0; t < TABLES; t++)
        rows[t] = json_array();
    bool ok = process->ops->list_folder(process->port, path, &names, e) || err_wrap(e, "specs.source");

    for (size_t i = 0; ok && i < names.n; i++)
        if (str_ends(str_of(names.at[i]), STR(".json")))
            ok = read_file(&r, process, path, names.at[i], e);
    for (int t = 0; t < TABLES && !ok; t++) {
        json_free(rows[t]);
        rows[t] = NULL;
    }
    return ok;
}
