#pragma once
/*
 * specs - the rows of the specifications, read and waited for: what lint, list, plan, start and stop begin
 * with.
 */
#include "cli/cli.h"
#include "core/lint.h"
#include "model/ids.h"

struct cli_rows { /* borrowed from the cli until the next reading */
    const struct json *workloads, *tiers;
    const struct json *faults; /* what could not be read of a folder (source.h); NULL: nothing */
};

/* Whether it can be a workload's name (NULL: none is asked for). */
MUST_CHECK bool cli_name_ok(const char *workload, struct err *e);
/* All rows (workload NULL), or those of one workload. False: e says what could not be read. */
MUST_CHECK bool cli_rows(struct cli *c, const char *workload, struct cli_rows *out, struct err *e);
/* A fault is about this workload; "": about nobody in particular. */
bool cli_faulty(const struct cli_rows *rows, struct str workload);
/*
 * Which tiers' members another workload selects as well, as all rows tell: an array of {"tier", "workload"},
 * owned by the caller.
 */
struct json *cli_shared(const struct cli_rows *all, const struct spec *spec);
/* The schedules of all workloads, or of one: an array of rows, borrowed until the next reading. */
MUST_CHECK bool cli_schedules(struct cli *c, const char *workload, const struct json **out, struct err *e);
/* The machine's time zones, as schedule.zoneinfo says; made at first use. */
struct zones *cli_zones(struct cli *c);
/* Copies of those rows whose SpecName is `name`. Owned by the caller. */
struct json *cli_rows_of(const struct json *rows, struct str name);

/*
 * Reads and validates one workload for an action. True: *out is the specification (release it). False: it was
 * refused or could not be read; the error has been printed and *exit is the exit code.
 */
MUST_CHECK bool cli_spec(struct cli *c, const char *workload, enum action action,
                         const struct strs *only_tiers, struct spec *out, int *exit);
