#pragma once
/*
 * schedules - the schedules of all workloads as they were read last, and when each comes due next.
 *
 * A heap by the moment of the next tick: nothing is polled. Only schedules of partitions that this producer
 * leads stand in it, once it is known how far their ticks have been considered (schedules_know): in the log,
 * or reported. A row that cannot be is told once and stands still; a paused one, and one that is gone, is
 * forgotten, so that it begins anew when it comes back: ticks in between are nobody's. Zones are read anew
 * with every whole load.
 *
 * Owner: the trigger. Moments are wall time in ms.
 */
#include "base/hash.h"
#include "core/schedule.h"
#include "core/tick.h"
#include "producer/context.h"

enum {
    /* bytes of workload|name|action|zone|expression */
    SCHEDULES_MARK_MAX = IDS_WORKLOAD_MAX + SCHEDULE_KEY_MAX + CRON_MAX + 4
};
#define SCHEDULES_UNKNOWN INT64_MIN

struct entry {
    uint64_t id; /* never used again: a row that changes its ticks is another entry */
    struct schedule s;
    int partition;
    int64_t considered_ms; /* ticks up to then are done with */
    struct tick next;
    bool busy;         /* in a firing */
    bool seen, listed; /* since the last load began: its row was read; by that load itself */
    bool dirty;        /* the view is to be told of considered_ms */
    char *name;        /* workload|name */
    UT_hash_handle hh, hh_name;
};

struct schedules; /* opaque */

/* Keeps the context. c->partitions is known. */
struct schedules *schedules_new(struct context *c);
void schedules_free(struct schedules *s);

/*
 * All rows, as they are now, some at a time. New ones of partitions that are known begin at now_ms. What no
 * row has told of goes with the end; a load without one (the next begins) has told of some and takes none
 * away.
 */
void schedules_load_begin(struct schedules *s);
void schedules_load_rows(struct schedules *s, const struct json *rows, int64_t now_ms);
void schedules_load_end(struct schedules *s);
/*
 * One row as it was read before its tick (NULL: it is gone). True: the entry stands as it was, but for its
 * profile. False: it is gone, or another one stands in its place that is considered up to begin_ms.
 */
bool schedules_row(struct schedules *s, struct entry *e, const struct json *row, int64_t begin_ms);

struct entry *schedules_find(struct schedules *s, uint64_t id); /* NULL: gone */
/* Calls `each` for all entries of a partition; it may not remove any. */
void schedules_each(struct schedules *s, int partition, void (*each)(void *self, struct entry *e),
                    void *self);

/* What the view remembers an entry by: its considered moment survives this producer under that name. */
void schedules_mark(const struct entry *e, char out[SCHEDULES_MARK_MAX]);

/* The partition's schedules are known, or (false) no longer led: those leave the heap and are unknown. */
void schedules_led(struct schedules *s, int partition, bool known);
/* Ticks up to considered_ms are done with: the next one is waited for, unless it is busy. */
void schedules_know(struct schedules *s, struct entry *e, int64_t considered_ms);
/* The same, and the view is told with the next schedules_flush. */
void schedules_consider(struct schedules *s, struct entry *e, int64_t considered_ms);
/* Tells the view, many marks in one command: once a turn, so that no acknowledgement waits for it. */
void schedules_flush(struct schedules *s);

/* The next one that is due, out of the heap and busy from now on; NULL: none. */
struct entry *schedules_take(struct schedules *s, int64_t now_ms);
/* A firing is done with it. */
void schedules_put(struct schedules *s, struct entry *e);
int64_t schedules_next(const struct schedules *s); /* INT64_MAX: none */
size_t schedules_count(const struct schedules *s);
size_t schedules_invalid(const struct schedules *s); /* rows that stand still */
