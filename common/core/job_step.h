#pragma once
/*
 * job_step - the life of one attempt at a job: what its worker is to do next, from what has been seen so far.
 *
 * Pure: no port, no clock. Events are recorded by the functions below; job_step() then gives one command
 * after the other until JOB_NOTHING, which says until when. A command has already been noted when it is
 * returned: the worker carries it out, or says (job_step_called, job_step_answered) that it could not.
 * Members are named by their index in the job.
 *
 * The rules that it keeps, whatever the order of events (docs/protocol.md 4.5, 4.7, 4.8):
 *  - no question and no call while the lease is not LEASE_OK, past its deadline, while draining, or while
 *    holds are to be read;
 *  - a member is called only if it is not held and, where the tier asks, its ABSENT is young enough (at the
 *    moment of job_step());
 *  - a synchronous tier touches one member after the other, each looked at and asked just before its own
 *    call; after a failed one under halt the rest are not-attempted;
 *  - a terminal with a failure only while the lease lives; without one it may be reported late;
 *  - a job with an unanswered call is never released: its lease expires;
 *  - after an accepted call a release is due no earlier than JOB_RELEASE_LAG_MS later: Describe lags;
 *  - a call that was throttled is nobody's failure: it is made again, ever further apart (core/backoff),
 *    until the run's own deadline fences the lease. An outage is waited out as long as JOB_OUTAGE_MS says.
 *
 * Owner: worker/jobs, one a claimed job. `job` is borrowed and must outlive it.
 */
#include "core/backoff.h"
#include "core/member_step.h"

enum {
    JOB_GATHER_MS = 3000, /* members that are ready wait so long for those that may still join their call */
    JOB_CALL_MAX = JOB_MEMBERS_PLAIN, /* instances in one call */
    JOB_RELEASE_LAG_MS = MEMBER_DESCRIBE_LAG_MS,
    JOB_FAR_MS = 60 * 1000, /* tokens that are further off: hand the job back, if it has begun nothing */
    /* An outage fails its members when it has lasted so long AND for so many calls in a row. */
    JOB_OUTAGE_MS = 10 * 60 * 1000,
    JOB_OUTAGE_CALLS = 20,
    JOB_LATE_MS = 60 * 1000, /* past its deadline without word from the view: given up */
};

enum job_lease { LEASE_OK, LEASE_HOLD /* paused */, LEASE_FENCED, LEASE_LOST };
extern const char *const job_lease_names[]; /* "ok", "hold", "fenced", "lost", NULL */

enum job_command {
    JOB_NOTHING, /* until an event, or at_ms */
    JOB_ASK,     /* the override question, to members[0..n) */
    JOB_ACT,     /* start or stop members[0..n), in one call: check the lease immediately before signing */
    JOB_REPORT,  /* append JobTerminal with job_step_outcomes(): nothing else follows */
    JOB_RELEASE, /* hand the lease back, due in due_ms: nothing else follows */
    JOB_DROP,    /* be silent, let the lease go by itself: nothing else follows */
};

struct job_next {
    enum job_command command;
    const size_t *members; /* valid until the next call on the same job */
    size_t n;
    int64_t at_ms, due_ms;
};

struct job_step; /* opaque */

struct job_step *job_step_new(const struct job *job, int64_t attempt, int64_t deadline_ms, int64_t now_ms);
void job_step_free(struct job_step *s); /* NULL is fine */

/* ---- events ---- */
/* What a claim or renewal said. deadline_ms: our own (boot clock), with LEASE_OK. The first word that is not
 * OK stays. */
void job_step_lease(struct job_step *s, enum job_lease lease, int64_t deadline_ms);
/* The workload's holds have changed and are not read yet; then what covers a member (max of its holds, boot
 * clock; <= now: none). */
void job_step_holds_stale(struct job_step *s);
void job_step_held(struct job_step *s, size_t member, int64_t until_ms);
void job_step_holds_read(struct job_step *s);
void job_step_drain(struct job_step *s); /* the process ends: begin nothing, hand back */

void job_step_seen(struct job_step *s, size_t member, const struct sighting *seen, int64_t asked_ms,
                   int64_t now_ms, int64_t wall_ms);
void job_step_status(struct job_step *s, size_t member, bool ok, int64_t now_ms);
/* The answer about its members comes in pieces, and some are still to come: nothing is begun before, or each
 * piece would be asked and called for by itself. */
void job_step_half_told(struct job_step *s, bool half);
/* DescribeInstances is denied: who was not seen yet fails. */
void job_step_blind(struct job_step *s, const char *detail);
void job_step_answered(struct job_step *s, size_t member, const struct member_answer *a, int64_t now_ms);
/* The question could not be put for a reason that is not the member's. */
void job_step_unasked(struct job_step *s, size_t member, int64_t now_ms);

struct job_called { /* the end of a JOB_ACT */
    const size_t *members;
    size_t n;
    bool unanswered;          /* it may still land */
    bool waits;               /* it did not leave: pacing, credentials, the clock, the lease check */
    const struct err *err;    /* kind ERR_NONE: accepted */
    const struct strs *named; /* instance ids in the error's message */
    int64_t retry_after_ms;   /* unsent: when it may leave; else what AWS asked for; 0: no word */
    int64_t chance;           /* 0..BACKOFF_CHANCES - 1, drawn anew for each call */
};
void job_step_called(struct job_step *s, const struct job_called *c, int64_t now_ms);

/* ---- what next ---- */
struct job_next job_step(struct job_step *s, int64_t now_ms);

/* It is to be polled for; the same member's status checks too. */
bool job_step_watches(const struct job_step *s, size_t member);
bool job_step_wants_status(const struct job_step *s, size_t member);
/* The moment of the last change that made it look anew: polling begins again with its shortest interval. */
int64_t job_step_watch_since(const struct job_step *s);

/* Its last call was throttled, by AWS or by our own pacer, and it waits for the next. */
bool job_step_throttled(const struct job_step *s, int64_t now_ms);
/* Whether a changing call may leave at this moment: asked again immediately before signing. */
bool job_step_may_change(const struct job_step *s, int64_t now_ms);
/* Every member is done, unchanged or bypassed: what may be reported without a lease. */
bool job_step_clean(const struct job_step *s);
bool job_step_unanswered(const struct job_step *s);
const struct member_life *job_step_member(const struct job_step *s, size_t member);
/* Counts changes of members' states and outcomes: progress is worth telling when it moved. */
uint64_t job_step_changes(const struct job_step *s);
/* One a member, in order; owned by the caller (the table member_outcome_fields frees them). */
void job_step_outcomes(const struct job_step *s, struct member_outcomes *out);
