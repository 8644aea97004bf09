/* A disk that is full under worker.state: the in-hand note cannot be written. */
#include "support/worker_case.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HOUR (3600 * 1000)

static void a_worker_that_cannot_write_its_note_does_not_start(void **state)
{
    struct world w;
    struct err e = {0};

    (void)state;
    world_open(&w, case_four);
    w.disk_full = true;
    assert_null(worker_new(&w.options, &w.ports, &e));
    assert_non_null(strstr(e.msg, "worker.state"));
    assert_non_null(strstr(e.msg, w.options.worker.state));
    w.disk_full = false;
    world_start(&w);
    world_close(&w);
}

static void without_a_note_nothing_new_is_claimed_and_no_record_is_lost(void **state)
{
    struct world w;
    BUF_CLEANUP struct buf body = BUF_INIT(64 * 1024);
    int status;

    (void)state;
    world_open(&w, case_four);
    world_start(&w);
    world_run(&w, 2000);
    w.disk_full = true;
    case_deliver(&w, ACTION_STOP, false, 2);
    (void)world_deliver_text(&w, "not a job");
    world_run(&w, 60 * 1000); /* far longer than a record waits for its claim */
    assert_int_equal(w.lease_count, 0);
    assert_int_equal(world_count(&w, "ec2sched.dlq.v1"), 0); /* not even looked at */
    assert_int_equal(w.stored, 0);
    assert_true(w.paused);
    world_admin(&w, "/readyz", &status, &body);
    assert_int_equal(status, 503);
    assert_non_null(strstr(buf_cstr(&body), "worker.state"));
    w.disk_full = false;
    world_until(&w, "reported", case_reported, HOUR);
    assert_int_equal(w.lease_count, 1);
    assert_int_equal(world_count(&w, "ec2sched.dlq.v1"), 1);
    assert_int_equal(w.stored, 2);
    assert_false(w.paused);
    assert_string_equal(w.note, "");
    buf_clear(&body);
    world_admin(&w, "/readyz", &status, &body);
    assert_int_equal(status, 200);
    world_close(&w);
}

static void a_claimed_job_goes_on_without_a_note(void **state)
{
    struct world w;

    (void)state;
    case_begin(&w, case_four, ACTION_STOP, false, 2);
    world_until(&w, "claimed", case_claimed, HOUR);
    w.disk_full = true;
    world_until(&w, "reported", case_reported, HOUR);
    case_expect(&w, "j1", case_ids[0], OUTCOME_DONE, CAUSE_NONE);
    world_close(&w);
}

static void a_drain_leaves_what_it_could_not_note_to_the_next_worker(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, case_four);
    world_start(&w);
    world_run(&w, 2000);
    w.disk_full = true;
    case_deliver(&w, ACTION_STOP, false, 2);
    world_run(&w, 2000);
    world_drain(&w);
    world_run(&w, 2000);
    assert_true(world_ended(&w));
    assert_true(w.left);
    assert_int_equal(w.stored, 0); /* read again by whoever gets the partition */
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_cannot_write_its_note_does_not_start),
        cmocka_unit_test(without_a_note_nothing_new_is_claimed_and_no_record_is_lost),
        cmocka_unit_test(a_claimed_job_goes_on_without_a_note),
        cmocka_unit_test(a_drain_leaves_what_it_could_not_note_to_the_next_worker),
    };

    return cmocka_run_group_tests_name("worker/disk", tests, NULL, NULL);
}
