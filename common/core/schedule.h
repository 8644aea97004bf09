#pragma once
/*
 * schedule - a person's row of ScheduleSpecification: when which action of a workload is asked for.
 *
 * Read by the same table of attributes as the other rows (docs/contract.md), into a typed schedule or into
 * findings that name row, attribute, position and remedy. A row that is wrong makes that one schedule stand
 * still. Pure; zones are handed in.
 */
#include "core/cron.h"
#include "core/lint.h"
#include "core/zones.h"
#include "model/ids.h"

enum {
    SCHEDULE_KEY_MAX = IDS_WORKLOAD_MAX + 8 + ZONE_NAME_MAX, /* bytes of name|action|zone */
    SCHEDULE_PROFILE_MAX = 100,                              /* bytes: the record's bound */
    SCHEDULE_ROW_MAX = 2 * IDS_WORKLOAD_MAX + 40
};

struct schedule {
    char *workload, *name;
    int action; /* enum action */
    char *expression, *zone_name;
    bool enabled;
    char *profile; /* NULL: none */
    struct cron cron;
    const struct zone *zone; /* borrowed from the zones that were handed in */
};

/* True, with *out filled, when nothing in the row is an error. */
MUST_CHECK bool schedule_read(const struct json *row, bool strict, struct zones *zones, struct schedule *out,
                              struct findings *f);
void schedule_release(struct schedule *s);
/* How findings call a row, whatever it holds: "ScheduleSpecification W/NAME". */
void schedule_row_name(const struct json *row, char out[SCHEDULE_ROW_MAX]);

/* What ticks are counted by: name|action|zone. A schedule that changes one of them is another one. */
void schedule_key(const struct schedule *s, char out[SCHEDULE_KEY_MAX + 1]);
/* The same key and the same expression: the same ticks. */
bool schedule_same(const struct schedule *a, const struct schedule *b);

/* The row says in the same words what made `s`, which is enabled: it need not be read again. (False is no
 * difference yet: schedule_read tells.) */
bool schedule_says(const struct schedule *s, const struct json *row);

/*
 * All rows of a table or folder: every one is read, and what they say together is looked at: a name that
 * stands twice in a workload (a folder can hold it), a workload that is not in `workloads` (NULL: not looked
 * at). For lint: adds to the findings only.
 */
void schedule_lint(const struct json *rows, const struct json *workloads, bool strict, struct zones *zones,
                   struct findings *f);
