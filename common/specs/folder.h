#pragma once
/*
 * folder - specifications as JSON files in one folder. Synchronous: files are small, and local.
 *
 * Used by source alone. What a file may hold: source.h. A file or a row that cannot be read is a fault, told
 * with the file's name, and the others are read all the same.
 */
#include "codec/json.h"
#include "ports/process.h"
#include "specs/tables.h"

struct folder_rows {
    struct json *tables[TABLES];
    struct json *faults; /* as source_rows tells them */
};

/* All rows of all *.json files, owned by the caller, on failure as well: the folder cannot be listed, or
 * holds too much. */
MUST_CHECK bool folder_read(const struct process *process, const char *path, struct folder_rows *out,
                            struct err *e);
