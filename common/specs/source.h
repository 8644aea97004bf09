#pragma once
/*
 * source - where specifications come from: DynamoDB tables, or a folder of JSON files in the tables' own
 * shape. Asynchronous.
 *
 * `specs.source` = `dynamodb` (tables with `specs.tables.prefix` in `specs.region`, consistent reads, all
 * pages) or `dir:PATH`: every *.json file in the folder holds one row, an array of rows, or
 * {"WorkloadSpecification": [rows], "TierSpecification": [rows], "ScheduleSpecification": [rows]}; a row is
 * plain JSON or DynamoDB JSON ({"S": "x"}); outside of such lists a row with TierTagValue, or with a tier's
 * attributes and none of a workload's, is a tier's, one with ScheduleName a schedule's. Rows handed out are
 * plain JSON (type wrappers taken off: numbers that are integers stay numbers, others become strings). A
 * folder or table that cannot be read is an error. A file or row of a folder that cannot be, and a name that
 * stands twice, are faults: whoever reads one workload, or schedules, gets those that may concern them as an
 * error, whoever lists gets the others' rows and the faults. Bounds: SOURCE_ROWS_MAX rows, SOURCE_FILE_MAX.
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
    const struct json *schedules; /* array of rows of ScheduleSpecification; NULL: not asked for */
};
typedef void source_done(void *self, uint64_t id, const struct source_rows *rows); /* function types only */
typedef void source_page(void *self, const struct json *rows);                     /* function types only */

/* Keeps options, ports and aws (NULL is fine for a folder). Opens nothing. */
struct source *source_new(const struct options *o, const struct ports *p, struct aws *aws, struct err *e);
void source_free(struct source *s);

/* One workload and its tiers; workloads is an empty array when there is no such row. Exactly one completion,
 * between turns. */
uint64_t source_read(struct source *s, const char *workload, source_done *done, void *self);
/* Every workload, with its tiers. */
uint64_t source_list(struct source *s, source_done *done, void *self);

/*
 * The schedules of one workload, or all (NULL), in `schedules`; none when there is no such table. A name that
 * stands twice in a folder is here twice: it is the reader's to tell.
 */
uint64_t source_schedules(struct source *s, const char *workload, source_done *done, void *self);
/*
 * All of them, an array at a time, borrowed for the call: of a table each page when it has been read, from
 * within aws_turn and before the next is asked for; of a folder all at once. The completion brings no rows,
 * but says whether there were all: without that, what no page has told of may be there all the same.
 */
uint64_t source_schedules_by_page(struct source *s, source_page *page, source_done *done, void *self);
/* One schedule's key. */
struct source_key {
    const char *workload, *schedule;
};
/*
 * The rows of these schedules as they are now (a consistent read that begins after this call), in any order
 * and maybe with others; what is not there any more is left out. Of a table, SOURCE_CHECK_MAX keys are one
 * request.
 */
enum { SOURCE_CHECK_MAX = 100 };
uint64_t source_check(struct source *s, const struct source_key *keys, size_t n, source_done *done,
                      void *self);
bool source_is_folder(const struct source *s);
/* `Enabled` of one schedule's row in the table, nothing else: ERR_CONFLICT when there is none. Of a folder
 * ERR_CONFIG: its files are a person's. `checked`: the moment of the decision. */
uint64_t source_enable(struct source *s, const struct source_key *key, bool enabled,
                       const struct instant *checked, source_done *done, void *self);

/* Delivers what became ready. Returns when to call again. */
int64_t source_turn(struct source *s, int64_t now_ms);
