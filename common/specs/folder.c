#include "specs/folder.h"

#include "specs/row.h"
#include "specs/source.h"

#include <stdio.h>

enum { PATH_BYTES = 4096 };

struct reading {
    struct json *workloads, *tiers;
    size_t rows;
};

static bool take_row(struct reading *r, const struct json *row, struct err *e)
{
    struct json *plain = row_plain(row, e);

    if (!plain)
        return false;
    if (++r->rows > SOURCE_ROWS_MAX) {
        json_free(plain);
        return err_set(e, ERR_INVALID, "over %d rows", SOURCE_ROWS_MAX);
    }
    json_push(json_get(plain, "TierTagValue") ? r->tiers : r->workloads, plain);
    return true;
}

static bool take_rows(struct reading *r, const struct json *rows, struct err *e)
{
    for (const struct json *row = json_first(rows); row; row = json_next(row))
        if (!take_row(r, row, e))
            return false;
    return true;
}

static bool take_file(struct reading *r, const struct json *file, struct err *e)
{
    const struct json *w = json_get(file, "WorkloadSpecification");
    const struct json *t = json_get(file, "TierSpecification");

    if (json_type(file) == JSON_ARRAY)
        return take_rows(r, file, e);
    if (!w && !t)
        return take_row(r, file, e);
    if ((w && json_type(w) != JSON_ARRAY) || (t && json_type(t) != JSON_ARRAY))
        return err_set(e, ERR_INVALID, "WorkloadSpecification and TierSpecification must be arrays of rows");
    return take_rows(r, w, e) && take_rows(r, t, e);
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

bool folder_read(const struct process *process, const char *path, struct json **workloads,
                 struct json **tiers, struct err *e)
{
    struct reading r = {.workloads = json_array(), .tiers = json_array()};
    STRS_CLEANUP struct strs names = {0};
    bool ok = process->ops->list_folder(process->port, path, &names, e) || err_wrap(e, "specs.source");

    for (size_t i = 0; ok && i < names.n; i++)
        if (str_ends(str_of(names.at[i]), STR(".json")))
            ok = read_file(&r, process, path, names.at[i], e);
    if (!ok) {
        json_free(r.workloads);
        json_free(r.tiers);
        r.workloads = r.tiers = NULL;
    }
    *workloads = r.workloads;
    *tiers = r.tiers;
    return ok;
}
