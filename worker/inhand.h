#pragma once
/*
 * inhand - what this process has in its hands at this very moment, so that its successor knows what it died
 * of.
 *
 * Before a record is parsed, and before a job is stepped, it is written into the process's note; afterwards
 * the note is cleared. What lies there at the next start was to blame, or stood next to the blame: a job's
 * death is counted fleet-wide by the script `killed` (three are POISON); a record's deaths are counted in the
 * note itself, and at INHAND_DEATHS_MAX it goes to the dead letters unparsed. A job that merely waited when
 * the process died is not blamed: its lease expires.
 *
 * Without a note nothing new is begun: a death would be forgotten, and what causes it would kill worker after
 * worker. So a note that cannot be written at the start is an error, and later inhand_stuck() says so: intake
 * reads and claims nothing until it is written again (tried every INHAND_AGAIN_MS). Jobs that are claimed
 * already go on: they hold leases and calls that may land, and a death among them counts as an expiry.
 *
 * The note is one JSON object:
 * {"v":1,"hand":{…},"suspects":[{partition,offset,deaths}],"unreported":[{job}]}. It outlives the process,
 * not the machine. Bounds: INHAND_RECORDS_MAX, INHAND_JOBS_MAX and INHAND_TEXT_MAX (a page), the oldest leave
 * first. Owner: the worker's loop. Source: docs/protocol.md 4.10.
 */
#include "conf/options.h"
#include "view/view.h"
#include "worker/work.h"

enum {
    INHAND_DEATHS_MAX = 3,
    INHAND_RECORDS_MAX = 16,
    INHAND_JOBS_MAX = 4,
    INHAND_TEXT_MAX = 4000,
    INHAND_AGAIN_MS = 1000
};

struct inhand; /* opaque */

/* Takes a note from the folder, reads what it says and writes it anew. A note that does not parse is as
 * empty. NULL: e is set. */
struct inhand *inhand_new(struct view *view, const struct options *o, const struct ports *ports,
                          struct err *e);
void inhand_free(struct inhand *h);

/* False: the note cannot be written: leave the record as it is. */
MUST_CHECK bool inhand_record(struct inhand *h, int partition, int64_t offset);
void inhand_job(struct inhand *h, const struct work *w);
void inhand_clear(struct inhand *h);
bool inhand_stuck(const struct inhand *h); /* the last writing of the note has failed */

/* How many starts have found this record of the jobs topic in hand. */
int inhand_deaths(const struct inhand *h, int partition, int64_t offset);
void inhand_acquit(struct inhand *h, int partition, int64_t offset); /* it was worked on, or buried */

/* Reports deaths until the view has answered, and tries a note that is stuck. Returns when to call again. */
int64_t inhand_turn(struct inhand *h, int64_t now_ms);
