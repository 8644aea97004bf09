/*
 * The promises K1 to K5 of ports/kafka.h, and what else its readers rely on, over librdkafka.
 *
 * Against librdkafka's mock cluster; with EC2SCHED_TEST_KAFKA=host:port against real brokers, where topics, their configuration
 * and real rebalances are seen as well. Topic and group names are this process's own.
 */
#include "base/mem.h"
#include "real/clock.h"
#include "real/kafka.h"
#include "real/kafka_side.h"
#include "support/cmocka_first.h"
#include "support/stage.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RECORDS_MAX = 4096, SOON_MS = 15000 };

struct scene {
    struct stage stage;
    struct kafka_port *port;
    struct kafka kafka;
    struct options options;
    struct options_pair x[4];
    char brokers[256], topic[128], group[128];
    rd_kafka_t *mock_client; /* NULL: real brokers */
    rd_kafka_mock_cluster_t *mock;
    /* appends */
    size_t acked, failed, wanted;
    uint64_t acked_ids[RECORDS_MAX];
    int64_t last_offset;
    int last_partition;
    struct err err;
    bool within; /* a call into the port is running */
    /* questions */
    size_t answers, questions;
    int64_t low[16], high[16], offset[16], asked_ms;
    struct kafka_topic found[4];
    char config[64], error_code[ERR_CODE_MAX];
    int brokers_found;
};

static void open_port(struct scene *s)
{
    struct err e = {0};

    s->port = kafka_port_new(s->stage.reactor, &s->options, stage_log(), &e);
    assert_non_null(s->port);
    s->kafka = kafka_port_of(s->port);
}

static void created(void *self, uint64_t id, const struct kafka_topics *t)
{
    struct scene *s = self;
    (void)id;

    s->answers++;
    s->err = t->err.kind ? t->err : t->errs[0];
    (void)snprintf(s->error_code, sizeof s->error_code, "%s", s->err.code);
}

static bool answered(void *self)
{
    const struct scene *s = self;
    return s->answers >= s->questions;
}

static void create_topic(struct scene *s, int partitions)
{
    struct kafka_header config = {.name = STR("message.timestamp.type"), .value = STR("LogAppendTime")};
    struct kafka_topic t = {.name = s->topic, .partitions = partitions, .config = &config, .config_count = 1};

    if (s->mock) {
        assert_int_equal(rd_kafka_mock_topic_create(s->mock, s->topic, partitions, 1), 0);
        return;
    }
    s->questions++;
    (void)s->kafka.ops->create(s->kafka.port, &t, 1, created, s);
    (void)stage_until(&s->stage, "the topic is made", answered, s, SOON_MS);
    assert_int_equal(s->err.kind, ERR_NONE);
}

static void begin(struct scene *s, int partitions)
{
    static int count;
    const char *real = getenv("EC2SCHED_TEST_KAFKA");
    char why[512];

    *s = (struct scene){0};
    stage_open(&s->stage, NULL);
    if (real) {
        (void)snprintf(s->brokers, sizeof s->brokers, "%s", real);
    } else {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        (void)rd_kafka_conf_set(conf, "log_level", "0", why, sizeof why);
        (void)rd_kafka_conf_set(conf, "internal.termination.signal", "29", why, sizeof why); /* ends without delay */
        s->mock_client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
        s->mock = rd_kafka_mock_cluster_new(s->mock_client, 1);
        (void)snprintf(s->brokers, sizeof s->brokers, "%s", rd_kafka_mock_cluster_bootstraps(s->mock));
    }
    (void)snprintf(s->topic, sizeof s->topic, "t%d-%d", (int)getpid(), ++count);
    (void)snprintf(s->group, sizeof s->group, "g%d-%d", (int)getpid(), count);
    s->x[0] = (struct options_pair){.name = (char *)(uintptr_t) "fetch.wait.max.ms",
                                    .value = (char *)(uintptr_t) "5"};
    s->x[1] = (struct options_pair){.name = (char *)(uintptr_t) "session.timeout.ms",
                                    .value = (char *)(uintptr_t)(real ? "6000" : "4000")};
    s->options.kafka.brokers = s->brokers;
    s->options.kafka.x = s->x;
    s->x[2] = (struct options_pair){.name = (char *)(uintptr_t) "heartbeat.interval.ms",
                                    .value = (char *)(uintptr_t) "500"};
    s->options.kafka.x_count = 3;
    open_port(s);
    if (partitions > 0)
        create_topic(s, partitions);
}

static void finish(struct scene *s)
{
    assert_true(kafka_port_close(s->port, 10000));
    stage_close(&s->stage);
    if (s->mock) {
        rd_kafka_mock_cluster_destroy(s->mock);
        rd_kafka_destroy(s->mock_client);
    }
}

/* ---- appending ---- */

static void appended(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct scene *s = self;

    assert_false(s->within);
    s->err = a->err;
    if (a->err.kind) {
        s->failed++;
        return;
    }
    s->acked_ids[s->acked++ % RECORDS_MAX] = id;
    s->last_offset = a->offset;
    s->last_partition = a->partition;
}

static bool all_appended(void *self)
{
    const struct scene *s = self;
    return s->acked + s->failed >= s->wanted;
}

static uint64_t append(struct scene *s, int partition, struct str key, struct str value)
{
    struct kafka_header h[] = {{STR("ce_type"), STR("x")}, {STR("empty"), STR("")}};
    struct kafka_append a = {.lane = KAFKA_LANE_EVENTS,
                             .topic = s->topic,
                             .partition = partition,
                             .key = key,
                             .value = value,
                             .headers = h,
                             .header_count = 2};

    s->wanted++;
    s->within = true;
    uint64_t id = s->kafka.ops->append(s->kafka.port, &a, appended, s);
    s->within = false;
    return id;
}

static void append_numbers(struct scene *s, int partition, int from, int n)
{
    char text[32];

    for (int i = from; i < from + n; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        (void)append(s, partition, STR("k"), str_of(text));
    }
    (void)stage_until(&s->stage, "the acknowledgements", all_appended, s, SOON_MS);
    assert_int_equal(s->failed, 0);
}

/* ---- reading ---- */

struct collected {
    struct scene *s;
    kafka_reader reader;
    size_t n, want;
    int64_t offsets[RECORDS_MAX], values[RECORDS_MAX];
    int partitions[RECORDS_MAX];
    bool store;
    struct err err;
    bool foreign; /* a record of a partition that was not assigned at that moment */
};

static bool is_assigned(const struct collected *c, int partition)
{
    struct kafka_group_state g;

    c->s->kafka.ops->group(c->s->kafka.port, c->reader, &g);
    for (size_t i = 0; i < g.n; i++)
        if (g.partitions[i] == partition)
            return true;
    return false;
}

static void collect(struct collected *c, bool group)
{
    struct kafka_record r;
    enum kafka_read got;

    while ((got = c->s->kafka.ops->read(c->s->kafka.port, c->reader, &r, &c->err)) == KAFKA_RECORD) {
        int64_t value = -1;
        (void)!str_to_i64(r.value, &value);
        assert_true(c->n < RECORDS_MAX);
        c->offsets[c->n] = r.offset;
        c->partitions[c->n] = r.partition;
        c->values[c->n++] = value;
        c->foreign = c->foreign || (group && !is_assigned(c, r.partition));
        if (c->store)
            c->s->kafka.ops->store(c->s->kafka.port, c->reader, r.partition, r.offset + 1);
    }
}

static bool has_collected(void *self)
{
    struct collected *c = self;

    collect(c, false);
    return c->n >= c->want;
}

static bool group_has_collected(void *self)
{
    struct collected *c = self;

    collect(c, true);
    return c->n >= c->want;
}

static bool has_failed(void *self)
{
    struct collected *c = self;

    collect(c, false);
    return c->err.kind != ERR_NONE;
}

static void K1_each_append_completes_once_at_its_place_and_in_order(void **state)
{
    struct scene s;
    (void)state;

    begin(&s, 2);
    uint64_t first = append(&s, 1, STR("k"), STR("0"));
    for (int i = 1; i < 500; i++)
        (void)append(&s, 1, STR("k"), STR("1"));
    assert_int_equal(s.acked, 0);
    (void)stage_until(&s.stage, "the acknowledgements", all_appended, &s, SOON_MS);
    assert_int_equal(s.acked, 500);
    for (size_t i = 0; i < 500; i++)
        assert_int_equal(s.acked_ids[i], first + i);
    assert_int_equal(s.last_partition, 1);
    assert_int_equal(s.last_offset, 499);
    struct kafka_state st;
    s.kafka.ops->state(s.kafka.port, &st);
    assert_true(st.up);
    assert_int_equal(st.unacked, 0);
    finish(&s);
}

static void an_append_that_cannot_be_sent_fails_from_the_loop(void **state)
{
    struct scene s;
    char *big = xcalloc(1, KAFKA_RECORD_MAX + 1);
    (void)state;

    begin(&s, 1);
    (void)append(&s, 0, STR("k"), str_n(big, KAFKA_RECORD_MAX + 1));
    assert_int_equal(s.failed, 0);
    (void)stage_until(&s.stage, "the refusal", all_appended, &s, SOON_MS);
    assert_int_equal(s.err.kind, ERR_INVALID);
    memset(big, 'x', KAFKA_RECORD_MAX);
    (void)append(&s, 0, STR("k"),
                 str_n(big, KAFKA_RECORD_MAX)); /* the largest is taken, by the broker as well */
    (void)stage_until(&s.stage, "the largest", all_appended, &s, SOON_MS);
    assert_int_equal(s.acked, 1);
    (void)append(&s, 7, STR("k"), STR("v"));
    (void)stage_until(&s.stage, "no such partition", all_appended, &s, SOON_MS);
    assert_int_equal(s.failed, 2);
    assert_int_equal(s.err.kind, ERR_NOT_FOUND);
    xfree(big);
    finish(&s);
}

static void a_fatal_producer_error_fails_what_is_out_and_the_next_append_works(void **state)
{
    struct scene s;
    (void)state;

    begin(&s, 1);
    if (!s.mock) { /* a broker cannot be asked for it */
        finish(&s);
        skip();
    }
    append_numbers(&s, 0, 0, 1);
    rd_kafka_mock_push_request_errors(s.mock, 0 /* Produce */, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    (void)append(&s, 0, STR("k"), STR("1"));
    (void)append(&s, 0, STR("k"), STR("2"));
    (void)stage_until(&s.stage, "both end", all_appended, &s, SOON_MS);
    assert_int_equal(s.failed, 2);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    (void)append(&s, 0, STR("k"), STR("3"));
    (void)stage_until(&s.stage, "the next one is acknowledged", all_appended, &s, SOON_MS);
    assert_int_equal(s.acked, 2);
    finish(&s);
}

static void K2_an_assigned_reader_hands_out_each_record_once_in_order_from_its_offset(void **state)
{
    struct scene s;
    static struct collected c;
    (void)state;

    begin(&s, 2);
    append_numbers(&s, 0, 0, 300);
    append_numbers(&s, 1, 1000, 10);
    c = (struct collected){.s = &s, .want = 250};
    c.reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 50);
    (void)stage_until(&s.stage, "250 records", has_collected, &c, SOON_MS);
    append_numbers(&s, 0, 300, 50);
    c.want = 300;
    (void)stage_until(&s.stage, "50 more", has_collected, &c, SOON_MS);
    stage_for(&s.stage, 100);
    collect(&c, false);
    assert_int_equal(c.n, 300);
    for (size_t i = 0; i < c.n; i++) {
        assert_int_equal(c.offsets[i], 50 + i);
        assert_int_equal(c.values[i], 50 + i);
        assert_int_equal(c.partitions[i], 0);
    }
    s.kafka.ops->close(s.kafka.port, c.reader, 1000);
    finish(&s);
}

static void two_readers_of_one_partition_do_not_disturb_each_other_and_it_can_be_taken_up_again(void **state)
{
    struct scene s;
    static struct collected a, b, again;
    (void)state;

    begin(&s, 1);
    append_numbers(&s, 0, 0, 100);
    a = (struct collected){.s = &s, .want = 100, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 0)};
    b = (struct collected){.s = &s, .want = 10, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 90)};
    (void)stage_until(&s.stage, "the first", has_collected, &a, SOON_MS);
    (void)stage_until(&s.stage, "the second", has_collected, &b, SOON_MS);
    assert_int_equal(a.offsets[99], 99);
    assert_int_equal(b.offsets[0], 90);
    s.kafka.ops->close(s.kafka.port, a.reader, 1000);
    again =
        (struct collected){.s = &s, .want = 60, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 40)};
    (void)stage_until(&s.stage, "again", has_collected, &again, SOON_MS);
    assert_int_equal(again.offsets[0], 40);
    assert_int_equal(again.n, 60);
    finish(&s);
}

static void a_takeover_on_a_warm_client_takes_milliseconds(void **state)
{
    struct scene s;
    static struct collected c;
    (void)state;

    begin(&s, 2);
    append_numbers(&s, 0, 0, 10);
    append_numbers(&s, 1, 0, 10);
    c = (struct collected){.s = &s, .want = 10, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 0)};
    int64_t cold = stage_until(&s.stage, "the first partition", has_collected, &c, SOON_MS);
    c = (struct collected){.s = &s, .want = 10, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 1, 0)};
    int64_t warm = stage_until(&s.stage, "the second partition", has_collected, &c, SOON_MS);
    print_message("cold %lld ms, warm %lld ms\n", (long long)cold, (long long)warm);
    assert_true(!s.mock || warm < 400); /* a logical offset would cost 500 ms */
    finish(&s);
}

static void key_value_headers_and_absence_survive_the_way(void **state)
{
    struct scene s;
    struct kafka_record r;
    struct err e = {0};
    static struct collected c;
    (void)state;

    begin(&s, 1);
    (void)append(&s, 0, (struct str){0}, (struct str){0});
    (void)append(&s, 0, STR(""), STR(""));
    (void)append(&s, 0, str_n("a\0b", 3), STR("v"));
    (void)stage_until(&s.stage, "the acknowledgements", all_appended, &s, SOON_MS);
    c = (struct collected){.s = &s, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 0)};
    for (int i = 0; i < 3; i++) {
        int64_t until = clock_boot_ms() + SOON_MS;
        while (s.kafka.ops->read(s.kafka.port, c.reader, &r, &e) != KAFKA_RECORD && clock_boot_ms() < until)
            stage_for(&s.stage, 5);
        assert_int_equal(r.offset, i);
        assert_int_equal(r.header_count, 2);
        assert_true(str_is(r.headers[0].name, "ce_type") && str_is(r.headers[0].value, "x"));
        assert_true(str_is(r.headers[1].name, "empty") && r.headers[1].value.n == 0);
        assert_true(i == 0 ? !r.key.p && !r.value.p : r.key.p && r.value.p);
        assert_true(r.ts_ms > 1600000000000);
    }
    assert_int_equal(r.key.n, 3);
    finish(&s);
}

static void a_position_outside_the_log_is_said_and_never_moved(void **state)
{
    struct scene s;
    static struct collected c;
    (void)state;

    begin(&s, 1);
    append_numbers(&s, 0, 0, 5);
    c = (struct collected){.s = &s, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 1000)};
    (void)stage_until(&s.stage, "the reader says so", has_failed, &c, SOON_MS);
    assert_int_equal(c.err.kind, ERR_NOT_FOUND);
    assert_string_equal(c.err.code, "OFFSET_OUT_OF_RANGE");
    append_numbers(&s, 0, 5, 1);
    stage_for(&s.stage, 300);
    collect(&c, false);
    assert_int_equal(c.n, 0);
    finish(&s);
}

static void a_paused_reader_hands_out_nothing_and_loses_nothing(void **state)
{
    struct scene s;
    static struct collected c;
    (void)state;

    begin(&s, 1);
    append_numbers(&s, 0, 0, 100);
    c = (struct collected){.s = &s, .want = 100, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 0)};
    (void)stage_until(&s.stage, "the first 100", has_collected, &c, SOON_MS);
    s.kafka.ops->pause(s.kafka.port, c.reader, true);
    append_numbers(&s, 0, 100, 100);
    stage_for(&s.stage, 200);
    collect(&c, false);
    assert_int_equal(c.n, 100);
    s.kafka.ops->pause(s.kafka.port, c.reader, false);
    c.want = 200;
    (void)stage_until(&s.stage, "the next 100", has_collected, &c, SOON_MS);
    for (size_t i = 0; i < c.n; i++)
        assert_int_equal(c.offsets[i], i);
    finish(&s);
}

/* ---- groups ---- */

static void K3_a_group_reads_on_behind_what_was_stored_and_hands_out_only_what_is_assigned(void **state)
{
    struct scene s;
    static struct collected c, d;
    (void)state;

    begin(&s, 2);
    append_numbers(&s, 0, 0, 100);
    append_numbers(&s, 1, 0, 100);
    c = (struct collected){.s = &s, .want = 200, .store = true};
    c.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "all records", group_has_collected, &c, 30000);
    assert_int_equal(c.n, 200);
    assert_false(c.foreign);
    append_numbers(&s, 0, 100, 10);
    c.want = 210;
    c.store = false; /* handed out, but never stored: not committed */
    (void)stage_until(&s.stage, "ten more", group_has_collected, &c, SOON_MS);
    s.kafka.ops->close(s.kafka.port, c.reader, 8000);
    d = (struct collected){.s = &s, .want = 10, .store = true};
    d.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "the ten come again", group_has_collected, &d, 30000);
    assert_int_equal(d.n, 10);
    assert_int_equal(d.offsets[0], 100);
    assert_int_equal(d.partitions[0], 0);
    struct kafka_group_state g;
    s.kafka.ops->group(s.kafka.port, d.reader, &g);
    assert_true(g.joined);
    assert_int_equal(g.n, 2);
    finish(&s);
}

struct pair {
    struct collected *a, *b;
    size_t want;
};

static bool both_have_one(void *self)
{
    struct pair *p = self;
    struct kafka_group_state a, b;

    collect(p->a, true);
    collect(p->b, true);
    p->a->s->kafka.ops->group(p->a->s->kafka.port, p->a->reader, &a);
    p->a->s->kafka.ops->group(p->a->s->kafka.port, p->b->reader, &b);
    return a.joined && b.joined && a.n == 1 && b.n == 1 && p->a->n + p->b->n >= p->want;
}

static bool second_has_both(void *self)
{
    struct pair *p = self;
    struct kafka_group_state b;

    collect(p->b, true);
    p->b->s->kafka.ops->group(p->b->s->kafka.port, p->b->reader, &b);
    return b.joined && b.n == 2 && p->b->n >= p->want;
}

static void K3_a_rebalance_moves_partitions_without_repeating_what_was_stored(void **state)
{
    struct scene s;
    static struct collected a, b;
    struct pair both = {.a = &a, .b = &b, .want = 100};
    struct kafka_group_state before, after;
    (void)state;

    begin(&s, 2);
    if (s.mock) { /* which refuses the commit of a member that is told to rejoin */
        finish(&s);
        skip();
    }
    append_numbers(&s, 0, 0, 50);
    append_numbers(&s, 1, 0, 50);
    a = (struct collected){.s = &s, .want = 100, .store = true};
    a.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "the first reads all", group_has_collected, &a, 30000);
    s.kafka.ops->group(s.kafka.port, a.reader, &before);
    s.kafka.ops->pause(s.kafka.port, a.reader, true);
    s.kafka.ops->pause(s.kafka.port, a.reader, false);
    b = (struct collected){.s = &s, .store = true};
    b.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "each has one", both_have_one, &both, 40000);
    s.kafka.ops->group(s.kafka.port, a.reader, &after);
    assert_true(after.generation > before.generation);
    assert_int_equal(a.n + b.n, 100); /* nothing came twice */
    append_numbers(&s, 0, 50, 10);
    append_numbers(&s, 1, 50, 10);
    both.want = 120;
    (void)stage_until(&s.stage, "each reads its own", both_have_one, &both, SOON_MS);
    assert_int_equal(b.n, 10);
    s.kafka.ops->close(s.kafka.port, a.reader, 8000);
    both.want = 10;
    (void)stage_until(&s.stage, "the second has both", second_has_both, &both, 40000);
    append_numbers(&s, 0, 60, 1);
    append_numbers(&s, 1, 60, 1);
    both.want = 12;
    (void)stage_until(&s.stage, "the second reads both", second_has_both, &both, SOON_MS);
    assert_int_equal(b.n, 12);
    assert_false(a.foreign || b.foreign);
    finish(&s);
}

/* ---- questions ---- */

static void got_watermarks(void *self, uint64_t id, const struct kafka_watermarks *w)
{
    struct scene *s = self;
    (void)id;

    s->answers++;
    s->err = w->err;
    s->asked_ms = w->asked_boot_ms;
    for (size_t i = 0; i < w->n && !w->err.kind; i++) {
        s->low[i] = w->low[i];
        s->high[i] = w->high[i];
    }
}

static void K4_the_high_watermark_covers_what_was_acknowledged_before_it_was_asked_for(void **state)
{
    struct scene s;
    int partitions[] = {1, 0, 2};
    (void)state;

    begin(&s, 3);
    for (int round = 1; round <= 20; round++) {
        append_numbers(&s, 0, 0, 3);
        append_numbers(&s, 1, 0, 1);
        int64_t before = clock_boot_ms();
        s.questions++;
        (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, partitions, 3, got_watermarks, &s);
        (void)stage_until(&s.stage, "the watermarks", answered, &s, SOON_MS);
        assert_int_equal(s.err.kind, ERR_NONE);
        assert_true(s.asked_ms >= before && s.asked_ms <= clock_boot_ms());
        assert_int_equal(s.high[0], round);
        assert_int_equal(s.high[1], round * 3);
        assert_int_equal(s.high[2], 0);
        assert_int_equal(s.low[1], 0);
    }
    partitions[0] = 77;
    s.questions++;
    (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, partitions, 3, got_watermarks, &s);
    (void)stage_until(&s.stage, "an answer about no partition", answered, &s, SOON_MS);
    assert_int_not_equal(s.err.kind, ERR_NONE); /* never a number that nobody gave */
    finish(&s);
}

static void got_offsets(void *self, uint64_t id, const struct kafka_offsets *o)
{
    struct scene *s = self;
    (void)id;

    s->answers++;
    s->err = o->err;
    for (size_t i = 0; i < o->n && !o->err.kind; i++)
        s->offset[i] = o->offset[i];
}

static void ask_since(struct scene *s, int64_t since_ms)
{
    const int partitions[] = {1, 0};

    s->questions++;
    (void)s->kafka.ops->since(s->kafka.port, s->topic, partitions, 2, since_ms, got_offsets, s);
    (void)stage_until(&s->stage, "the offsets", answered, s, SOON_MS);
    assert_int_equal(s->err.kind, ERR_NONE);
}

static void K5_reading_can_begin_at_a_moment(void **state)
{
    struct scene s;
    struct clock clock = clock_real();
    int partition = 77;
    (void)state;

    begin(&s, 2);
    append_numbers(&s, 0, 0, 3);
    append_numbers(&s, 1, 0, 1);
    stage_for(&s.stage, 30);
    int64_t between = clock_now(&clock).wall_ms;
    stage_for(&s.stage, 30);
    append_numbers(&s, 0, 3, 2);
    ask_since(&s, between);
    assert_int_equal(s.offset[0], -1); /* partition 1: no record is that young */
    assert_int_equal(s.offset[1], s.mock ? -1 : 3);
    ask_since(&s, 0);
    assert_int_equal(s.offset[1], s.mock ? -1 : 0);
    s.questions++;
    (void)s.kafka.ops->since(s.kafka.port, s.topic, &partition, 1, between, got_offsets, &s);
    (void)stage_until(&s.stage, "an answer about no partition", answered, &s, SOON_MS);
    assert_int_not_equal(s.err.kind, ERR_NONE);
    finish(&s);
}

static void got_committed(void *self, uint64_t id, const struct kafka_committed *c)
{
    struct scene *s = self;
    (void)id;

    s->answers++;
    s->err = c->err;
    for (size_t i = 0; i < c->n && !c->err.kind; i++)
        s->offset[i] = c->offset[i];
}

static void is_done(void *self, uint64_t id, const struct err *e)
{
    struct scene *s = self;
    (void)id;

    s->answers++;
    s->err = *e;
}

static void an_offset_is_committed_for_a_group_from_outside_and_read_back(void **state)
{
    struct scene s;
    (void)state;

    begin(&s, 3);
    append_numbers(&s, 1, 0, 5);
    s.questions++;
    (void)s.kafka.ops->commit(s.kafka.port, s.group, s.topic, 1, 4, is_done, &s);
    (void)stage_until(&s.stage, "the commit", answered, &s, SOON_MS);
    assert_string_equal(s.err.msg, "");
    s.questions++;
    (void)s.kafka.ops->committed(s.kafka.port, s.group, s.topic, 3, got_committed, &s);
    (void)stage_until(&s.stage, "the offsets", answered, &s, SOON_MS);
    assert_string_equal(s.err.msg, "");
    assert_int_equal(s.offset[0], -1);
    assert_int_equal(s.offset[1], 4);
    assert_int_equal(s.offset[2], -1);
    finish(&s);
}

static void described(void *self, uint64_t id, const struct kafka_topics *t)
{
    struct scene *s = self;
    (void)id;

    s->answers++;
    s->err = t->err;
    s->brokers_found = t->brokers;
    for (size_t i = 0; i < t->n && i < 4; i++) {
        s->found[i] = t->at[i];
        for (size_t c = 0; c < t->at[i].config_count; c++)
            if (str_is(t->at[i].config[c].name, "message.timestamp.type"))
                (void)snprintf(s->config, sizeof s->config, STR_FMT, STR_ARG(t->at[i].config[c].value));
    }
}

static void topics_are_described_as_they_are_and_creating_one_twice_is_a_conflict(void **state)
{
    struct scene s;
    struct kafka_topic again;
    (void)state;

    begin(&s, 3);
    s.questions++;
    (void)s.kafka.ops->describe(s.kafka.port, (const char *[]){s.topic, "no-such-topic"}, 2, described, &s);
    (void)stage_until(&s.stage, "the description", answered, &s, SOON_MS);
    assert_int_equal(s.err.kind, ERR_NONE);
    assert_int_equal(s.found[0].partitions, 3);
    assert_int_equal(s.found[0].replication, 1);
    if (!s.mock) /* which makes what it is asked about */
        assert_int_equal(s.found[1].partitions, -1);
    assert_int_equal(s.brokers_found, 1);
    assert_int_equal(s.found[0].config_known, !s.mock);
    if (!s.mock) {
        assert_string_equal(s.config, "LogAppendTime");
        again = (struct kafka_topic){.name = s.topic, .partitions = 3};
        s.questions++;
        (void)s.kafka.ops->create(s.kafka.port, &again, 1, created, &s);
        (void)stage_until(&s.stage, "the refusal", answered, &s, SOON_MS);
        assert_int_equal(s.err.kind, ERR_CONFLICT);
        assert_string_equal(s.error_code, "TOPIC_ALREADY_EXISTS");
    }
    finish(&s);
}

/* ---- health and configuration ---- */

static bool is_down(void *self)
{
    struct scene *s = self;
    struct kafka_state st;

    s->kafka.ops->state(s->kafka.port, &st);
    return !st.up && st.why[0];
}

static bool is_up(void *self)
{
    struct scene *s = self;
    struct kafka_state st;

    s->kafka.ops->state(s->kafka.port, &st);
    return st.up;
}

static void a_broker_that_went_away_is_seen_and_its_return_as_well(void **state)
{
    struct scene s;
    (void)state;

    begin(&s, 1);
    (void)stage_until(&s.stage, "up", is_up, &s, SOON_MS);
    if (!s.mock) {
        finish(&s);
        skip();
    }
    append_numbers(&s, 0, 0, 1);
    assert_int_equal(rd_kafka_mock_broker_set_down(s.mock, 1), 0);
    (void)stage_until(&s.stage, "down, with a reason", is_down, &s, 20000);
    (void)append(&s, 0, STR("k"), STR("1"));
    assert_int_equal(rd_kafka_mock_broker_set_up(s.mock, 1), 0);
    (void)stage_until(&s.stage, "up again", is_up, &s, 10000);
    (void)stage_until(&s.stage, "the append of meanwhile", all_appended, &s, 10000);
    assert_int_equal(s.failed, 0);
    finish(&s);
}

/* In a process of its own: what is left when the bound is reached is left to the process's end. */
static void close_without_a_broker(void)
{
    struct scene s;
    int partition = 0;

    begin(&s, 0);
    assert_true(kafka_port_close(s.port, 10000));
    stage_close(&s.stage);
    stage_open(&s.stage, NULL);
    (void)snprintf(s.brokers, sizeof s.brokers, "127.0.0.1:%d", stage_free_port());
    open_port(&s);
    s.questions = s.answers + 1;
    (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, &partition, 1, got_watermarks, &s);
    (void)stage_until(&s.stage, "the question ends", answered, &s, 20000);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    (void)s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)append(&s, 0, STR("k"), STR("v"));
    stage_for(&s.stage, 50);
    int64_t began = clock_boot_ms();
    bool ended = kafka_port_close(s.port, 1500);
    int64_t took = clock_boot_ms() - began;
    print_message("closed in %lld ms, %s\n", (long long)took, ended ? "whole" : "the rest was left");
    assert_true(took < 2500);
    stage_close(&s.stage);
}

/* In a process of its own, for the same reason. */
static void hang_and_close(void)
{
    struct scene s;
    static struct collected c;
    int partition = 0;

    begin(&s, 1);
    append_numbers(&s, 0, 0, 1);
    s.questions++;
    (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, &partition, 1, got_watermarks, &s);
    (void)stage_until(&s.stage, "an answer", answered, &s, SOON_MS);
    c = (struct collected){.s = &s, .want = 1, .store = true};
    c.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "the group reads", group_has_collected, &c, 30000);
    assert_int_equal(rd_kafka_mock_broker_set_rtt(s.mock, 1, 60000), 0);
    s.questions++;
    (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, &partition, 1, got_watermarks, &s);
    int64_t took = stage_until(&s.stage, "a question that nobody answers ends", answered, &s, SOON_MS);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    assert_true(took < 2 * SIDE_ANSWER_MS + 2000);
    assert_true(is_down(&s));
    s.kafka.ops->close(s.kafka.port, c.reader, 300);
    took = clock_boot_ms();
    (void)kafka_port_close(s.port, 1500);
    took = clock_boot_ms() - took;
    print_message("left in %lld ms\n", (long long)took);
    assert_true(took < 2500);
}

static void in_a_process_of_its_own(void (*test)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        test();
        _exit(0); /* a failed assertion ends otherwise */
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void without_a_broker_questions_end_and_closing_keeps_its_bound(void **state)
{
    (void)state;
    in_a_process_of_its_own(close_without_a_broker);
}

static void a_broker_that_hangs_holds_neither_questions_nor_the_end(void **state)
{
    (void)state;
    if (getenv("EC2SCHED_TEST_KAFKA"))
        skip();
    in_a_process_of_its_own(hang_and_close);
}

static void what_the_protocol_fixes_cannot_be_set_by_an_option(void **state)
{
    static const char *const names[] = {"group.id",
                                        "acks",
                                        "request.required.acks",
                                        "enable.idempotence",
                                        "enable.auto.commit",
                                        "auto.commit.enable",
                                        "enable.auto.offset.store",
                                        "partition.assignment.strategy",
                                        "isolation.level",
                                        "transactional.id",
                                        "bootstrap.servers",
                                        "group.instance.id",
                                        "auto.offset.reset"};
    struct scene s;
    (void)state;

    begin(&s, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct err e = {0};
        s.x[0].name = (char *)(uintptr_t)names[i];
        s.x[0].value = (char *)(uintptr_t) "true";
        assert_null(kafka_port_new(s.stage.reactor, &s.options, NULL, &e));
        assert_int_equal(e.kind, ERR_CONFIG);
        assert_non_null(strstr(e.msg, names[i]));
    }
    struct err e = {0};
    s.x[0] = (struct options_pair){.name = (char *)(uintptr_t) "no.such.property",
                                   .value = (char *)(uintptr_t) "1"};
    assert_null(kafka_port_new(s.stage.reactor, &s.options, NULL, &e));
    assert_non_null(strstr(e.msg, "no.such.property"));
    s.x[0] = (struct options_pair){
        .name = (char *)(uintptr_t) "linger.ms", .value = (char *)(uintptr_t) "hunter2", .secret = true};
    assert_null(kafka_port_new(s.stage.reactor, &s.options, NULL, &e));
    assert_null(strstr(e.msg, "hunter2"));
    finish(&s);
}

static void a_warm_producer_answers_its_first_append_at_once(void **state)
{
    struct scene s;
    (void)state;

    begin(&s, 1);
    kafka_port_warm(s.port);
    stage_for(&s.stage, 1200);
    (void)append(&s, 0, STR("k"), STR("v"));
    int64_t took = stage_until(&s.stage, "the acknowledgement", all_appended, &s, SOON_MS);
    print_message("first append %lld ms\n", (long long)took);
    assert_true(!s.mock ||
                took < 400); /* cold: 500 to 1000 ms; a real broker on a busy machine proves nothing */
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(K1_each_append_completes_once_at_its_place_and_in_order),
        cmocka_unit_test(an_append_that_cannot_be_sent_fails_from_the_loop),
        cmocka_unit_test(a_fatal_producer_error_fails_what_is_out_and_the_next_append_works),
        cmocka_unit_test(K2_an_assigned_reader_hands_out_each_record_once_in_order_from_its_offset),
        cmocka_unit_test(two_readers_of_one_partition_do_not_disturb_each_other_and_it_can_be_taken_up_again),
        cmocka_unit_test(a_takeover_on_a_warm_client_takes_milliseconds),
        cmocka_unit_test(key_value_headers_and_absence_survive_the_way),
        cmocka_unit_test(a_position_outside_the_log_is_said_and_never_moved),
        cmocka_unit_test(a_paused_reader_hands_out_nothing_and_loses_nothing),
        cmocka_unit_test(K3_a_group_reads_on_behind_what_was_stored_and_hands_out_only_what_is_assigned),
        cmocka_unit_test(K3_a_rebalance_moves_partitions_without_repeating_what_was_stored),
        cmocka_unit_test(K4_the_high_watermark_covers_what_was_acknowledged_before_it_was_asked_for),
        cmocka_unit_test(K5_reading_can_begin_at_a_moment),
        cmocka_unit_test(an_offset_is_committed_for_a_group_from_outside_and_read_back),
        cmocka_unit_test(topics_are_described_as_they_are_and_creating_one_twice_is_a_conflict),
        cmocka_unit_test(a_broker_that_went_away_is_seen_and_its_return_as_well),
        cmocka_unit_test(without_a_broker_questions_end_and_closing_keeps_its_bound),
        cmocka_unit_test(a_broker_that_hangs_holds_neither_questions_nor_the_end),
        cmocka_unit_test(what_the_protocol_fixes_cannot_be_set_by_an_option),
        cmocka_unit_test(a_warm_producer_answers_its_first_append_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
