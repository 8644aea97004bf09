#pragma once
/*
 * fold - what the log says now: one log partition's workloads, folded from its records. For readers.
 *
 * The same state machine as the view's script (common/view/scripts/fold.lua, docs/protocol.md 4.4,
 * docs/view.md) without what is not a function of the log alone: leases, timers, quarantine. Status without
 * Redis, monitors and proofs read this; tests/protocol compares it with the script on random histories, field
 * by field. A change of one is a change of the other, and of FOLD_RULES.
 *
 * Fed with every record of one partition, in order, from the log's first offset on. A record that does not
 * parse (`ev` NULL), stands under another key or in another partition, or breaks a bound is folded as
 * nothing: the position moves by one. Readers get borrowed views that hold until the next fold_take().
 *
 * One thing is not looked at: whether a job's delivery would be over JOB_TEXT_MAX (a planner never writes one
 * that is). Bounds: those of the script, in the enum below; a workload takes at most a few hundred kB beside
 * its pending jobs. Times are ms since
 * 1970 as Kafka stamped the records. Pure: no clock, no port. Owner: whoever made it; single-threaded.
 */
#include "model/event.h"

enum {
    FOLD_RULES = 1,    /* FV of the script */
    FOLD_WAITING = 16, /* requests that wait for admission */
    FOLD_RUNS = 64,    /* runs that a workload remembers (more only while their RunFinished is owed) */
    FOLD_HOLDS = 64,
    FOLD_CONTROLS = 16,          /* control ids that a workload remembers */
    FOLD_STEPS = 200,            /* of a run */
    FOLD_PARTS = 10000,          /* of a plan */
    FOLD_RECORD_JOBS = 5000,     /* of a record */
    FOLD_STEP_JOBS = 10000,      /* of a step */
    FOLD_COUNT_MAX = 100000,     /* members in one count */
    FOLD_TEXT_MAX = 2000,        /* bytes: a request, delays, a tier's name */
    FOLD_NAME_MAX = 200,         /* bytes: job, nonce, control id, instance */
    FOLD_SCHEDULE_MAX = 300,     /* bytes: name|action|zone */
    FOLD_SECONDS_MAX = 31536000, /* a run's deadline, a pause */
    FOLD_NEVER = -1,             /* a moment or offset that there is not */
};

struct fold_run { /* as the workload remembers it */
    char *run;
    int64_t request, epoch; /* offsets; epoch FOLD_NEVER: never accepted, or no result yet */
    enum action action;
    enum result result; /* RESULT_NONE: it goes on */
    enum cause cause;
    struct counts counts;  /* of its end; unsettled is not kept */
    int64_t finish_due_ms; /* its RunFinished is owed since; FOLD_NEVER: it is not */
};

struct fold_waiting { /* a request that waits for its admission */
    char *run;
    int64_t request, asked_ms;
    enum action action;
    enum if_busy busy;
    bool paused;
};

struct fold_hold {
    char *hold, *tier, *instance; /* tier and instance empty: it covers all */
    int64_t until_ms;
};

struct fold_tick { /* last tick that made a request */
    char *schedule;
    int64_t tick;
};

struct fold_job; /* opaque: pending ones, in a table */

struct fold_step {
    struct fold_job *pending;
    size_t jobs;            /* all of its plan */
    struct counts left_out; /* resolved by the plan itself, counted when the step begins */
    bool has_left_out;
};

struct fold_current { /* the current run: also while it drains, and after its end until the next one begins */
    char *run;        /* NULL: there is none */
    int64_t epoch;
    enum action action;
    enum on_failure on_failure;
    int64_t steps, step, planned,
        open;                 /* how many; the current one; the last planned and opened (-1: none) */
    int64_t gate_ms;          /* the step does not begin before */
    int64_t opened_unsettled; /* unsettled members when the last step opened; FOLD_NEVER: none opened */
    int64_t *delays_ms;       /* behind each step */
    int64_t deadline_s, pause_s;
    int64_t left_ms; /* of the run deadline while it is paused; FOLD_NEVER: it is not */
    struct counts counts;
    struct fold_step *at;
    char *nonce; /* of a plan that is not complete; NULL: none */
    int64_t parts, parts_taken;
    struct counts parts_left_out;
    enum result result; /* it has ended by itself */
    int64_t end_ms;
    enum result why; /* what made it drain: cancelled, deadline, superseded, expired; RESULT_NONE */
};

struct fold_next { /* the successor */
    char *run;     /* NULL: there is none */
    int64_t epoch;
    enum action action;
    enum on_failure on_failure;
    int64_t steps;
    int64_t *delays_ms;
    int64_t deadline_s, pause_s;
    bool paused;
};

enum fold_state { FOLD_IDLE, FOLD_RUNNING, FOLD_PAUSED, FOLD_DRAINING };
extern const char *const fold_state_names[]; /* "I", "R", "P", "D", NULL: the view's own words */

struct fold_workload {
    char *name;
    enum fold_state state;
    struct fold_current current;
    struct fold_next next;
    struct fold_waiting waiting[FOLD_WAITING]; /* oldest first */
    size_t waiting_count;
    struct fold_run *runs; /* oldest first */
    size_t run_count;
    struct fold_hold *holds;
    size_t hold_count;
    struct fold_tick *ticks;
    size_t tick_count;
    struct strs controls;                           /* the last ids, oldest first */
    int64_t hold_changes, accepted;                 /* how many ever */
    int64_t last;                                   /* offset of its last record */
    int64_t drain_due_ms, plan_due_ms, deadline_ms; /* owed from when; FOLD_NEVER: not */
};

struct fold; /* opaque */
#define FOLD_CLEANUP CLEANUP(fold_freep)

/* `first`: the first offset that will be fed; `generation` of the log (0 unless it was ever recovered). */
struct fold *fold_new(int partition, int partitions, int64_t generation, int64_t first);
void fold_freep(struct fold **p);

enum fold_answer {
    FOLD_OK,
    FOLD_IGN,     /* folded; it changed nothing that decides */
    FOLD_DUP,     /* not folded: it is in already */
    FOLD_GAP,     /* not folded: records between were not fed */
    FOLD_UPGRADE, /* not folded: a record that may not be skipped and is not known here */
};
struct fold_place {
    int64_t offset, ts_ms;
    struct str key; /* the record's */
};
enum fold_answer fold_take(struct fold *f, const struct fold_place *at, const struct event *ev);

int64_t fold_applied(const struct fold *f);  /* the last offset folded */
int64_t fold_accepted(const struct fold *f); /* runs ever accepted in this partition */
/* NULL: the log does not know it. */
const struct fold_workload *fold_workload(const struct fold *f, struct str name);
/* All of them, in the order in which the log first named them: NULL begins, NULL ends. */
const struct fold_workload *fold_each(const struct fold *f, const struct fold_workload *before);
const struct fold_run *fold_run_of(const struct fold_workload *w, struct str run); /* NULL: not remembered */
size_t fold_pending(const struct fold_workload *w, int64_t step);                  /* jobs not terminal */
/* The ids of a step's pending jobs, appended, sorted. */
void fold_pending_ids(const struct fold_workload *w, int64_t step, struct strs *out);
