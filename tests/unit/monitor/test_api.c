/* What the monitor's pages answer, from a history: documents, and errors with a remedy. */
#include "monitor/api.h"
#include "unit/cli/records.h"

#include <stdio.h>

enum { ANSWER_MAX = 100000 };

struct scene {
    struct history *history;
    struct api api;
    int status;
    bool ours; /* the path was the API's */
    const char *type;
    struct buf text;
};

static void hear(void *arg, const struct kafka_record *r, const struct event *ev)
{
    history_hear(arg, r, ev);
}

static void begin(struct scene *s)
{
    const struct history_bounds bounds = {.ended = 50, .going = 50, .whole = true};
    struct log_of_test l = {0};

    *s = (struct scene){.history = history_new(NULL, &bounds), .text = BUF_INIT(ANSWER_MAX)};
    s->api = (struct api){.history = s->history, .as_of_ms = 1795551423000, .runs_max = 100};
    log_say(&l, SAY_REQUESTED("r"), hear, s->history);
    log_say(&l, SAY_ACCEPTED("r", "0:0:0"), hear, s->history);
    log_say(&l, SAY_DRAINED("", "0:0:1"), hear, s->history);
    log_say(&l, SAY_PLANNED("r", "0:0:1"), hear, s->history);
    log_say(&l, SAY_TERMINAL("r", "0:0:1"), hear, s->history);
    log_say(&l, SAY_FINISHED("r", "halted"), hear, s->history);
    log_say(&l, SAY_REQUESTED("w"), hear, s->history);
}

static void finish(struct scene *s)
{
    buf_release(&s->text);
    history_freep(&s->history);
}

static const char *get(struct scene *s, const char *path, const struct http_header *args, size_t n)
{
    const struct http_asked asked = {
        .method = STR("GET"), .path = str_of(path), .args = args, .arg_count = n};
    struct http_answer answer = {.status = 404, .content_type = "text/plain", .body = BUF_INIT(ANSWER_MAX)};

    s->ours = api_answer(&s->api, &asked, &answer);
    buf_release(&s->text);
    s->status = answer.status;
    s->type = answer.content_type;
    s->text = answer.body;
    return buf_cstr(&s->text);
}

static void has(struct scene *s, const char *part)
{
    if (!strstr(buf_cstr(&s->text), part))
        fail_msg("%s\nhas not: %s", buf_cstr(&s->text), part);
}

static void runs_are_the_command_lines_document_with_its_moment(void **state)
{
    struct scene s;
    const struct http_header one[] = {{STR("limit"), STR("1")}, {STR("workload"), STR("shop")}};
    const struct http_header other[] = {{STR("workload"), STR("other")}};
    (void)state;

    begin(&s);
    (void)get(&s, "/v1/runs", NULL, 0);
    assert_true(s.ours && s.status == 200);
    assert_string_equal(s.type, "application/json");
    has(&s, "{\"v\":1,\"runs\":[{\"workload\":\"shop\",\"run\":\"w\",");
    has(&s, "\"run\":\"r\",\"action\":\"stop\",\"result\":\"halted\"");
    has(&s, "],\"known\":2,\"as_of\":\"2026-11-24T20:17:03.000Z\"}\n");
    (void)get(&s, "/v1/runs", one, 2);
    has(&s, "\"run\":\"w\"");
    assert_null(strstr(buf_cstr(&s.text), "\"run\":\"r\""));
    has(&s, "\"known\":2");
    (void)get(&s, "/v1/runs", other, 1);
    has(&s, "\"runs\":[],\"known\":0");
    finish(&s);
}

static void a_run_is_told_whole_by_its_name(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    (void)get(&s, "/v1/runs/shop@r", NULL, 0);
    assert_int_equal(s.status, 200);
    has(&s, "{\"v\":1,\"workload\":\"shop\",\"run\":\"r\",\"action\":\"stop\",\"result\":\"halted\"");
    has(&s, "{\"id\":\"i-2\",\"tier\":\"web\",\"step\":0,\"outcome\":\"failed\",\"cause\":\"timed-out\"");
    has(&s, "\"as_of\":");
    (void)get(&s, "/v1/runs/shop@none", NULL, 0);
    assert_int_equal(s.status, 404);
    has(&s, "{\"v\":1,\"error\":{\"kind\":\"not-found\",\"message\":\"shop@none: the history does not know "
            "this run\"");
    finish(&s);
}

static void workloads_say_what_goes_on_and_what_was_last(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    (void)get(&s, "/v1/workloads", NULL, 0);
    assert_int_equal(s.status, 200);
    has(&s, "\"workloads\":[{\"workload\":\"shop\",\"runs\":2,\"waiting\":1,\"current\":{},\"last\":{"
            "\"workload\":"
            "\"shop\",\"run\":\"r\"");
    finish(&s);
}

static void what_cannot_be_asked_is_refused_with_what_can(void **state)
{
    static const struct {
        const char *path, *name, *value;
    } wrong[] = {
        {"/v1/runs", "limit", "0"},      {"/v1/runs", "limit", "101"},      {"/v1/runs", "limit", "x"},
        {"/v1/runs", "limit", ""},       {"/v1/runs", "workload", ""},      {"/v1/runs", "workload", "a|b"},
        {"/v1/runs", "worload", "shop"}, {"/v1/runs/shop@r", "limit", "1"}, {"/v1/events", "workload", "\n"},
        {"/v1/events", "limit", "1"},    {"/v1/workloads", "limit", "1"},   {"/v1/runs/shop", NULL, NULL},
    };
    const struct http_header twice[] = {{STR("limit"), STR("1")}, {STR("limit"), STR("2")}};
    struct scene s;
    (void)state;

    begin(&s);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct http_header arg = {str_of(wrong[i].name), str_of(wrong[i].value)};
        (void)get(&s, wrong[i].path, &arg, wrong[i].name ? 1 : 0);
        assert_int_equal(s.status, 400);
        has(&s, "{\"v\":1,\"error\":{\"kind\":\"usage\"");
        assert_null(strstr(buf_cstr(&s.text), "\"remedy\":\"\""));
    }
    (void)get(&s, "/v1/runs", twice, 2);
    assert_int_equal(s.status, 400);
    (void)get(&s, "/v1/nothing", NULL, 0);
    assert_int_equal(s.status, 404);
    has(&s, "/v1/runs/WORKLOAD@ID");
    (void)get(&s, "/metrics", NULL, 0);
    assert_false(s.ours);
    (void)get(&s, "/v1/events", NULL, 0);
    assert_true(s.ours && s.status == 0); /* it may be followed */
    finish(&s);
}

static void half_a_history_is_not_told_as_if_it_were_whole(void **state)
{
    static const char *const pages[] = {"/v1/runs", "/v1/runs/shop@r", "/v1/workloads", "/v1/events"};
    struct scene s;
    (void)state;

    begin(&s);
    s.api.reading = "the log has not been read to its end yet";
    for (size_t i = 0; i < 4; i++) {
        (void)get(&s, pages[i], NULL, 0);
        assert_int_equal(s.status, 503);
        has(&s, "\"kind\":\"unavailable\",\"message\":\"the log has not been read");
    }
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_the_command_lines_document_with_its_moment),
        cmocka_unit_test(a_run_is_told_whole_by_its_name),
        cmocka_unit_test(workloads_say_what_goes_on_and_what_was_last),
        cmocka_unit_test(what_cannot_be_asked_is_refused_with_what_can),
        cmocka_unit_test(half_a_history_is_not_told_as_if_it_were_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
