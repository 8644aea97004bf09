/*
 * Groups and questions: K3 to K5 of ports/kafka.h, on the mock cluster, real brokers, or simulated ones.
 */
#include "base/mem.h"
#include "real/clock.h"
#include "real/kafka_groups.h"
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
        int64_t before = stage_now(&s.stage).boot_ms;
        s.questions++;
        (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, partitions, 3, scene_got_watermarks, &s);
        (void)stage_until(&s.stage, "the watermarks", scene_answered, &s, SOON_MS);
        assert_int_equal(s.err.kind, ERR_NONE);
        assert_true(s.asked_ms >= before && s.asked_ms <= stage_now(&s.stage).boot_ms);
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
    int partition = 77;
    (void)state;

    scene_begin(&s, 2);
    scene_append_numbers(&s, 0, 0, 3);
    scene_append_numbers(&s, 1, 0, 1);
    stage_for(&s.stage, 30);
    int64_t between = stage_now(&s.stage).wall_ms;
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

static void is_done(void *self, uint64_t id, const struct err *e)
{
    struct kafka_scene *s = self;
    (void)id;

    s->answers++;
    s->err = *e;
}

static void ask_committed(struct kafka_scene *s, const char *group, int partitions)
{
    s->questions++;
    (void)s->kafka.ops->committed(s->kafka.port, group, s->topic, partitions, scene_got_committed, s);
    (void)stage_until(&s->stage, "the offsets", scene_answered, s, SOON_MS);
    assert_string_equal(s->err.msg, "");
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
    ask_committed(&s, s.group, 3);
    assert_int_equal(s.offset[0], -1);
    assert_int_equal(s.offset[1], 4);
    assert_int_equal(s.offset[2], -1);
    scene_finish(&s);
}

static bool stands_at_five(void *self)
{
    struct kafka_scene *s = self;

    if (!scene_answered(s))
        return false;
    if (s->offset[0] == 5)
        return true;
    s->questions++;
    (void)s->kafka.ops->committed(s->kafka.port, s->group, s->topic, 2, scene_got_committed, s);
    return false;
}

static void a_group_tells_its_offsets_while_it_has_members_and_when_they_are_gone(void **state)
{
    struct kafka_scene s;
    static struct collected c;
    struct kafka_group_state before, after;
    (void)state;

    scene_begin(&s, 2);
    scene_append_numbers(&s, 0, 0, 5);
    c = (struct collected){.s = &s, .want = 5, .store = true};
    c.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "all records", collected_all_of_group, &c, 30000);
    s.kafka.ops->group(s.kafka.port, c.reader, &before);
    (void)stage_until(&s.stage, "what the member commits is told", stands_at_five, &s, SOON_MS);
    assert_int_equal(s.offset[1], -1);
    s.questions++;
    (void)s.kafka.ops->commit(s.kafka.port, s.group, s.topic, 1, 4, is_done, &s);
    (void)stage_until(&s.stage, "the commit from outside", scene_answered, &s, SOON_MS);
    if (!s.mock) /* which lets anybody commit */
        assert_int_equal(s.err.kind, ERR_CONFLICT);
    s.kafka.ops->group(s.kafka.port, c.reader, &after);
    assert_int_equal(after.generation, before.generation); /* whoever asks has not joined */
    s.kafka.ops->close(s.kafka.port, c.reader, 8000);
    ask_committed(&s, s.group, 2);
    assert_int_equal(s.offset[0], 5);
    scene_finish(&s);
}

static void a_group_that_nobody_has_used_has_no_offsets(void **state)
{
    struct kafka_scene s;
    (void)state;

    scene_begin(&s, 2);
    s.offset[0] = s.offset[1] = 7;
    int64_t took = stage_now(&s.stage).boot_ms;
    ask_committed(&s, s.group, 2); /* opens the client and finds the coordinator */
    int64_t first = stage_now(&s.stage).boot_ms - took;
    took = stage_now(&s.stage).boot_ms;
    ask_committed(&s, s.group, 2);
    print_message("first answer %lld ms, next %lld ms\n", (long long)first,
                  (long long)(stage_now(&s.stage).boot_ms - took));
    assert_int_equal(s.offset[0], -1);
    assert_int_equal(s.offset[1], -1);
    scene_finish(&s);
}

enum { AT_ONCE = 12 };

struct many {
    size_t answers, n[AT_ONCE];
    uint64_t ids[AT_ONCE];
    int64_t last[AT_ONCE];
};

static void one_of_many(void *self, uint64_t id, const struct kafka_committed *c)
{
    struct many *m = self;

    assert_string_equal(c->err.msg, "");
    m->ids[m->answers] = id;
    m->n[m->answers] = c->n;
    m->last[m->answers++] = c->offset[c->n - 1];
}

static bool all_of_many(void *self)
{
    return ((const struct many *)self)->answers == AT_ONCE;
}

static void questions_about_one_group_at_once_are_each_answered_once(void **state)
{
    struct kafka_scene s;
    struct many m = {0};
    uint64_t ids[AT_ONCE];
    (void)state;

    scene_begin(&s, 3);
    scene_append_numbers(&s, 1, 0, 5);
    s.questions++;
    (void)s.kafka.ops->commit(s.kafka.port, s.group, s.topic, 1, 4, is_done, &s);
    (void)stage_until(&s.stage, "the commit", scene_answered, &s, SOON_MS);
    for (int i = 0; i < AT_ONCE; i++)
        ids[i] = s.kafka.ops->committed(s.kafka.port, s.group, s.topic, 2 + i % 2, one_of_many, &m);
    int64_t took = stage_until(&s.stage, "all answers", all_of_many, &m, SOON_MS);
    assert_true(took < 2000);
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_true(m.n[i] == 2 || m.n[i] == 3);
        assert_int_equal(m.last[i], m.n[i] == 2 ? 4 : -1);
        assert_true(m.ids[i] >= ids[0] && m.ids[i] <= ids[AT_ONCE - 1]);
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(m.ids[i], m.ids[k]);
    }
    scene_finish(&s);
}

static void a_group_more_than_the_bound_is_refused(void **state)
{
    struct kafka_scene s;
    char name[32];
    (void)state;

    scene_begin(&s, 1);
    if (scene_is_simulated(&s)) { /* a bound of the client's memory */
        scene_finish(&s);
        skip();
    }
    for (int i = 0; i < ASK_GROUPS_MAX; i++) {
        (void)snprintf(name, sizeof name, "%.20s-%d", s.group, i);
        ask_committed(&s, name, 1);
    }
    s.questions++;
    (void)s.kafka.ops->committed(s.kafka.port, s.group, s.topic, 1, scene_got_committed, &s);
    (void)stage_until(&s.stage, "the refusal", scene_answered, &s, SOON_MS);
    assert_int_equal(s.err.kind, ERR_INVALID);
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
        cmocka_unit_test(a_group_tells_its_offsets_while_it_has_members_and_when_they_are_gone),
        cmocka_unit_test(a_group_that_nobody_has_used_has_no_offsets),
        cmocka_unit_test(questions_about_one_group_at_once_are_each_answered_once),
        cmocka_unit_test(a_group_more_than_the_bound_is_refused),
        cmocka_unit_test(topics_are_described_as_they_are_and_creating_one_twice_is_a_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
