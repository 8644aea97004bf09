/*
 * Groups and questions: K3 to K5 of ports/kafka.h, on the mock cluster or real brokers.
 */
#include "base/mem.h"
#include "real/clock.h"
#include "support/cmocka_first.h"
#include "support/kafka_scene.h"

/* ---- groups ---- */

static void K3_a_group_reads_on_behind_what_was_stored_and_hands_out_only_what_is_assigned(void **state)
{
    struct kafka_scene s;
    static struct collected c, d;
    (void)state;

    scene_begin(&s, 2);
    scene_append_numbers(&s, 0, 0, 100);
    scene_append_numbers(&s, 1, 0, 100);
    c = (struct collected){.s = &s, .want = 200, .store = true};
    c.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "all records", collected_all_of_group, &c, 30000);
    assert_int_equal(c.n, 200);
    assert_false(c.foreign);
    scene_append_numbers(&s, 0, 100, 10);
    c.want = 210;
    c.store = false; /* handed out, but never stored: not committed */
    (void)stage_until(&s.stage, "ten more", collected_all_of_group, &c, SOON_MS);
    s.kafka.ops->close(s.kafka.port, c.reader, 8000);
    d = (struct collected){.s = &s, .want = 10, .store = true};
    d.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "the ten come again", collected_all_of_group, &d, 30000);
    assert_int_equal(d.n, 10);
    assert_int_equal(d.offsets[0], 100);
    assert_int_equal(d.partitions[0], 0);
    struct kafka_group_state g;
    s.kafka.ops->group(s.kafka.port, d.reader, &g);
    assert_true(g.joined);
    assert_int_equal(g.n, 2);
    scene_finish(&s);
}

struct pair {
    struct collected *a, *b;
    size_t want;
};

static bool both_have_one(void *self)
{
    struct pair *p = self;
    struct kafka_group_state a, b;

    collected_read(p->a, true);
    collected_read(p->b, true);
    p->a->s->kafka.ops->group(p->a->s->kafka.port, p->a->reader, &a);
    p->a->s->kafka.ops->group(p->a->s->kafka.port, p->b->reader, &b);
    return a.joined && b.joined && a.n == 1 && b.n == 1 && p->a->n + p->b->n >= p->want;
}

static bool second_has_both(void *self)
{
    struct pair *p = self;
    struct kafka_group_state b;

    collected_read(p->b, true);
    p->b->s->kafka.ops->group(p->b->s->kafka.port, p->b->reader, &b);
    return b.joined && b.n == 2 && p->b->n >= p->want;
}

static void K3_a_rebalance_moves_partitions_without_repeating_what_was_stored(void **state)
{
    struct kafka_scene s;
    static struct collected a, b;
    struct pair both = {.a = &a, .b = &b, .want = 100};
    struct kafka_group_state before, after;
    (void)state;

    scene_begin(&s, 2);
    if (s.mock) { /* which refuses the commit of a member that is told to rejoin */
        scene_finish(&s);
        skip();
    }
    scene_append_numbers(&s, 0, 0, 50);
    scene_append_numbers(&s, 1, 0, 50);
    a = (struct collected){.s = &s, .want = 100, .store = true};
    a.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "the first reads all", collected_all_of_group, &a, 30000);
    s.kafka.ops->group(s.kafka.port, a.reader, &before);
    s.kafka.ops->pause(s.kafka.port, a.reader, true);
    s.kafka.ops->pause(s.kafka.port, a.reader, false);
    b = (struct collected){.s = &s, .store = true};
    b.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "each has one", both_have_one, &both, 40000);
    s.kafka.ops->group(s.kafka.port, a.reader, &after);
    assert_true(after.generation > before.generation);
    assert_int_equal(a.n + b.n, 100); /* nothing came twice */
    scene_append_numbers(&s, 0, 50, 10);
    scene_append_numbers(&s, 1, 50, 10);
    both.want = 120;
    (void)stage_until(&s.stage, "each reads its own", both_have_one, &both, SOON_MS);
    assert_int_equal(b.n, 10);
    s.kafka.ops->close(s.kafka.port, a.reader, 8000);
    both.want = 10;
    (void)stage_until(&s.stage, "the second has both", second_has_both, &both, 40000);
    scene_append_numbers(&s, 0, 60, 1);
    scene_append_numbers(&s, 1, 60, 1);
    both.want = 12;
    (void)stage_until(&s.stage, "the second reads both", second_has_both, &both, SOON_MS);
    assert_int_equal(b.n, 12);
    assert_false(a.foreign || b.foreign);
    scene_finish(&s);
}

/* ---- questions ---- */

static void K4_the_high_watermark_covers_what_was_acknowledged_before_it_was_asked_for(void **state)
{
    struct kafka_scene s;
    int partitions[] = {1, 0, 2};
    (void)state;

    scene_begin(&s, 3);
    for (int round = 1; round <= 20; round++) {
        scene_append_numbers(&s, 0, 0, 3);
        scene_append_numbers(&s, 1, 0, 1);
        int64_t before = clock_boot_ms();
        s.questions++;
        (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, partitions, 3, scene_got_watermarks, &s);
        (void)stage_until(&s.stage, "the watermarks", scene_answered, &s, SOON_MS);
        assert_int_equal(s.err.kind, ERR_NONE);
        assert_true(s.asked_ms >= before && s.asked_ms <= clock_boot_ms());
        assert_int_equal(s.high[0], round);
        assert_int_equal(s.high[1], round * 3);
        assert_int_equal(s.high[2], 0);
        assert_int_equal(s.low[1], 0);
    }
    partitions[0] = 77;
    s.questions++;
    (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, partitions, 3, scene_got_watermarks, &s);
    (void)stage_until(&s.stage, "an answer about no partition", scene_answered, &s, SOON_MS);
    assert_int_not_equal(s.err.kind, ERR_NONE); /* never a number that nobody gave */
    scene_finish(&s);
}

static void got_offsets(void *self, uint64_t id, const struct kafka_offsets *o)
{
    struct kafka_scene *s = self;
    (void)id;

    s->answers++;
    s->err = o->err;
    for (size_t i = 0; i < o->n && !o->err.kind; i++)
        s->offset[i] = o->offset[i];
}

static void ask_since(struct kafka_scene *s, int64_t since_ms)
{
    const int partitions[] = {1, 0};

    s->questions++;
    (void)s->kafka.ops->since(s->kafka.port, s->topic, partitions, 2, since_ms, got_offsets, s);
    (void)stage_until(&s->stage, "the offsets", scene_answered, s, SOON_MS);
    assert_int_equal(s->err.kind, ERR_NONE);
}

static void K5_reading_can_begin_at_a_moment(void **state)
{
    struct kafka_scene s;
    struct clock clock = clock_real();
    int partition = 77;
    (void)state;

    scene_begin(&s, 2);
    scene_append_numbers(&s, 0, 0, 3);
    scene_append_numbers(&s, 1, 0, 1);
    stage_for(&s.stage, 30);
    int64_t between = clock_now(&clock).wall_ms;
    stage_for(&s.stage, 30);
    scene_append_numbers(&s, 0, 3, 2);
    ask_since(&s, between);
    assert_int_equal(s.offset[0], -1); /* partition 1: no record is that young */
    assert_int_equal(s.offset[1], s.mock ? -1 : 3);
    ask_since(&s, 0);
    assert_int_equal(s.offset[1], s.mock ? -1 : 0);
    s.questions++;
    (void)s.kafka.ops->since(s.kafka.port, s.topic, &partition, 1, between, got_offsets, &s);
    (void)stage_until(&s.stage, "an answer about no partition", scene_answered, &s, SOON_MS);
    assert_int_not_equal(s.err.kind, ERR_NONE);
    scene_finish(&s);
}

static void got_committed(void *self, uint64_t id, const struct kafka_committed *c)
{
    struct kafka_scene *s = self;
    (void)id;

    s->answers++;
    s->err = c->err;
    for (size_t i = 0; i < c->n && !c->err.kind; i++)
        s->offset[i] = c->offset[i];
}

static void is_done(void *self, uint64_t id, const struct err *e)
{
    struct kafka_scene *s = self;
    (void)id;

    s->answers++;
    s->err = *e;
}

static void an_offset_is_committed_for_a_group_from_outside_and_read_back(void **state)
{
    struct kafka_scene s;
    (void)state;

    scene_begin(&s, 3);
    scene_append_numbers(&s, 1, 0, 5);
    s.questions++;
    (void)s.kafka.ops->commit(s.kafka.port, s.group, s.topic, 1, 4, is_done, &s);
    (void)stage_until(&s.stage, "the commit", scene_answered, &s, SOON_MS);
    assert_string_equal(s.err.msg, "");
    s.questions++;
    (void)s.kafka.ops->committed(s.kafka.port, s.group, s.topic, 3, got_committed, &s);
    (void)stage_until(&s.stage, "the offsets", scene_answered, &s, SOON_MS);
    assert_string_equal(s.err.msg, "");
    assert_int_equal(s.offset[0], -1);
    assert_int_equal(s.offset[1], 4);
    assert_int_equal(s.offset[2], -1);
    scene_finish(&s);
}

static void described(void *self, uint64_t id, const struct kafka_topics *t)
{
    struct kafka_scene *s = self;
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
    struct kafka_scene s;
    struct kafka_topic again;
    (void)state;

    scene_begin(&s, 3);
    s.questions++;
    (void)s.kafka.ops->describe(s.kafka.port, (const char *[]){s.topic, "no-such-topic"}, 2, described, &s);
    (void)stage_until(&s.stage, "the description", scene_answered, &s, SOON_MS);
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
        (void)s.kafka.ops->create(s.kafka.port, &again, 1, scene_created, &s);
        (void)stage_until(&s.stage, "the refusal", scene_answered, &s, SOON_MS);
        assert_int_equal(s.err.kind, ERR_CONFLICT);
        assert_string_equal(s.error_code, "TOPIC_ALREADY_EXISTS");
    }
    scene_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(K3_a_group_reads_on_behind_what_was_stored_and_hands_out_only_what_is_assigned),
        cmocka_unit_test(K3_a_rebalance_moves_partitions_without_repeating_what_was_stored),
        cmocka_unit_test(K4_the_high_watermark_covers_what_was_acknowledged_before_it_was_asked_for),
        cmocka_unit_test(K5_reading_can_begin_at_a_moment),
        cmocka_unit_test(an_offset_is_committed_for_a_group_from_outside_and_read_back),
        cmocka_unit_test(topics_are_described_as_they_are_and_creating_one_twice_is_a_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
