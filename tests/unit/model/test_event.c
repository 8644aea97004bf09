#include "model/event.h"

#include "support/weigh.h"

#include <string.h>

static void prints_back(const char *text)
{
    struct event ev;
    struct err e = {0};
    BUF_CLEANUP struct buf out = BUF_INIT(EVENT_TEXT_MAX);

    if (!event_parse(str_of(text), &ev, &e))
        fail_msg("%s: %s", text, e.msg);
    event_print(&ev, &out);
    assert_string_equal(buf_cstr(&out), text);
    event_release(&ev);
}

static void records_come_back_as_they_were_written(void **state)
{
    (void)state;
    prints_back("{\"v\":1,\"type\":\"RunRequested\",\"ts\":\"2026-05-01T10:00:00.000Z\",\"workload\":\"w\","
                "\"run\":\"r\",\"action\":\"stop\","
                "\"origin\":{\"kind\":\"cli\",\"who\":\"a@b\"},\"tiers\":[\"t\"],\"if_busy\":\"reject\","
                "\"not_after_ms\":5}");
    prints_back(
        "{\"v\":1,\"type\":\"JobTerminal\",\"workload\":\"w\",\"run\":\"r\",\"epoch\":\"0:1:2\",\"action\":"
        "\"stop\",\"step\":0,"
        "\"tier\":\"t\",\"job\":\"j\",\"attempt\":1,\"token\":\"k\",\"worker\":\"x\",\"unanswered\":true,"
        "\"members\":[{\"id\":\"i-1\",\"outcome\":\"bypassed\",\"cause\":\"override-unknown\",\"from\":"
        "\"running\"}]}");
    prints_back("{\"v\":1,\"type\":\"Drained\",\"workload\":\"w\",\"next_epoch\":\"0:1:2\"}");
    prints_back("{\"v\":1,\"type\":\"ViewOpened\",\"inc\":\"abc\",\"ttl_ms\":15000,\"taws_ms\":1020000}");
}

/* The view keeps a request's own text: one that is too large is folded as nothing, without an answer to
 * anybody. */
static void a_request_larger_than_the_view_keeps_is_known_before_it_is_appended(void **state)
{
    char reason[EVENT_TEXT_KEPT_MAX];
    struct event_request r = {.origin = {.who = reason}};
    struct err e = {0};

    (void)state;
    for (size_t n = 0, was = true; n < sizeof reason - 1; n++) {
        memset(reason, 'x', n);
        reason[n] = 0;
        BUF_CLEANUP struct buf text = BUF_INIT(EVENT_TEXT_MAX);
        JSON_CLEANUP struct json *j = json_encode(event_request_fields, &r);
        json_print(j, &text);
        bool fits = event_request_fits(&r, &e);
        assert_int_equal(fits, text.n <= EVENT_TEXT_KEPT_MAX);
        assert_true(was || !fits);
        was = fits;
    }
    assert_false(event_request_fits(&r, &e));
    assert_int_equal(e.kind, ERR_INVALID);
}

static void a_type_of_the_future_is_kept_by_name_with_its_must(void **state)
{
    struct event ev;
    struct err e = {0};

    (void)state;
    assert_true(event_parse(
        STR("{\"v\":1,\"type\":\"Leap\",\"must\":true,\"needs\":[\"x\"],\"workload\":\"w\",\"other\":{}}"),
        &ev, &e));
    assert_int_equal(ev.type, EVENT_OTHER);
    assert_string_equal(ev.type_name, "Leap");
    assert_true(ev.must);
    assert_int_equal(ev.needs.n, 1);
    event_release(&ev);
}

static void what_is_no_record_is_refused_and_leaves_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "nonsense",
        "{\"v\":1}",
        "{\"v\":\"1\",\"type\":\"Drained\"}",
        "{\"v\":2,\"type\":\"Drained\"}",
        "{\"v\":1,\"type\":\"TierPlanned\",\"step\":0}",
        "{\"v\":1,\"type\":\"JobTerminal\",\"step\":\"0\"}",
    };
    struct event ev;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        assert_false(event_parse(str_of(bad[i]), &ev, &e));
        assert_int_equal(e.kind, ERR_INVALID);
    }
}

static void every_cause_has_a_sentence_and_its_own_word(void **state)
{
    (void)state;
    for (int c = 1; c < CAUSE_COUNT; c++) {
        enum cause back = CAUSE_NONE;
        assert_non_null(cause_names[c]);
        assert_true(strlen(cause_sentence((enum cause)c)) > 10);
        assert_true(cause_of(str_of(cause_names[c]), &back));
        assert_int_equal(back, c);
    }
}

static void results_follow_the_contract(void **state)
{
    (void)state;
    assert_int_equal(result_of_counts(&(struct counts){.done = 1}), RESULT_SUCCEEDED);
    assert_int_equal(result_of_counts(&(struct counts){.bypassed = 3}), RESULT_SUCCEEDED);
    assert_int_equal(result_of_counts(&(struct counts){.done = 1, .failed = 1}), RESULT_PARTIAL);
    assert_int_equal(result_of_counts(&(struct counts){.bypassed = 1, .doubt = 1}), RESULT_PARTIAL);
    assert_int_equal(result_of_counts(&(struct counts){.unchanged = 4, .failed = 1}), RESULT_FAILED);
    assert_true(result_halts(&(struct counts){.doubt = 1}, ACTION_STOP, ON_FAILURE_HALT));
    assert_false(result_halts(&(struct counts){.doubt = 1}, ACTION_START, ON_FAILURE_HALT));
    assert_false(result_halts(&(struct counts){.failed = 1}, ACTION_STOP, ON_FAILURE_CONTINUE));
}

static void every_record_of_a_run_is_one_trace(void **state)
{
    struct event_headers a;
    struct event_headers b;
    struct event ev;
    const char id[] = "0123456789abcdef0123456789abcdef";

    (void)state;
    event_init(&ev, EVENT_DRAINED, 0, "w", "r");
    event_headers_fill(&a, &ev, "/ec2sched/worker/1", id);
    event_headers_fill(&b, &ev, "/ec2sched/producer/2", id);
    assert_int_equal(a.n, 8);
    assert_string_equal(a.names[7], "traceparent");
    assert_string_equal(a.values[7], b.values[7]);
    assert_int_equal(strlen(a.values[7]), 55);
    assert_string_equal(a.values[1], "ec2sched.Drained.v1");
    event_release(&ev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(a_request_larger_than_the_view_keeps_is_known_before_it_is_appended),
        WEIGHED(records_come_back_as_they_were_written),
        WEIGHED(a_type_of_the_future_is_kept_by_name_with_its_must),
        WEIGHED(what_is_no_record_is_refused_and_leaves_nothing),
        WEIGHED(every_cause_has_a_sentence_and_its_own_word),
        WEIGHED(results_follow_the_contract),
        WEIGHED(every_record_of_a_run_is_one_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
