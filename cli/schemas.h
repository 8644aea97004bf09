#pragma once
/*
 * schemas - the records' tables as JSON Schemas (2020-12; no keyword that draft 7 lacks or reads otherwise).
 *
 * Source: the tables that encode and decode the records (model/event.c, model/job.c), so that a schema cannot
 * drift from the code. Parts that many records share (Cause, JobOptions, Spec …) are schemas of their own and
 * are referred to. Objects stay open: a reader passes over fields that it does not know, a newer version may
 * add some; a test closes them and holds every record of a real run to them. Pure; results are the caller's.
 */
#include "model/event.h"

enum {
    SCHEMAS_JOB = EVENT_TYPES, /* behind the types of records: what a worker is handed, jobs topic */
    SCHEMAS_SNAPSHOT,          /* of one workload at rest, snap topic */
    SCHEMAS
};

/* The name of a schema: an event_type's, "Job" or "Snapshot". */
const char *schemas_name(int which);
const struct json_field *schemas_fields(int which); /* without the common ones of events */

/* {"RunRequested": …, "Job": …, "Cause": …}; `where` stands before the names in references: "#/$defs/". */
struct json *schemas_all(const char *where);
/* All of them as one schema: a value is valid if it is a record of some type. */
struct json *schemas_bundle(void);

/* The headers of events and progress, and of dead letters. */
extern const struct json_field schemas_event_headers[];
extern const struct json_field schemas_letter_headers[];
