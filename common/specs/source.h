#pragma once
/*
 * source - where specifications come from: DynamoDB tables, or a folder of JSON files in the tables' own
 * shape. Asynchronous.
 *
 * `specs.source` = `dynamodb` (tables with `specs.tables.prefix` in `specs.region`, consistent reads, all
 * pages) or `dir:PATH`: every *.json file in the folder holds one row, an array of rows, or
 * {"WorkloadSpecification": [rows], "TierSpecification": [rows]}; a row is plain JSON or DynamoDB JSON ({"S":
 * "x"}); outside of such lists a row with TierTagValue, or with a tier's attributes and none of a workload's,
 * is a tier's. Rows handed out are plain JSON (type wrappers taken off:
 * numbers that are integers stay numbers, others become strings). A folder
 * or table that cannot be read is an error. A file or row of a folder that cannot be, and a name that stands
 * twice, are faults: whoever reads one workload gets those that may concern it as its error, whoever lists
 * gets the others' rows and the faults. Bounds: SOURCE_ROWS_MAX rows, SOURCE_FILE_MAX.
 */
#include "codec/json.h"
#include "conf/options.h"
#include "ports/ports.h"

enum { SOURCE_ROWS_MAX = 20000, SOURCE_FILE_MAX = 32 * 1024 * 1024 };

struct aws;    /* the call engine */
struct source; /* opaque */

struct source_rows {              /* borrowed for the callback only */
    struct err err;               /* ERR_NONE: the rows are whole */
    const struct json *workloads; /* array: all rows of WorkloadSpecification that were asked for */
    const struct json *tiers;     /* array: their TierSpecification rows */
    /* array of {"workload" (absent: it may be anybody's), "row", "attribute", "message"}; of a folder; may be
     * NULL */
    const struct json *faults;
};
typedef void source_done(void *self, uint64_t id, const struct source_rows *rows); /* function types only */

/* Keeps options, ports and aws (NULL is fine for a folder). Opens nothing. */
struct source *source_new(const struct options *o, const struct ports *p, struct aws *aws, struct err *e);
void source_free(struct source *s);

/* One workload and its tiers; workloads is an empty array when there is no such row. Exactly one completion,
 * between turns. */
uint64_t source_read(struct source *s, const char *workload, source_done *done, void *self);
/* Every workload, with its tiers. */
uint64_t source_list(struct source *s, source_done *done, void *self);
/* Delivers what became ready. Returns when to call again. */
int64_t source_turn(struct source *s, int64_t now_ms);
