#include "model/topics.h"

#include "support/weigh.h"

#include <string.h>

static const char *const none[TOPICS_CONFIG_MAX];

static struct topic_wanted want(enum topic t)
{
    struct topic_wanted w;

    topic_want(t, "p", 12, 64, 3, &w);
    return w;
}

static void the_log_is_never_compacted_and_is_stamped_by_the_broker(void **state)
{
    struct topic_wanted w = want(TOPIC_EVENTS);
    const char *values[TOPICS_CONFIG_MAX] = {0};
    struct err e = {0};

    (void)state;
    assert_string_equal(w.name, "p.events.v1");
    for (size_t i = 0; i < w.n; i++)
        values[i] = strcmp(w.settings[i].name, "cleanup.policy") == 0 ? "compact" : w.settings[i].value;
    assert_false(topic_check(&w, 12, values, &e));
    assert_non_null(strstr(e.msg, "cleanup.policy"));
    for (size_t i = 0; i < w.n; i++)
        values[i] =
            strcmp(w.settings[i].name, "message.timestamp.type") == 0 ? "CreateTime" : w.settings[i].value;
    assert_false(topic_check(&w, 12, values, &e));
    for (size_t i = 0; i < w.n; i++)
        values[i] = w.settings[i].value;
    assert_true(topic_check(&w, 12, values, &e));
}

static void a_topic_that_places_workloads_has_its_number_of_partitions_for_ever(void **state)
{
    struct err e = {0};

    (void)state;
    for (int t = 0; t < TOPICS; t++) {
        struct topic_wanted w = want((enum topic)t);
        bool grows = t == TOPIC_JOBS || t == TOPIC_DLQ;
        assert_int_equal(topic_check(&w, w.partitions + 1, none, &e), grows);
        assert_true(topic_check(&w, w.partitions, none, &e));
        assert_false(topic_check(&w, -1, none, &e));
        assert_int_equal(e.kind, ERR_NOT_FOUND);
    }
}

static void one_copy_less_than_all_must_be_in_sync(void **state)
{
    struct topic_wanted w;

    (void)state;
    for (int replication = 1; replication <= 3; replication++) {
        topic_want(TOPIC_EVENTS, "p", 1, 1, replication, &w);
        for (size_t i = 0; i < w.n; i++)
            if (strcmp(w.settings[i].name, "min.insync.replicas") == 0)
                assert_int_equal(w.settings[i].value[0] - '0', replication > 1 ? replication - 1 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(the_log_is_never_compacted_and_is_stamped_by_the_broker),
        WEIGHED(a_topic_that_places_workloads_has_its_number_of_partitions_for_ever),
        WEIGHED(one_copy_less_than_all_must_be_in_sync),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
