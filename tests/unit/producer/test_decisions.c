/* What a leader decides without asking anybody: is a job published, left alone, given up; has a run
 * expired. */
#include "producer/pump.h"
#include "producer/settle.h"

#include "support/cmocka_first.h"

enum { MAX = 5 };

static void a_job_that_was_never_delivered_is_published(void **state)
{
    struct view_delivery d = {.jobs_partition = VIEW_NOT_KNOWN};
    struct pump_known k = {0};

    (void)state;
    assert_int_equal(pump_choose(&d, VIEW_NOT_KNOWN, MAX, &k), PUMP_PUBLISH);
}

static void a_delivery_that_the_workers_have_not_read_yet_is_left_alone(void **state)
{
    struct view_delivery d = {.jobs_partition = 1, .offset = 10};
    struct pump_known k = {.known = true, .open_since = true};

    (void)state;
    assert_int_equal(pump_choose(&d, VIEW_NOT_KNOWN, MAX, &k), PUMP_LEAVE);
    assert_int_equal(pump_choose(&d, 10, MAX, &k), PUMP_LEAVE); /* 10 is the next to be read */
    assert_int_equal(k.unclaimed, 0);
    assert_int_equal(pump_choose(&d, 11, MAX, &k), PUMP_PUBLISH);
}

static void five_deliveries_read_and_not_claimed_are_enough(void **state)
{
    struct view_delivery d = {.jobs_partition = 1, .offset = 10};
    struct pump_known k = {.known = true, .open_since = true};

    (void)state;
    for (int i = 1; i < MAX; i++)
        assert_int_equal(pump_choose(&d, 11, MAX, &k), PUMP_PUBLISH);
    assert_int_equal(pump_choose(&d, 11, MAX, &k), PUMP_GIVE_UP);
}

static void a_claim_in_between_begins_the_count_anew(void **state)
{
    struct view_delivery d = {.jobs_partition = 1, .offset = 10};
    struct pump_known k = {.known = true, .open_since = true, .unclaimed = MAX - 1};

    (void)state;
    d.attempts = 1; /* its lease has expired: a retry */
    assert_int_equal(pump_choose(&d, 11, MAX, &k), PUMP_PUBLISH);
    assert_int_equal(k.unclaimed, 0);
}

static void deliveries_while_no_lease_could_be_granted_do_not_count(void **state)
{
    struct view_delivery d = {.jobs_partition = 1, .offset = 10};
    struct pump_known k = {.known = true, .unclaimed = MAX - 1};

    (void)state;
    assert_int_equal(pump_choose(&d, 11, MAX, &k), PUMP_PUBLISH);
    assert_int_equal(k.unclaimed, MAX - 1);
}

static void what_this_leader_did_not_deliver_itself_it_does_not_count(void **state)
{
    struct view_delivery d = {.jobs_partition = 1, .offset = 10};
    struct pump_known k = {.open_since = true};

    (void)state;
    assert_int_equal(pump_choose(&d, 11, MAX, &k), PUMP_PUBLISH);
    assert_int_equal(k.unclaimed, 0);
    assert_true(k.known);
}

static void a_run_expires_after_a_night_without_producers_and_not_by_waiting_for_leases(void **state)
{
    enum { LATE = 1000000 };

    (void)state;
    assert_false(settle_expired(0, VIEW_NOT_KNOWN, 0, LATE)); /* it has no bound */
    assert_false(settle_expired(LATE, VIEW_NOT_KNOWN, 0, LATE));
    assert_true(settle_expired(5000, VIEW_NOT_KNOWN, 4000, LATE));
    assert_false(settle_expired(5000, VIEW_NOT_KNOWN, LATE - EXPIRE_GRACE_MS,
                                LATE)); /* a lease kept it back until just now */
    assert_true(settle_expired(5000, VIEW_NOT_KNOWN, LATE - EXPIRE_GRACE_MS - 1, LATE));
}

static void a_run_expires_when_the_one_before_it_ended_too_late(void **state)
{
    (void)state;
    assert_true(settle_expired(5000, 5001, 5001, 5002));
    assert_false(settle_expired(5000, 5000, 5000, 5002));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_that_was_never_delivered_is_published),
        cmocka_unit_test(a_delivery_that_the_workers_have_not_read_yet_is_left_alone),
        cmocka_unit_test(five_deliveries_read_and_not_claimed_are_enough),
        cmocka_unit_test(a_claim_in_between_begins_the_count_anew),
        cmocka_unit_test(deliveries_while_no_lease_could_be_granted_do_not_count),
        cmocka_unit_test(what_this_leader_did_not_deliver_itself_it_does_not_count),
        cmocka_unit_test(a_run_expires_after_a_night_without_producers_and_not_by_waiting_for_leases),
        cmocka_unit_test(a_run_expires_when_the_one_before_it_ended_too_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
