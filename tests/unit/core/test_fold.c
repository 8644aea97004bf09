/* The readers' fold where random histories (tests/protocol/test_fold_c.py) seldom come: bounds, and what a
 * pause holds back. */
#include "core/fold.h"
#include "unit/cli/records.h"

#include <stdio.h>

struct folding {
    struct fold *fold;
    struct log_of_test log;
    enum fold_answer last;
};

static void take(void *arg, const struct kafka_record *r, const struct event *ev)
{
    struct folding *f = arg;

    f->last = fold_take(f->fold, &(struct fold_place){r->offset, r->ts_ms, r->key}, ev);
}

static const struct fold_workload *say(struct folding *f, const char *text)
{
    log_say(&f->log, text, take, f);
    return fold_workload(f->fold, STR("shop"));
}

static void begin(struct folding *f)
{
    *f = (struct folding){.fold = fold_new(0, 1, 0, 0)};
}

#define SAY_CONTROL(type, id, run)                                                                           \
    "{\"v\":1,\"type\":\"" type "\",\"workload\":\"shop\",\"run\":\"" run "\",\"id\":\"" id "\"}"

static void a_plan_that_comes_while_the_run_is_paused_opens_nothing_until_it_goes_on(void **state)
{
    struct folding f;
    (void)state;

    begin(&f);
    (void)say(&f, SAY_REQUESTED("r"));
    (void)say(&f, SAY_ACCEPTED("r", "0:0:0"));
    (void)say(&f, SAY_DRAINED("", "0:0:1"));
    (void)say(&f, SAY_CONTROL("Pause", "p1", "r"));
    const struct fold_workload *w = say(&f, SAY_PLANNED("r", "0:0:1"));
    assert_int_equal(f.last, FOLD_OK);
    assert_int_equal(w->state, FOLD_PAUSED);
    assert_true(w->current.planned == 0 && w->current.open == -1);
    assert_int_equal(w->current.counts.bypassed, 0); /* who is left out counts when the step begins */
    (void)say(&f, SAY_CONTROL("Resume", "p2", "r"));
    assert_true(w->current.open == 0 && w->current.counts.bypassed == 1);
    (void)say(&f, SAY_CONTROL("Pause", "p1", "r")); /* a copy that comes again after its opposite */
    assert_int_equal(f.last, FOLD_IGN);
    assert_int_equal(w->state, FOLD_RUNNING);
    fold_freep(&f.fold);
}

/* n requests, each answered by a refusal. `finish`: their RunFinished follows at once. */
static void refuse_many(struct folding *f, int from, int n, bool finish)
{
    char text[1000];

    for (int i = from; i < from + n; i++) {
        long long at = f->log.next;
        (void)snprintf(
            text, sizeof text,
            "{\"v\":1,\"type\":\"RunRequested\",\"workload\":\"shop\",\"run\":\"r%d\",\"action\":\"stop\","
            "\"origin\":{\"kind\":\"cli\"},\"if_busy\":\"queue\"}",
            i);
        (void)say(f, text);
        (void)snprintf(
            text, sizeof text,
            "{\"v\":1,\"type\":\"RunRefused\",\"workload\":\"shop\",\"run\":\"r%d\",\"request\":\"0:0:%lld\","
            "\"cause\":\"held\"}",
            i, at);
        (void)say(f, text);
        assert_int_equal(f->last, FOLD_OK);
        (void)snprintf(
            text, sizeof text,
            "{\"v\":1,\"type\":\"RunFinished\",\"workload\":\"shop\",\"run\":\"r%d\",\"result\":\"refused\","
            "\"counts\":{\"done\":0,\"unchanged\":0,\"bypassed\":0,\"failed\":0}}",
            i);
        if (finish)
            (void)say(f, text);
    }
}

static void a_run_whose_finish_is_owed_is_never_forgotten(void **state)
{
    struct folding f;
    (void)state;

    begin(&f);
    refuse_many(&f, 0, 1, false);
    refuse_many(&f, 1, FOLD_RUNS + 5, true);
    const struct fold_workload *w = fold_workload(f.fold, STR("shop"));
    assert_non_null(fold_run_of(w, STR("r0")));
    assert_null(fold_run_of(w, STR("r1")));
    assert_int_equal(w->run_count, FOLD_RUNS);
    fold_freep(&f.fold);
}

static void more_requests_than_may_wait_are_refused_and_keep_their_cause(void **state)
{
    struct folding f;
    char text[1000];
    (void)state;

    begin(&f);
    for (int i = 0; i <= FOLD_WAITING; i++) {
        (void)snprintf(
            text, sizeof text,
            "{\"v\":1,\"type\":\"RunRequested\",\"workload\":\"shop\",\"run\":\"w%d\",\"action\":\"stop\","
            "\"origin\":{\"kind\":\"cli\"},\"if_busy\":\"queue\"}",
            i);
        (void)say(&f, text);
    }
    const struct fold_workload *w = fold_workload(f.fold, STR("shop"));
    assert_int_equal(w->waiting_count, FOLD_WAITING);
    const struct fold_run *last = fold_run_of(w, STR("w16"));
    assert_true(last->result == RESULT_REFUSED && last->cause == CAUSE_QUEUE_FULL);
    fold_freep(&f.fold);
}

static bool hold(struct folding *f, int i, long long until_ms)
{
    char text[500];

    (void)snprintf(text, sizeof text,
                   "{\"v\":1,\"type\":\"HoldSet\",\"workload\":\"shop\",\"id\":\"c%lld\",\"hold\":\"h%d\","
                   "\"until_ms\":%lld}",
                   (long long)f->log.next, i, until_ms);
    (void)say(f, text);
    return f->last == FOLD_OK;
}

static void holds_that_are_over_make_room_and_only_they(void **state)
{
    const long long far = 9000000000000;
    struct folding f;
    (void)state;

    begin(&f);
    for (int i = 0; i < FOLD_HOLDS; i++)
        assert_true(hold(&f, i, i < 2 ? 1065000 : far)); /* over from the 65th record on */
    assert_false(hold(&f, 100, far));
    assert_true(hold(&f, 101, far));
    const struct fold_workload *w = fold_workload(f.fold, STR("shop"));
    assert_int_equal(w->hold_count, FOLD_HOLDS - 2 + 1);
    assert_false(hold(&f, 101, far)); /* the same again */
    assert_true(hold(&f, 101, far - 1));
    assert_int_equal(w->hold_count, FOLD_HOLDS - 2 + 1);
    fold_freep(&f.fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_that_comes_while_the_run_is_paused_opens_nothing_until_it_goes_on),
        cmocka_unit_test(a_run_whose_finish_is_owed_is_never_forgotten),
        cmocka_unit_test(more_requests_than_may_wait_are_refused_and_keep_their_cause),
        cmocka_unit_test(holds_that_are_over_make_room_and_only_they),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
