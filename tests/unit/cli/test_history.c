/* What is told of runs from their records: the story of one, the history of many, and the state of a workload
 * folded. */
#include "cli/state.h"
#include "cli/telling.h"
#include "core/fold.h"
#include "core/history.h"
#include "unit/cli/records.h"

static const struct history_bounds few = {.ended = 10, .going = 10};

static void to_history(void *arg, const struct kafka_record *r, const struct event *ev)
{
    history_hear(arg, r, ev);
}

static void to_story(void *arg, const struct kafka_record *r, const struct event *ev)
{
    (void)story_hear(arg, r, ev);
}

static void to_fold(void *arg, const struct kafka_record *r, const struct event *ev)
{
    assert_int_equal(fold_take(arg, &(struct fold_place){r->offset, r->ts_ms, r->key}, ev), FOLD_OK);
}

static const char *const a_run[] = {
    SAY_REQUESTED("r"),        SAY_ACCEPTED("r", "0:0:0"), SAY_DRAINED("", "0:0:1"),
    SAY_PLANNED("r", "0:0:1"), SAY_TERMINAL("r", "0:0:1"), SAY_FINISHED("r", "halted"),
};
enum { RECORDS = sizeof a_run / sizeof *a_run };

static void a_run_has_one_line_of_history_with_its_times_and_its_result(void **state)
{
    struct log_of_test l = {0};
    const struct story *at[4];
    HISTORY_CLEANUP struct history *h = history_new("shop", &few);
    (void)state;

    for (size_t i = 0; i < RECORDS; i++)
        log_say(&l, a_run[i], to_history, h);
    log_say(&l, SAY_FINISHED("r", "succeeded"), to_history, h); /* a second leader's: the first stands */
    log_say(&l, SAY_REQUESTED("later"), to_history, h);
    assert_int_equal(history_latest(h, NULL, at, 4), 2);
    assert_string_equal(at[0]->run, "later"); /* the latest first */
    assert_int_equal(at[0]->result, RESULT_NONE);
    assert_int_equal(at[1]->result, RESULT_HALTED);
    assert_string_equal(at[1]->who, "me@here");
    assert_true(at[1]->asked_ms == 1000000 && at[1]->began_ms == 1002000 && at[1]->ended_ms == 1005000);
    assert_int_equal(history_latest(h, NULL, at, 1), 1);
    assert_false(history_forgotten(h));
}

static void other_workloads_and_names_that_cannot_be_are_not_history(void **state)
{
    struct log_of_test l = {0};
    HISTORY_CLEANUP struct history *h = history_new("other", &few);
    HISTORY_CLEANUP struct history *all = history_new(NULL, &few);
    (void)state;

    log_say(&l, a_run[0], to_history, h);
    assert_int_equal(history_count(h, NULL), 0);
    log_say(&l, SAY_REQUESTED("not a run"), to_history, all);
    assert_int_equal(history_count(all, NULL), 0);
}

static void a_story_counts_each_member_once_and_knows_its_end(void **state)
{
    struct log_of_test l = {0};
    struct bar bars[4];
    STORY_CLEANUP struct story *s = story_new("shop", "r", true);
    (void)state;

    for (size_t i = 0; i < 3; i++)
        log_say(&l, a_run[i], to_story, s);
    assert_true(s->accepted && s->began);
    assert_int_equal(telling_bars(s, bars, 4), 2);
    assert_string_equal(bars[0].label, "0 web");
    assert_true(bars[0].total == 0 && bars[0].done == 0);
    log_say(&l, a_run[3], to_story, s);
    log_say(&l, a_run[3], to_story, s); /* a second delivery adds nobody */
    (void)telling_bars(s, bars, 4);
    assert_true(bars[0].total == 3 && bars[0].done == 1);
    log_say(&l, a_run[4], to_story, s);
    log_say(&l, a_run[4], to_story, s);
    (void)telling_bars(s, bars, 4);
    assert_true(bars[0].total == 3 && bars[0].done == 3);
    assert_string_equal(bars[0].note, "complete, 1 failed");
    assert_string_equal(bars[1].note, "not begun");
    assert_int_equal(s->result, RESULT_NONE);
    log_say(&l, a_run[5], to_story, s);
    assert_int_equal(s->result, RESULT_HALTED);
    assert_int_equal(telling_exit(s), CLI_FAILED);
}

static void a_story_begins_only_with_its_own_workloads_turn(void **state)
{
    struct log_of_test l = {0};
    STORY_CLEANUP struct story *s = story_new("shop", "r", true);
    (void)state;

    log_say(&l, a_run[0], to_story, s);
    log_say(&l, a_run[1], to_story, s);
    log_say(&l, "{\"v\":1,\"type\":\"Drained\",\"workload\":\"other\",\"next_epoch\":\"0:3:1\"}", to_story,
            s);
    assert_false(s->began); /* the same offset, in another partition */
    log_say(&l, a_run[2], to_story, s);
    assert_true(s->began);
}

static void a_state_folded_from_the_log_names_steps_and_says_that_leases_are_unknown(void **state)
{
    struct log_of_test l = {0};
    struct cli_state s;
    BUF_CLEANUP struct buf start = BUF_INIT(1000);
    FOLD_CLEANUP struct fold *f = fold_new(0, 1, 0, 0);
    (void)state;

    for (size_t i = 0; i < 2; i++)
        log_say(&l, a_run[i], to_fold, f);
    cli_state_of_fold(fold_workload(f, STR("shop")), 0, &s);
    assert_string_equal(s.state, "draining");
    assert_string_equal(s.next_run, "r");
    cli_state_start(&s, &start);
    assert_non_null(strstr(buf_cstr(&start), "leases are unknown"));
    cli_state_release(&s);
    for (size_t i = 2; i < 4; i++)
        log_say(&l, a_run[i], to_fold, f);
    cli_state_of_fold(fold_workload(f, STR("shop")), 0, &s);
    assert_string_equal(s.state, "running");
    assert_string_equal(cli_state_step_word(&s, 0), "in progress");
    assert_string_equal(cli_state_step_word(&s, 1), "not begun");
    assert_int_equal(s.at[0].leased, -1);
    cli_state_release(&s);
    for (size_t i = 4; i < RECORDS; i++)
        log_say(&l, a_run[i], to_fold, f);
    cli_state_of_fold(fold_workload(f, STR("shop")), 0, &s);
    assert_string_equal(s.state, "idle");
    assert_int_equal(s.result, RESULT_HALTED);
    assert_string_equal(cli_state_step_word(&s, 1), "not reached");
    cli_state_release(&s);
}

static void why_a_run_waits_is_told_with_the_moment_and_its_zone(void **state)
{
    struct cli_state s = {.from_view = true, .state = "idle", .until_ms = 1795551423000};
    struct cli_state waits = {
        .from_view = true, .state = "draining", .why = "signature window", .until_ms = 1795551423000};
    BUF_CLEANUP struct buf start = BUF_INIT(1000);
    (void)state;

    cli_state_start(&s, &start); /* it does not drain: nothing waits */
    assert_int_equal(start.n, 0);
    cli_state_start(&waits, &start);
    assert_non_null(
        strstr(buf_cstr(&start), "starts 2026-11-24 20:17:03Z at the earliest: a worker died holding"));
}

static void a_record_under_another_key_or_in_another_partition_is_nothing(void **state)
{
    struct err e = {0};
    struct event ev;
    FOLD_CLEANUP struct fold *here = fold_new(0, 1, 0, 0);
    FOLD_CLEANUP struct fold *elsewhere = fold_new((ids_partition(STR("shop"), 7) + 1) % 7, 7, 0, 0);
    (void)state;

    assert_true(event_parse(str_of(a_run[0]), &ev, &e));
    assert_int_equal(fold_take(here, &(struct fold_place){0, 1, STR("shopping")}, &ev), FOLD_IGN);
    assert_int_equal(fold_take(elsewhere, &(struct fold_place){0, 1, STR("shop")}, &ev), FOLD_IGN);
    assert_null(fold_workload(here, STR("shop")));
    assert_null(fold_workload(elsewhere, STR("shop")));
    assert_int_equal(fold_take(here, &(struct fold_place){1, 1, STR("shop")}, &ev), FOLD_OK);
    assert_non_null(fold_workload(here, STR("shop")));
    assert_ptr_equal(fold_each(here, NULL), fold_workload(here, STR("shop")));
    assert_null(fold_each(here, fold_each(here, NULL)));
    event_release(&ev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_has_one_line_of_history_with_its_times_and_its_result),
        cmocka_unit_test(other_workloads_and_names_that_cannot_be_are_not_history),
        cmocka_unit_test(a_story_counts_each_member_once_and_knows_its_end),
        cmocka_unit_test(a_story_begins_only_with_its_own_workloads_turn),
        cmocka_unit_test(a_state_folded_from_the_log_names_steps_and_says_that_leases_are_unknown),
        cmocka_unit_test(why_a_run_waits_is_told_with_the_moment_and_its_zone),
        cmocka_unit_test(a_record_under_another_key_or_in_another_partition_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
