#pragma once
/*
 * since - one run, found in the log: where show, watch and cancel begin to read.
 */
#include "cli/log.h"

enum { SINCE_DEFAULT_MS = 7 * 86400000 };

/* "WORKLOAD@ID" in two. */
struct run_name {
    char *workload, *run;
};
MUST_CHECK bool run_name_read(const char *word, struct run_name *out, struct err *e);
void run_name_release(struct run_name *n);

/* The workload's log partition, from `ago_ms` before now to its present end. */
MUST_CHECK bool cli_recent(struct cli *c, const char *workload, int64_t ago_ms, struct stretch *out,
                           struct err *e);
