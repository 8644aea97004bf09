#include "awssim/instances.h"
#include "base/mem.h"
#include "support/weigh.h"

#include <string.h>

struct world {
    struct ledger *ledger;
    struct chance chance;
    struct instances *instances;
    char seen[1024]; /* "running>stopping@100 " … */
};

static const struct instance_cause cause = {"test", "", "", "", ""};

static void note(void *self, const struct awssim_event *event)
{
    struct world *w = self;
    size_t n = strlen(w->seen);

    (void)snprintf(w->seen + n, sizeof w->seen - n, "%s>%s@%d ", event->from, event->to,
                   (int)event->at.boot_ms);
}

static void begin(struct world *w, const char *instances, const char *capacity, int64_t time_scale)
{
    struct err e = {0};
    JSON_CLEANUP struct json *list = json_parse(str_of(instances), 65536, &e);
    JSON_CLEANUP struct json *rooms = json_parse(str_of(capacity), 65536, &e);
    const struct instances_config config = {
        .instances = list, .capacity = rooms, .account = "1", .region = "r", .time_scale = time_scale};

    *w = (struct world){.ledger = ledger_new(), .chance = {1}};
    ledger_listen(w->ledger, note, w);
    w->instances = instances_new(&config, (struct instant){0, 1000000}, w->ledger, &w->chance, &e);
    assert_non_null(w->instances);
}

static void end(struct world *w)
{
    instances_free(w->instances);
    ledger_free(w->ledger);
}

static struct instance *the(struct world *w, size_t index)
{
    return instances_at(w->instances, index);
}

static struct instant at(int64_t ms)
{
    return (struct instant){ms, 1000000 + ms};
}

static void stop_and_start_take_their_time(void **state)
{
    struct world w;

    (void)state;
    begin(&w, "[{\"id\":\"i-1\",\"start_ms\":100,\"stop_ms\":200}]", "[]", 1);
    assert_true(instances_next(w.instances) == INT64_MAX);
    instances_stop(w.instances, the(&w, 0), false, at(10), &cause);
    assert_int_equal(instances_next(w.instances), 210);
    instances_advance(w.instances, at(209));
    assert_int_equal(the(&w, 0)->state, INSTANCE_STOPPING);
    instances_advance(w.instances, at(500)); /* late: the change still has its own moment */
    instances_start(w.instances, the(&w, 0), at(600), &cause);
    assert_int_equal(the(&w, 0)->launch_wall_ms, 1000600);
    instances_advance(w.instances, at(700));
    assert_string_equal(w.seen,
                        "running>stopping@10 stopping>stopped@210 stopped>pending@600 pending>running@700 ");
    end(&w);
}

static void what_is_there_already_stays_and_is_not_told(void **state)
{
    struct world w;

    (void)state;
    begin(&w, "[{\"id\":\"i-1\"},{\"id\":\"i-2\",\"state\":\"stopped\"}]", "[]", 1);
    instances_start(w.instances, the(&w, 0), at(10), &cause);
    instances_stop(w.instances, the(&w, 1), false, at(10), &cause);
    assert_string_equal(w.seen, "");
    end(&w);
}

static void the_time_scale_divides_every_duration(void **state)
{
    struct world w;

    (void)state;
    begin(&w, "[{\"id\":\"i-1\",\"stop_ms\":20000},{\"id\":\"i-2\"}]", "[]", 100);
    instances_stop(w.instances, the(&w, 0), false, at(0), &cause);
    instances_stop(w.instances, the(&w, 1), false, at(0), &cause);
    instances_advance(w.instances, at(300));
    assert_string_equal(w.seen,
                        "running>stopping@0 running>stopping@0 stopping>stopped@200 stopping>stopped@300 ");
    end(&w);
}

static void describe_shows_what_was_true_a_lag_ago(void **state)
{
    struct world w;

    (void)state;
    begin(&w, "[{\"id\":\"i-1\",\"stop_ms\":100,\"describe_lag_ms\":50}]", "[]", 1);
    instances_stop(w.instances, the(&w, 0), false, at(10), &cause);
    assert_int_equal(instance_shown(the(&w, 0), 10), INSTANCE_RUNNING);
    assert_int_equal(instance_shown(the(&w, 0), 59), INSTANCE_RUNNING);
    assert_int_equal(instance_shown(the(&w, 0), 60), INSTANCE_STOPPING);
    instances_advance(w.instances, at(110));
    assert_int_equal(instance_shown(the(&w, 0), 159), INSTANCE_STOPPING);
    assert_int_equal(instance_shown(the(&w, 0), 160), INSTANCE_STOPPED);
    int64_t before_ms = instance_past(the(&w, 0), 160)->launch_wall_ms;
    instances_start(w.instances, the(&w, 0), at(200), &cause);
    /* all of a reply is as old */
    assert_int_equal(instance_past(the(&w, 0), 249)->launch_wall_ms, before_ms);
    assert_true(instance_past(the(&w, 0), 250)->launch_wall_ms > before_ms);
    end(&w);
}

static void a_stuck_stop_ends_by_force_alone(void **state)
{
    struct world w;

    (void)state;
    begin(&w, "[{\"id\":\"i-1\",\"stop_ms\":100,\"stuck\":\"stopping\"}]", "[]", 1);
    instances_stop(w.instances, the(&w, 0), false, at(0), &cause);
    instances_advance(w.instances, at(1000000));
    assert_int_equal(the(&w, 0)->state, INSTANCE_STOPPING);
    instances_stop(w.instances, the(&w, 0), true, at(1000000), &cause);
    instances_advance(w.instances, at(1000100));
    assert_int_equal(the(&w, 0)->state, INSTANCE_STOPPED);
    end(&w);
}

static void a_start_that_falls_back_says_why_and_as_often_as_told(void **state)
{
    struct world w;

    (void)state;
    begin(&w,
          "[{\"id\":\"i-1\",\"state\":\"stopped\",\"start_ms\":100,"
          "\"start_fails\":{\"to\":\"stopped\",\"code\":\"Server.InternalError\",\"times\":1}}]",
          "[]", 1);
    instances_start(w.instances, the(&w, 0), at(0), &cause);
    instances_advance(w.instances, at(100));
    assert_int_equal(the(&w, 0)->state, INSTANCE_STOPPED);
    assert_string_equal(the(&w, 0)->reason_code, "Server.InternalError");
    instances_start(w.instances, the(&w, 0), at(200), &cause);
    instances_advance(w.instances, at(300));
    assert_int_equal(the(&w, 0)->state, INSTANCE_RUNNING);
    end(&w);
}

static void capacity_is_taken_by_starts_and_given_back_by_stops(void **state)
{
    struct world w;

    (void)state;
    begin(&w,
          "[{\"id\":\"i-1\",\"state\":\"stopped\"},{\"id\":\"i-2\",\"state\":\"stopped\"},{\"id\":\"i-3\","
          "\"az\":\"rb\"}]",
          "[{\"az\":\"ra\",\"type\":\"m5.large\",\"left\":1}]", 1000);
    assert_false(instances_has_capacity(w.instances, the(&w, 0), 2));
    assert_true(instances_has_capacity(w.instances, the(&w, 2), 1000));
    instances_start(w.instances, the(&w, 0), at(0), &cause);
    assert_false(instances_has_capacity(w.instances, the(&w, 1), 1));
    instances_advance(w.instances, at(1000));
    instances_stop(w.instances, the(&w, 0), false, at(1000), &cause);
    assert_false(instances_has_capacity(w.instances, the(&w, 1), 1));
    instances_advance(w.instances, at(2000));
    assert_true(instances_has_capacity(w.instances, the(&w, 1), 1));
    end(&w);
}

static void a_terminated_instance_is_shown_for_an_hour(void **state)
{
    struct world w;

    (void)state;
    begin(&w, "[{\"id\":\"i-1\",\"stop_ms\":100}]", "[]", 1);
    instances_terminate(w.instances, the(&w, 0), at(0), &cause);
    instances_advance(w.instances, at(100 + 3599999));
    assert_non_null(instances_find(w.instances, STR("i-1")));
    instances_advance(w.instances, at(100 + 3600000));
    assert_null(instances_find(w.instances, STR("i-1")));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(stop_and_start_take_their_time),
        WEIGHED(what_is_there_already_stays_and_is_not_told),
        WEIGHED(the_time_scale_divides_every_duration),
        WEIGHED(describe_shows_what_was_true_a_lag_ago),
        WEIGHED(a_stuck_stop_ends_by_force_alone),
        WEIGHED(a_start_that_falls_back_says_why_and_as_often_as_told),
        WEIGHED(capacity_is_taken_by_starts_and_given_back_by_stops),
        WEIGHED(a_terminated_instance_is_shown_for_an_hour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
