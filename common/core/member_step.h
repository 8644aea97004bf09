#pragma once
/*
 * member_step - the life of one member in one attempt at its job: seen, asked, called, waited for, over.
 *
 * Pure: each function is one event; the phase and the outcome are its only effects. core/job_step owns the
 * members and decides who may be asked or called and when; nothing here knows the lease. Moments are the boot
 * clock's, unless a name says wall.
 *
 *   LOOK ──▶ SETTLE (on its way elsewhere: waited for first) ──▶ LOOK
 *     ├──▶ OVER   there already, not ours, left out
 *     ├──▶ WAIT   on its way to the state already
 *     ├──▶ ASK ──▶ ASKED ──▶ READY or OVER (present, unknown)
 *     └──▶ READY ──▶ CALLED ──▶ WAIT ──▶ OVER      refused: OVER, READY again, or LOOK again
 *
 * Source of the rules: docs/contract.md (Outcomes, Membership, The override check), docs/protocol.md 4.7,
 * docs/aws.md 5.1.
 */
#include "core/override.h"
#include "model/job.h"

enum sight {
    SIGHT_ABSENT,
    SIGHT_PENDING,
    SIGHT_RUNNING,
    SIGHT_STOPPING,
    SIGHT_STOPPED,
    SIGHT_SHUTTING_DOWN,
    SIGHT_TERMINATED,
    SIGHT_OTHER
};
extern const char *const sight_names[]; /* "absent", then EC2's words, "unknown", NULL */

enum {
    MEMBER_MISSES_MAX = 3,   /* polls in a row that do not list it: not-found */
    MEMBER_REFUSALS_MAX = 8, /* "not in a state that allows it": looked at and called again so often */
    MEMBER_CAPACITY_MAX = 3, /* calls for it alone that met no capacity */
    MEMBER_ASKS_MAX =
        12, /* questions in one attempt, those that grew old and those of young instances included */
    MEMBER_REFUSED_WAIT_MS = 2500, /* times the refusals so far: before it is looked at again */
    MEMBER_CAPACITY_WAIT_MS = 30 * 1000,
    MEMBER_ASK_AGAIN_MS = 15 * 1000, /* a young instance whose agent is not online yet */
    MEMBER_LOOK_MS = 10 * 60 * 1000, /* without any sighting: unavailable */
    /* after an accepted start: by then it would have been seen on its way, were it not taken back */
    MEMBER_FALL_BACK_MS = 60 * 1000,
    MEMBER_DESCRIBE_LAG_MS = 15 * 1000, /* after a call: how long a Describe may tell of the time before */
};

enum member_phase {
    MEMBER_LOOK,
    MEMBER_SETTLE,
    MEMBER_ASK,
    MEMBER_ASKED,
    MEMBER_READY,
    MEMBER_CALLED,
    MEMBER_WAIT,
    MEMBER_OVER
};

/* One instance as one DescribeInstances reply tells it; texts borrowed for the call. */
struct sighting {
    enum sight state;
    struct str filter_value, tier_value; /* of the two tags; p == NULL: it has no such tag */
    bool asg_member, spot_one_time, instance_store;
    bool spot;
    int64_t launch_wall_ms, transition_wall_ms; /* 0: not told */
    struct str reason;                          /* why it is in this state, AWS's words */
};

struct member_life {
    const char *id; /* the job's */
    enum member_phase phase;
    enum outcome outcome;
    enum cause cause;
    char *detail;           /* owned; AWS's own words, or why an answer is unknown; may be NULL */
    enum sight from, state; /* first and last seen; from: SIGHT_ABSENT until it was seen */
    bool spot, seen;
    bool moved;     /* since its accepted call it was seen on its way */
    bool touched;   /* a call of this attempt has reached EC2, or may have */
    bool earlier;   /* an earlier attempt of this run had acted */
    bool status_ok; /* both EC2 status checks passed, as last told */
    int misses, refusals, capacity, asks;
    int64_t phase_ms;       /* since when it is in its phase */
    int64_t accepted_ms;    /* of the call that is waited for, or when waiting began */
    int64_t limit_ms;       /* SETTLE, WAIT: over by then */
    int64_t absent_ms;      /* when the question was sent that was answered ABSENT; 0: no such answer */
    int64_t young_until_ms; /* until then an agent that is not online is asked again */
    int64_t after_ms;       /* ASK, READY: not before; LOOK: what was seen before does not count */
    int64_t launch_wall_ms; /* as first seen */
    int64_t held_until_ms;  /* a hold covers it until then */
    int64_t took_ms;
};

struct member_rules { /* of the job, for all its members */
    const struct job_options *options;
    const char *tier; /* the value of its tier tag, exactly */
    enum action action;
    int64_t attempt;
};

/* A DescribeInstances reply that was asked for at asked_ms. wall_ms: AWS's clock now. Ignored where the phase
 * does not look. */
void member_seen(struct member_life *m, const struct member_rules *r, const struct sighting *s,
                 int64_t asked_ms, int64_t now_ms, int64_t wall_ms);
/* Whether its EC2 status checks passed. */
void member_status(struct member_life *m, const struct member_rules *r, bool ok, int64_t now_ms);
/* The status checks are what it waits for. */
bool member_wants_status(const struct member_life *m, const struct member_rules *r);

struct member_answer {
    enum override_answer answer;
    bool offline;     /* its agent is not (yet) online: a young instance is asked again */
    int64_t asked_ms; /* when the question was sent */
    const char *why;  /* UNKNOWN: in words */
};
void member_answered(struct member_life *m, const struct member_rules *r, const struct member_answer *a,
                     int64_t now_ms);
/* Whether its ABSENT still counts, or no answer is needed. */
bool member_proven(const struct member_life *m, const struct member_rules *r, int64_t now_ms);

void member_ask(struct member_life *m, int64_t now_ms);
void member_unasked(struct member_life *m, int64_t now_ms); /* the question was not put */
void member_call(struct member_life *m, int64_t now_ms);
void member_accepted(struct member_life *m, const struct member_rules *r, int64_t now_ms);
/* The call may or may not have reached EC2: look again, and call again if nothing came of it. */
void member_unanswered(struct member_life *m, int64_t now_ms);
/* The call did not leave, or changed nothing for reasons that are not the member's: ready again. */
void member_back(struct member_life *m, int64_t now_ms);
/* EC2 refused it, this member: by name, or called alone. */
void member_refused(struct member_life *m, const char *code, const char *message, int64_t now_ms);

/* Time passes: limits. Returns the moment of the next one, INT64_MAX: none. */
int64_t member_tick(struct member_life *m, const struct member_rules *r, int64_t now_ms);
/* detail: copied, may be NULL. */
void member_over(struct member_life *m, enum outcome o, enum cause c, const char *detail);
/* Leaves no more than done, unchanged and bypassed: a terminal without it would hide a failure. */
bool member_clean(const struct member_life *m);

/* What a refusal with this code is called; CAUSE_REFUSED_BY_EC2 when it has no better word. */
enum cause member_cause_of(enum err_kind kind, const char *code, const char *message);
