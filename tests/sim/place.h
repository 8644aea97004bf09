#pragma once
/*
 * place - the named places of a process's work: each call of a seam by what it is about, what befell the
 * process or the call there, and the rows of docs/protocol.md 7 that are about it.
 *
 * A place is "append TierPlanned", "redis fold", "aws StopInstances": a seam and what it was asked. A call is
 * open from its sending until the process has heard of it. A process that dies or is stopped meets that at
 * each place where it has a call open (sent and not there, there and not answered, answered and not heard:
 * chance says which); a call that is lost or late, there or back, is met at its own. Two more deaths have a
 * place: UNSENT, just before the call left, and AFTER, just after the process heard of it.
 *
 * Faults by chance are counted here like all others; aims see to it that rare places are met: a history has
 * some, each a row, an act and how often, and it strikes when the place is next come by.
 *
 * Owner: the fleet has one `places`, each life of a process one `calls`.
 */
#include "awssim/chance.h"
#include "base/str.h"

enum place_act { PLACE_UNSENT, PLACE_DEATH, PLACE_STOP, PLACE_LOSS, PLACE_DELAY, PLACE_AFTER, PLACE_ACTS };
extern const char *const place_act_names[PLACE_ACTS];

enum {
    PLACES_MAX = 128,
    PLACE_NAME_MAX = 48,
    PLACE_AIMS = 24,
    PLACE_AIMS_MIN = 4,
    PLACE_SCRIPTS_MAX = 32,
    PLACE_SHA = 41,
    PLACE_NONE = -1
};

/* A row of protocol.md 7 that names a process's act. */
struct place_row {
    const char *row, *place;
    unsigned acts; /* bits: which are to be met */
};
extern const struct place_row place_rows[]; /* one without a row at the end */

struct places {
    char names[PLACES_MAX][PLACE_NAME_MAX];
    int n;
    int64_t met[PLACES_MAX][PLACE_ACTS];
    struct chance chance;
    struct place_aim {
        int place, left;
        enum place_act act;
    } aims[PLACE_AIMS];
    int aim_count;
    bool quiet;
    char sha[PLACE_SCRIPTS_MAX][PLACE_SHA]; /* of the product's scripts */
};

/* `aimed`: this history has aims. */
void places_init(struct places *p, uint64_t seed, bool aimed);
/* Some of the aims, if there are any, are there; `after`: those just after the call, too. */
void places_favour(struct places *p, const char *place, bool after);
int places_find(struct places *p, struct str seam, struct str about); /* makes it */
void places_met(struct places *p, int place, enum place_act act);
/* Whether an aim strikes there; it is one less then. */
bool places_aim(struct places *p, int place, enum place_act act);
int64_t places_count(const struct places *p, const char *place, enum place_act act);

/* ---- the calls of one process ---- */

/* It is to die or be stopped in so long; PLACE_STOP or a death. */
typedef void place_befall(void *self, enum place_act act, int64_t us);

/* What Redis said there. */
struct redis_value;
typedef void place_answered(void *self, const char *place, const struct redis_value *value);

struct calls {
    struct places *places;
    int open[PLACES_MAX];
    place_befall *befall;
    place_answered *answered;
    void *self;
};

/* Where a call of this process is; NULL calls: nobody counts. */
int calls_append(struct calls *c, const char *topic, struct str value);
int calls_command(struct calls *c, const struct str *args, size_t n);
/* action: of a form's body, or after the dot of X-Amz-Target. */
int calls_request(struct calls *c, struct str target, struct str body);
/* The call begins. False: it never leaves, its process dies of it at once. */
bool calls_begin(struct calls *c, int place);
void calls_heard(struct calls *c, int place); /* of its end: before the process is told */
void calls_answered(struct calls *c, int place, const struct redis_value *value);
void calls_gone(struct calls *c, int place);              /* nobody waits for it any more */
void calls_befallen(struct calls *c, enum place_act act); /* the process was killed, or stopped */
