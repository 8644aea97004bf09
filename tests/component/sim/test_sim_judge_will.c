/*
 * The judge of the fleet's simulation: what people meant (P6, P8), jobs that kill (P7) and records that must
 * be understood. Each rule is broken once and told in words; what is right beside it is not.
 */
#include "support/court.h"

#include <string.h>

/* ---- P6 ---- */

static void a_tick_that_begins_two_runs_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin(&c);
    int64_t first = court_tick(&c, "a", 202601010600), second = court_tick(&c, "b", 202601010600);
    court_accept(&c, "a", first);
    court_finds_nothing(&c);
    court_accept(&c, "b", second);
    court_finds(&c, "P6", "b is answered");
    court_end(&c);
}

static void a_tick_behind_a_later_one_begins_nothing(void **state)
{
    struct court c;
    (void)state;

    court_begin(&c);
    (void)court_tick(&c, "a", 202601010600);
    int64_t old = court_tick(&c, "b", 202601010500);
    court_accept(&c, "b", old);
    court_finds(&c, "P6", "b is answered");
    court_end(&c);
}

static void a_tick_that_is_taken_is_nobodys_debt(void **state)
{
    struct court c;
    (void)state;

    court_begin(&c);
    (void)court_tick(&c, "a", 202601010600);
    (void)court_tick(&c, "b", 202601010600);
    assert_int_equal(judge_open(c.j), 1);
    (void)court_tick(&c, "d", 202601010601);
    assert_int_equal(judge_open(c.j), 2);
    court_end(&c);
}

static void a_run_that_is_answered_for_two_requests_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin(&c);
    int64_t first = court_request(&c, "r1"), copy = court_request(&c, "r1");
    court_accept(&c, "r1", first);
    court_accept(&c, "r1", first); /* a copy of the answer */
    court_finds_nothing(&c);
    court_accept(&c, "r1", copy);
    court_finds(&c, "P6", "the requests 0:0:0 and 0:0:1");
    court_end(&c);
}

/* ---- P7 ---- */

static void a_job_that_kills_and_kills_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    for (int i = 0; i < 9; i++)
        judge_death(c.j, "job0");
    court_finds_nothing(&c);
    judge_forgot(c.j); /* the view was lost, and its count */
    for (int i = 0; i < 9; i++)
        judge_death(c.j, "job0");
    judge_death(c.j, "another");
    court_finds_nothing(&c);
    judge_death(c.j, "job0");
    court_finds(&c, "P7", "job0 has killed 10 workers");
    court_end(&c);
}

static void letter(struct court *c, const char *job)
{
    const struct sim_kafka_record r = {.key = (char *)(uintptr_t)job, .key_n = strlen(job)};

    judge_record(c->j, "sim.dlq.v1", 0, 0, &r);
}

static void poison_without_a_letter_or_a_death_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    judge_death(c.j, "job0");
    letter(&c, "job0");
    court_terminal(&c, "r1", 0, "job0", POISON("i-00000001") "," POISON("i-00000002"));
    court_finds_nothing(&c);
    court_end(&c);
    court_begin_run(&c);
    judge_death(c.j, "job0");
    letter(&c, "another");
    court_terminal(&c, "r1", 0, "job0", POISON("i-00000001") "," POISON("i-00000002"));
    court_finds(&c, "P7", "no dead letter");
    court_end(&c);
    court_begin_run(&c);
    letter(&c, "job0");
    court_terminal(&c, "r1", 0, "job0", POISON("i-00000001") "," POISON("i-00000002"));
    court_finds(&c, "P7", "nobody has died");
    court_end(&c);
}

/* ---- P8 ---- */

static void a_call_after_its_run_was_paused_or_cancelled_is_found(void **state)
{
    static const struct {
        const char *type, *word;
    } kinds[] = {{"Pause", "paused"}, {"Cancel", "cancelled"}};
    struct court c;
    (void)state;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        court_begin_run(&c);
        court_control(&c, kinds[i].type, "r1", "c1");
        c.ts_ms += 20 * SECOND; /* a lease that it had */
        court_stop(&c, "r1", "i-00000001");
        court_finds_nothing(&c);
        c.ts_ms += 20 * SECOND;
        court_stop(&c, "r1", "i-00000001");
        court_finds(&c, "P8", kinds[i].word);
        court_end(&c);
    }
}

static void a_call_after_its_run_was_resumed_is_right(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_control(&c, "Pause", "r1", "c1");
    court_control(&c, "Resume", "r1", "c2");
    court_control(&c, "Pause", "r1", "c1"); /* a copy that comes again */
    c.ts_ms += 40 * SECOND;
    court_stop(&c, "r1", "i-00000001");
    court_finds_nothing(&c);
    court_end(&c);
}

static void a_pause_of_another_run_is_none_of_this_one(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    (void)court_request(&c, "r2");
    court_control(&c, "Pause", "r2", "c1");
    court_control(&c, "Cancel", "r2", "c2");
    c.ts_ms += 40 * SECOND;
    court_stop(&c, "r1", "i-00000001");
    court_finds_nothing(&c);
    court_end(&c);
}

static void a_call_after_its_run_was_over_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    court_finish(&c, "r1", "superseded", 0, 0);
    c.ts_ms += 40 * SECOND;
    court_stop(&c, "r1", "i-00000001");
    court_finds(&c, "P8", "over");
    court_end(&c);
}

static void a_cancelled_run_that_nobody_cancelled_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin_run(&c);
    (void)court_request(&c, "r2");
    court_control(&c, "Cancel", "r2", "c1");
    court_finish(&c, "r1", "cancelled", 0, 0);
    court_finds(&c, "P8", "no Cancel names it");
    court_end(&c);
}

/* ---- must ---- */

static void an_answer_behind_what_nobody_knows_is_found(void **state)
{
    struct court c;
    (void)state;

    court_begin(&c);
    int64_t before = court_request(&c, "r1");
    (void)court_record(&c, "WorkloadMoved", ",\"must\":true");
    int64_t behind = court_request(&c, "r2");
    court_accept(&c, "r1", before);
    court_finds_nothing(&c);
    assert_int_equal(judge_open(c.j), 0); /* they wait for another build */
    court_accept(&c, "r2", behind);
    court_finds(&c, "MUST", "behind a record");
    court_end(&c);
}

static void an_answer_behind_what_may_be_skipped_is_right(void **state)
{
    struct court c;
    (void)state;

    court_begin(&c);
    (void)court_record(&c, "WorkloadMoved", ",\"note\":1");
    court_accept(&c, "r2", court_request(&c, "r2"));
    court_finds_nothing(&c);
    court_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tick_that_begins_two_runs_is_found),
        cmocka_unit_test(a_tick_behind_a_later_one_begins_nothing),
        cmocka_unit_test(a_tick_that_is_taken_is_nobodys_debt),
        cmocka_unit_test(a_run_that_is_answered_for_two_requests_is_found),
        cmocka_unit_test(a_job_that_kills_and_kills_is_found),
        cmocka_unit_test(poison_without_a_letter_or_a_death_is_found),
        cmocka_unit_test(a_call_after_its_run_was_paused_or_cancelled_is_found),
        cmocka_unit_test(a_call_after_its_run_was_resumed_is_right),
        cmocka_unit_test(a_pause_of_another_run_is_none_of_this_one),
        cmocka_unit_test(a_call_after_its_run_was_over_is_found),
        cmocka_unit_test(a_cancelled_run_that_nobody_cancelled_is_found),
        cmocka_unit_test(an_answer_behind_what_nobody_knows_is_found),
        cmocka_unit_test(an_answer_behind_what_may_be_skipped_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
