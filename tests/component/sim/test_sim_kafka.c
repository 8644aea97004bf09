/*
 * The simulated Kafka's faults: what may befall a record, a reader and a group, and what stays promised.
 * What it has in common with real brokers is tested by the bodies of component/real/test_kafka_*, which
 * run on both.
 */
#include "support/cmocka_first.h"
#include "support/kafka_scene.h"

#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000 };

static void begin(struct kafka_scene *s, int partitions)
{
    (void)setenv("EC2SCHED_TEST_KAFKA", "sim", 1);
    scene_begin(s, partitions);
    assert_true(scene_is_simulated(s));
}

static int64_t in_log(const struct kafka_scene *s)
{
    return sim_kafka_end(s->sim.cluster, s->topic, 0);
}

static void append_under(struct kafka_scene *s, enum fault f)
{
    s->sim.swarm.rate[f] = 1;
    (void)scene_append(s, 0, STR("k"), STR("1"));
    s->sim.swarm.rate[f] = 0;
    (void)stage_until(&s->stage, "it ends", scene_all_appended, s, 2 * MINUTE_MS);
    assert_int_equal(s->sim.swarm.struck[f], 1);
}

static void a_lost_acknowledgement_is_a_failure_and_the_record_is_there(void **state)
{
    struct kafka_scene s;
    (void)state;

    begin(&s, 1);
    append_under(&s, FAULT_KAFKA_ACK_LOST);
    assert_int_equal(s.failed, 1);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    assert_int_equal(in_log(&s), 1);
    scene_finish(&s);
}

static void a_lost_record_is_a_failure_and_not_there(void **state)
{
    struct kafka_scene s;
    (void)state;

    begin(&s, 1);
    append_under(&s, FAULT_KAFKA_LOST);
    assert_int_equal(s.failed, 1);
    assert_int_equal(in_log(&s), 0);
    scene_finish(&s);
}

static void a_late_record_lands_after_its_failure_was_told_and_behind_what_came_since(void **state)
{
    struct kafka_scene s;
    static struct collected c;
    (void)state;

    begin(&s, 1);
    append_under(&s, FAULT_KAFKA_LATE);
    assert_int_equal(s.failed, 1);
    assert_int_equal(in_log(&s), 0);
    s.failed = s.wanted = 0;
    scene_append_numbers(&s, 0, 7, 1);
    stage_for(&s.stage, 2 * MINUTE_MS);
    c = (struct collected){.s = &s, .want = 2, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 0)};
    (void)stage_until(&s.stage, "both", collected_all, &c, SOON_MS);
    assert_int_equal(c.values[0], 7);
    assert_int_equal(c.values[1], 1);
    scene_finish(&s);
}

static void a_record_may_be_there_twice_and_is_acknowledged_once(void **state)
{
    struct kafka_scene s;
    (void)state;

    begin(&s, 1);
    append_under(&s, FAULT_KAFKA_TWICE);
    assert_int_equal(s.acked, 1);
    assert_int_equal(s.last_offset, 0);
    assert_int_equal(in_log(&s), 2);
    scene_finish(&s);
}

static void records_that_wait_for_a_leader_keep_their_order(void **state)
{
    struct kafka_scene s;
    static struct collected c;
    char text[16];
    (void)state;

    begin(&s, 1);
    sim_kafka_down(s.sim.cluster, s.topic, 0, 5000 * 1000);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        (void)scene_append(&s, 0, STR("k"), str_of(text));
        stage_for(&s.stage, 60);
    }
    (void)stage_until(&s.stage, "all", scene_all_appended, &s, MINUTE_MS);
    assert_int_equal(s.acked, 100);
    c = (struct collected){.s = &s, .want = 100, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 0)};
    (void)stage_until(&s.stage, "all records", collected_all, &c, SOON_MS);
    for (size_t i = 0; i < c.n; i++)
        assert_int_equal(c.values[i], i);
    scene_finish(&s);
}

static void a_lost_tail_is_told_to_whoever_reads_beyond_it(void **state)
{
    struct kafka_scene s;
    static struct collected c;
    (void)state;

    begin(&s, 1);
    scene_append_numbers(&s, 0, 0, 10);
    c = (struct collected){.s = &s, .want = 10, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 0)};
    (void)stage_until(&s.stage, "all", collected_all, &c, SOON_MS);
    sim_kafka_lose(s.sim.cluster, s.topic, 0, 5);
    stage_for(&s.stage, 100);
    collected_read(&c, false);
    assert_string_equal(c.err.code, "OFFSET_OUT_OF_RANGE");
    assert_int_equal(c.n, 10);
    scene_finish(&s);
}

static void retention_is_told_to_whoever_begins_below_it(void **state)
{
    struct kafka_scene s;
    static struct collected c;
    (void)state;

    begin(&s, 1);
    scene_append_numbers(&s, 0, 0, 10);
    sim_kafka_cut(s.sim.cluster, s.topic, 0, 4);
    c = (struct collected){.s = &s, .reader = s.kafka.ops->assign(s.kafka.port, s.topic, 0, 3)};
    stage_for(&s.stage, 100);
    collected_read(&c, false);
    assert_string_equal(c.err.code, "OFFSET_OUT_OF_RANGE");
    assert_int_equal(c.n, 0);
    scene_finish(&s);
}

/* ---- groups: two processes ---- */

struct other {
    uint64_t owner;
    struct machine machine;
    struct sim_kafka_client *client;
    struct kafka kafka;
    kafka_reader reader;
};

static void other_join(struct kafka_scene *s, struct other *o)
{
    *o = (struct other){.owner = scheduler_owner(s->sim.scheduler)};
    o->client = sim_kafka_client_new(s->sim.cluster, o->owner, &o->machine);
    const struct kafka k = sim_kafka_port(o->client);
    o->reader = k.ops->subscribe(k.port, s->topic, s->group);
    o->kafka = k;
}

static void other_die(struct kafka_scene *s, struct other *o)
{
    scheduler_end(s->sim.scheduler, o->owner);
    sim_kafka_client_free(o->client);
}

struct both {
    struct collected *c;
    struct other *o;
    size_t first, second; /* partitions that each is to have */
    bool read_other;
    struct kafka_group_state other;
};

static bool have_theirs(void *self)
{
    struct both *b = self;
    struct kafka_group_state mine;
    struct kafka_record r;
    struct err e;

    collected_read(b->c, true);
    while (b->read_other && b->o->kafka.ops->read(b->o->kafka.port, b->o->reader, &r, &e) == KAFKA_RECORD)
        ;
    b->c->s->kafka.ops->group(b->c->s->kafka.port, b->c->reader, &mine);
    if (b->read_other)
        b->o->kafka.ops->group(b->o->kafka.port, b->o->reader, &b->other);
    return mine.n == b->first && (!b->read_other || b->other.n == b->second);
}

static void join_both(struct kafka_scene *s, struct collected *c, struct other *o, struct both *b)
{
    begin(s, 2);
    *c = (struct collected){.s = s};
    c->reader = s->kafka.ops->subscribe(s->kafka.port, s->topic, s->group);
    other_join(s, o);
    *b = (struct both){.c = c, .o = o, .first = 1, .second = 1, .read_other = true};
    (void)stage_until(&s->stage, "each has one", have_theirs, b, MINUTE_MS);
}

static void a_member_that_dies_leaves_its_partitions_when_its_session_ends(void **state)
{
    struct kafka_scene s;
    static struct collected c;
    struct other o;
    struct both b;
    (void)state;

    join_both(&s, &c, &o, &b);
    other_die(&s, &o);
    b.read_other = false;
    b.first = 2;
    int64_t took = stage_until(&s.stage, "the other has both", have_theirs, &b, MINUTE_MS);
    assert_true(took >= 10000 && took < 13000);
    scene_finish(&s);
}

static void a_member_that_was_stopped_for_longer_than_its_session_commits_nothing_any_more(void **state)
{
    struct kafka_scene s;
    static struct collected c;
    struct other o;
    struct both b;
    (void)state;

    join_both(&s, &c, &o, &b);
    int lost = b.other.partitions[0];
    scheduler_hold(s.sim.scheduler, o.owner, true);
    sim_kafka_client_hold(o.client, true);
    b.read_other = false;
    b.first = 2;
    (void)stage_until(&s.stage, "the other has both", have_theirs, &b, MINUTE_MS);
    scheduler_hold(s.sim.scheduler, o.owner, false);
    sim_kafka_client_hold(o.client, false);
    o.kafka.ops->group(o.kafka.port, o.reader, &b.other);
    assert_int_equal(b.other.n, 1); /* it does not know */
    o.kafka.ops->store(o.kafka.port, o.reader, lost, 5);
    b.read_other = true;
    b.first = 1;
    (void)stage_until(&s.stage, "it has joined again", have_theirs, &b, MINUTE_MS);
    stage_for(&s.stage, 5000);
    assert_int_equal(sim_kafka_committed(s.sim.cluster, s.group, s.topic, lost), -1);
    other_die(&s, &o);
    scene_finish(&s);
}

static void an_offset_that_went_back_delivers_again(void **state)
{
    struct kafka_scene s;
    static struct collected c;
    (void)state;

    begin(&s, 1);
    scene_append_numbers(&s, 0, 0, 10);
    c = (struct collected){.s = &s, .want = 10, .store = true};
    c.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "all", collected_all_of_group, &c, MINUTE_MS);
    stage_for(&s.stage, 3000);
    assert_int_equal(sim_kafka_committed(s.sim.cluster, s.group, s.topic, 0), 10);
    sim_kafka_set_committed(s.sim.cluster, s.group, s.topic, 0, 6);
    sim_kafka_rebalance(s.sim.cluster, s.group);
    c.want = 14;
    (void)stage_until(&s.stage, "four again", collected_all_of_group, &c, MINUTE_MS);
    assert_int_equal(c.offsets[10], 6);
    assert_false(c.foreign);
    scene_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_acknowledgement_is_a_failure_and_the_record_is_there),
        cmocka_unit_test(a_lost_record_is_a_failure_and_not_there),
        cmocka_unit_test(a_late_record_lands_after_its_failure_was_told_and_behind_what_came_since),
        cmocka_unit_test(a_record_may_be_there_twice_and_is_acknowledged_once),
        cmocka_unit_test(records_that_wait_for_a_leader_keep_their_order),
        cmocka_unit_test(a_lost_tail_is_told_to_whoever_reads_beyond_it),
        cmocka_unit_test(retention_is_told_to_whoever_begins_below_it),
        cmocka_unit_test(a_member_that_dies_leaves_its_partitions_when_its_session_ends),
        cmocka_unit_test(a_member_that_was_stopped_for_longer_than_its_session_commits_nothing_any_more),
        cmocka_unit_test(an_offset_that_went_back_delivers_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
