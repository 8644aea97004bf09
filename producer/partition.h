#pragma once
/*
 * partition - one partition of the log, as one producer sees it: who leads, where its view stands, what it
 * has in hand. Its turn.
 *
 *   STANDBY ──lock──▶ LOCATE ──view──▶ REPLAY ──caught up──▶ LEAD
 *                       │ ▲               │                    │
 *                  no view └── trouble ───┴────────────────────┘       HALT: nothing may be decided; a person
 *                  has to look
 *                       ▼
 *                     SEED ───▶ REPLAY
 *
 * One function (partition_enter) owns every transition. Losing the lock leads back to STANDBY from
 * everywhere. All that a leader decides is idempotent, so leading a moment too long is harmless.
 * Owner: the producer. Completions only record, or take the next step of one piece of work; what they find
 * wrong goes through partition_trouble (acted on in the next turn) or partition_halt.
 */
#include "base/hash.h"
#include "producer/context.h"
#include "producer/foresight.h"

enum partition_state {
    PARTITION_STANDBY,
    PARTITION_LOCATE,
    PARTITION_SEED,
    PARTITION_REPLAY,
    PARTITION_LEAD,
    PARTITION_HALT,
};
extern const char *const partition_state_names[];

enum partition_trouble {
    TROUBLE_NONE,
    TROUBLE_LOCATE, /* the view may stand elsewhere: ask it */
    TROUBLE_REBUILD /* it is not to be trusted: drop and build it anew */
};

/* protocol.md 4.12 */
enum {
    LEADER_TTL_MS = 3000,
    LEADER_RENEW_MS = 1000,
    BEAT_MS = 1000,
    SWEEP_MS = 250,
    BACKOFF_MS = 500,         /* before the view is located anew */
    HALT_LOOK_MS = 30 * 1000, /* a halted partition is looked at again */
    OPEN_AGAIN_MS = 5000,     /* between two ViewOpened */
    PARTITION_PIPELINE = 128, /* records on their way into the view */
};

struct fold_sent { /* one record on its way into the view */
    uint64_t id;
    int64_t offset;
    enum event_type type;
    char *workload, *run, *epoch, *job; /* for notices and the pump; NULL when absent */
    int64_t step;
    struct tally *tally; /* what is to be counted when it is folded; NULL: nothing */
};

struct tail {
    kafka_reader reader;
    int64_t sent_to; /* offset of the last record sent to the view */
    int64_t pos;     /* offset of the last record folded */
    struct fold_sent ring[PARTITION_PIPELINE];
    size_t first, n;
    int64_t bad_offset; /* the record that the script failed on last; -1: none */
};

struct heartbeat {
    uint64_t asked;           /* id of the beat on its way; 0: none */
    uint64_t marks_asked;     /* id of the question for the watermarks; 0: none */
    int64_t high, high_at_ms; /* INT64_MIN: not known yet */
    int64_t low;
    int64_t due_ms;
    bool open; /* the last beat said OK */
    int64_t open_since_ms;
    int64_t confirmed_ms; /* when it last said so; before: when leading began */
    int64_t opened_at_ms; /* when ViewOpened was appended last; INT64_MIN: not in this term */
    bool opening;         /* its answer is awaited */
};

struct work;      /* owed.h */
struct delivered; /* pump.c */
struct seeding;   /* seed.c */
struct uncovered; /* replay.c */
struct notice;    /* notices.c */
struct tally;     /* tally.c */
struct tally_step;

#define TALLY_NOTHING INT64_MAX

enum { PUMP_FRESH = 8 };

struct fresh { /* a step that a fold of ours opened: nobody can have delivered its jobs before */
    struct epoch epoch;
    int64_t step;
};

struct partition {
    struct context *c;
    int number;
    enum partition_state state;
    int64_t since_ms; /* in this state */
    int64_t look_ms;  /* when a state that waits looks again */
    char halted[64];  /* LOG_TRUNCATED, UPGRADE_NEEDED, … */
    enum partition_trouble trouble;
    bool must_open; /* the view went back, or is new: ViewOpened once it is caught up */
    bool force;     /* the next seed replaces what is there */
    int64_t generation;
    char run_id[REDIS_RUN_ID_MAX]; /* of the server whose view is being led */

    struct {
        uint64_t asked;
        int64_t due_ms, held_until_ms; /* boot clock; INT64_MIN: not held */
    } lock;
    struct {
        uint64_t where, committed;
        struct view_place place; /* its texts are not kept */
        bool placed, open_here;
        int64_t start; /* committed replay start; -1: none */
        bool started;
    } locate;
    struct seeding *seeding;
    int64_t replay_to; /* high watermark to fold up to before leading */
    struct tail tail;
    struct heartbeat beat;

    struct { /* owed.c */
        uint64_t asked;
        int64_t due_ms, skip;
        /* what is asked sees the log up to here folded: sent to the view before, on one connection */
        int64_t seen;
        uint64_t round;
        struct work *works;
        size_t count;
    } owed;
    struct { /* pump.c */
        uint64_t asked;
        int64_t due_ms;
        int64_t seen; /* as in owed */
        size_t in_flight;
        size_t early;     /* of these ahead of the view */
        int64_t alone_ms; /* they have the way to themselves until then */
        struct delivered *delivered;
        struct fresh fresh[PUMP_FRESH]; /* a ring: the oldest makes room */
        size_t fresh_count;             /* ever */
        int limit;                      /* of the take that is out, or comes next */
    } pump;
    struct {            /* backlog.c */
        uint64_t asked; /* id of the first question of the count that is out */
        size_t left;    /* its answers that are to come */
        bool failed, counted;
        int64_t due_ms, pending, leased;
        int64_t due, in_flight; /* the last whole count */
    } backlog;
    struct { /* replay.c */
        struct uncovered *uncovered;
        uint64_t asked;
        bool changed;
        bool looked;      /* at who was busy when this term began */
        int64_t proposed; /* the start that waits for a heartbeat; VIEW_NOT_KNOWN: none */
        bool beats;       /* one has been sent since it was proposed */
        int64_t asked_pos, due_ms, committed, committed_at_ms;
    } start;
    struct foresight foresight;
    struct notice *notices; /* not said yet, oldest first */
    struct {                /* tally.c */
        int64_t from;       /* records from this offset on are ours to count */
        struct tally_step *steps;
    } tally;
};

void partition_init(struct partition *p, struct context *c, int number);
void partition_release(struct partition *p);

/* Does what is due. Returns when to call again. */
int64_t partition_turn(struct partition *p);
/* The one place where `state` changes. */
void partition_enter(struct partition *p, enum partition_state to);
/* Something that a completion found out: acted on in the next turn. The worse of two stays. */
void partition_trouble(struct partition *p, enum partition_trouble t);
void partition_halt(struct partition *p, const char *why, const char *detail);
/* It is caught up: owed work may be done. */
bool partition_leads(const struct partition *p);
/* Gives up the lock and all work, for a drain. */
void partition_leave(struct partition *p);
