#pragma once
/*
 * view - the barrier in Redis: its keys, its scripts, and one typed call for each. Asynchronous.
 *
 * Nothing else in the program knows a key's name or the order of a script's words (docs/view.md is the manual
 * of both; what each answer means and why: docs/protocol.md 4.3 and 4.4). One object serves all log
 * partitions of one deployment. Where a call is about an epoch, its partition is the epoch's own.
 *
 * Every call returns an id >= 1 at once, and exactly one completion follows, from the loop, between turns,
 * never from within the call; completions of one view come in the order of the calls. Words and lists handed
 * in are copied; what a completion is handed is borrowed until it returns. A completion may start further
 * calls. There is no cancel: a caller that goes away must outlive its calls or hand in a `self` that it can
 * tell to be stale.
 *
 * Errors, in every reply's `err` (ERR_NONE: the typed part is filled):
 *   ERR_UNAVAILABLE  no answer, or the server cannot serve now (code LOADING, READONLY, OOM, BUSY, MISCONF,
 *                    NOREPLICAS, MASTERDOWN, TRYAGAIN): the call may have taken effect; every call may be
 *                    repeated
 *   ERR_DENIED       code NOAUTH, NOPERM, WRONGPASS
 *   ERR_INVALID      the script refused (code ERR), a key has a foreign type (WRONGTYPE), or the answer is
 *                    not of the script's form: a caller's mistake, or a view that is not to be trusted.
 *                    Nothing was written
 *
 * `inc`, the run_id of the server that a call is meant for, is put in here from the connection at the moment
 * of the call. A call that is answered by another server than it was meant for (the connection was lost and
 * the port sent it again) has asked a view that may be stale: claim and renew then say WAIT, drained says no,
 * beat says INC, whatever the script answered.
 *
 * All times are Redis's clock in ms since 1970, unless a name says otherwise. Owner: the program;
 * single-threaded. Free it only when the Redis port delivers no more completions.
 */
#include "model/event.h"
#include "ports/ports.h"

struct view; /* opaque */

enum {
    VIEW_FV = 1,               /* version of the fold's rules, as fold.lua says */
    VIEW_FRESH_MS = 5000,      /* how long one heartbeat lets leases be granted */
    VIEW_RENEW_MAX = 200,      /* leases in one renew */
    VIEW_TAKE_MAX = 1000,      /* jobs in one take */
    VIEW_OWED_MAX = 1000,      /* entries in one owed */
    VIEW_DROP_MAX = 500,       /* keys in one drop */
    VIEW_PUBLISHED_MAX = 1000, /* jobs in one question for their deliveries */
    VIEW_TRY_MS = 10000,       /* how long the word of view_try stays */
    VIEW_GATES_MAX = 1000,     /* open steps in one answer */
    VIEW_NOT_KNOWN = -1,       /* a moment or number that the view does not have */
};

/* `prefix` (redis.prefix) begins every key: {<prefix>:<log partition>}. Keeps `redis` (borrowed). Sends
 * nothing yet. */
struct view *view_new(const struct redis *redis, const char *prefix);
void view_free(struct view *v);
size_t view_in_flight(const struct view *v); /* calls without a completion yet: what a drain waits for */

/* ---- for the leader: fold ---- */

/* Where a record stands, and of what log. */
struct view_position {
    int partition, partitions; /* of the log */
    int64_t generation;        /* `log` of the view (view_where) */
    int64_t offset, ts_ms;     /* Kafka's */
    struct str key;            /* of the record */
};

enum view_fold {
    VIEW_FOLD_OK,
    VIEW_FOLD_IGN,     /* folded, changed nothing that decides */
    VIEW_FOLD_ADMIT,   /* something is owed now */
    VIEW_FOLD_DRAIN,   /* the same */
    VIEW_FOLD_PLAN,    /* the same; `n` = step */
    VIEW_FOLD_OPEN,    /* jobs are due: take; `n` = step */
    VIEW_FOLD_DONE,    /* a run ended, or the workload went idle */
    VIEW_FOLD_DUP,     /* not folded: the view has it already */
    VIEW_FOLD_GAP,     /* not folded: the view stands at `n`; go on at n + 1, and open it anew */
    VIEW_FOLD_NOVIEW,  /* not folded: seed */
    VIEW_FOLD_OTHERFV, /* not folded: the view's rules have version `n` */
    VIEW_FOLD_UPGRADE, /* not folded: a record that may not be skipped and is not known here */
};
extern const char *const view_fold_names[]; /* the script's own words, NULL at the end */

struct view_folded {
    struct err err;
    enum view_fold answer;
    int64_t n;
};
typedef void view_fold_done(void *self, uint64_t id, const struct view_folded *f);

/*
 * Folds one record. `ev`: the parsed value, NULL when it does not parse; `text`: the value itself (an
 * accepted run's is kept, whole, as its frozen specification). A record whose key is not the workload's of
 * this partition, or that names an epoch of another one, is folded as one that does not parse: the position
 * always moves by one.
 */
uint64_t view_fold(struct view *v, const struct view_position *at, const struct event *ev, struct str text,
                   view_fold_done *done, void *self);

/* ---- for workers ---- */

/* One job of one step, and the lease's token ("" where none is needed). Borrowed. */
struct view_job {
    struct epoch epoch;
    struct str workload;
    int64_t step;
    struct str job, token;
};

enum view_claim {
    VIEW_CLAIM_OK,
    /* the view may not grant leases now: keep the job at most 5 s, then store its offset and drop it */
    VIEW_CLAIM_WAIT,
    VIEW_CLAIM_FENCED, /* not of the current epoch, or it ends: drop */
    VIEW_CLAIM_PAUSED, /* drop; the view delivers it again */
    VIEW_CLAIM_DONE,   /* terminal already: drop */
    VIEW_CLAIM_BUSY,   /* leased, or the step may not begin yet: drop; `ms` says how long at least */
    VIEW_CLAIM_POISON, /* dead letter, then JobTerminal(failed, poison) */
};
struct view_claimed {
    struct err err;
    enum view_claim answer;
    int64_t attempt, deadline_ms; /* OK */
    int64_t hv;       /* OK: counts changes of the workload's holds: when it moved, read view_holds */
    int64_t ms;       /* BUSY */
    int64_t expiries; /* POISON: not above max_expiries: by deaths in hand */
};
typedef void view_claim_done(void *self, uint64_t id, const struct view_claimed *c);
/* token: IDS_TOKEN_MAX - 1 hex digits, never used before; worker without '|'. The same token again gets the
 * same answer. */
uint64_t view_claim(struct view *v, const struct view_job *job, const char *worker, int64_t max_expiries,
                    view_claim_done *done, void *self);

enum view_renew {
    VIEW_RENEW_OK,
    VIEW_RENEW_HOLD,   /* paused: no new changing call, then release */
    VIEW_RENEW_FENCED, /* draining, another epoch, or no longer pending */
    VIEW_RENEW_LOST,   /* another's, or nobody's */
    VIEW_RENEW_WAIT,   /* the view cannot say now; the old deadline stands */
};
struct view_renewal {
    enum view_renew answer;
    int64_t deadline_ms, hv; /* OK */
};
struct view_renewed {
    struct err err;
    const struct view_renewal *at; /* one a job, in order; none with an error */
    size_t n;
};
typedef void view_renew_done(void *self, uint64_t id, const struct view_renewed *r);
/* At most VIEW_RENEW_MAX jobs, all of the log partition of the first (a bug otherwise). */
uint64_t view_renew(struct view *v, const struct view_job *jobs, size_t n, view_renew_done *done, void *self);

/* A plain yes or no, or a number. */
struct view_said {
    struct err err;
    bool yes;
    int64_t n;
};
typedef void view_said_done(void *self, uint64_t id, const struct view_said *s);

/*
 * Hands the lease back; the job is due again in due_ms. yes: it was ours. A job with an unanswered changing
 * call is never released (let it expire); `unanswered` here only notes that one was sent.
 */
uint64_t view_release(struct view *v, const struct view_job *job, int64_t due_ms, bool unanswered,
                      view_said_done *done, void *self);

/* Writes one word of its own, which goes by itself: an error says that the server takes no writes. */
uint64_t view_try(struct view *v, view_said_done *done, void *self);

/* A worker died with this job in hand, under this token. n: such deaths so far in the fleet, 0: nothing to
 * count. */
uint64_t view_killed(struct view *v, const struct view_job *job, view_said_done *done, void *self);

struct view_hold {
    struct str hold, tier, instance; /* tier and instance empty: it covers all */
    int64_t until_ms;
};
struct view_held {
    struct err err;
    int64_t hv; /* the count that they belong to */
    const struct view_hold *at;
    size_t n; /* those that are over by their own clock included: the reader judges */
};
typedef void view_holds_done(void *self, uint64_t id, const struct view_held *h);
uint64_t view_holds(struct view *v, int partition, const char *workload, view_holds_done *done, void *self);

/* ---- for the leader: what is due ---- */

struct view_due {
    struct str workload, epoch; /* epoch: as inside the view, G:offset */
    int64_t step;
    struct str job, spec; /* spec: the delivery's text (model/job) */
};
struct view_taken {
    struct err err;
    int64_t next_ms; /* of the earliest gate that remains; VIEW_NOT_KNOWN: none */
    const struct view_due *at;
    size_t n;
};
typedef void view_take_done(void *self, uint64_t id, const struct view_taken *t);
/* At most `limit` (1..VIEW_TAKE_MAX) due jobs; each is due again after tpub_ms. */
uint64_t view_take(struct view *v, int partition, int64_t limit, int64_t tpub_ms, view_take_done *done,
                   void *self);

/* Where the last delivery lies in the jobs topic. yes: noted; no: not pending any more. job->workload is not
 * looked at. */
uint64_t view_sent(struct view *v, const struct view_job *job, int jobs_partition, int64_t offset,
                   view_said_done *done, void *self);

struct view_delivery {
    int jobs_partition; /* VIEW_NOT_KNOWN: never delivered, as far as the view knows */
    int64_t offset;
    int64_t attempts; /* claims so far: the same as at the last delivery = nobody claimed it */
};
struct view_deliveries {
    struct err err;
    const struct view_delivery *at; /* one a job, in order */
    size_t n;
};
typedef void view_deliveries_done(void *self, uint64_t id, const struct view_deliveries *d);
/* What became of the last delivery of each of these jobs (<= VIEW_PUBLISHED_MAX) of one epoch. */
uint64_t view_published(struct view *v, const struct epoch *ep, const struct str *jobs, size_t n,
                        view_deliveries_done *done, void *self);

enum view_debt {
    VIEW_OWES_ADMIT,
    VIEW_OWES_DRAIN,
    VIEW_OWES_PLAN,
    VIEW_OWES_DEADLINE,
    VIEW_OWES_FINISH,
    VIEW_OWES_SNAP
};
extern const char *const view_debt_names[];

struct view_pair {
    struct str name, value;
};
struct view_pairs {
    const struct view_pair *at;
    size_t n;
};
struct str view_pairs_get(const struct view_pairs *p, const char *name); /* empty when absent */

struct view_debt_entry { /* an empty word: absent */
    enum view_debt kind;
    struct str workload;
    int64_t at_ms;
    union {
        struct {
            struct str request, action, busy, run,
                rest; /* request: G:offset; rest: event_request_fields as JSON */
            bool paused;
        } admit;
        struct {
            struct str epoch, run, next, next_run; /* epochs: G:offset */
            int64_t end_ms; /* when the run `epoch` ended by itself; VIEW_NOT_KNOWN: it did not */
        } drain;
        struct {
            struct str epoch, action, run, on_failure;
            int64_t step;
        } plan;
        struct {
            struct str run;
            bool paused;
        } deadline;
        struct {
            struct str run, action, epoch, result, cause; /* epoch empty: it was never accepted */
            struct counts counts;                         /* unsettled is not known: 0 */
        } finish;
        struct {
            int64_t asof, log, fv;
            struct view_pairs workload, runs;
        } snap;
    };
};
struct view_owes {
    struct err err;
    int64_t next_ms; /* of the earliest entry that is not due yet; VIEW_NOT_KNOWN: none */
    const struct view_debt_entry *at;
    size_t n;
};
typedef void view_owed_done(void *self, uint64_t id, const struct view_owes *o);
/* What is due now, earliest first, without the first `skip`. */
uint64_t view_owed(struct view *v, int partition, int64_t limit, int64_t skip, view_owed_done *done,
                   void *self);

struct view_keys {
    struct err err;
    struct str cursor; /* of a scan; "0": that was all */
    const struct str *at;
    size_t n;
};
typedef void view_keys_done(void *self, uint64_t id, const struct view_keys *k);
/* The workloads that owe anything, now or later: all that are not at rest, or whose idle snapshot is missing.
 * A name may repeat. */
uint64_t view_debtors(struct view *v, int partition, view_keys_done *done, void *self);

struct view_gate { /* a step that is open: some of its jobs are not terminal, and its run is not paused */
    struct epoch epoch;
    int64_t step;
};
struct view_gates {
    struct err err;
    const struct view_gate *at;
    size_t n;
};
typedef void view_gates_done(void *self, uint64_t id, const struct view_gates *g);
/* Those that have to be looked at soonest, at most VIEW_GATES_MAX. For counting: nothing decides by it. */
uint64_t view_gates(struct view *v, int partition, view_gates_done *done, void *self);
/* n: how many of a step's jobs are not terminal; the same, of those that are leased (or were, until the pump
 * sees that the lease has expired). */
uint64_t view_pending(struct view *v, const struct view_gate *g, view_said_done *done, void *self);
uint64_t view_leased(struct view *v, const struct view_gate *g, view_said_done *done, void *self);

struct view_drain_answer {
    struct err err;
    bool yes;
    struct str old_epoch, next_epoch; /* yes: G:offset, empty: none */
    struct str why;                   /* no: "live leases", "signature window", … */
    int64_t until_ms;                 /* no: not before; 0: not known */
};
typedef void view_drained_done(void *self, uint64_t id, const struct view_drain_answer *a);
/* use_end: the log has LogAppendTime. Reads only: people may ask too, to hear why a run does not start
 * yet. */
uint64_t view_drained(struct view *v, int partition, const char *workload, bool use_end,
                      view_drained_done *done, void *self);

enum view_beat {
    VIEW_BEAT_OK,      /* leases may be granted until `n` */
    VIEW_BEAT_BASE,    /* a leader's first: send it again */
    VIEW_BEAT_BEHIND,  /* the log goes further than the view's `n` */
    VIEW_BEAT_GAP,     /* the view stands at `n`, not at pos */
    VIEW_BEAT_INC,     /* the view is not opened for this server: ViewOpened */
    VIEW_BEAT_JUMP,    /* Redis's clock moved against ours: quarantine */
    VIEW_BEAT_NOVIEW,  /* seed */
    VIEW_BEAT_OTHERFV, /* the view's rules have version `n` */
};
extern const char *const view_beat_names[];
struct view_beaten {
    struct err err;
    enum view_beat answer;
    int64_t n;
};
typedef void view_beat_done(void *self, uint64_t id, const struct view_beaten *b);
struct view_pulse {
    const char *leader; /* its id */
    int64_t pos;        /* last offset it folded */
    int64_t high;       /* the log's high watermark (offset of the next record) … */
    int64_t age_ms;     /* … read so long ago */
    int64_t boot_ms;    /* its own clock that never goes back, now */
};
uint64_t view_beat(struct view *v, int partition, const struct view_pulse *p, view_beat_done *done,
                   void *self);

/* An idle snapshot up to `asof` is acknowledged. yes: owed no more; no: a later record is not in it. */
uint64_t view_snap(struct view *v, int partition, const char *workload, int64_t asof, view_said_done *done,
                   void *self);

/* ---- for the leader: a lost view ---- */

struct view_place {
    struct err err;
    bool there;                                     /* false: there is no view */
    int64_t applied;                                /* the last offset that is folded; -1: none yet */
    int64_t generation, fv, since, ttl_ms, taws_ms; /* 0 when absent; since, ttl, taws VIEW_NOT_KNOWN */
    struct str inc;                                 /* the server that may grant leases; empty: none */
    bool open_here;                                 /* inc is the server that answered */
};
typedef void view_where_done(void *self, uint64_t id, const struct view_place *p);
uint64_t view_where(struct view *v, int partition, view_where_done *done, void *self);

/* A building of the view: begin, drop all that is there, one call a snapshot, end. yes: done; no: there is a
 * view, or another leader builds. Only the latest begin's nonce may write, only end makes a view. `force`:
 * the view that is there is not to be trusted. */
uint64_t view_seed_begin(struct view *v, int partition, const char *nonce, bool force, view_said_done *done,
                         void *self);
uint64_t view_seed_scan(struct view *v, int partition, const char *cursor, view_keys_done *done,
                        void *self); /* starts at "0" */
uint64_t view_seed_drop(struct view *v, int partition, const char *nonce, const struct str *keys, size_t n,
                        view_said_done *done, void *self);
/* json: {"w":{field:text},"r":{run:text}}, as a snapshot record keeps it. No with an older snapshot than the
 * one loaded. */
uint64_t view_seed_workload(struct view *v, int partition, const char *nonce, const char *workload,
                            int64_t asof, struct str json, view_said_done *done, void *self);
struct view_seed_end {
    int64_t first; /* the first offset to fold: L */
    int64_t high;  /* high watermark at this moment */
    int64_t ttl_ms, taws_ms;
    int64_t generation; /* VIEW_NOT_KNOWN: what the lost view had, else 0 */
};
uint64_t view_seed_end(struct view *v, int partition, const char *nonce, const struct view_seed_end *s,
                       view_said_done *done, void *self);

/* The value of a snapshot record, from an owed `snap`: {"v":1,"asof":…,"log":…,"fv":…,"w":{…},"r":{…}}; and
 * back. */
void view_snapshot_print(const struct view_debt_entry *snap, struct buf *out);
struct view_snapshot {
    int64_t asof, log, fv;
    char *json; /* owned: {"w":…,"r":…} for view_seed_workload */
};
MUST_CHECK bool view_snapshot_parse(struct str text, struct view_snapshot *out, struct err *e);
void view_snapshot_release(struct view_snapshot *s);

/* The frozen specification of an epoch that is current or next: the RunAccepted's text. n: bytes; absent =
 * ERR_NOT_FOUND. */
struct view_text {
    struct err err;
    struct str text;
};
typedef void view_text_done(void *self, uint64_t id, const struct view_text *t);
uint64_t view_frozen(struct view *v, const struct epoch *ep, view_text_done *done, void *self);

/* ---- for the leader: schedules ---- */

/*
 * How far the ticks of each schedule have been considered, by a name that is the caller's: fired and in the
 * log, or reported. Ticks themselves are counted by the fold; this may be lost, and then says nothing. Texts
 * in `at` are numbers of ms.
 */
struct view_considered {
    struct err err;
    struct view_pairs at;
};
typedef void view_considered_done(void *self, uint64_t id, const struct view_considered *c);
uint64_t view_considered(struct view *v, int partition, view_considered_done *done, void *self);
struct view_consider {
    struct str name;
    int64_t ms;
};
/* Sets those of `set`, forgets those of `drop`; up to VIEW_CONSIDER_MAX in all, one list may be empty. */
enum { VIEW_CONSIDER_MAX = 1000 };
uint64_t view_consider(struct view *v, int partition, const struct view_consider *set, size_t n,
                       view_said_done *done, void *self);
uint64_t view_unconsider(struct view *v, int partition, const struct str *names, size_t n,
                         view_said_done *done, void *self);

struct view_ticks {
    struct err err;
    const int64_t *at; /* one a schedule, in order: YYYYMMDDhhmm; VIEW_NOT_KNOWN: none was folded */
    size_t n;
};
typedef void view_ticks_done(void *self, uint64_t id, const struct view_ticks *t);
/* The last tick that was folded of each of these schedules (name|action|zone) of a workload. */
uint64_t view_ticks(struct view *v, int partition, const char *workload, const struct str *schedules,
                    size_t n, view_ticks_done *done, void *self);

/* ---- who leads: an efficiency lock, two leaders are harmless ---- */
/* Takes or renews it for ttl_ms. yes: it is ours. */
uint64_t view_lead(struct view *v, int partition, const char *leader, int64_t ttl_ms, view_said_done *done,
                   void *self);
/* Gives it up, if it is ours. */
uint64_t view_unlead(struct view *v, int partition, const char *leader, view_said_done *done, void *self);
/* Takes it away, whosever it is: for one that cannot be read (view_lead says ERR_INVALID: somebody wrote
 * another kind of value there, which never runs out). Two leaders are harmless, none is not. */
uint64_t view_unlock(struct view *v, int partition, view_said_done *done, void *self);
/* The same for the view's head: one that cannot be read is no view, and keeps any from being built
 * (view_seed_begin says ERR_INVALID). It is as if Redis had lost it. */
uint64_t view_behead(struct view *v, int partition, view_said_done *done, void *self);

/* ---- for people ---- */

struct view_waiting {
    struct str request, action, busy, run, rest;
    bool paused;
};
struct view_step {
    int64_t step, jobs, pending, leased, expired,
        next_ms; /* leased: leases that live; expired: past their end, not swept */
};
struct view_owed_at {
    struct str kind; /* "drain", "plan", "deadline", "snap", "finish|<run>" */
    int64_t at_ms;
};
struct view_run { /* result empty: none yet; epoch empty: never accepted */
    struct str run, request, action, epoch, result, cause;
    struct counts counts;
};
struct view_peeked {
    struct err err;
    bool there;                 /* false: no view; nothing else is filled */
    struct view_pairs view;     /* applied log fv inc fresh quar ttl taws now */
    struct view_pairs workload; /* its whole hash: docs/view.md, "Fields of P:w"; empty: never seen */
    const struct view_waiting *waiting;
    size_t waiting_count;
    const struct view_step *steps; /* 0..planned of the current run */
    size_t step_count;
    const struct view_owed_at *debts;
    size_t debt_count;
    const struct view_run *runs; /* recent, in no order */
    size_t run_count;
};
typedef void view_peek_done(void *self, uint64_t id, const struct view_peeked *p);
uint64_t view_peek(struct view *v, int partition, const char *workload, view_peek_done *done, void *self);
/* The holds among the fields of a workload, borrowed from `fields`. False: one cannot be read, or there are
 * too many; whom it covers is not known then, so nobody may be called. */
enum { VIEW_HOLDS_MAX = 64 };
MUST_CHECK bool view_holds_of(const struct view_pairs *fields, struct view_hold out[static VIEW_HOLDS_MAX],
                              size_t *n, struct err *e);
