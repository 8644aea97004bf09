#include "support/worker_world_parts.h"

#include "base/crypto.h"
#include "base/mem.h"
#include "base/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LATENCY_MS = 7, RUN_MAX_TURNS = 2000000 };

/* ---- completions to come ---- */

struct world_event *world_later(struct world *w, int64_t ms,
                                void (*fire)(struct world *, struct world_event *), void *self)
{
    struct world_event *x = xcalloc(1, sizeof *x);
    struct world_event **at = &w->events;

    x->at_ms = w->now.boot_ms + ms;
    x->id = ++w->last_id;
    x->fire = fire;
    x->self = self;
    while (*at && (*at)->at_ms <= x->at_ms)
        at = &(*at)->next;
    x->next = *at;
    *at = x;
    return x;
}

static struct world *of(void *port)
{
    return port;
}

/* ---- time and chance ---- */

static void pass(struct world *w, int64_t ms)
{
    w->now.boot_ms += ms;
    w->now.wall_ms += ms;
}

static struct instant now_of(void *self)
{
    struct world *w = self;

    if (w->freeze_ms && --w->readings_to_freeze == 0) {
        pass(w, w->freeze_ms);
        w->freeze_ms = 0;
    }
    return w->now;
}

static int64_t wall_of(void *self)
{
    return of(self)->now.wall_ms;
}

static void chance(void *self, void *out, size_t n)
{
    struct world *w = self;
    unsigned char digest[CRYPTO_SHA256_BYTES];

    for (size_t i = 0; i < n; i += sizeof digest) {
        w->chance++;
        crypto_sha256((struct str){(const char *)&w->chance, sizeof w->chance}, digest);
        memcpy((char *)out + i, digest, n - i < sizeof digest ? n - i : sizeof digest);
    }
}

static void log_line(void *self, struct str line)
{
    struct world *w = self;

    if (w->listened && memmem(line.p, line.n, w->listened, strlen(w->listened)))
        w->heard++;
}

/* ---- HTTP: the simulator ---- */

static void fire_http(struct world *w, struct world_event *x)
{
    struct http_header headers[AWSSIM_HEADERS_MAX];
    struct http_reply r = {.sent = x->sent, .err = x->err, .rtt_ms = 2 * LATENCY_MS};

    (void)w;
    if (x->err.kind == ERR_NONE) {
        r.status = x->reply.status;
        r.body = buf_view(&x->reply.body);
        r.headers = headers;
        r.header_count = x->reply.header_count;
        for (size_t i = 0; i < x->reply.header_count; i++)
            headers[i] =
                (struct http_header){str_of(x->reply.headers[i].name), str_of(x->reply.headers[i].value)};
    }
    x->done.http(x->self, x->id, &r);
}

static bool is_changing(struct str body)
{
    size_t at;

    return str_find(body, STR("Action=StopInstances"), &at) ||
           str_find(body, STR("Action=StartInstances"), &at);
}

static uint64_t http_go(void *port, const struct http_request *r, http_done *done, void *self)
{
    struct world *w = port;
    struct world_event *x = world_later(w, LATENCY_MS, fire_http, self);
    size_t at = 0;
    struct str target = str_find(str_skip(r->url, 8), STR("/"), &at) ? str_skip(r->url, 8 + at) : STR("/");
    struct awssim_request q = {.now = w->now,
                               .method = str_of(r->method),
                               .target = target,
                               .headers = r->headers,
                               .header_count = r->header_count,
                               .body = r->body};

    x->done.http = done;
    x->sent = true;
    x->reply.body = (struct buf)BUF_INIT(64 * 1024 * 1024);
    if (is_changing(r->body)) {
        struct str date = http_header_get(r->headers, r->header_count, "X-Amz-Date");
        assert_true(moment_parse(date, &w->last_signed_ms));
        if (w->hang) {
            w->hang--;
            x->at_ms += r->timeout_ms; /* out of order in the list is fine: it is looked at by its moment */
            (void)err_set(&x->err, ERR_UNAVAILABLE, "timed out");
            return x->id;
        }
    }
    awssim_request(w->aws, &q, &x->reply);
    x->at_ms += x->reply.delay_ms;
    if (x->reply.delivery != AWSSIM_WHOLE)
        (void)err_set(&x->err, ERR_UNAVAILABLE, "connection ended");
    return x->id;
}

static void http_stop(void *port, uint64_t id)
{
    for (struct world_event *x = of(port)->events; x; x = x->next)
        x->cancelled = x->cancelled || (x->id == id && x->fire == fire_http);
}

static void on_aws(void *self, const struct awssim_event *e)
{
    struct world *w = self;

    if (e->kind != AWSSIM_CALL)
        return;
    for (size_t i = 0; i < WORLD_OPERATIONS_MAX; i++) {
        if (w->operations[i].n && strcmp(w->operations[i].name, e->operation) != 0)
            continue;
        (void)snprintf(w->operations[i].name, sizeof w->operations[i].name, "%s", e->operation);
        w->operations[i].n++;
        return;
    }
}

int world_calls(const struct world *w, const char *operation)
{
    for (size_t i = 0; i < WORLD_OPERATIONS_MAX; i++)
        if (w->operations[i].n && strcmp(w->operations[i].name, operation) == 0)
            return w->operations[i].n;
    return 0;
}

/* ---- the process ---- */

static const char *env(void *port, const char *name)
{
    static const char *const set[][2] = {
        {"AWS_ACCESS_KEY_ID", "AKIASIMULATED0000001"},
        {"AWS_SECRET_ACCESS_KEY", "simulated"},
        {"AWS_REGION", "us-west-2"},
        {"AWS_ENDPOINT_URL", "http://127.0.0.1:1"},
        {"HOSTNAME", "test"},
    };

    (void)port;
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
        if (strcmp(set[i][0], name) == 0)
            return set[i][1];
    return NULL;
}

static bool read_file(void *port, const char *path, struct buf *out, struct err *e)
{
    (void)port;
    (void)out;
    return err_set(e, ERR_NOT_FOUND, "%s: no such file", path);
}

static bool note_open(void *port, const char *folder, struct buf *old, struct err *e)
{
    (void)folder;
    buf_adds(old, of(port)->note);
    return buf_ok(old, "note", e);
}

static bool note_write(void *port, struct str s, struct err *e)
{
    if (of(port)->disk_full)
        return err_set(e, ERR_UNAVAILABLE, "the in-hand note: the disk is full");
    (void)snprintf(of(port)->note, sizeof of(port)->note, STR_FMT, STR_ARG(s));
    return true;
}

static const struct process_ops process_ops = {
    .env = env, .read_file = read_file, .note_open = note_open, .note_write = note_write};

/* ---- the world ---- */

void world_open(struct world *w, const char *scenario)
{
    struct err e = {0};

    *w = (struct world){.now = {1000 * 1000, 1800 * 1000 * 1000LL * 1000}, .ttl_ms = 15000};
    w->log = (struct log){.level = LOG_DEBUG, .wall_ms = wall_of, .write = log_line, .self = w};
    w->ports = (struct ports){
        .clock = {now_of, w},
        .rng = {chance, w},
        .http = {http_go, http_stop, w},
        .redis = world_redis(w),
        .kafka = world_kafka(w),
        .process = {&process_ops, w},
        .log = &w->log,
    };
    w->options.kafka.prefix = w->options.redis.prefix = (char *)"ec2sched";
    w->options.kafka.log_partitions = 12;
    w->options.kafka.jobs_partitions = 64;
    w->options.aws.time_scale = 1;
    w->options.worker.concurrency = 2000;
    w->options.worker.poll_ms = 5000;
    w->options.worker.max_expiries = 20;
    w->options.worker.state = (char *)"/state";
    w->options.lease.ttl_ms = 15000;
    w->aws = awssim_new(&(struct awssim_config){.scenario = str_of(scenario), .seed = 1}, w->now, &e);
    if (!w->aws)
        fail_msg("scenario: %s", e.msg);
    awssim_listen(w->aws, on_aws, w);
}

void world_start(struct world *w)
{
    struct err e = {0};

    w->worker = worker_new(&w->options, &w->ports, &e);
    if (!w->worker)
        fail_msg("worker_new: %s", e.msg);
}

static void event_free(struct world_event *x)
{
    awssim_reply_release(&x->reply);
    world_value_free(&x->value);
    xfree(x);
}

void world_close(struct world *w)
{
    worker_free(w->worker);
    while (w->events) {
        struct world_event *x = w->events;
        w->events = x->next;
        event_free(x);
    }
    awssim_free(w->aws);
    for (size_t i = 0; i < w->record_count; i++)
        xfree(w->records[i]);
    for (size_t i = 0; i < w->append_count; i++) {
        xfree(w->appends[i].topic);
        xfree(w->appends[i].key);
        xfree(w->appends[i].value);
        xfree(w->appends[i].why);
        xfree(w->appends[i].size);
    }
    for (size_t i = 0; i < w->lease_count; i++) {
        xfree(w->leases[i].job);
        xfree(w->leases[i].token);
    }
}

struct job world_job(enum action action, const char *id, size_t n, const char *const *members)
{
    struct job j = {
        .v = 1,
        .workload = xstrdup("W"),
        .run = xstrdup("r1"),
        .epoch = xstrdup("0:0:7"),
        .action = (int)action,
        .tier = xstrdup("App"),
        .job = xstrdup(id),
    };

    j.options = (struct job_options){
        .region = xstrdup("us-west-2"),
        .filter_key = xstrdup("Environment"),
        .filter_value = xstrdup("ENV001"),
        .tier_key = xstrdup("Role"),
        .timeout_s = 600,
        .accepted_ms = 1800 * 1000 * 1000LL * 1000 - 60 * 1000,
    };
    for (size_t i = 0; i < n; i++)
        strs_add(&j.members, str_of(members[i]));
    return j;
}

int64_t world_deliver_text(struct world *w, const char *record)
{
    assert_true(w->record_count < WORLD_RECORDS_MAX);
    w->records[w->record_count] = xstrdup(record);
    return (int64_t)w->record_count++;
}

int64_t world_deliver(struct world *w, struct job *job)
{
    BUF_CLEANUP struct buf record = BUF_INIT(JOB_TEXT_MAX);

    job_print(job, &record);
    job_release(job);
    return world_deliver_text(w, buf_cstr(&record));
}

static struct world_event *take_due(struct world *w, int64_t *next_ms)
{
    struct world_event **first = NULL;

    for (struct world_event **at = &w->events; *at; at = &(*at)->next)
        if (!first || (*at)->at_ms < (*first)->at_ms)
            first = at;
    *next_ms = first ? (*first)->at_ms : INT64_MAX;
    if (!first || (*first)->at_ms > w->now.boot_ms)
        return NULL;
    struct world_event *x = *first;
    *first = x->next;
    return x;
}

bool world_ended(struct world *w)
{
    return worker_turn(w->worker, w->now.boot_ms) == TURN_DONE;
}

static void fire_due(struct world *w)
{
    struct world_event *x;
    int64_t event_ms;

    while ((x = take_due(w, &event_ms))) {
        if (!x->cancelled)
            x->fire(w, x);
        event_free(x);
    }
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool run(struct world *w, world_met *met, int64_t ms)
{
    int64_t until_ms = w->now.boot_ms + ms;

    for (int i = 0; i < RUN_MAX_TURNS; i++) {
        fire_due(w);
        awssim_advance(w->aws, w->now);
        int64_t next_ms = worker_turn(w->worker, w->now.boot_ms);
        w->turns++;
        if (met && met(w))
            return true;
        if (next_ms == TURN_DONE || w->now.boot_ms >= until_ms)
            return false;
        next_ms = least(next_ms, until_ms);
        for (const struct world_event *x = w->events; x; x = x->next)
            next_ms = least(next_ms, x->at_ms);
        if (next_ms > w->now.boot_ms)
            pass(w, next_ms - w->now.boot_ms);
    }
    fail_msg("the worker never rests");
    return false;
}

void world_until(struct world *w, const char *what, world_met *met, int64_t ms)
{
    if (!run(w, met, ms))
        fail_msg("not within %lld ms: %s", (long long)ms, what);
}

void world_run(struct world *w, int64_t ms)
{
    (void)run(w, NULL, ms);
}

void world_drain(struct world *w)
{
    worker_drain(w->worker);
}

void world_admin(struct world *w, const char *path, int *status, struct buf *body)
{
    struct http_asked asked = {STR("GET"), str_of(path)};
    struct http_answer a = {.body = BUF_INIT(WORKER_ADMIN_MAX)};

    worker_admin(w->worker, &asked, &a);
    *status = a.status;
    buf_add(body, buf_view(&a.body));
    buf_release(&a.body);
}
