#pragma once
/*
 * follow - reads the log, from a while back to its end and on, and the progress topic from now on.
 *
 * Each log partition has a reader of its own (assign: no group, nothing is committed), begun where
 * core/stretch says. While it follows, the brokers are asked each FOLLOW_END_MS where the log ends, so that
 * it knows how far it is behind. A position that is no longer in the log begins anew, as at the start.
 * Nothing is ever written.
 */
#include "conf/options.h"
#include "core/stretch.h"
#include "model/event.h"
#include "ports/ports.h"

enum {
    FOLLOW_TURN_MAX = 500, /* records in one turn */
    FOLLOW_END_MS = 2000,
    FOLLOW_AGAIN_MS = 1000,       /* after a question that failed */
    FOLLOW_SAY_MS = 60 * 1000,    /* the same complaint is logged again */
    FOLLOW_STALE_MS = 30 * 1000,  /* so long behind, or without a word of where the log ends: not ready */
    FOLLOW_PARTITIONS_MAX = 1000, /* of the log: kafka.log.partitions allows no more */
    FOLLOW_MARGIN_MS = 24 * 60 * 60 * 1000 /* read before monitor.since: runs that ended since are whole */
};

enum follow_state {
    FOLLOW_LOST,  /* where it begins is not known */
    FOLLOW_ASKED, /* the brokers are asked */
    FOLLOW_LOOK,  /* the last record is looked at: core/stretch */
    FOLLOW_READ,
};

struct follow_partition {
    enum follow_state state;
    kafka_reader reader, progress; /* 0: none */
    struct stretch stretch;        /* to be read before it counts as read to its end */
    int64_t next, end; /* offset of the next record to be read, and of the next to come, as last told */
    int64_t record_ms; /* stamp of the last record read; 0: none */
    int64_t behind_ms; /* boot clock: behind since then; INT64_MAX: it is not */
};

struct follow_counts {
    int64_t records, unparsed, progress;
};

/* `begin`: reading of a partition begins at that offset. `hear`: ev NULL: it does not parse. */
struct follow_sink {
    void (*begin)(void *self, int partition, int64_t offset);
    void (*hear)(void *self, const struct kafka_record *r, const struct event *ev, bool progress);
    void *self;
};

struct follow; /* opaque */

struct follow *follow_new(const struct options *o, const struct ports *ports, const struct follow_sink *sink);
void follow_free(struct follow *f); /* NULL is fine; only when the ports deliver no more completions */
int64_t follow_turn(struct follow *f, int64_t now_ms);
void follow_end(struct follow *f); /* reads no more: readers are closed */

/* Everything that the log held was read once, and as of when that is is known. */
bool follow_caught_up(const struct follow *f);
/* Read to its end, and not stale. False: `why` in plain words. */
bool follow_is_current(const struct follow *f, int64_t now_ms, char why[static ERR_MSG_MAX]);
int64_t
follow_as_of(const struct follow *f); /* wall clock: all that was in the log then is read; 0: never yet */

int follow_count(const struct follow *f); /* log partitions; 0: not known yet */
const struct follow_partition *follow_partition(const struct follow *f, int partition);
struct follow_counts follow_counts(const struct follow *f);
