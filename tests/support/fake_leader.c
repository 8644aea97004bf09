#include "support/fake_leader.h"
#include "support/fake_leader_files.h"

#include "base/crypto.h"
#include "base/mem.h"
#include "view/scripts.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

enum { VALUES_MAX = 400, STEP_MS = 50 };

enum fl_kind { FL_REPLY, FL_APPENDED, FL_MARKS, FL_COMMITTED, FL_DONE, FL_TOPICS };

struct fl_event {
    struct fl_event *prev, *next;
    enum fl_kind kind;
    uint64_t id;
    void *self;
    union {
        redis_done *reply;
        kafka_append_done *appended;
        kafka_watermarks_done *marks;
        kafka_committed_done *committed;
        kafka_done *done;
        kafka_topics_done *topics;
    } call;
    char *answer;
    char run_id[REDIS_RUN_ID_MAX];
    int partition;
    int64_t offset;
    size_t n;
    bool workers, fold;
};

static struct fl_event *event_new(struct fake_leader *f, enum fl_kind kind, void *self)
{
    struct fl_event *e = xcalloc(1, sizeof *e);

    e->kind = kind;
    e->id = ++f->last_id;
    e->self = self;
    DL_APPEND(f->events, e);
    return e;
}

/* ---- answers as text ---- */

struct values {
    struct redis_value at[VALUES_MAX];
    size_t n;
};

static struct redis_value parse(const char **p, struct values *v);

static struct redis_value parse_list(const char **p, struct values *v)
{
    struct redis_value items[64];
    size_t n = 0;

    for ((*p)++; **p && **p != ')';) {
        items[n++] = parse(p, v);
        if (**p == ';')
            (*p)++;
    }
    (*p)++;
    struct redis_value *at = &v->at[v->n];
    v->n += n;
    BUG_IF(v->n > VALUES_MAX);
    memcpy(at, items, n * sizeof *at);
    return (struct redis_value){.type = REDIS_LIST, .at = at, .n = n};
}

static struct redis_value parse(const char **p, struct values *v)
{
    const char *from = *p;
    int64_t i = 0;

    if (**p == '(')
        return parse_list(p, v);
    *p += strcspn(*p, ";)");
    struct str text = str_n(from, (size_t)(*p - from));
    if (str_is(text, "nil"))
        return (struct redis_value){.type = REDIS_NIL};
    if (text.n && text.p[0] == '#' && str_to_i64(str_skip(text, 1), &i))
        return (struct redis_value){.type = REDIS_INT, .i = i};
    return (struct redis_value){.type = REDIS_STR, .s = text};
}

/* ---- Redis ---- */

static const char *script_of(struct str sha, struct str text)
{
    char hex[2 * CRYPTO_SHA1_BYTES + 1];

    for (const struct view_script *s = view_scripts; s->name; s++) {
        crypto_sha1_hex(str_of(s->text), hex);
        if (str_is(sha, hex) || str_is(text, s->text))
            return s->name;
    }
    return "unknown";
}

static const char *answer_of(struct fake_leader *f, const char *name)
{
    for (size_t i = f->rule_count; i > 0; i--) {
        struct fl_rule *r = &f->rules[i - 1];
        if (strcmp(r->script, name) != 0 || r->times == 0)
            continue;
        if (r->times > 0)
            r->times--;
        return r->answer;
    }
    return "nil";
}

static void note(struct fake_leader *f, const char *name, const struct str *args, size_t n)
{
    BUF_CLEANUP struct buf words = BUF_INIT(sizeof f->last_words[0] - 1);
    size_t i = f->asked_count;

    BUG_IF(i == sizeof f->asked / sizeof *f->asked);
    for (size_t k = 0; k < n && !words.over; k++)
        buf_addf(&words, "%s" STR_FMT, k ? "~" : "", STR_ARG(args[k]));
    (void)snprintf(f->asked[i], sizeof f->asked[i], "%s", name);
    (void)snprintf(f->last_words[i], sizeof f->last_words[i], "%s", buf_cstr(&words));
    f->asked_count++;
}

/* A plain command by its own name, but for those that are told apart by their key. */
static const char *plain_name(const struct str *args, size_t n)
{
    static char own[16];

    if (n > 1 && str_ends(args[1], STR(":sk")) && str_is(args[0], "HGETALL"))
        return "MARKS";
    if (n > 1 && str_find(args[1], STR(":w:"), &(size_t){0}) && str_is(args[0], "HMGET"))
        return "TICKS";
    (void)snprintf(own, sizeof own, STR_FMT, STR_ARG(args[0]));
    return own;
}

static uint64_t redis_ask(void *port, const struct str *args, size_t n, redis_done *done, void *self)
{
    struct fake_leader *f = port;
    struct fl_event *e = event_new(f, FL_REPLY, self);
    char name[16];
    bool script = str_is(args[0], "EVALSHA") || str_is(args[0], "EVAL");

    (void)snprintf(name, sizeof name, "%s", plain_name(args, n));
    e->call.reply = done;
    e->answer = xstrdup(script ? answer_of(f, script_of(args[1], args[1])) : answer_of(f, name));
    (void)snprintf(e->run_id, sizeof e->run_id, "%s", f->run_id);
    e->fold = script && strcmp(script_of(args[1], args[1]), "fold") == 0;
    if (script)
        note(f, script_of(args[1], args[1]), args + 3, n - 3);
    else if (!str_is(args[0], "SCRIPT") && !str_is(args[0], "SET")) /* SET: whether it takes writes */
        note(f, name, args + 1, n - 1);
    return e->id;
}

static void redis_look(void *port, struct redis_state *out)
{
    struct fake_leader *f = port;

    *out = (struct redis_state){.connected = true, .generation = 1};
    (void)snprintf(out->run_id, sizeof out->run_id, "%s", f->run_id);
}

/* ---- Kafka ---- */

static int64_t log_end(const struct fake_leader *f)
{
    int64_t n = f->extra;

    for (size_t i = 0; i < f->count; i++)
        n += strcmp(f->records[i].topic, "t.events.v1") == 0;
    return n;
}

static void keep(struct fake_leader *f, const char *topic, int partition, struct str key, struct str value)
{
    BUG_IF(f->count == FL_RECORDS);
    f->records[f->count++] = (struct fl_record){
        .topic = xstrdup(topic), .partition = partition, .key = str_dup(key), .value = str_dup(value)};
}

static uint64_t k_append(void *port, const struct kafka_append *a, kafka_append_done *done, void *self)
{
    struct fake_leader *f = port;
    struct fl_event *e = event_new(f, FL_APPENDED, self);

    e->call.appended = done;
    e->partition = a->partition == KAFKA_PARTITION_BY_KEY ? 1 : a->partition;
    e->offset = strcmp(a->topic, "t.events.v1") == 0 ? log_end(f) : 7;
    keep(f, a->topic, e->partition, a->key, a->value);
    return e->id;
}

static kafka_reader k_assign(void *port, const char *topic, int partition, int64_t offset)
{
    struct fake_leader *f = port;

    (void)topic;
    (void)partition;
    f->read_from = offset;
    f->reading = true;
    return 1;
}

static void k_close(void *port, kafka_reader reader, int64_t timeout_ms)
{
    struct fake_leader *f = port;

    (void)reader;
    (void)timeout_ms;
    f->reading = false;
}

static enum kafka_read k_read(void *port, kafka_reader reader, struct kafka_record *out, struct err *e)
{
    struct fake_leader *f = port;
    int64_t at = f->extra;

    (void)reader;
    (void)e;
    for (size_t i = 0; i < f->count && f->reading; i++) {
        if (strcmp(f->records[i].topic, "t.events.v1") != 0 || at++ != f->read_from)
            continue;
        *out = (struct kafka_record){.topic = f->records[i].topic,
                                     .offset = f->read_from++,
                                     .ts_ms = f->now.wall_ms,
                                     .key = str_of(f->records[i].key),
                                     .value = str_of(f->records[i].value)};
        return KAFKA_RECORD;
    }
    return KAFKA_NOTHING;
}

static uint64_t k_marks(void *port, const char *topic, const int *partitions, size_t n,
                        kafka_watermarks_done *done, void *self)
{
    struct fake_leader *f = port;
    struct fl_event *e = event_new(f, FL_MARKS, self);

    (void)partitions;
    e->call.marks = done;
    e->n = n;
    e->offset = strcmp(topic, "t.events.v1") == 0 ? 0 : -1; /* the snapshot topic is empty */
    return e->id;
}

static uint64_t k_committed(void *port, const char *group, const char *topic, int partitions,
                            kafka_committed_done *done, void *self)
{
    struct fake_leader *f = port;
    struct fl_event *e = event_new(f, FL_COMMITTED, self);

    (void)topic;
    e->call.committed = done;
    e->n = (size_t)partitions;
    e->workers = strcmp(group, "t.workers") == 0;
    return e->id;
}

static uint64_t k_commit(void *port, const char *group, const char *topic, int partition, int64_t offset,
                         kafka_done *done, void *self)
{
    struct fake_leader *f = port;
    struct fl_event *e = event_new(f, FL_DONE, self);

    (void)group;
    (void)topic;
    (void)partition;
    f->committed_start = offset;
    e->call.done = done;
    return e->id;
}

static uint64_t k_describe(void *port, const char *const *names, size_t n, kafka_topics_done *done,
                           void *self)
{
    struct fl_event *e = event_new(port, FL_TOPICS, self);

    (void)names;
    e->call.topics = done;
    e->n = n;
    return e->id;
}

static void k_state(void *port, struct kafka_state *out)
{
    (void)port;
    *out = (struct kafka_state){.up = true};
}

static const struct kafka_ops kafka_ops = {
    .append = k_append,
    .assign = k_assign,
    .close = k_close,
    .read = k_read,
    .watermarks = k_marks,
    .commit = k_commit,
    .committed = k_committed,
    .state = k_state,
    .describe = k_describe,
};

/* ---- delivering ---- */

static void deliver_reply(struct fl_event *e)
{
    struct values v = {.n = 0};
    const char *p = e->answer;
    struct redis_reply r = {.run_id = e->run_id};

    if (e->answer[0] == '!')
        r.value = (struct redis_value){.type = REDIS_ERROR, .s = str_of(e->answer + 1)};
    else
        r.value = parse(&p, &v);
    e->call.reply(e->self, e->id, &r);
}

static void deliver_topics(const struct fake_leader *f, struct fl_event *e)
{
    static const struct kafka_header log_append[] = {{{"message.timestamp.type", 22}, {"LogAppendTime", 13}}};
    struct kafka_topic t[] = {
        {.name = "t.events.v1",
         .partitions = f->log_partitions ? f->log_partitions : FL_PARTITIONS,
         .config = log_append,
         .config_count = 1,
         .config_known = true},
        {.name = "t.jobs.v1", .partitions = FL_JOBS, .config_known = true},
        {.name = "t.snap.v1", .partitions = FL_PARTITIONS, .config_known = true},
    };
    struct kafka_topics all = {.at = t, .n = e->n, .brokers = 1};

    e->call.topics(e->self, e->id, &all);
}

static void deliver_committed(const struct fake_leader *f, struct fl_event *e)
{
    int64_t offsets[FL_JOBS];
    struct kafka_committed c = {.offset = offsets, .n = e->n};

    for (size_t i = 0; i < FL_JOBS; i++)
        offsets[i] = e->workers ? f->committed : f->committed_start;
    e->call.committed(e->self, e->id, &c);
}

static void deliver(struct fake_leader *f, struct fl_event *e)
{
    static const struct err fine = {0};
    struct kafka_appended a = {.partition = e->partition, .offset = e->offset};
    int64_t low = e->offset < 0 ? 0 : f->low;
    int64_t high = e->offset < 0 ? 0 : log_end(f);
    struct kafka_watermarks w = {.low = &low, .high = &high, .n = 1, .asked_boot_ms = f->now.boot_ms};

    switch (e->kind) {
    case FL_REPLY:
        deliver_reply(e);
        break;
    case FL_APPENDED:
        e->call.appended(e->self, e->id, &a);
        break;
    case FL_MARKS:
        e->call.marks(e->self, e->id, &w);
        break;
    case FL_COMMITTED:
        deliver_committed(f, e);
        break;
    case FL_DONE:
        e->call.done(e->self, e->id, &fine);
        break;
    case FL_TOPICS:
        deliver_topics(f, e);
        break;
    }
}

static struct fl_event *next_event(const struct fake_leader *f)
{
    struct fl_event *e = NULL;

    DL_FOREACH(f->events, e)
    if (!(e->fold && f->slow_fold) && !(e->kind == FL_APPENDED && f->slow_acks))
        return e;
    return NULL;
}

static void deliver_all(struct fake_leader *f)
{
    struct fl_event *e = NULL;

    while ((e = next_event(f)) != NULL) {
        DL_DELETE(f->events, e);
        deliver(f, e);
        xfree(e->answer);
        xfree(e);
    }
}

void fl_run(struct fake_leader *f, int64_t ms)
{
    for (int64_t until = f->now.boot_ms + ms; f->now.boot_ms < until;
         f->now.boot_ms += STEP_MS, f->now.wall_ms += STEP_MS) {
        if (producer_turn(f->producer, f->now.boot_ms) == TURN_DONE)
            return;
        deliver_all(f);
        (void)producer_turn(f->producer, f->now.boot_ms); /* something completed: at once again */
    }
}

/* ---- the rest of the world ---- */

static struct instant clock_look(void *self)
{
    return ((struct fake_leader *)self)->now;
}

static void draw(void *self, void *out, size_t n)
{
    struct fake_leader *f = self;

    f->chance++;
    memset(out, 0, n);
    memcpy(out, &f->chance, n < sizeof f->chance ? n : sizeof f->chance);
}

static uint64_t no_http(void *port, const struct http_request *request, http_done *done, void *self)
{
    (void)port;
    (void)request;
    (void)done;
    (void)self;
    return 1;
}

static void no_cancel(void *port, uint64_t id)
{
    (void)port;
    (void)id;
}

static int64_t wall(void *self)
{
    return ((struct fake_leader *)self)->now.wall_ms;
}

static void drop_line(void *self, struct str line)
{
    (void)self;
    (void)line;
}

void fake_leader_init(struct fake_leader *f)
{
    struct err e = {0};

    *f = (struct fake_leader){
        .now = {.boot_ms = 1000, .wall_ms = 1700000000000}, .committed = -1, .committed_start = -1};
    f->options.kafka.prefix = "t";
    f->options.kafka.log_partitions = FL_PARTITIONS;
    f->options.kafka.jobs_partitions = FL_JOBS;
    f->options.redis.prefix = "t";
    f->options.specs.source = "dir:/nowhere";
    f->options.lease.ttl_ms = 15000;
    f->options.fence.window_ms = 30000;
    f->options.worker.max_publish = 5;
    f->options.pause.max_ms = 1000;
    f->options.aws.time_scale = 1;
    f->options.schedule.refresh_ms = 60000;
    f->options.schedule.catchup_ms = 900000;
    f->options.schedule.zoneinfo = "/zones";
    (void)snprintf(f->run_id, sizeof f->run_id, "server-a");
    f->log = (struct log){.level = LOG_DEBUG, .wall_ms = wall, .write = drop_line, .self = f};
    f->ports = (struct ports){
        .clock = {clock_look, f},
        .rng = {draw, f},
        .http = {no_http, no_cancel, f},
        .redis = {redis_ask, redis_look, f},
        .kafka = {&kafka_ops, f},
        .process = {&fake_leader_files, f},
        .log = &f->log,
    };
    fl_say(f, "lead", "#1");
    fl_say(f, "seed", "(#1)");
    fl_say(f, "SCAN", "(0;())");
    fl_say(f, "HMGET", "(nil;nil;nil;nil;nil;nil;nil)");
    fl_say(f, "fold", "(OK)");
    fl_say(f, "owed", "(#-1)");
    fl_say(f, "take", "(#-1)");
    fl_say(f, "beat", "(OK;#1)");
    fl_say(f, "sent", "#1");
    fl_say(f, "ZRANGE", "()");
    fl_say(f, "MARKS", "()");
    fl_say(f, "TICKS", "(nil)");
    fl_say(f, "HSET", "#1");
    fl_say(f, "HDEL", "#1");
    f->producer = producer_new(&f->options, &f->ports, &e);
    if (!f->producer)
        err_bug(__FILE__, __LINE__, e.msg);
}

void fake_leader_release(struct fake_leader *f)
{
    f->slow_fold = f->slow_acks = false;
    producer_drain(f->producer);
    deliver_all(f);
    producer_free(f->producer);
    for (size_t i = 0; i < f->count; i++) {
        xfree(f->records[i].topic);
        xfree(f->records[i].key);
        xfree(f->records[i].value);
    }
}

void fl_say_once(struct fake_leader *f, const char *script, const char *answer, int times)
{
    BUG_IF(f->rule_count == FL_RULES);
    f->rules[f->rule_count++] = (struct fl_rule){.script = script, .answer = answer, .times = times};
}

void fl_say(struct fake_leader *f, const char *script, const char *answer)
{
    fl_say_once(f, script, answer, -1);
}

void fl_log(struct fake_leader *f, const char *key, const char *value)
{
    keep(f, "t.events.v1", 0, str_of(key), str_of(value));
}

size_t fl_asked(const struct fake_leader *f, const char *script)
{
    size_t n = 0;

    for (size_t i = 0; i < f->asked_count; i++)
        n += strcmp(f->asked[i], script) == 0;
    return n;
}

const char *fl_words(const struct fake_leader *f, const char *script)
{
    for (size_t i = f->asked_count; i > 0; i--)
        if (strcmp(f->asked[i - 1], script) == 0)
            return f->last_words[i - 1];
    return "";
}

size_t fl_appended(const struct fake_leader *f, const char *type, const char **last)
{
    char mark[64];
    size_t n = 0;

    (void)snprintf(mark, sizeof mark, "\"type\":\"%s\"", type);
    for (size_t i = 0; i < f->count; i++) {
        if (!strstr(f->records[i].value, mark))
            continue;
        n++;
        if (last)
            *last = f->records[i].value;
    }
    return n;
}

int fl_page(struct fake_leader *f, const char *path, struct buf *text)
{
    struct http_asked asked = {.method = STR("GET"), .path = str_of(path)};
    struct http_answer a = {.body = BUF_INIT(64 * 1024)};

    producer_admin(f->producer, &asked, &a);
    buf_add(text, buf_view(&a.body));
    buf_release(&a.body);
    return a.status;
}
