/* A worker before AWS's limits and outages, in virtual time. */
#include "support/cmocka_first.h"

#include "base/mem.h"
#include "support/worker_case.h"

#include <stdio.h>
#include <string.h>

enum { HOUR = 60 * 60 * 1000, FLEET_JOBS = 10, FLEET = FLEET_JOBS * JOB_MEMBERS_PLAIN };

static bool counts(struct world *w, const char *sample)
{
    BUF_CLEANUP struct buf page = BUF_INIT(1024 * 1024);
    int status = 0;

    world_admin(w, "/metrics", &status, &page);
    return status == 200 && strstr(buf_cstr(&page), sample);
}

static void a_throttled_question_is_put_again_and_its_guests_are_believed(void **state)
{
    struct world w;

    (void)state;
    case_begin(&w,
               "{\"region\":\"us-west-2\",\"defaults\":{\"agent\":{}},\"faults\":[{\"match\":{\"operation\":"
               "\"SendCommand\",\"until_ms\":60000},\"effect\":{\"throttle\":true}}],\"instances\":["
               "{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS "},"
               "{\"id\":\"i-0000000b\",\"state\":\"running\"," TAGS "}]}",
               ACTION_STOP, true, 2);
    w.listened = "guests.throttled";
    world_until(&w, "reported", case_reported, HOUR);
    assert_int_equal(w.heard, 1); /* told, and told once */
    assert_true(counts(&w, "ec2sched_aws_throttles_total{account=\"home\",region=\"us-west-2\",operation="
                           "\"SendCommand\"} "));
    assert_true(counts(&w, "ec2sched_aws_requests_total{service=\"ssm\",operation=\"SendCommand\",result="
                           "\"throttled\"} "));
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    case_expect(&w, "j1", case_ids[1], OUTCOME_DONE, CAUSE_NONE);
    world_close(&w);
}

static void a_question_that_is_throttled_for_long_leaves_its_members_alone(void **state)
{
    struct world w;

    (void)state;
    case_begin(&w,
               "{\"region\":\"us-west-2\",\"defaults\":{\"agent\":{}},\"faults\":[{\"match\":{\"operation\":"
               "\"SendCommand\"},\"effect\":{\"throttle\":true}}],\"instances\":["
               "{\"id\":\"i-0000000a\",\"state\":\"running\"," TAGS "}]}",
               ACTION_STOP, true, 1);
    world_run(&w, 10 * 60 * 1000);
    assert_false(case_reported(&w));
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_BYPASSED, CAUSE_OVERRIDE_UNKNOWN);
    assert_int_equal(world_calls(&w, "StopInstances"), 0);
    world_close(&w);
}

static void an_outage_of_a_minute_fails_nobody(void **state)
{
    struct world w;

    (void)state;
    case_begin(&w,
               "{\"region\":\"us-west-2\",\"faults\":[{\"match\":{\"operation\":\"StartInstances\",\"until_"
               "ms\":60000},\"effect\":{\"error\":{\"code\":\"Unavailable\",\"status\":503,\"message\":"
               "\"later\"}}}],\"instances\":[{\"id\":\"i-0000000a\",\"state\":\"stopped\"," TAGS "}]}",
               ACTION_START, false, 1);
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    assert_in_range(world_calls(&w, "StartInstances"), 3, 25);
    world_close(&w);
}

static bool fleet_reported(struct world *w)
{
    return world_count(w, "ec2sched.events.v1") == FLEET_JOBS;
}

static bool says_throttled(const struct world *w)
{
    for (size_t i = 0; i < w->append_count; i++)
        if (strstr(w->appends[i].topic, "progress") && strstr(w->appends[i].value, "\"throttled\""))
            return true;
    return false;
}

/* Twice what AWS's bucket holds: the second thousand at 20 a second. */
static void two_thousand_stops_go_at_awss_pace_and_none_is_throttled(void **state)
{
    static char ids[FLEET][20];
    const char *members[JOB_MEMBERS_PLAIN];
    struct world w;
    char name[8];

    (void)state;
    world_open(&w, "{\"region\":\"us-west-2\",\"latency_ms\":[50,300],\"buckets\":{\"on\":true},\"fleets\":[{"
                   "\"prefix\":\"i-0a\",\"count\":2000,\"state\":\"running\"," TAGS "}]}");
    world_start(&w);
    for (int i = 0; i < FLEET; i++)
        (void)snprintf(ids[i], sizeof ids[i], "i-0a%015x", (unsigned)i);
    for (int j = 0; j < FLEET_JOBS; j++) {
        for (int i = 0; i < JOB_MEMBERS_PLAIN; i++)
            members[i] = ids[j * JOB_MEMBERS_PLAIN + i];
        (void)snprintf(name, sizeof name, "j%d", j);
        struct job job = world_job(ACTION_STOP, name, JOB_MEMBERS_PLAIN, members);
        (void)world_deliver(&w, &job);
    }
    int64_t began_ms = w.now.boot_ms;
    world_run(&w, 30 * 1000);
    assert_true(says_throttled(&w));
    assert_true(w.renews >= 5 * 4); /* the waiting ones keep their leases: TTL/3 is 5 s */
    world_until(&w, "all reported", fleet_reported, HOUR);
    assert_int_equal(world_calls(&w, "StopInstances"), FLEET_JOBS);
    assert_true(w.now.boot_ms - began_ms >= 50 * 1000);
    case_expect(&w, "j0", ids[0], OUTCOME_DONE, CAUSE_NONE);
    case_expect(&w, "j9", ids[FLEET - 1], OUTCOME_DONE, CAUSE_NONE);
    for (size_t i = 0; i < w.lease_count; i++)
        assert_int_equal(w.leases[i].attempt, 1); /* nobody took one over */
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_throttled_question_is_put_again_and_its_guests_are_believed),
        cmocka_unit_test(a_question_that_is_throttled_for_long_leaves_its_members_alone),
        cmocka_unit_test(an_outage_of_a_minute_fails_nobody),
        cmocka_unit_test(two_thousand_stops_go_at_awss_pace_and_none_is_throttled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
