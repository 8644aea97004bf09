#pragma once
/*
 * folder - specifications as JSON files in one folder. Synchronous: files are small, and local.
 *
 * Used by source alone. What a file may hold: source.h.
 */
#include "codec/json.h"
#include "ports/process.h"

/* All rows of all *.json files: two arrays, owned by the caller; NULL both, with an error that names the
 * file, on failure. */
MUST_CHECK bool folder_read(const struct process *process, const char *path, struct json **workloads,
                            struct json **tiers, struct err *e);
