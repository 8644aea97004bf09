#pragma once
/*
 * folder - specifications as JSON files in one folder. Synchronous: files are small, and local.
 *
 * Used by source alone. What a file may hold: source.h.
 */
#include "codec/json.h"
#include "ports/process.h"
#include "specs/tables.h"

/* All rows of all *.json files: an array for each table, owned by the caller; NULL all, with an error that
 * names the file, on failure. */
MUST_CHECK bool folder_read(const struct process *process, const char *path, struct json *rows[TABLES],
                            struct err *e);
