#pragma once
/*
 * ids - the names that records, keys and people use: which are valid, how they are written, where they
 * belong.
 *
 * Source of the rules: docs/protocol.md 4.2 (names and epochs). Pure.
 */
#include "base/str.h"

#include <stdint.h>

/* The same rules as regular expressions, for the schemas of records. */
#define IDS_INSTANCE_PATTERN "^i-[0-9a-f]{8,17}$"
#define IDS_RUN_PATTERN      "^[A-Za-z0-9._-]{1,64}$"
#define IDS_EPOCH_PATTERN    "^[0-9]+:[0-9]+:[0-9]+$"

enum {
    IDS_WORKLOAD_MAX = 200, /* bytes */
    IDS_RUN_MAX = 64,
    IDS_EPOCH_MAX = 48,
    IDS_JOB_MAX = 96,
    IDS_TOKEN_MAX = 33, /* 128 random bits in hex, and a NUL */
};

/* 1..200 bytes of UTF-8 without control characters and '|'. Schedules follow the same rule. */
bool ids_workload_ok(struct str name);
/* 1..64 of A-Z a-z 0-9 . _ - : run ids, hold ids, control ids. */
bool ids_run_ok(struct str id);
/* i- and 8 to 17 hex digits. */
bool ids_instance_ok(struct str id);

/* The log partition of a workload: FNV-1a (32 bits) of its name mod `partitions`. For ever: changing it
 * orphans every record. */
int ids_partition(struct str workload, int partitions);

/* An epoch is where its RunAccepted stands: "G:partition:offset" in records; inside one partition's view
 * "G:offset". */
struct epoch {
    int64_t generation, partition, offset;
};
MUST_CHECK bool epoch_parse(struct str text, struct epoch *out);
void epoch_format(const struct epoch *ep, char out[IDS_EPOCH_MAX]);
MUST_CHECK bool epoch_parse_in_view(struct str text, int partition, struct epoch *out);
void epoch_format_in_view(const struct epoch *ep, char out[IDS_EPOCH_MAX]);

/* "WORKLOAD@RUN" splits at the last '@'. */
MUST_CHECK bool ids_split_run(struct str text, struct str *workload, struct str *run);

/* G.partition.offset.step.chunk#hash of the member ids: the same members of the same step are the same
 * job. */
void ids_job(const struct epoch *ep, int64_t step, size_t chunk, const char *const *members, size_t n,
             char out[IDS_JOB_MAX]);
