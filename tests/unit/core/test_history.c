/* How much a history keeps, what goes first, and what programs read of it. */
#include "core/document.h"
#include "core/history.h"
#include "unit/cli/records.h"

#include <stdio.h>

enum { MB = 1024 * 1024, JOB = 50 /* members */ };

static void hear(void *arg, const struct kafka_record *r, const struct event *ev)
{
    history_hear(arg, r, ev);
}

/* A run that was asked for and has ended, both at the moments given. */
static void whole_run(struct history *h, const char *run, int64_t asked_s, int64_t ended_s)
{
    char asked[500];
    char ended[500];
    struct log_of_test l = {.next = asked_s};

    (void)snprintf(asked, sizeof asked,
                   "{\"v\":1,\"type\":\"RunRequested\",\"workload\":\"shop\",\"run\":\"%s\",\"action\":"
                   "\"stop\",\"origin\":{\"kind\":\"cli\"},\"if_busy\":\"queue\"}",
                   run);
    (void)snprintf(ended, sizeof ended,
                   "{\"v\":1,\"type\":\"RunFinished\",\"workload\":\"shop\",\"run\":\"%s\",\"action\":"
                   "\"stop\",\"result\":\"succeeded\",\"counts\":{}}",
                   run);
    log_say(&l, asked, hear, h);
    l.next = ended_s;
    log_say(&l, ended, hear, h);
}

static const char *kept(const struct history *h, char out[100])
{
    const struct story *at[20];
    size_t n = history_latest(h, NULL, at, 20);

    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        (void)snprintf(out + strlen(out), 100 - strlen(out), "%s ", at[i]->run);
    return out;
}

static void of_ended_runs_those_that_ended_last_are_kept_whatever_the_order_of_reading(void **state)
{
    static const int orders[][4] = {{1, 2, 3, 4}, {4, 3, 2, 1}, {3, 1, 4, 2}};
    const struct history_bounds two = {.ended = 2, .going = 9};
    char names[100];
    (void)state;

    for (size_t o = 0; o < 3; o++) {
        HISTORY_CLEANUP struct history *h = history_new(NULL, &two);
        for (size_t i = 0; i < 4; i++) {
            char run[8];
            (void)snprintf(run, sizeof run, "r%d", orders[o][i]);
            whole_run(h, run, orders[o][i] * 10, orders[o][i] * 10 + 5);
        }
        assert_string_equal(kept(h, names), "r4 r3 ");
        assert_true(history_forgotten(h));
    }
}

static void a_run_that_goes_on_is_not_forgotten_for_one_that_has_ended(void **state)
{
    const struct history_bounds one = {.ended = 1, .going = 2};
    struct log_of_test l = {0};
    char names[100];
    HISTORY_CLEANUP struct history *h = history_new(NULL, &one);
    (void)state;

    log_say(&l, SAY_REQUESTED("old"), hear, h);
    whole_run(h, "a", 10, 20);
    whole_run(h, "b", 30, 40);
    assert_string_equal(kept(h, names), "b old ");
    l.next = 100;
    log_say(&l, SAY_REQUESTED("new"), hear, h);
    log_say(&l, SAY_REQUESTED("newer"), hear, h); /* the third that goes on */
    assert_string_equal(kept(h, names), "newer new b ");
    assert_null(history_run(h, "shop", "old"));
    assert_non_null(history_run(h, "shop", "new"));
}

static void what_ended_before_a_moment_is_forgotten_and_that_is_no_loss(void **state)
{
    const struct history_bounds some = {.ended = 9, .going = 9};
    char names[100];
    HISTORY_CLEANUP struct history *h = history_new(NULL, &some);
    (void)state;

    whole_run(h, "a", 10, 20);
    whole_run(h, "b", 11, 30);
    history_expire(h, 1000000 + 30 * 1000);
    assert_string_equal(kept(h, names), "b ");
    history_expire(h, INT64_MAX);
    assert_int_equal(history_count(h, NULL), 0);
    assert_false(history_forgotten(h));
}

/* A run with its acceptance and `n` planned members. */
static void large_run(struct history *h, const char *run, size_t n)
{
    char accepted[1000];
    struct log_of_test l = {0};
    BUF_CLEANUP struct buf plan = BUF_INIT(EVENT_TEXT_MAX);

    (void)snprintf(
        accepted, sizeof accepted,
        "{\"v\":1,\"type\":\"RunAccepted\",\"workload\":\"shop\",\"run\":\"%s\",\"action\":\"stop\","
        "\"request\":\"0:0:0\",\"steps\":[{\"tiers\":[\"web\"]}],\"on_failure\":\"halt\","
        "\"deadline_s\":100,\"pause_s\":10,\"members\":3," SAY_SPEC "}",
        run);
    buf_addf(
        &plan,
        "{\"v\":1,\"type\":\"TierPlanned\",\"workload\":\"shop\",\"run\":\"%s\",\"epoch\":\"0:0:1\","
        "\"action\":\"stop\",\"step\":0,\"plan\":\"n\",\"part\":0,\"parts\":1,\"tiers\":[{\"tier\":\"web\","
        "\"kind\":\"ec2\"," SAY_OPTIONS ",\"jobs\":[",
        run);
    for (size_t i = 0; i < n; i += JOB) {
        buf_addf(&plan, "%s{\"job\":\"j%zu\",\"members\":[", i ? "," : "", i);
        for (size_t k = 0; k < JOB; k++)
            buf_addf(&plan, "%s\"i-%zu\"", k ? "," : "", i + k);
        buf_adds(&plan, "]}");
    }
    buf_adds(&plan, "]}]}");
    log_say(&l, accepted, hear, h);
    log_say(&l, buf_cstr(&plan), hear, h);
}

static void over_its_bytes_ended_runs_go_first_then_members_and_that_is_told(void **state)
{
    const struct history_bounds small = {.ended = 100, .going = 100, .bytes = 1 * MB, .whole = true};
    char names[100];
    struct history_tally t;
    HISTORY_CLEANUP struct history *h = history_new(NULL, &small);
    (void)state;

    whole_run(h, "ended", 1, 2);
    large_run(h, "first", 4000);
    assert_int_equal(history_count(h, NULL), 2);
    large_run(h, "second", 4000); /* together they are too large */
    assert_string_equal(kept(h, names), "first second ");
    assert_true(history_run(h, "shop", "first")->partial);
    assert_null(history_run(h, "shop", "first")->members);
    assert_false(history_run(h, "shop", "second")->partial);
    assert_int_equal(HASH_COUNT(history_run(h, "shop", "second")->members), 4000);
    history_count_all(h, &t);
    assert_true(t.bytes > 0 && t.bytes <= 1 * MB);
    assert_int_equal(t.waiting, 2);
}

static void a_refused_run_has_its_result_and_its_end(void **state)
{
    const struct history_bounds some = {.ended = 9, .going = 9};
    struct log_of_test l = {0};
    struct history_tally t;
    HISTORY_CLEANUP struct history *h = history_new(NULL, &some);
    (void)state;

    log_say(&l, SAY_REQUESTED("r"), hear, h);
    log_say(&l,
            "{\"v\":1,\"type\":\"RunRefused\",\"workload\":\"shop\",\"run\":\"r\",\"request\":\"0:0:0\","
            "\"cause\":\"busy\"}",
            hear, h);
    const struct story *s = history_run(h, "shop", "r");
    assert_true(s->result == RESULT_REFUSED && s->cause == CAUSE_BUSY && s->ended_ms == 1001000);
    assert_false(s->partial);
    history_count_all(h, &t);
    assert_true(t.ended[RESULT_REFUSED] == 1 && !t.waiting && !t.running);
}

static void what_programs_read_of_runs_has_every_key(void **state)
{
    const struct history_bounds some = {.ended = 9, .going = 9};
    struct log_of_test l = {0};
    BUF_CLEANUP struct buf text = BUF_INIT(10000);
    HISTORY_CLEANUP struct history *h = history_new(NULL, &some);
    (void)state;

    log_say(&l, SAY_REQUESTED("r"), hear, h);
    log_say(&l, SAY_ACCEPTED("r", "0:0:0"), hear, h);
    log_say(&l, SAY_DRAINED("", "0:0:1"), hear, h);
    log_say(&l, SAY_REQUESTED("s"), hear, h);
    JSON_CLEANUP struct json *document = history_json(h, "shop", 1);
    json_print(document, &text);
    assert_string_equal(
        buf_cstr(&text),
        "{\"v\":1,\"runs\":[{\"workload\":\"shop\",\"run\":\"s\",\"action\":\"stop\","
        "\"result\":\"\",\"cause\":\"\",\"asked\":\"1970-01-01T00:16:43.000Z\",\"began\":\"\","
        "\"ended\":\"\",\"counts\":{\"done\":0,\"unchanged\":0,\"bypassed\":0,\"failed\":0,"
        "\"doubt\":0},\"who\":\"me@here\",\"reason\":\"why\"}],\"known\":2}");
    JSON_CLEANUP struct json *other = history_json(h, "other", 5);
    buf_clear(&text);
    json_print(other, &text);
    assert_string_equal(buf_cstr(&text), "{\"v\":1,\"runs\":[],\"known\":0}");
}

static void a_run_is_told_with_steps_and_members_and_says_when_its_beginning_was_not_heard(void **state)
{
    const struct history_bounds some = {.ended = 9, .going = 9, .whole = true};
    struct log_of_test l = {0};
    BUF_CLEANUP struct buf text = BUF_INIT(10000);
    HISTORY_CLEANUP struct history *h = history_new(NULL, &some);
    (void)state;

    log_say(&l, SAY_REQUESTED("r"), hear, h);
    log_say(&l, SAY_ACCEPTED("r", "0:0:0"), hear, h);
    log_say(&l, SAY_DRAINED("", "0:0:1"), hear, h);
    log_say(&l, SAY_PLANNED("r", "0:0:1"), hear, h);
    JSON_CLEANUP struct json *document = document_new();
    story_json(history_run(h, "shop", "r"), document);
    json_print(document, &text);
    assert_non_null(strstr(buf_cstr(&text),
                           "\"partial\":false,\"steps\":[{\"tiers\":[\"web\"],\"reached\":true},"
                           "{\"tiers\":[\"db\"],\"reached\":false}],\"members\":[{\"id\":\"i-1\","
                           "\"tier\":\"web\",\"step\":0,\"outcome\":\"pending\""));
    log_say(&l, SAY_TERMINAL("late", "0:0:1"), hear, h);
    assert_true(history_run(h, "shop", "late")->partial);
    log_say(&l, SAY_REQUESTED("young"), hear, h);
    assert_false(history_run(h, "shop", "young")->partial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_ended_runs_those_that_ended_last_are_kept_whatever_the_order_of_reading),
        cmocka_unit_test(a_run_that_goes_on_is_not_forgotten_for_one_that_has_ended),
        cmocka_unit_test(what_ended_before_a_moment_is_forgotten_and_that_is_no_loss),
        cmocka_unit_test(over_its_bytes_ended_runs_go_first_then_members_and_that_is_told),
        cmocka_unit_test(a_refused_run_has_its_result_and_its_end),
        cmocka_unit_test(what_programs_read_of_runs_has_every_key),
        cmocka_unit_test(a_run_is_told_with_steps_and_members_and_says_when_its_beginning_was_not_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
