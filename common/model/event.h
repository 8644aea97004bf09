#pragma once
/*
 * event - every record of the log, by its table. This room alone knows the fields of records.
 *
 * Values are JSON objects of at most EVENT_TEXT_MAX bytes. Readers ignore fields and types that they do not
 * know; a record that carries `must` may not be skipped by a fold (docs/protocol.md 4.2). Nothing decides by
 * a header. Owner: whoever parsed or filled it; event_release frees what the table owns.
 */
#include "model/job.h"

enum {
    EVENT_TEXT_MAX = 900 * 1000,
    EVENT_TEXT_KEPT_MAX = 2000 /* bytes of any one text that the view keeps */
};

enum event_type {
    EVENT_OTHER, /* a type that this build does not know */
    EVENT_RUN_REQUESTED,
    EVENT_RUN_ACCEPTED,
    EVENT_RUN_REFUSED,
    EVENT_DRAINED,
    EVENT_TIER_PLANNED,
    EVENT_PLAN_FAILED,
    EVENT_JOB_TERMINAL,
    EVENT_PAUSE,
    EVENT_RESUME,
    EVENT_CANCEL,
    EVENT_HOLD_SET,
    EVENT_HOLD_CLEARED,
    EVENT_VIEW_OPENED,
    EVENT_RUN_FINISHED,
    EVENT_TIER_RELEASED,   /* for readers */
    EVENT_TIER_COMPLETED,  /* for readers */
    EVENT_PLAN_DELAYED,    /* for readers */
    EVENT_SCHEDULE_MISSED, /* for readers */
    EVENT_JOB_PROGRESS,    /* progress topic */
    EVENT_TYPES
};
extern const char *const event_type_names[]; /* "", "RunRequested", …, NULL */

enum if_busy { IF_BUSY_REJECT, IF_BUSY_QUEUE, IF_BUSY_SUPERSEDE };
extern const char *const if_busy_names[]; /* "reject", "queue", "supersede", NULL */
enum origin_kind { ORIGIN_CLI, ORIGIN_SCHEDULE, ORIGIN_RETRY, ORIGIN_API };
extern const char *const origin_kind_names[]; /* "cli", "schedule", "retry", "api", NULL */

/* Why a tick did not fire. */
enum missed_why {
    MISSED_TOO_LATE,   /* nobody could fire it within schedule.catchup */
    MISSED_NEWER_TICK, /* a newer tick of the workload was due as well, and fired in its place */
    MISSED_POLICY,     /* schedule.policy is none */
};
extern const char *const missed_why_names[]; /* "too-late", "newer-tick", "policy", NULL */

enum { EVENT_SCHEDULE_MAX = 300 /* bytes of name|action|zone: the fold's bound */ };

struct event_origin {
    int kind; /* enum origin_kind */
    char *who, *reason, *schedule, *of;
    int64_t tick; /* YYYYMMDDhhmm, nominal local time */
};

/* What a request asks, beyond which workload and action. Kept by the view as JSON until it is answered. */
struct event_request {
    struct event_origin origin;
    char *profile;
    struct strs tiers;    /* empty: all */
    int if_busy;          /* enum if_busy */
    char *on_failure;     /* NULL: as the row says; else "halt" or "continue" */
    int64_t not_after_ms; /* wall time after which it must not begin any more; 0: none */
    bool force;
};
extern const struct json_field event_request_fields[];
extern const struct json_field event_origin_fields[];
/* Whether the view keeps it: EVENT_TEXT_KEPT_MAX bytes. One that is larger is folded as nothing: who appends
 * it asks first. */
MUST_CHECK bool event_request_fits(const struct event_request *r, struct err *e);

struct event_step {
    struct strs tiers;
    int64_t delay_s;
};
struct event_steps {
    struct event_step *at;
    size_t n;
};

struct event_accepted {
    char *request; /* where the RunRequested stands: G:partition:offset */
    struct event_steps steps;
    struct spec spec; /* frozen */
    int on_failure;   /* enum on_failure: the one that counts */
    char *profile;
    int64_t not_after_ms, deadline_s, pause_s, members;
    bool observe;
    struct event_origin origin; /* of the request, for readers */
};

struct event_plan_job {
    char *job;
    struct strs members;
};
struct event_plan_jobs {
    struct event_plan_job *at;
    size_t n;
};
struct event_plan_tier {
    char *tier, *kind;
    struct job_options options;
    struct event_plan_jobs jobs;
    struct member_outcomes left_out;
};
struct event_plan_tiers {
    struct event_plan_tier *at;
    size_t n;
};
struct event_planned {
    int64_t step, part, parts;
    char *plan; /* nonce */
    struct event_plan_tiers tiers;
};

struct event_terminal {
    int64_t step, attempt;
    char *tier, *job, *token, *worker;
    bool unanswered; /* a changing call was sent whose answer never came */
    struct member_outcomes members;
};

struct event_control { /* Pause, Resume, Cancel: `run` stands in the common part */
    char *id, *who, *reason;
    int cause; /* Cancel: CAUSE_CANCELLED, _EXPIRED or _DEADLINE */
};

struct event_hold_scope {
    char *tier, *instance; /* absent: the whole workload */
};
struct event_hold {
    char *id, *hold, *who, *reason;
    struct event_hold_scope scope;
    int64_t until_ms;
};

struct event_finished {
    int result; /* enum result */
    int cause;  /* enum cause */
    char *detail;
    struct counts counts;
};

struct event_progress_member {
    char *id, *state;
};
struct event_progress_members {
    struct event_progress_member *at;
    size_t n;
};

struct event {
    enum event_type type;
    char *type_name;
    int64_t v;
    char *ts, *workload, *run,
        *epoch;   /* ts: RFC 3339; epoch: G:partition:offset, absent before it is known */
    char *action; /* "start" or "stop" where it applies */
    bool must;
    struct strs needs;
    union {
        struct event_request requested;
        struct event_accepted accepted;
        struct {
            char *request; /* G:partition:offset */
            int cause;
            char *detail;
        } refused;
        struct {
            char *old_epoch, *next_epoch; /* absent: none */
        } drained;
        struct event_planned planned;
        struct {
            int64_t step;
            int cause;
            char *detail;
        } plan_failed;
        struct {
            int64_t step, until_ms; /* until_ms: PlanFailed is written then */
            int cause;
            char *detail;
        } plan_delayed;
        struct event_terminal terminal;
        struct event_control control;
        struct event_hold hold;
        struct {
            char *inc;
            int64_t ttl_ms, taws_ms;
        } view;
        struct event_finished finished;
        struct {
            char *schedule; /* as in event_origin */
            int64_t tick, earlier;
            int why; /* enum missed_why */
        } missed;
        struct {
            int64_t step;
            struct strs tiers;
        } tier; /* TierReleased, TierCompleted */
        struct {
            char *job, *tier;
            int64_t step;
            struct event_progress_members members;
        } progress;
    };
};

/* The table of a type's own fields; NULL for EVENT_OTHER. Common fields: event_common_fields. */
const struct json_field *event_fields(enum event_type type);
extern const struct json_field event_common_fields[];

/*
 * Parses a value. An unknown type is EVENT_OTHER with its name and the common fields: success. A known type
 * whose fields do not parse, or a value that is no JSON object with `type`, is ERR_INVALID: the fold ignores
 * it and counts it.
 */
MUST_CHECK bool event_parse(struct str text, struct event *out, struct err *e);
void event_print(const struct event *ev, struct buf *out);
void event_release(struct event *ev);

/* An event of `type` with v = 1, ts = wall_ms, and copies of workload and run (NULL: none). */
void event_init(struct event *ev, enum event_type type, int64_t wall_ms, const char *workload,
                const char *run);

/*
 * CloudEvents 1.0 (Kafka binding, binary mode) and W3C trace context. Nothing decides by a header. Names are
 * constants, values live in the struct; whoever appends turns them into its own header type.
 */
enum { EVENT_HEADERS = 12, EVENT_HEADER_MAX = 320 };
struct event_headers {
    const char *names[EVENT_HEADERS];
    char values[EVENT_HEADERS][EVENT_HEADER_MAX];
    size_t n;
};
/* `source`: "/ec2sched/worker/<id of the process>"; `id`: unique, 32 hex digits (its first 16 are the
 * span). */
void event_headers_fill(struct event_headers *h, const struct event *ev, const char *source, const char *id);
