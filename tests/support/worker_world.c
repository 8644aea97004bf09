#include "support/worker_world.h"

#include "base/crypto.h"
#include "base/mem.h"
#include "base/moment.h"
#include "view/scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LATENCY_MS = 7, RUN_MAX_TURNS = 2000000 };

/* ---- completions to come ---- */

struct world_event {
    int64_t at_ms;
    uint64_t id;
    bool cancelled;
    void (*fire)(struct world *w, struct world_event *x);
    void *self;
    union {
        http_done *http;
        redis_done *redis;
        kafka_append_done *append;
        kafka_topics_done *topics;
    } done;
    struct awssim_reply reply; /* HTTP */
    struct err err;
    bool sent;
    struct redis_value value; /* Redis: owned list of owned texts */
    char error[32];
    int partition;
    int64_t offset;
    struct world_event *next;
};

static struct world_event *later(struct world *w, int64_t ms,
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
    (void)self;
    (void)line;
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
    struct world_event *x = later(w, LATENCY_MS, fire_http, self);
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

/* ---- Redis: the workers' scripts ---- */

static struct redis_value text(const char *s)
{
    return (struct redis_value){.type = REDIS_STR, .s = {xstrdup(s), strlen(s)}};
}

static struct redis_value number(int64_t i)
{
    return (struct redis_value){.type = REDIS_INT, .i = i};
}

static struct redis_value list(const struct redis_value *at, size_t n)
{
    struct redis_value *kept = xcalloc(n ? n : 1, sizeof *kept);

    if (n)
        memcpy(kept, at, n * sizeof *at);
    return (struct redis_value){.type = REDIS_LIST, .at = kept, .n = n};
}

static void value_free(const struct redis_value *v)
{
    for (size_t i = 0; i < v->n; i++)
        value_free(&v->at[i]);
    xfree((void *)v->at);
    xfree((void *)v->s.p);
}

static const char *script_named(struct str sha)
{
    char hex[2 * CRYPTO_SHA1_BYTES + 1];

    for (size_t i = 0; view_scripts[i].name; i++) {
        crypto_sha1_hex(str_of(view_scripts[i].text), hex);
        if (str_is(sha, hex))
            return view_scripts[i].name;
    }
    return "";
}

const struct world_lease *world_lease(const struct world *w, const char *job)
{
    for (size_t i = w->lease_count; i > 0; i--)
        if (strcmp(w->leases[i - 1].job, job) == 0)
            return &w->leases[i - 1];
    return NULL;
}

static struct world_lease *lease_of(struct world *w, struct str job)
{
    for (size_t i = w->lease_count; i > 0; i--)
        if (str_is(job, w->leases[i - 1].job))
            return &w->leases[i - 1];
    return NULL;
}

static struct redis_value claim(struct world *w, const struct str *args)
{
    struct world_lease *l = lease_of(w, args[9]);
    int64_t attempt = l ? l->attempt + 1 : 1 + w->attempts_before;

    if (w->claim_word) {
        struct redis_value v[] = {text(w->claim_word), number(3)};
        return list(v, 2);
    }
    if (l && str_is(args[11], l->token))
        attempt = l->attempt;
    else
        w->leases[w->lease_count++] =
            (struct world_lease){.job = str_dup(args[9]), .token = str_dup(args[11]), .attempt = attempt};
    struct redis_value v[] = {text("OK"), number(attempt), number(w->now.wall_ms + w->ttl_ms), number(w->hv)};
    return list(v, 4);
}

static struct redis_value renew(struct world *w, size_t n)
{
    struct redis_value rows[200];
    size_t jobs = (n - 6) / 5;

    w->renews += (int64_t)jobs;
    for (size_t i = 0; i < jobs; i++) {
        struct redis_value v[] = {text(w->renew_word ? w->renew_word : "OK"),
                                  number(w->now.wall_ms + w->ttl_ms), number(w->hv)};
        rows[i] = list(v, 3);
    }
    return list(rows, jobs);
}

static struct redis_value release(struct world *w, const struct str *args)
{
    struct world_lease *l = lease_of(w, args[8]);

    if (!l || !str_is(args[9], l->token))
        return text("LOST");
    l->released = true;
    assert_true(str_to_i64(args[10], &l->due_ms));
    return text("OK");
}

static struct redis_value place(const struct world *w)
{
    char ttl[24];

    (void)snprintf(ttl, sizeof ttl, "%lld", (long long)w->ttl_ms);
    struct redis_value v[] = {text("5"), text("R1"), text("0"),    text("0"),
                              text("1"), text(ttl),  text("17000")};
    return list(v, 7);
}

static struct redis_value holds(const struct world *w)
{
    char hv[24];

    (void)snprintf(hv, sizeof hv, "%lld", (long long)w->hv);
    struct redis_value v[] = {text("hv"), text(hv), text("h:1"), text(w->hold ? w->hold : "0|0||")};
    return list(v, w->hold ? 4 : 2);
}

static struct redis_value answer(struct world *w, const struct str *args, size_t n)
{
    const char *script = str_is(args[0], "EVALSHA") ? script_named(args[1]) : "";

    if (strcmp(script, "claim") == 0)
        return claim(w, args);
    if (strcmp(script, "renew") == 0)
        return renew(w, n);
    if (strcmp(script, "release") == 0)
        return release(w, args);
    if (strcmp(script, "killed") == 0)
        return number(++w->deaths);
    if (str_is(args[0], "HMGET"))
        return place(w);
    if (str_is(args[0], "HGETALL"))
        return holds(w);
    return text("OK"); /* SCRIPT LOAD */
}

static void fire_redis(struct world *w, struct world_event *x)
{
    struct redis_reply r = {.value = x->value, .err = x->err, .run_id = x->err.kind == ERR_NONE ? "R1" : ""};

    (void)w;
    x->done.redis(x->self, x->id, &r);
}

static uint64_t redis_go(void *port, const struct str *args, size_t n, redis_done *done, void *self)
{
    struct world *w = port;
    struct world_event *x = later(w, w->redis_down ? 1000 : 1, fire_redis, self);

    x->done.redis = done;
    if (w->redis_down)
        (void)err_set(&x->err, ERR_UNAVAILABLE, "no connection");
    else
        x->value = answer(w, args, n);
    return x->id;
}

static void redis_tell(void *port, struct redis_state *out)
{
    *out = (struct redis_state){.connected = !of(port)->redis_down, .run_id = "R1", .generation = 1};
}

/* ---- Kafka ---- */

static void fire_append(struct world *w, struct world_event *x)
{
    struct kafka_appended a = {.err = x->err, .partition = x->partition, .offset = x->offset};

    (void)w;
    x->done.append(x->self, x->id, &a);
}

static uint64_t append(void *port, const struct kafka_append *a, kafka_append_done *done, void *self)
{
    struct world *w = port;
    struct world_event *x = later(w, 5, fire_append, self);

    x->done.append = done;
    x->partition = a->partition;
    if (w->appends_fail) {
        (void)err_set(&x->err, ERR_UNAVAILABLE, "no leader");
        return x->id;
    }
    assert_true(w->append_count < WORLD_APPENDS_MAX);
    assert_true(a->value.n <= KAFKA_RECORD_MAX);
    struct world_append *to = &w->appends[w->append_count];
    x->offset = (int64_t)w->append_count++;
    *to = (struct world_append){xstrdup(a->topic), str_dup(a->key), str_dup(a->value), NULL};
    for (size_t i = 0; i < a->header_count; i++)
        if (str_is(a->headers[i].name, "x-err"))
            to->why = str_dup(a->headers[i].value);
    return x->id;
}

static kafka_reader subscribe(void *port, const char *topic, const char *group)
{
    (void)port;
    assert_string_equal(topic, "ec2sched.jobs.v1");
    assert_string_equal(group, "ec2sched.workers");
    return 1;
}

static void leave(void *port, kafka_reader reader, int64_t timeout_ms)
{
    (void)reader;
    assert_true(timeout_ms > 0);
    of(port)->left = true;
}

static enum kafka_read read_one(void *port, kafka_reader reader, struct kafka_record *out, struct err *e)
{
    struct world *w = port;

    (void)reader;
    (void)e;
    if (w->paused || w->read == w->record_count)
        return KAFKA_NOTHING;
    *out = (struct kafka_record){
        .topic = "ec2sched.jobs.v1", .offset = (int64_t)w->read, .ts_ms = w->now.wall_ms};
    out->value = str_of(w->records[w->read++]);
    return KAFKA_RECORD;
}

static void store(void *port, kafka_reader reader, int partition, int64_t next_offset)
{
    (void)reader;
    (void)partition;
    assert_true(next_offset > of(port)->stored); /* in the order of reading */
    of(port)->stored = next_offset;
}

static void pause_it(void *port, kafka_reader reader, bool paused)
{
    (void)reader;
    of(port)->paused = paused;
}

static void group(void *port, kafka_reader reader, struct kafka_group_state *out)
{
    (void)port;
    (void)reader;
    *out = (struct kafka_group_state){.joined = true, .n = 1};
}

static void fire_topics(struct world *w, struct world_event *x)
{
    struct kafka_topic t[4] = {{.name = "ec2sched.events.v1"},
                               {.name = "ec2sched.jobs.v1"},
                               {.name = "ec2sched.progress.v1"},
                               {.name = "ec2sched.dlq.v1"}};

    for (size_t i = 0; i < 4; i++)
        t[i].partitions = w->topics_missing ? -1 : 12;
    x->done.topics(x->self, x->id, &(struct kafka_topics){.at = t, .n = 4, .brokers = 1});
}

static uint64_t describe(void *port, const char *const *names, size_t n, kafka_topics_done *done, void *self)
{
    struct world_event *x = later(of(port), 3, fire_topics, self);

    (void)names;
    (void)n;
    x->done.topics = done;
    return x->id;
}

static void kafka_tell(void *port, struct kafka_state *out)
{
    (void)port;
    *out = (struct kafka_state){.up = true};
}

static const struct kafka_ops kafka_ops = {.append = append,
                                           .subscribe = subscribe,
                                           .close = leave,
                                           .read = read_one,
                                           .store = store,
                                           .pause = pause_it,
                                           .group = group,
                                           .describe = describe,
                                           .state = kafka_tell};

size_t world_count(const struct world *w, const char *topic)
{
    size_t n = 0;

    for (size_t i = 0; i < w->append_count; i++)
        n += strcmp(w->appends[i].topic, topic) == 0;
    return n;
}

bool world_terminal(const struct world *w, const char *job, struct event *out)
{
    for (size_t i = 0; i < w->append_count; i++) {
        struct err e = {0};
        if (strcmp(w->appends[i].topic, "ec2sched.events.v1") != 0)
            continue;
        assert_true(event_parse(str_of(w->appends[i].value), out, &e));
        assert_int_equal(out->type, EVENT_JOB_TERMINAL);
        if (strcmp(out->terminal.job, job) == 0)
            return true;
        event_release(out);
    }
    return false;
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
    (void)e;
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
        .redis = {redis_go, redis_tell, w},
        .kafka = {&kafka_ops, w},
        .process = {&process_ops, w},
        .log = &w->log,
    };
    w->options.kafka.prefix = w->options.redis.prefix = (char *)"ec2sched";
    w->options.kafka.log_partitions = 12;
    w->options.kafka.jobs_partitions = 64;
    w->options.aws.time_scale = 1;
    w->options.worker.concurrency = 2000;
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
    value_free(&x->value);
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

static bool run(struct world *w, world_met *met, int64_t ms)
{
    int64_t until_ms = w->now.boot_ms + ms, event_ms;

    for (int i = 0; i < RUN_MAX_TURNS; i++) {
        struct world_event *x;
        while ((x = take_due(w, &event_ms))) {
            if (!x->cancelled)
                x->fire(w, x);
            event_free(x);
        }
        awssim_advance(w->aws, w->now);
        int64_t next_ms = worker_turn(w->worker, w->now.boot_ms);
        w->turns++;
        if (met && met(w))
            return true;
        if (next_ms == TURN_DONE || w->now.boot_ms >= until_ms)
            return false;
        event_ms = INT64_MAX;
        for (x = w->events; x; x = x->next)
            event_ms = x->at_ms < event_ms ? x->at_ms : event_ms;
        next_ms = next_ms < event_ms ? next_ms : event_ms;
        next_ms = next_ms < until_ms ? next_ms : until_ms;
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
