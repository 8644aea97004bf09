/* A whole monitor in virtual time, over a Kafka of arrays: where it begins, when it is ready, what it keeps
 * and tells, and how it ends. */
#include "base/log.h"
#include "base/mem.h"
#include "monitor/monitor.h"
#include "support/cmocka_first.h"
#include "unit/cli/records.h"

#include <stdio.h>
#include <string.h>

enum { PARTITIONS = 2, RECORDS_MAX = 8000, READERS_MAX = 64, ASKED_MAX = 16, ANSWER_MAX = 1000000 };
enum asked_kind { ASKED_TOPICS, ASKED_SINCE, ASKED_MARKS };

struct shelf { /* a partition of a topic: its records from `low` on */
    char *values[RECORDS_MAX];
    int64_t stamps[RECORDS_MAX];
    int64_t low, n;
};

struct asked {
    enum asked_kind kind;
    uint64_t id;
    bool progress;
    int partitions[PARTITIONS];
    size_t n;
    int64_t since_ms;
    void *self;
    kafka_topics_done *topics;
    kafka_offsets_done *since;
    kafka_watermarks_done *marks;
};

struct reader {
    bool open, progress;
    int partition;
    int64_t next;
};

struct world {
    struct options options;
    struct ports ports;
    struct log log;
    struct instant now;
    struct monitor *monitor;
    struct shelf log_shelves[PARTITIONS], progress_shelves[PARTITIONS];
    struct reader readers[READERS_MAX];
    size_t reader_count;
    struct asked asked[ASKED_MAX];
    size_t asked_count;
    uint64_t last_id;
    bool no_topics, no_times, silent; /* silent: the brokers answer nothing, and hand out nothing */
};

/* ---- the fake ---- */

static struct shelf *shelf_of(struct world *w, bool progress, int partition)
{
    return progress ? &w->progress_shelves[partition] : &w->log_shelves[partition];
}

static struct asked *later(struct world *w, enum asked_kind kind, void *self)
{
    assert_true(w->asked_count < ASKED_MAX);
    struct asked *a = &w->asked[w->asked_count++];
    *a = (struct asked){.kind = kind, .id = ++w->last_id, .self = self};
    return a;
}

static uint64_t describe(void *port, const char *const *names, size_t n, kafka_topics_done *done, void *self)
{
    struct asked *a = later(port, ASKED_TOPICS, self);

    assert_int_equal(n, 2);
    assert_string_equal(names[0], "t.events.v1");
    a->topics = done;
    return a->id;
}

static uint64_t since(void *port, const char *topic, const int *partitions, size_t n, int64_t since_ms,
                      kafka_offsets_done *done, void *self)
{
    struct asked *a = later(port, ASKED_SINCE, self);

    assert_string_equal(topic, "t.events.v1");
    memcpy(a->partitions, partitions, n * sizeof *partitions);
    a->n = n;
    a->since_ms = since_ms;
    a->since = done;
    return a->id;
}

static uint64_t watermarks(void *port, const char *topic, const int *partitions, size_t n,
                           kafka_watermarks_done *done, void *self)
{
    struct asked *a = later(port, ASKED_MARKS, self);

    memcpy(a->partitions, partitions, n * sizeof *partitions);
    a->n = n;
    a->progress = strcmp(topic, "t.progress.v1") == 0;
    a->marks = done;
    return a->id;
}

static kafka_reader assign(void *port, const char *topic, int partition, int64_t offset)
{
    struct world *w = port;

    assert_true(w->reader_count < READERS_MAX);
    w->readers[w->reader_count] = (struct reader){.open = true,
                                                  .progress = strcmp(topic, "t.progress.v1") == 0,
                                                  .partition = partition,
                                                  .next = offset};
    return ++w->reader_count;
}

static void close_it(void *port, kafka_reader reader, int64_t timeout_ms)
{
    struct reader *r = &((struct world *)port)->readers[reader - 1];

    (void)timeout_ms;
    assert_true(r->open);
    r->open = false;
}

static enum kafka_read read_one(void *port, kafka_reader reader, struct kafka_record *out, struct err *e)
{
    struct world *w = port;
    struct reader *r = &w->readers[reader - 1];
    const struct shelf *s = shelf_of(w, r->progress, r->partition);

    assert_true(r->open);
    if (w->silent)
        return KAFKA_NOTHING;
    if (r->next < s->low) {
        (void)err_set(e, ERR_NOT_FOUND, "out of range");
        return KAFKA_FAILED;
    }
    if (r->next >= s->n)
        return KAFKA_NOTHING;
    *out = (struct kafka_record){.topic = r->progress ? "t.progress.v1" : "t.events.v1",
                                 .partition = r->partition,
                                 .offset = r->next,
                                 .ts_ms = s->stamps[r->next],
                                 .value = str_of(s->values[r->next])};
    r->next++;
    return KAFKA_RECORD;
}

static void state(void *port, struct kafka_state *out)
{
    *out = (struct kafka_state){.up = !((struct world *)port)->silent};
}

/* No append, no subscribe, no store, no commit: who calls one of them ends the test. */
static const struct kafka_ops ops = {.assign = assign,
                                     .close = close_it,
                                     .read = read_one,
                                     .watermarks = watermarks,
                                     .since = since,
                                     .describe = describe,
                                     .state = state};

static int64_t first_since(const struct world *w, const struct shelf *s, int64_t since_ms)
{
    for (int64_t i = s->low; i < s->n && !w->no_times; i++)
        if (s->stamps[i] >= since_ms)
            return i;
    return -1;
}

static void answer(struct world *w, const struct asked *a)
{
    int64_t low[PARTITIONS];
    int64_t high[PARTITIONS];
    struct kafka_topic t[] = {{.name = "t.events.v1", .partitions = w->no_topics ? -1 : PARTITIONS},
                              {.name = "t.progress.v1", .partitions = w->no_topics ? -1 : PARTITIONS}};

    for (size_t i = 0; i < a->n; i++) {
        const struct shelf *s = shelf_of(w, a->progress, a->partitions[i]);
        low[i] = a->kind == ASKED_SINCE ? first_since(w, s, a->since_ms) : s->low;
        high[i] = s->n;
    }
    if (a->kind == ASKED_TOPICS)
        a->topics(a->self, a->id, &(struct kafka_topics){.at = t, .n = 2});
    else if (a->kind == ASKED_SINCE)
        a->since(a->self, a->id, &(struct kafka_offsets){.offset = low, .n = a->n});
    else
        a->marks(a->self, a->id, &(struct kafka_watermarks){.low = low, .high = high, .n = a->n});
}

static struct instant read_clock(void *self)
{
    return ((struct world *)self)->now;
}

static void chance(void *self, void *out, size_t n)
{
    (void)self;
    memset(out, 0xab, n);
}

/* Turns and answers until the monitor wants to be called at `ms` from now or later. */
static int64_t run(struct world *w, int64_t ms)
{
    int64_t end_ms = w->now.boot_ms + ms;

    for (;;) {
        struct asked now[ASKED_MAX];
        size_t n = w->silent ? 0 : w->asked_count;
        int64_t next = monitor_turn(w->monitor, w->now.boot_ms);
        memcpy(now, w->asked, n * sizeof *now);
        w->asked_count -= n;
        memmove(w->asked, w->asked + n, w->asked_count * sizeof *w->asked);
        for (size_t i = 0; i < n; i++)
            answer(w, &now[i]);
        if (next == TURN_DONE)
            return TURN_DONE;
        if (n || (w->asked_count && !w->silent) || next <= w->now.boot_ms)
            continue;
        if (next > end_ms)
            next = end_ms;
        w->now.wall_ms += next - w->now.boot_ms;
        w->now.boot_ms = next;
        if (next == end_ms)
            return next;
    }
}

static void open_world(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->now = (struct instant){1000000, 1777629600000};
    w->options.kafka.prefix = (char *)(uintptr_t) "t";
    w->options.monitor.since_ms = INT64_C(7) * 24 * 3600 * 1000;
    w->options.monitor.runs = 100;
    w->options.monitor.memory_mb = 16;
    w->ports.clock = (struct clock){read_clock, w};
    w->ports.rng = (struct rng){chance, w};
    w->ports.kafka = (struct kafka){&ops, w};
    w->ports.log = &w->log;
    w->log = (struct log){.level = LOG_ERROR + 1};
    w->monitor = monitor_new(&w->options, &w->ports);
}

static void close_world(struct world *w)
{
    monitor_free(w->monitor);
    for (int p = 0; p < PARTITIONS; p++) {
        for (int64_t i = 0; i < w->log_shelves[p].n; i++)
            xfree(w->log_shelves[p].values[i]);
        for (int64_t i = 0; i < w->progress_shelves[p].n; i++)
            xfree(w->progress_shelves[p].values[i]);
    }
}

static void put(struct world *w, int partition, const char *value, int64_t ago_ms)
{
    struct shelf *s = &w->log_shelves[partition];

    assert_true(s->n < RECORDS_MAX);
    s->stamps[s->n] = w->now.wall_ms - ago_ms;
    s->values[s->n++] = xstrdup(value);
}

static int get(struct world *w, const char *path, struct http_answer *answer, const char *last_id)
{
    const struct http_header header = {STR("last-event-id"), str_of(last_id)};
    const struct http_asked asked = {
        .method = STR("GET"), .path = str_of(path), .headers = &header, .header_count = last_id ? 1 : 0};

    buf_release(&answer->body);
    *answer = (struct http_answer){.status = 404, .content_type = "text/plain", .body = BUF_INIT(ANSWER_MAX)};
    monitor_admin(w->monitor, &asked, answer);
    return answer->status;
}

static void expect(struct world *w, const char *path, int status, const char *part)
{
    struct http_answer a = {0};
    int got = get(w, path, &a, NULL);

    if (got != status || !strstr(buf_cstr(&a.body), part))
        fail_msg("%s: %d %s\nnot: %d %s", path, got, buf_cstr(&a.body), status, part);
    buf_release(&a.body);
}

/* ---- the tests ---- */

static void it_is_ready_when_the_log_was_read_to_its_end_and_answers_nothing_before(void **state_)
{
    static struct world w;
    (void)state_;

    open_world(&w);
    put(&w, 0, SAY_REQUESTED("r"), 1000);
    put(&w, 1, SAY_REQUESTED("other"), 1000);
    expect(&w, "/healthz", 503, "misses its turns"); /* it never had one, and a million ms are gone */
    w.no_topics = true;
    (void)run(&w, 100);
    expect(&w, "/readyz", 503, "topic t.events.v1 does not exist: create it");
    expect(&w, "/v1/runs", 503, "\"kind\":\"unavailable\"");
    w.no_topics = false;
    w.silent = true;
    (void)run(&w, 3000);
    w.silent = false;
    (void)run(&w, 3000);
    expect(&w, "/healthz", 200, "ok");
    expect(&w, "/readyz", 200, "ok");
    expect(&w, "/v1/runs/shop@r", 200, "\"run\":\"r\"");
    expect(&w, "/v1/runs", 200, "\"known\":2");
    expect(&w, "/metrics", 200, "ec2sched_monitor_log_lag_records{partition=\"1\"} 0\n");
    expect(&w, "/metrics", 200, "ec2sched_monitor_runs_going{state=\"waiting\"} 2\n");
    close_world(&w);
}

static void more_than_a_turns_records_are_read_in_several_turns_and_meanwhile_it_says_so(void **state_)
{
    static struct world w;
    (void)state_;

    open_world(&w);
    for (int i = 0; i < 3000; i++)
        put(&w, i % 2, SAY_TERMINAL("r", "0:0:1"), 1000);
    for (int i = 0; i < 4; i++) {
        size_t n = w.asked_count;
        (void)monitor_turn(w.monitor, w.now.boot_ms);
        for (size_t k = 0; k < n; k++)
            answer(&w, &w.asked[k]);
        memmove(w.asked, w.asked + n, (w.asked_count - n) * sizeof *w.asked);
        w.asked_count -= n;
    }
    assert_true(monitor_turn(w.monitor, w.now.boot_ms) <= w.now.boot_ms); /* at once again */
    expect(&w, "/readyz", 503, "the log has not been read to its end yet: records left of partition");
    expect(&w, "/v1/runs", 503, "has not been read to its end");
    (void)run(&w, 100);
    expect(&w, "/readyz", 200, "ok");
    expect(&w, "/metrics", 200, "ec2sched_monitor_records_total 3000\n");
    close_world(&w);
}

static void what_ended_before_its_time_is_not_told_and_what_is_older_is_not_read(void **state_)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    static struct world w;
    (void)state_;

    open_world(&w);
    put(&w, 0, SAY_REQUESTED("ancient"), 9 * (int64_t)DAY_MS);
    put(&w, 0, SAY_REQUESTED("older"), 7 * (int64_t)DAY_MS + 5000);
    put(&w, 0, SAY_FINISHED("older", "succeeded"), 7 * (int64_t)DAY_MS + 4000);
    put(&w, 0, SAY_REQUESTED("over"), 7 * (int64_t)DAY_MS + 5000); /* it ended within */
    put(&w, 0, SAY_ACCEPTED("over", "0:0:3"), 7 * (int64_t)DAY_MS + 4000);
    put(&w, 0, SAY_FINISHED("over", "succeeded"), 6 * (int64_t)DAY_MS);
    (void)run(&w, 3000);
    expect(&w, "/metrics", 200, "ec2sched_monitor_records_total 5\n");
    expect(&w, "/v1/runs", 200, "\"known\":1");
    expect(&w, "/v1/runs/shop@over", 200, "\"partial\":false");
    w.now.wall_ms += 2 * (int64_t)DAY_MS;
    w.now.boot_ms += 2 * (int64_t)DAY_MS;
    (void)run(&w, 3000);
    expect(&w, "/v1/runs", 200, "\"known\":0");
    close_world(&w);
}

static void a_broker_that_knows_of_no_times_has_its_log_read_from_the_beginning(void **state_)
{
    static struct world w;
    (void)state_;

    open_world(&w);
    w.no_times = true;
    put(&w, 0, SAY_REQUESTED("r"), 2000);
    put(&w, 0, SAY_FINISHED("r", "succeeded"), 1000);
    (void)run(&w, 3000);
    expect(&w, "/readyz", 200, "ok");
    expect(&w, "/v1/runs", 200, "\"known\":1");
    close_world(&w);
}

static void a_client_hears_the_log_live_and_is_let_go_at_the_end(void **state_)
{
    static struct world w;
    struct http_answer a = {0};
    BUF_CLEANUP struct buf b = BUF_INIT(ANSWER_MAX);
    (void)state_;

    open_world(&w);
    put(&w, 0, SAY_REQUESTED("r"), 1000);
    (void)run(&w, 3000);
    assert_int_equal(get(&w, "/v1/events", &a, NULL), 200);
    assert_string_equal(a.content_type, "text/event-stream");
    assert_true(a.stream.read(a.stream.self, &b));
    buf_clear(&b);
    put(&w, 0, SAY_ACCEPTED("r", "0:0:0"), 0);
    put(&w, 1, "no record", 0);
    w.progress_shelves[0].values[0] =
        xstrdup("{\"v\":1,\"type\":\"JobProgress\",\"workload\":\"shop\","
                "\"run\":\"r\",\"job\":\"j\",\"tier\":\"web\",\"step\":0,\"members\":[]}");
    w.progress_shelves[0].n = 1;
    (void)run(&w, 3000);
    assert_true(a.stream.ready(a.stream.self));
    assert_true(a.stream.read(a.stream.self, &b));
    assert_non_null(strstr(buf_cstr(&b), "id: 0:1:abababab\ndata: {\"v\":1,\"type\":\"RunAccepted\""));
    assert_non_null(strstr(buf_cstr(&b), "event: progress\ndata: {"));
    assert_null(strstr(buf_cstr(&b), "no record"));
    expect(&w, "/metrics", 200, "ec2sched_monitor_records_unparsed_total 1\n");
    struct http_answer again = {0};
    assert_int_equal(get(&w, "/v1/events", &again, "0:0:abababab"), 200);
    buf_clear(&b);
    assert_true(again.stream.read(again.stream.self, &b));
    assert_non_null(strstr(buf_cstr(&b), "id: 0:1:abababab\n"));
    assert_null(strstr(buf_cstr(&b), "id: 0:0:abababab\n"));
    again.stream.close(again.stream.self);
    buf_release(&again.body);
    assert_int_equal(get(&w, "/v1/events", &again, "nonsense"), 400);
    buf_release(&again.body);
    monitor_drain(w.monitor);
    expect(&w, "/readyz", 503, "draining");
    assert_true(monitor_turn(w.monitor, w.now.boot_ms) != TURN_DONE); /* it waits for the client */
    assert_true(a.stream.ready(a.stream.self));
    assert_false(a.stream.read(a.stream.self, &b));
    a.stream.close(a.stream.self);
    assert_true(monitor_turn(w.monitor, w.now.boot_ms) == TURN_DONE);
    for (size_t i = 0; i < w.reader_count; i++)
        assert_false(w.readers[i].open);
    buf_release(&a.body);
    close_world(&w);
}

static void a_client_that_does_not_go_keeps_nobody_from_ending(void **state_)
{
    static struct world w;
    struct http_answer a = {0};
    (void)state_;

    open_world(&w);
    (void)run(&w, 3000);
    assert_int_equal(get(&w, "/v1/events", &a, NULL), 200);
    monitor_drain(w.monitor);
    assert_true(run(&w, 2 * MONITOR_LEAVE_MS) == TURN_DONE);
    a.stream.close(a.stream.self); /* the server's end closes it */
    buf_release(&a.body);
    close_world(&w);
}

static void without_a_word_of_where_the_log_ends_it_is_not_ready_but_tells_what_it_knows(void **state_)
{
    static struct world w;
    (void)state_;

    open_world(&w);
    put(&w, 0, SAY_REQUESTED("r"), 1000);
    (void)run(&w, 3000);
    w.silent = true;
    (void)run(&w, 20000);
    expect(&w, "/readyz", 503, "no Kafka broker can be reached");
    (void)run(&w, 20000);
    expect(&w, "/readyz", 503, "Kafka does not say where the log ends");
    expect(&w, "/v1/runs", 200, "\"as_of\":\"2026-05-01T10:00:02");
    w.silent = false;
    (void)run(&w, 3000);
    expect(&w, "/readyz", 200, "ok");
    expect(&w, "/v1/runs", 200, "\"as_of\":\"2026-05-01T10:00:4");
    close_world(&w);
}

static void a_position_that_is_no_longer_in_the_log_begins_anew(void **state_)
{
    static struct world w;
    (void)state_;

    open_world(&w);
    put(&w, 0, SAY_REQUESTED("r"), 1000);
    (void)run(&w, 3000);
    w.silent = true;
    for (int i = 0; i < 5; i++)
        put(&w, 0, SAY_FINISHED("r", "succeeded"), 0);
    w.log_shelves[0].low = 4; /* retention was quicker */
    w.silent = false;
    (void)run(&w, 5000);
    expect(&w, "/readyz", 200, "ok");
    expect(&w, "/v1/runs/shop@r", 200, "\"result\":\"succeeded\"");
    close_world(&w);
}

static void of_runs_that_have_ended_the_last_are_kept(void **state_)
{
    static struct world w;
    char text[500];
    (void)state_;

    open_world(&w);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(text, sizeof text,
                       "{\"v\":1,\"type\":\"RunFinished\",\"workload\":\"shop\",\"run\":\"r%d\",\"action\":"
                       "\"stop\",\"result\":\"succeeded\",\"counts\":{}}",
                       i);
        put(&w, i % 2, text, 1000000 - i * 1000);
    }
    (void)run(&w, 3000);
    expect(&w, "/v1/runs", 200, "\"known\":100");
    expect(&w, "/v1/runs/shop@r299", 200, "r299");
    expect(&w, "/v1/runs/shop@r200", 200, "r200");
    expect(&w, "/v1/runs/shop@r199", 404, "or no longer");
    expect(&w, "/metrics", 200, "ec2sched_monitor_runs{result=\"succeeded\"} 100\n");
    expect(&w, "/metrics", 200, "ec2sched_monitor_history_forgotten 1\n");
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_ready_when_the_log_was_read_to_its_end_and_answers_nothing_before),
        cmocka_unit_test(more_than_a_turns_records_are_read_in_several_turns_and_meanwhile_it_says_so),
        cmocka_unit_test(what_ended_before_its_time_is_not_told_and_what_is_older_is_not_read),
        cmocka_unit_test(a_broker_that_knows_of_no_times_has_its_log_read_from_the_beginning),
        cmocka_unit_test(a_client_hears_the_log_live_and_is_let_go_at_the_end),
        cmocka_unit_test(a_client_that_does_not_go_keeps_nobody_from_ending),
        cmocka_unit_test(without_a_word_of_where_the_log_ends_it_is_not_ready_but_tells_what_it_knows),
        cmocka_unit_test(a_position_that_is_no_longer_in_the_log_begins_anew),
        cmocka_unit_test(of_runs_that_have_ended_the_last_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
