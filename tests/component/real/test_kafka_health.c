/*
 * Brokers that go, hang or are not there, the end of the port, and what an option cannot set.
 */
#include "base/mem.h"
#include "real/clock.h"
#include "real/kafka_groups.h"
#include "support/cmocka_first.h"
#include "support/kafka_scene.h"

#include <sys/wait.h>
#include <unistd.h>

/* ---- health and configuration ---- */

static bool is_up(void *self)
{
    struct kafka_scene *s = self;
    struct kafka_state st;

    s->kafka.ops->state(s->kafka.port, &st);
    return st.up;
}

static void a_broker_that_went_away_is_seen_and_its_return_as_well(void **state)
{
    struct kafka_scene s;
    (void)state;

    scene_begin(&s, 1);
    (void)stage_until(&s.stage, "up", is_up, &s, SOON_MS);
    if (!s.mock) {
        scene_finish(&s);
        skip();
    }
    scene_append_numbers(&s, 0, 0, 1);
    assert_int_equal(rd_kafka_mock_broker_set_down(s.mock, 1), 0);
    (void)stage_until(&s.stage, "down, with a reason", scene_is_down, &s, 20000);
    (void)scene_append(&s, 0, STR("k"), STR("1"));
    assert_int_equal(rd_kafka_mock_broker_set_up(s.mock, 1), 0);
    (void)stage_until(&s.stage, "up again", is_up, &s, 10000);
    (void)stage_until(&s.stage, "the append of meanwhile", scene_all_appended, &s, 10000);
    assert_int_equal(s.failed, 0);
    scene_finish(&s);
}

static void commit_done(void *self, uint64_t id, const struct err *e)
{
    struct kafka_scene *s = self;
    (void)id;

    s->answers++;
    s->err = *e;
}

static bool told(void *self)
{
    struct kafka_scene *s = self;

    if (!scene_answered(s))
        return false;
    if (!s->err.kind)
        return true;
    s->questions++;
    (void)s->kafka.ops->committed(s->kafka.port, s->group, s->topic, 1, scene_got_committed, s);
    return false;
}

static void a_broker_that_goes_away_ends_questions_about_groups_within_bounds(void **state)
{
    struct kafka_scene s;
    (void)state;

    if (getenv("EC2SCHED_TEST_KAFKA"))
        skip();
    scene_begin(&s, 1);
    (void)stage_until(&s.stage, "the offsets", told, &s, SOON_MS);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(rd_kafka_mock_broker_set_rtt(s.mock, 1, 200), 0);
        for (int i = 0; i < 5; i++) {
            s.questions += 2;
            (void)s.kafka.ops->committed(s.kafka.port, s.group, s.topic, 1, scene_got_committed, &s);
            (void)s.kafka.ops->commit(s.kafka.port, s.group, s.topic, 0, 0, commit_done, &s);
        }
        stage_for(&s.stage, 50); /* they are out */
        assert_int_equal(rd_kafka_mock_broker_set_down(s.mock, 1), 0);
        if (round == 0) {
            (void)stage_until(&s.stage, "all end", scene_answered, &s, GROUPS_COMMIT_MS);
            assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
            s.questions++;
            (void)s.kafka.ops->committed(s.kafka.port, s.group, s.topic, 1, scene_got_committed, &s);
            int64_t took = stage_until(&s.stage, "no broker", scene_answered, &s, SOON_MS);
            assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
            assert_true(took < SIDE_ANSWER_MS + 1000);
        }
        assert_int_equal(rd_kafka_mock_broker_set_rtt(s.mock, 1, 0), 0);
        assert_int_equal(rd_kafka_mock_broker_set_up(s.mock, 1), 0);
        (void)stage_until(&s.stage, "what was asked ends", scene_answered, &s, GROUPS_COMMIT_MS);
        (void)stage_until(&s.stage, "the offsets again", told, &s, SOON_MS);
    }
    scene_finish(&s);
}

static void a_coordinator_that_hangs_does_not_hold_the_watermarks(void **state)
{
    struct kafka_scene s;
    int partition = 0;
    (void)state;

    if (getenv("EC2SCHED_TEST_KAFKA"))
        skip();
    scene_begin_on(&s, 1, 2);
    assert_int_equal(rd_kafka_mock_partition_set_leader(s.mock, s.topic, 0, 1), 0);
    assert_int_equal(rd_kafka_mock_coordinator_set(s.mock, "group", s.group, 2), 0);
    s.questions++;
    (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, &partition, 1, scene_got_watermarks, &s);
    (void)stage_until(&s.stage, "the offsets", told, &s, SOON_MS);
    assert_int_equal(rd_kafka_mock_broker_set_rtt(s.mock, 2, 60000), 0);
    size_t before = s.answers;
    (void)s.kafka.ops->committed(s.kafka.port, s.group, s.topic, 1, scene_got_committed, &s);
    int64_t began = clock_boot_ms();
    while (clock_boot_ms() - began < SIDE_ANSWER_MS / 2) {
        s.questions = s.answers + 1;
        (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, &partition, 1, scene_got_watermarks, &s);
        int64_t took = stage_until(&s.stage, "the watermarks", scene_answered, &s, SOON_MS);
        assert_int_equal(s.err.kind, ERR_NONE);
        assert_true(took < 1000);
    }
    assert_true(s.answers > before);
    s.questions = s.answers + 1;
    (void)stage_until(&s.stage, "the question about the group ends", scene_answered, &s, SIDE_ANSWER_MS);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    scene_finish(&s);
}

/* In a process of its own: what is left when the bound is reached is left to the process's end. */
static void close_without_a_broker(void)
{
    struct kafka_scene s;
    int partition = 0;

    scene_begin(&s, 0);
    assert_true(kafka_port_close(s.port, 10000));
    stage_close(&s.stage);
    stage_open(&s.stage, NULL);
    (void)snprintf(s.brokers, sizeof s.brokers, "127.0.0.1:%d", stage_free_port());
    scene_open_port(&s);
    s.questions = s.answers + 1;
    (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, &partition, 1, scene_got_watermarks, &s);
    (void)stage_until(&s.stage, "the question ends", scene_answered, &s, 20000);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    (void)s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)scene_append(&s, 0, STR("k"), STR("v"));
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
    struct kafka_scene s;
    static struct collected c;
    int partition = 0;

    scene_begin(&s, 1);
    scene_append_numbers(&s, 0, 0, 1);
    s.questions++;
    (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, &partition, 1, scene_got_watermarks, &s);
    (void)stage_until(&s.stage, "an answer", scene_answered, &s, SOON_MS);
    c = (struct collected){.s = &s, .want = 1, .store = true};
    c.reader = s.kafka.ops->subscribe(s.kafka.port, s.topic, s.group);
    (void)stage_until(&s.stage, "the group reads", collected_all_of_group, &c, 30000);
    assert_int_equal(rd_kafka_mock_broker_set_rtt(s.mock, 1, 60000), 0);
    s.questions++;
    (void)s.kafka.ops->watermarks(s.kafka.port, s.topic, &partition, 1, scene_got_watermarks, &s);
    int64_t took = stage_until(&s.stage, "a question that nobody answers ends", scene_answered, &s, SOON_MS);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    assert_true(took < 2 * SIDE_ANSWER_MS + 2000);
    assert_true(scene_is_down(&s));
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
    struct kafka_scene s;
    (void)state;

    scene_begin(&s, 0);
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
    s.x[0] = (struct options_pair){.name = (char *)(uintptr_t) "security.protocol",
                                   .value = (char *)(uintptr_t) "hunter2",
                                   .secret = true};
    assert_null(kafka_port_new(s.stage.reactor, &s.options, NULL, &e));
    assert_null(strstr(e.msg, "hunter2")); /* librdkafka repeats a word that it does not know */
    scene_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_that_went_away_is_seen_and_its_return_as_well),
        cmocka_unit_test(a_broker_that_goes_away_ends_questions_about_groups_within_bounds),
        cmocka_unit_test(a_coordinator_that_hangs_does_not_hold_the_watermarks),
        cmocka_unit_test(without_a_broker_questions_end_and_closing_keeps_its_bound),
        cmocka_unit_test(a_broker_that_hangs_holds_neither_questions_nor_the_end),
        cmocka_unit_test(what_the_protocol_fixes_cannot_be_set_by_an_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
