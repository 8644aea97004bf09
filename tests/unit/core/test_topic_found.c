#include "core/topic_found.h"

#include "support/weigh.h"

#include <string.h>

static struct topic_wanted wanted(enum topic t)
{
    struct topic_wanted w;

    topic_want(t, "p", 12, 64, 3, &w);
    return w;
}

static void a_setting_that_differs_is_refused_with_its_name_and_the_remedy(void **state)
{
    const struct kafka_header config[] = {{STR("cleanup.policy"), STR("delete")},
                                          {STR("message.timestamp.type"), STR("CreateTime")}};
    struct topic_wanted w = wanted(TOPIC_EVENTS);
    struct kafka_topic t = {
        .name = "p.events.v1", .partitions = 12, .config = config, .config_count = 2, .config_known = true};
    struct err e = {0};

    (void)state;
    assert_false(topic_found_ok(&w, &t, NULL, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
    assert_non_null(strstr(e.msg, "message.timestamp.type=CreateTime"));
    assert_non_null(strstr(e.msg, "ec2sched topics create"));
    t.config_count = 1;
    assert_true(topic_found_ok(&w, &t, NULL, &e));
}

static void settings_that_the_broker_does_not_tell_are_believed_its_partitions_are_not(void **state)
{
    const struct kafka_header config[] = {{STR("cleanup.policy"), STR("compact")}};
    struct topic_wanted w = wanted(TOPIC_EVENTS);
    struct kafka_topic t = {.name = "p.events.v1", .partitions = 12, .config = config, .config_count = 1};
    char text[TOPIC_VALUE_MAX];
    struct err e = {0};

    (void)state;
    assert_true(topic_found_ok(&w, &t, NULL, &e));
    assert_null(topic_found_value(&t, "cleanup.policy", text));
    t.partitions = 6;
    assert_false(topic_found_ok(&w, &t, NULL, &e));
    assert_non_null(strstr(e.msg, "p.events.v1 has 6 partitions, kafka.log.partitions is 12"));
}

static void a_topic_that_may_grow_is_fine_with_any_count_and_says_so(void **state)
{
    const struct kafka_topic found = {.name = "p.jobs.v1", .partitions = 9};
    char text[TOPIC_GROWN_MAX];
    struct topic_wanted w;
    struct err e = {0};
    (void)state;

    topic_want(TOPIC_JOBS, "p", 12, 64, 3, &w);
    assert_true(topic_found_ok(&w, &found, NULL, &e));
    assert_true(topic_found_grown(&w, 9, text));
    assert_non_null(strstr(text, "9 partitions"));
    assert_non_null(strstr(text, "64"));
    assert_false(topic_found_grown(&w, 64, text));
    topic_want(TOPIC_EVENTS, "p", 12, 64, 3, &w);
    assert_false(topic_found_grown(&w, 9, text)); /* that is an error, and says so itself */
}

static void a_broker_that_may_not_tell_is_not_taken_for_one_without_the_topic(void **state)
{
    struct topic_wanted w = wanted(TOPIC_JOBS);
    struct kafka_topic t = {.name = "p.jobs.v1", .partitions = -1};
    struct err told = {0};
    struct err e = {0};

    (void)state;
    (void)err_set(&told, ERR_DENIED, "not authorised");
    assert_false(topic_found_ok(&w, &t, &told, &e));
    assert_int_equal(e.kind, ERR_DENIED);
    assert_non_null(strstr(e.msg, "p.jobs.v1"));
    told = (struct err){0};
    assert_false(topic_found_ok(&w, &t, &told, &e));
    assert_int_equal(e.kind, ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_setting_that_differs_is_refused_with_its_name_and_the_remedy),
        WEIGHED(settings_that_the_broker_does_not_tell_are_believed_its_partitions_are_not),
        WEIGHED(a_topic_that_may_grow_is_fine_with_any_count_and_says_so),
        WEIGHED(a_broker_that_may_not_tell_is_not_taken_for_one_without_the_topic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
