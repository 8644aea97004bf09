/* The window of the last records, and what clients of it are told: the tail, where they go on, and their
 * end. */
#include "base/mem.h"
#include "monitor/streams.h"
#include "support/cmocka_first.h"

#include <stdio.h>
#include <string.h>

struct scene {
    struct feed *feed;
    struct streams *streams;
    int64_t offsets[4];
};

static void begin(struct scene *s)
{
    *s = (struct scene){.feed = feed_new()};
    s->streams = streams_new(s->feed, "me");
    for (int p = 0; p < 4; p++)
        feed_begin(s->feed, p, 0);
    (void)streams_turn(s->streams, 1000);
}

static void finish(struct scene *s)
{
    streams_free(s->streams);
    feed_free(s->feed);
}

static void say(struct scene *s, int partition, const char *workload)
{
    char text[64];

    (void)snprintf(text, sizeof text, "{\"n\":%d}", (int)s->offsets[partition]);
    feed_add(s->feed, partition, s->offsets[partition]++, workload, str_of(text), false);
}

static struct http_stream enter(struct scene *s, const char *workload, const char *last_id)
{
    struct http_stream out = {0};
    struct err e = {0};
    const struct streams_wish wish = {.workload = workload, .partition = 1, .last_id = str_of(last_id)};

    assert_true(streams_open(s->streams, &wish, &out, &e));
    return out;
}

/* What it is told now, without the greeting. */
static const char *told(const struct http_stream *h, char out[4000])
{
    BUF_CLEANUP struct buf b = BUF_INIT(4000);

    if (h->ready(h->self))
        assert_true(h->read(h->self, &b));
    const char *text = buf_cstr(&b);
    static const char greeting[] = "retry: 2000\n\n";
    if (strncmp(text, greeting, strlen(greeting)) == 0)
        text += strlen(greeting);
    (void)snprintf(out, 4000, "%s", text);
    return out;
}

static void without_an_id_a_client_hears_what_comes_from_now_on_each_record_as_one_event(void **state)
{
    struct scene s;
    char text[4000];
    (void)state;

    begin(&s);
    say(&s, 0, "old");
    struct http_stream h = enter(&s, NULL, "");
    assert_string_equal(told(&h, text), "");
    assert_false(h.ready(h.self));
    say(&s, 1, "shop");
    feed_add(s.feed, 1, 7, "shop", STR("{\"p\":1}"), true);
    feed_add(s.feed, 2, 0, NULL, STR("{\n \"a\":\r\n1}"), false);
    assert_true(h.ready(h.self));
    assert_string_equal(told(&h, text), "id: 1:0:me\ndata: {\"n\":0}\n\n"
                                        "event: progress\ndata: {\"p\":1}\n\n"
                                        "id: 2:0:me\ndata: {  \"a\":  1}\n\n");
    h.close(h.self);
    finish(&s);
}

static void a_client_of_one_workload_hears_that_alone_and_is_not_woken_for_others(void **state)
{
    struct scene s;
    char text[4000];
    (void)state;

    begin(&s);
    struct http_stream h = enter(&s, "shop", "");
    (void)told(&h, text);
    say(&s, 1, "other");
    say(&s, 2, NULL);
    assert_false(h.ready(h.self));
    say(&s, 1, "shop");
    assert_string_equal(told(&h, text), "id: 1:1:me\ndata: {\"n\":1}\n\n");
    h.close(h.self);
    finish(&s);
}

static void a_client_that_this_process_told_its_last_event_goes_on_behind_it_exactly(void **state)
{
    struct scene s;
    char text[4000];
    (void)state;

    begin(&s);
    say(&s, 1, "a");
    say(&s, 2, "b");
    say(&s, 1, "c");
    struct http_stream h = enter(&s, NULL, "2:0:me");
    assert_string_equal(told(&h, text), "id: 1:1:me\ndata: {\"n\":1}\n\n");
    h.close(h.self);
    finish(&s);
}

/* Another monitor may have told it 2:0 before 1:0. */
static void
behind_another_monitors_event_all_of_the_window_is_told_and_that_something_may_be_missing(void **state)
{
    static const char *const ids[] = {"2:0", "2:0:other"};
    struct scene s;
    char text[4000];
    (void)state;

    begin(&s);
    say(&s, 1, "a");
    say(&s, 2, "b");
    say(&s, 2, "c");
    for (size_t i = 0; i < 2; i++) {
        struct http_stream h = enter(&s, NULL, ids[i]);
        assert_true(strncmp(told(&h, text), "event: gap\ndata: {\"v\":1,\"why\":", 30) == 0);
        assert_non_null(strstr(text, "id: 1:0:me\n"));
        assert_null(strstr(text, "id: 2:0:me\n")); /* that one it has */
        assert_non_null(strstr(text, "id: 2:1:me\n"));
        h.close(h.self);
    }
    finish(&s);
}

static void one_workload_goes_on_exactly_behind_anybodys_event_as_far_as_the_window_reaches(void **state)
{
    struct scene s;
    char text[4000];
    (void)state;

    begin(&s);
    for (int i = 0; i < 3; i++)
        say(&s, 1, "shop");
    struct http_stream h = enter(&s, "shop", "1:1:other");
    assert_string_equal(told(&h, text), "id: 1:2:me\ndata: {\"n\":2}\n\n");
    h.close(h.self);
    h = enter(&s, "shop", "2:1:other"); /* of another partition: it says nothing of this one's order */
    assert_non_null(strstr(told(&h, text), "event: gap"));
    h.close(h.self);
    for (int i = 0; i < FEED_RECORDS_MAX; i++)
        say(&s, 1, "shop"); /* offsets 3 … : those before are no longer there */
    h = enter(&s, "shop", "1:2:other");
    assert_null(strstr(told(&h, text), "event: gap"));
    h.close(h.self);
    h = enter(&s, "shop", "1:1:other");
    assert_non_null(strstr(told(&h, text), "event: gap"));
    h.close(h.self);
    finish(&s);
}

static void a_client_that_the_window_has_left_behind_is_cut_and_counted(void **state)
{
    struct scene s;
    char text[4000];
    BUF_CLEANUP struct buf b = BUF_INIT(100);
    (void)state;

    begin(&s);
    struct http_stream slow = enter(&s, NULL, "");
    struct http_stream quick = enter(&s, NULL, "");
    (void)told(&slow, text);
    (void)told(&quick, text);
    say(&s, 0, "a");
    (void)told(&quick, text);
    for (int i = 0; i < FEED_RECORDS_MAX; i++)
        say(&s, 0, "a");
    assert_true(slow.ready(slow.self));
    assert_false(slow.read(slow.self, &b));
    assert_int_equal(b.n, 0);
    assert_int_equal(streams_count(s.streams).cut, 1);
    slow.close(slow.self);
    assert_true(quick.ready(quick.self));
    assert_int_equal(streams_count(s.streams).open, 1);
    quick.close(quick.self);
    finish(&s);
}

static void the_window_keeps_its_bytes(void **state)
{
    enum { LARGE = 900 * 1000 };
    struct scene s;
    BUF_CLEANUP struct buf b = BUF_INIT(LARGE + 10);
    (void)state;

    begin(&s);
    buf_addc(&b, '"');
    while (b.n < LARGE)
        buf_addc(&b, 'x');
    for (int i = 0; i < 40; i++) {
        feed_add(s.feed, 0, i, NULL, buf_view(&b), false);
        assert_true(feed_bytes(s.feed) <= FEED_BYTES_MAX);
    }
    assert_int_equal(feed_next(s.feed) - feed_first(s.feed), FEED_BYTES_MAX / LARGE);
    assert_null(feed_at(s.feed, feed_first(s.feed) - 1));
    assert_int_equal(feed_at(s.feed, feed_next(s.feed) - 1)->offset, 39);
    finish(&s);
}

static void one_read_is_bounded_and_the_rest_follows(void **state)
{
    struct scene s;
    BUF_CLEANUP struct buf b = BUF_INIT(STREAMS_READ_MAX);
    size_t events = 0;
    (void)state;

    begin(&s);
    struct http_stream h = enter(&s, NULL, "");
    for (int i = 0; i < FEED_RECORDS_MAX; i++)
        say(&s, 0, "a");
    while (h.ready(h.self)) {
        buf_clear(&b);
        assert_true(h.read(h.self, &b));
        assert_false(b.over);
        for (const char *at = buf_cstr(&b); (at = strstr(at, "data:")) != NULL; at++)
            events++;
    }
    assert_int_equal(events, FEED_RECORDS_MAX);
    h.close(h.self);
    finish(&s);
}

static void silence_is_broken_by_a_comment_so_that_both_sides_know(void **state)
{
    struct scene s;
    char text[4000];
    (void)state;

    begin(&s);
    struct http_stream h = enter(&s, NULL, "");
    (void)told(&h, text);
    assert_int_equal(streams_turn(s.streams, 2000), 1000 + STREAMS_PING_MS);
    assert_false(h.ready(h.self));
    (void)streams_turn(s.streams, 1000 + STREAMS_PING_MS);
    assert_true(h.ready(h.self));
    assert_string_equal(told(&h, text), ":\n\n");
    assert_false(h.ready(h.self));
    h.close(h.self);
    assert_true(streams_turn(s.streams, 999999) == INT64_MAX);
    finish(&s);
}

static void clients_are_bounded_and_an_id_that_cannot_be_is_refused(void **state)
{
    static const char *const wrong[] = {"x", "1", "1:", ":1", "-1:1", "1:-1", "1:x:me", "99999999999:1"};
    struct scene s;
    struct http_stream all[STREAMS_MAX];
    struct http_stream more = {0};
    struct err e = {0};
    struct streams_wish wish = {0};
    BUF_CLEANUP struct buf b = BUF_INIT(100);
    (void)state;

    begin(&s);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wish.last_id = str_of(wrong[i]);
        assert_false(streams_open(s.streams, &wish, &more, &e));
        assert_int_equal(e.kind, ERR_INVALID);
    }
    wish.last_id = STR("");
    for (size_t i = 0; i < STREAMS_MAX; i++)
        all[i] = enter(&s, NULL, "");
    assert_false(streams_open(s.streams, &wish, &more, &e));
    assert_int_equal(e.kind, ERR_UNAVAILABLE);
    assert_null(more.read);
    all[3].close(all[3].self);
    all[3] = enter(&s, NULL, "");
    streams_end(s.streams);
    for (size_t i = 0; i < STREAMS_MAX; i++) {
        assert_true(all[i].ready(all[i].self));
        assert_false(all[i].read(all[i].self, &b));
        all[i].close(all[i].self);
    }
    assert_false(streams_open(s.streams, &wish, &more, &e));
    assert_int_equal(streams_count(s.streams).refused, 2);
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_id_a_client_hears_what_comes_from_now_on_each_record_as_one_event),
        cmocka_unit_test(a_client_of_one_workload_hears_that_alone_and_is_not_woken_for_others),
        cmocka_unit_test(a_client_that_this_process_told_its_last_event_goes_on_behind_it_exactly),
        cmocka_unit_test(
            behind_another_monitors_event_all_of_the_window_is_told_and_that_something_may_be_missing),
        cmocka_unit_test(one_workload_goes_on_exactly_behind_anybodys_event_as_far_as_the_window_reaches),
        cmocka_unit_test(a_client_that_the_window_has_left_behind_is_cut_and_counted),
        cmocka_unit_test(the_window_keeps_its_bytes),
        cmocka_unit_test(one_read_is_bounded_and_the_rest_follows),
        cmocka_unit_test(silence_is_broken_by_a_comment_so_that_both_sides_know),
        cmocka_unit_test(clients_are_bounded_and_an_id_that_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
