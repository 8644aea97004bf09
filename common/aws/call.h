#pragma once
/*
 * call - THE way to AWS: signs, paces, sends, bounds, classifies, and asks again what changes nothing.
 *
 * One engine a process, many identities: home, and one for each (role, external id), each with its own
 * credentials, fetched by a single flight, renewed before they end, and once by force when AWS calls them
 * expired.
 *
 * Use: call a typed function (aws/ec2.h, ssm.h, dynamodb.h, sts.h), get an id at once, and exactly one
 * aws_done later, always out of aws_turn(), never out of the call itself or of aws_cancel(). aws_done may
 * start and cancel calls.
 *
 * Reading calls wait inside for credentials, the pacer and their backoff (AWS_ATTEMPTS, jittered, with a
 * retry budget), and walk all pages. The completion brings them as one list; or, for a call with an
 * aws_page, each is handed over when it has been read, and the completion says only whether there were all.
 *
 * CHANGING calls (start, stop, SendCommand, PutItem …) take the `struct instant` of the caller's lease check
 * and are signed with that wall time (plus the measured offset), so that AWS itself refuses one that was
 * frozen on its way. They leave AT ONCE or come back unsent, and are NEVER sent twice: the caller checks its
 * lease anew and calls anew. Every retriable kind (err_is_retriable) says "you may", `unanswered` says that
 * this one may still land. When to call again is the caller's to say (core/backoff): `retry_after_ms` only
 * lengthens its wait, unless the call came back unsent.
 * Comes back unsent, retriable, with a code of ours:
 *   AWS_PACED        the pacer wants `retry_after_ms`
 *   AWS_CREDENTIALS  they are being fetched (the call has started that); ask again, or make a read first,
 *                    which waits for them
 *   AWS_CLOCK        our offset from AWS's clock is unknown or older than a jump of ours: make any read, then
 *                    ask again
 *   AWS_STALE        the lease check is more than AWS_CHECK_MAX_MS old: check anew
 *
 * Clock: every reply's Date header is compared with ours at the middle of its round trip. Above
 * AWS_OFFSET_MIN_MS it corrects signatures; above AWS_OFFSET_LOUD_MS a warning is logged, once each time it
 * is crossed.
 *
 * Owner: the program; single-threaded. All texts handed in are borrowed for the call only, unless said
 * otherwise.
 */
#include "aws/endpoint.h"
#include "base/str.h"
#include "ports/ports.h"

struct json;
struct metrics;
struct xml;
struct aws; /* opaque */

enum {
    AWS_ATTEMPTS = 3,                 /* of a reading call, the first included (DynamoDB: one more) */
    AWS_PAGES_MAX = 200,              /* of one reading call; more: ERR_INVALID, AWS_TOO_LARGE */
    AWS_CALLS_MAX = 4096,             /* in hand at once; more: ERR_THROTTLED, AWS_PACED */
    AWS_BODY_MAX = 1024 * 1024,       /* of a request */
    AWS_REPLY_MAX = 64 * 1024 * 1024, /* of one page */
    AWS_CONNECT_MS = 5000,
    AWS_READ_MS = 60 * 1000,   /* one attempt of a reading call, connect included */
    AWS_CHANGE_MS = 20 * 1000, /* a changing call: unanswered, it costs the next run the signature window */
    AWS_BACKOFF_MAX_MS = 20 * 1000,
    AWS_CHECK_MAX_MS = 5000,
    AWS_OFFSET_MIN_MS = 5000,
    AWS_OFFSET_LOUD_MS = 60 * 1000,
    AWS_IDENTITIES_MAX = 1024, /* roles in use; the least recently used without a call leaves */
};

#define AWS_PACED       "Paced"
#define AWS_CREDENTIALS "CredentialsPending"
#define AWS_CLOCK       "ClockUnknown"
#define AWS_STALE       "CheckTooOld"
#define AWS_NO_ANSWER   "NoAnswer" /* no reply came; `unanswered` says whether the request may have arrived */
#define AWS_GARBLED     "Garbled"  /* a 2xx whose body is not what the operation answers */
#define AWS_TOO_LARGE   "TooLarge" /* a bound of ours: request, reply, pages, ids */

/* ---- pacing: aws/pacing fills it; one that the fleet shares fits behind it too ---- */
struct pace {
    const char *account; /* of the role; home: its account, or "home" as long as that is not known */
    const char *region, *service;
    const char *api;      /* the operation: "StartInstances" */
    const char *workload; /* whose tokens: "" when the caller named none */
    /* whose place in the queue: the same for all tries of one call, as far as we know */
    const char *who;
    bool changes;
    size_t resources; /* instances touched; 0 for reads */
    int64_t now_ms;
};
struct pacer {
    /*
     * 0: go, the tokens are taken; else the milliseconds (> 0) after which to ask again: nothing was taken.
     * Never blocks.
     */
    int64_t (*ask)(void *self, const struct pace *p);
    /* AWS has answered this one with a throttle. May be NULL. */
    void (*throttled)(void *self, const struct pace *p);
    void *self;
};

/* ---- the engine ---- */
struct aws_options {
    const char *program; /* the User-Agent's first word: "ec2sched-worker/0.1.0" */
    const char *region;  /* of calls that name none; NULL: AWS_REGION, AWS_DEFAULT_REGION, the profile's */
    const struct pacer *pacer; /* kept; NULL: never waits */
    struct metrics *metrics;   /* kept; counts requests, throttles and how long they took; may be NULL */
};

/*
 * Keeps `ports`. Reads AWS's variables and shared files; fetches nothing yet. NULL: ERR_CONFIG in plain
 * words.
 */
struct aws *aws_new(const struct ports *ports, const struct aws_options *o, struct err *e);
void aws_free(struct aws *a); /* cancels everything; no completion follows */

/*
 * Does what is due and completes what is done. Returns the boot-clock moment to call again at the latest;
 * INT64_MAX: none.
 */
int64_t aws_turn(struct aws *a, int64_t now_ms);

const char *aws_region(const struct aws *a); /* "" when nothing names one */
size_t aws_in_hand(const struct aws *a);     /* calls not completed yet */
/* Changing calls that have been sent and are not answered: what a drain waits for. */
size_t aws_unsettled(const struct aws *a);

/* What we know of AWS's clock: AWS's minus ours. False: nothing yet, or our wall clock has jumped since. */
bool aws_offset(const struct aws *a, int64_t *offset_ms);

/* For whom, where, and in whose name. Borrowed; NULL and "" are the same. */
struct aws_where {
    const char *region;                 /* NULL: aws_region() */
    const char *role_arn, *external_id; /* NULL role: home. The external id is sent only when set */
    const char *workload;               /* for the pacer's fairness */
    const char *run, *job, *att;        /* into the User-Agent, each percent-encoded; all NULL: left out */
};

struct aws_result {
    struct err err;  /* ERR_NONE: done, and `reply` is there. code: AWS's own, or one of ours above */
    int status;      /* of the last reply; 0: none */
    bool sent;       /* some attempt may have left this machine */
    bool unanswered; /* changing calls: sent, and no answer that AWS itself wrote: it may still land */
    int attempts;
    /* Not earlier than this from now. Sent: what AWS asked for; unsent: when it may leave; 0: no hint. */
    int64_t retry_after_ms;
    char request_id[96];
    struct strs named; /* instance ids in the error: evict those of them that were in the batch */
    void *reply;       /* see the operation; released after the callback: use its service's _take */
};
typedef void aws_done(void *self, uint64_t id, struct aws_result *r); /* function types only */
/*
 * One whole page of a call that is still going on, out of aws_turn(); `reply` is the operation's, with this
 * page alone, and is released afterwards. What a page tells is true; what it leaves out means nothing before
 * the completion has said that all pages came. May start and cancel calls, this one too.
 */
typedef void aws_page(void *self, uint64_t id, void *reply);

/*
 * No completion follows; unknown ids are ignored. A changing call that has been sent may still land: cancel
 * counts as unanswered.
 */
void aws_cancel(struct aws *a, uint64_t id);

/* ---- for the services: an operation is a row ---- */
struct aws_body { /* one page, by the service's protocol; the other is NULL */
    const struct xml *xml;
    struct json *json; /* what is kept of it may be taken out */
};

struct aws_op {
    const struct aws_service *service;
    const char *action;
    bool changes;
    const char *page_in, *page_out; /* names of the token in the request and the reply; NULL: one page */
    /* of XML's elements that decode looks at, and those on the way; NULL: all */
    const char *const *names;
    size_t reply_max;  /* 0: AWS_REPLY_MAX */
    size_t reply_size; /* of the reply struct, which begins zeroed */
    /* Of XML: the list whose elements go to `item` one by one as they are read, before decode, which sees it
     * empty. A page of thousands then never stands as a tree. Fails with ERR_INVALID, like decode. */
    const char *list;
    bool (*item)(void *reply, const struct xml *x, struct err *e);
    /* Adds one page; fails with ERR_INVALID and a reason. NULL: the body is not looked at. */
    bool (*decode)(const struct aws_body *body, void *reply, struct err *e);
    void (*release)(void *reply);
};

struct aws_call {
    const struct aws_op *op;
    const struct aws_where *where;
    const struct instant *checked; /* changing calls: needed (BUG_IF missing) */
    size_t resources;              /* for the pacer */
    struct str body; /* query: "Name=value&…", without Action and Version; JSON: the whole object */
    const struct err *refused; /* the builder could not make it: completes with this, unsent */
    bool anonymous;            /* sent without a signature (AssumeRoleWithWebIdentity) */
    aws_page *page;            /* NULL: the completion has all pages in `reply` */
    aws_done *done;
    void *self;
};
uint64_t aws_call(struct aws *a, const struct aws_call *q); /* id >= 1 */
