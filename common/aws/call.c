#include "aws/call.h"

#include "aws/counted.h"
#include "aws/errors.h"
#include "aws/identity.h"
#include "aws/outcome.h"
#include "aws/request.h"
#include "aws/retry.h"
#include "aws/skew.h"
#include "base/crypto.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NOW_MS = 0, /* a moment that is always due */
    SKEW_BELIEVED_MS =
        4 * 60 * 1000, /* an error may come of our clock when the reply shows at least this much */
};

enum state {
    LAUNCH,      /* to be sent as soon as everything is there */
    CREDENTIALS, /* a reading call that waits for its identity */
    SENT,
    REPLIED, /* `got` holds what came */
    FINISHED,
};

struct call {
    uint64_t id, http; /* http: 0 unless SENT */
    const struct aws_op *op;
    aws_page *page;
    aws_done *done;
    void *self;
    enum state state;
    struct identity *identity; /* NULL: refused, or anonymous */
    struct endpoint endpoint;
    struct instant checked;
    size_t resources;
    bool anonymous;
    char *workload, *who, *agent, *body, *token;
    size_t pages;
    int attempts;        /* of this page */
    int retries, cost;   /* of this page; what the last one cost */
    bool forced, skewed; /* the one retry for new credentials, and for the clock, is used up */
    int64_t signed_ms, launched_wall_ms; /* AWS's time that was signed with; ours then */
    struct outcome got;
    struct aws_result result;
    UT_hash_handle hh, hh_http;
};

struct aws {
    const struct ports *ports;
    const struct pacer *pacer;
    struct metrics *metrics;
    char *program, *region;
    struct endpoint_settings settings;
    struct identities *identities;
    struct skew skew;
    struct retry_budget budget;
    struct timers *due;
    struct call *by_id, *by_http;
    uint64_t last_id;
    size_t unsettled;
};

static bool settings_load(struct aws *a, const struct aws_options *o, struct err *e)
{
    if (!endpoint_settings_load(&a->ports->process, &a->settings, e))
        return false;
    const char *region = o->region && o->region[0] ? o->region : a->settings.region;
    if (region && !endpoint_region_valid(region))
        return err_set(e, ERR_CONFIG, "'%.64s' is not the name of a region", region);
    a->region = xstrdup(region ? region : "");
    a->identities = identities_new(a, a->ports, e);
    return a->identities != NULL;
}

struct aws *aws_new(const struct ports *ports, const struct aws_options *o, struct err *e)
{
    struct aws *a = xcalloc(1, sizeof *a);

    a->ports = ports;
    a->pacer = o->pacer;
    a->metrics = o->metrics;
    a->program = xstrdup(o->program);
    a->due = timers_new();
    if (settings_load(a, o, e))
        return a;
    aws_free(a);
    return NULL;
}

static void set_state(struct call *c, enum state state)
{
    c->state = state;
}

/* From SENT to REPLIED or out: the HTTP request is no longer ours. */
static void forget_http(struct aws *a, struct call *c)
{
    if (!c->http)
        return;
    HASH_DELETE(hh_http, a->by_http, c);
    c->http = 0;
    a->unsettled -= c->op->changes ? 1 : 0;
}

static void release_reply(const struct aws_op *op, void *reply)
{
    if (reply && op->release)
        op->release(reply);
    xfree(reply);
}

static void call_free(struct aws *a, struct call *c)
{
    if (c->http) {
        http_cancel(&a->ports->http, c->http);
        forget_http(a, c);
    }
    HASH_DELETE(hh, a->by_id, c);
    timers_clear(a->due, c->id);
    identity_drop(c->identity);
    outcome_release(&c->got);
    strs_release(&c->result.named);
    release_reply(c->op, c->result.reply);
    crypto_wipe(c->body, strlen(c->body)); /* may hold a web identity's token */
    xfree(c->body);
    xfree(c->workload);
    xfree(c->who);
    xfree(c->agent);
    xfree(c->token);
    xfree(c);
}

void aws_free(struct aws *a)
{
    struct call *c, *next;

    if (!a)
        return;
    HASH_ITER(hh, a->by_id, c, next)
    call_free(a, c);
    identities_free(a->identities);
    endpoint_settings_release(&a->settings);
    timers_free(a->due);
    xfree(a->program);
    xfree(a->region);
    xfree(a);
}

const char *aws_region(const struct aws *a)
{
    return a->region;
}

size_t aws_in_hand(const struct aws *a)
{
    return HASH_COUNT(a->by_id);
}

size_t aws_unsettled(const struct aws *a)
{
    return a->unsettled;
}

bool aws_offset(const struct aws *a, int64_t *offset_ms)
{
    return skew_known(&a->skew, clock_now(&a->ports->clock), offset_ms);
}

static void finish(struct aws *a, struct call *c, const struct err *e)
{
    c->result.err = *e;
    set_state(c, FINISHED);
    timers_set(a->due, c->id, NOW_MS);
}

static bool prepare(struct aws *a, struct call *c, const struct aws_call *q, struct err *e)
{
    const struct aws_where *w = q->where;
    const char *region = w->region && w->region[0] ? w->region : a->region;

    if (q->refused && q->refused->kind != ERR_NONE) {
        *e = *q->refused;
        return false;
    }
    if (HASH_COUNT(a->by_id) > AWS_CALLS_MAX) {
        (void)err_set(e, ERR_THROTTLED, "more than %d calls in hand", AWS_CALLS_MAX);
        return err_code(e, AWS_PACED);
    }
    if (!endpoint_resolve(&a->settings, q->op->service, region, &c->endpoint, e))
        return false;
    if (!q->anonymous)
        c->identity = identities_hold(a->identities, w->role_arn, w->external_id, e);
    return q->anonymous || c->identity;
}

uint64_t aws_call(struct aws *a, const struct aws_call *q)
{
    struct call *c = xcalloc(1, sizeof *c);
    struct err e = {0};

    BUG_IF(q->op->changes && !q->checked);
    c->id = ++a->last_id;
    c->op = q->op;
    c->page = q->page;
    c->done = q->done;
    c->self = q->self;
    c->checked = q->checked ? *q->checked : (struct instant){0};
    c->resources = q->resources;
    c->anonymous = q->anonymous;
    c->workload = xstrdup(q->where->workload ? q->where->workload : "");
    c->who = request_who(c->op, q->where, c->id);
    c->agent = request_agent(a->program, q->where);
    c->body = str_dup(q->body);
    c->result.reply = q->op->reply_size ? xcalloc(1, q->op->reply_size) : NULL;
    HASH_ADD(hh, a->by_id, id, sizeof c->id, c);
    set_state(c, LAUNCH);
    timers_set(a->due, c->id, NOW_MS);
    if (!prepare(a, c, q, &e)) {
        (void)err_wrap(&e, "%s", q->op->action);
        finish(a, c, &e);
    }
    return c->id;
}

void aws_cancel(struct aws *a, uint64_t id)
{
    struct call *c = NULL;

    HASH_FIND(hh, a->by_id, &id, sizeof id, c);
    if (c)
        call_free(a, c);
}

static void measure(struct aws *a, const struct http_reply *reply)
{
    struct str date = http_header_get(reply->headers, reply->header_count, "date");

    if (reply->status && skew_measure(&a->skew, date, reply->rtt_ms, clock_now(&a->ports->clock)))
        log_warn(a->ports->log, "aws.clock", fi("offset_ms", a->skew.offset_ms));
}

static struct pace pace_of(const struct call *c, int64_t now_ms)
{
    return (struct pace){.account = c->identity ? identity_account(c->identity) : "home",
                         .region = c->endpoint.region,
                         .service = c->op->service->name,
                         .api = c->op->action,
                         .workload = c->workload,
                         .who = c->who,
                         .changes = c->op->changes,
                         .resources = c->resources,
                         .now_ms = now_ms};
}

static void on_reply(void *self, uint64_t http, const struct http_reply *reply)
{
    struct aws *a = self;
    struct call *c = NULL;

    HASH_FIND(hh_http, a->by_http, &http, sizeof http, c);
    if (!c)
        return;
    forget_http(a, c);
    measure(a, reply);
    outcome_release(&c->got);
    outcome_read(c->op, reply, c->result.reply, &c->got);
    const struct pace p = pace_of(c, clock_now(&a->ports->clock).boot_ms);
    counted_reply(a->metrics, &p, &c->got, reply->rtt_ms);
    set_state(c, REPLIED);
    timers_set(a->due, c->id, NOW_MS);
}

static void unsent(struct aws *a, struct call *c, enum err_kind kind, const char *code, int64_t after_ms,
                   const char *why)
{
    struct err e = {0};

    (void)err_set(&e, kind, "%s %s: not sent: %s", c->op->service->name, c->op->action, why);
    (void)err_code(&e, code);
    c->result.retry_after_ms = after_ms;
    finish(a, c, &e);
}

/* Whether the credentials are there; if not, the call waits or goes back. */
static bool has_credentials(struct aws *a, struct call *c, int64_t now_ms, int64_t wall_ms)
{
    enum { ASK_AGAIN_MS = 200 };
    struct err e = {0};

    if (c->anonymous)
        return true;
    switch (identity_need(c->identity, c->endpoint.region, now_ms, wall_ms, &e)) {
    case IDENTITY_READY:
        return true;
    case IDENTITY_FAILED:
        (void)err_wrap(&e, "%s %s", c->op->service->name, c->op->action);
        finish(a, c, &e);
        return false;
    case IDENTITY_PENDING:
        break;
    }
    if (c->op->changes)
        unsent(a, c, ERR_UNAVAILABLE, AWS_CREDENTIALS, ASK_AGAIN_MS, "credentials are being fetched");
    else
        set_state(c, CREDENTIALS); /* identities_turn says when to look again */
    return false;
}

/*
 * A changing call leaves with the moment of its lease check, corrected by an offset that we know, or not at
 * all.
 */
static bool may_change(struct aws *a, struct call *c, int64_t now_ms, int64_t *wall_ms)
{
    int64_t offset_ms = 0;

    if (now_ms - c->checked.boot_ms > AWS_CHECK_MAX_MS) {
        unsent(a, c, ERR_UNAVAILABLE, AWS_STALE, 0, "the lease check is too old");
        return false;
    }
    if (!skew_known(&a->skew, c->checked, &offset_ms)) {
        unsent(a, c, ERR_UNAVAILABLE, AWS_CLOCK, 0, "AWS's clock is not known yet: make a read first");
        return false;
    }
    *wall_ms = c->checked.wall_ms + offset_ms;
    return true;
}

static bool may_leave(struct aws *a, struct call *c, int64_t now_ms)
{
    const struct pace p = pace_of(c, now_ms);
    int64_t wait_ms = a->pacer ? a->pacer->ask(a->pacer->self, &p) : 0;

    if (wait_ms <= 0)
        return true;
    if (c->op->changes)
        unsent(a, c, ERR_THROTTLED, AWS_PACED, wait_ms, "its tokens are not there yet");
    else
        timers_set(a->due, c->id, now_ms + wait_ms);
    return false;
}

static void launch(struct aws *a, struct call *c, int64_t now_ms)
{
    struct instant now = clock_now(&a->ports->clock);
    int64_t wall_ms = skew_wall_ms(&a->skew, now);
    struct err e = {0};

    if (!has_credentials(a, c, now_ms, wall_ms))
        return;
    if (c->op->changes && !may_change(a, c, now_ms, &wall_ms))
        return;
    if (!may_leave(a, c, now_ms))
        return;
    const struct request r = {.op = c->op,
                              .endpoint = &c->endpoint,
                              .agent = c->agent,
                              .body = str_of(c->body),
                              .page = str_of(c->token),
                              .credentials = c->anonymous ? NULL : identity_credentials(c->identity),
                              .wall_ms = wall_ms};
    if (!request_send(&a->ports->http, &r, on_reply, a, &c->http, &e)) {
        c->http = 0;
        (void)err_wrap(&e, "%s %s", c->op->service->name, c->op->action);
        finish(a, c, &e);
        return;
    }
    c->signed_ms = wall_ms;
    c->launched_wall_ms = c->op->changes ? c->checked.wall_ms : now.wall_ms;
    c->attempts++;
    c->result.attempts++;
    HASH_ADD(hh_http, a->by_http, http, sizeof c->http, c);
    a->unsettled += c->op->changes ? 1 : 0;
    set_state(c, SENT);
}

static void relaunch(struct aws *a, struct call *c, int64_t at_ms)
{
    set_state(c, LAUNCH);
    timers_set(a->due, c->id, at_ms);
}

static void too_large(struct aws *a, struct call *c, const char *what)
{
    struct err e = {0};

    (void)err_set(&e, ERR_INVALID, "%s %s: %s", c->op->service->name, c->op->action, what);
    (void)err_code(&e, AWS_TOO_LARGE);
    finish(a, c, &e);
}

/* Hands the page over. False: the call is gone, cancelled by who looked at it. */
static bool show_page(struct aws *a, struct call *c)
{
    const struct aws_op *op = c->op;
    void *reply = c->result.reply;
    uint64_t id = c->id;

    if (!c->page || !reply)
        return true;
    c->result.reply = xcalloc(1, op->reply_size);
    c->page(c->self, id, reply);
    release_reply(op, reply);
    HASH_FIND(hh, a->by_id, &id, sizeof id, c);
    return c != NULL;
}

static void settle_page(struct aws *a, struct call *c)
{
    struct err none = {0};

    if (!show_page(a, c))
        return;
    char *token = c->got.token;
    char *before = c->token;

    c->got.token = NULL;
    c->token = token;
    retry_give(&a->budget, c->cost);
    c->attempts = c->retries = c->cost = 0;
    bool same = token && before && strcmp(token, before) == 0;
    xfree(before);
    if (!token)
        finish(a, c, &none);
    else if (same)
        too_large(a, c, "a page leads to itself");
    else if (++c->pages >= AWS_PAGES_MAX)
        too_large(a, c, "more pages than we read");
    else
        relaunch(a, c, NOW_MS);
}

/* A page that broke off may have left a part of itself: from the beginning, then; pages that were handed over
 * stand, and the same one is read again. */
static void start_over(struct call *c)
{
    if (c->result.reply && c->op->release)
        c->op->release(c->result.reply);
    if (c->result.reply)
        memset(c->result.reply, 0, c->op->reply_size);
    if (!c->page)
        xfreep(&c->token);
}

/* The reply's own Date says that we signed with a moment far from AWS's. */
static bool our_clock_was_off(const struct aws *a, const struct call *c)
{
    int64_t ours = c->signed_ms - c->launched_wall_ms;

    return aws_error_is_skew(c->got.err.code) && a->skew.known &&
           llabs(a->skew.offset_ms - ours) > SKEW_BELIEVED_MS;
}

/* A failure that a second try with a better clock or newer credentials may mend, at once. */
static bool mended(struct aws *a, struct call *c, int64_t now_ms)
{
    if (our_clock_was_off(a, c)) {
        bool again = !c->skewed;
        c->skewed = true;
        return again;
    }
    if (!aws_error_is_expired(c->got.err.code) || c->anonymous || c->forced)
        return false;
    c->forced = true;
    return identity_expired(c->identity, now_ms);
}

static void settle(struct aws *a, struct call *c, int64_t now_ms)
{
    enum { CHANCES = 1000000 };
    const struct outcome *o = &c->got;
    struct err *e = &c->got.err;
    int most = strcmp(c->op->service->id, "DYNAMODB") == 0 ? AWS_ATTEMPTS + 1 : AWS_ATTEMPTS;

    c->result.status = o->status;
    c->result.sent |= o->sent;
    c->result.unanswered = c->op->changes && o->sent && !o->answered;
    (void)snprintf(c->result.request_id, sizeof c->result.request_id, "%s", o->request_id);
    if (e->kind == ERR_NONE) {
        settle_page(a, c);
        return;
    }
    if (e->kind == ERR_THROTTLED && a->pacer && a->pacer->throttled) {
        const struct pace p = pace_of(c, now_ms);
        a->pacer->throttled(a->pacer->self, &p);
    }
    bool mend = mended(a, c, now_ms);
    if (mend && c->op->changes)
        e->kind = ERR_UNAVAILABLE; /* the caller's next one will do better */
    if (mend && !c->op->changes) {
        relaunch(a, c, NOW_MS);
        return;
    }
    bool again = !c->op->changes && err_is_retriable(e) && c->attempts < most &&
                 retry_take(&a->budget, e->kind, &c->cost);
    if (!again) {
        c->result.retry_after_ms = err_is_retriable(e) ? o->hint_ms : 0;
        strs_release(&c->result.named);
        c->result.named = o->named;
        c->got.named = (struct strs){0};
        finish(a, c, e);
        return;
    }
    if (strcmp(e->code, AWS_GARBLED) == 0)
        start_over(c);
    int64_t chance = rng_below(&a->ports->rng, CHANCES);
    relaunch(a, c, now_ms + retry_backoff_ms(e->kind, c->retries++, chance, o->hint_ms));
}

static void deliver(struct aws *a, struct call *c)
{
    if (c->result.err.kind != ERR_NONE && c->result.reply && c->op->release) {
        c->op->release(c->result.reply); /* no half a list for anybody */
        memset(c->result.reply, 0, c->op->reply_size);
    }
    aws_done *done = c->done;
    void *self = c->self;
    uint64_t id = c->id;
    struct aws_result result = c->result;
    const struct aws_op *op = c->op;

    c->result = (struct aws_result){0};
    call_free(a, c); /* before: the callback may do as it likes */
    void *reply = result.reply;
    done(self, id, &result);
    release_reply(op, reply);
    strs_release(&result.named);
}

static void step(struct aws *a, struct call *c, int64_t now_ms)
{
    switch (c->state) {
    case LAUNCH:
    case CREDENTIALS:
        launch(a, c, now_ms);
        break;
    case REPLIED:
        settle(a, c, now_ms);
        break;
    case FINISHED:
        deliver(a, c);
        break;
    case SENT: /* the completion is what wakes it */
        break;
    }
}

/* Everyone who waits for credentials looks again: some have come, or will not. */
static void wake_waiting(struct aws *a)
{
    struct call *c, *next;

    HASH_ITER(hh, a->by_id, c, next)
    if (c->state == CREDENTIALS)
        timers_set(a->due, c->id, NOW_MS);
}

static int64_t turn_identities(struct aws *a, int64_t now_ms, bool *changed)
{
    int64_t wall_ms = skew_wall_ms(&a->skew, clock_now(&a->ports->clock));
    int64_t next = identities_turn(a->identities, now_ms, wall_ms, changed);

    if (*changed)
        wake_waiting(a);
    return next;
}

int64_t aws_turn(struct aws *a, int64_t now_ms)
{
    enum { STEPS_MAX = 8 * AWS_CALLS_MAX }; /* a callback that always calls again must not hold the loop */
    int64_t identities_at = INT64_MAX;
    uint64_t id = 0;
    int steps = 0;

    for (bool more = true; more && steps < STEPS_MAX;) {
        more = false;
        identities_at = turn_identities(a, now_ms, &more); /* assumed roles arrive in the steps below */
        for (; steps < STEPS_MAX && timers_take(a->due, now_ms, &id); steps++) {
            struct call *c = NULL;
            HASH_FIND(hh, a->by_id, &id, sizeof id, c);
            BUG_IF(!c);
            step(a, c, now_ms);
            more = true;
        }
    }
    int64_t next = timers_next(a->due);
    if (identities_at < next)
        next = identities_at;
    return next < now_ms ? now_ms : next;
}
