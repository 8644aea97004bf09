/* The serving half of the HTTP port: what a handler is told, and replies that go on. */
#include "base/mem.h"
#include "real/httpd.h"
#include "support/cmocka_first.h"
#include "support/stage.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOON_MS = 5000, IDLE_S = 1, CLIENTS = 3, TEXT_MAX = 4 * 1024 * 1024 };

struct feed { /* what one stream will say */
    struct buf next;
    bool ends;
    int reads, closed;
};

struct scene {
    struct stage stage;
    struct httpd *httpd;
    struct feed feeds[CLIENTS];
    size_t given;
    char told[1000]; /* of the last request */
};

struct client {
    struct scene *scene;
    int fd;
    struct buf text;
    const char *awaits;
    bool over;
};

static bool feed_ready(void *self)
{
    const struct feed *f = self;
    return f->next.n || f->ends;
}

static bool feed_read(void *self, struct buf *out)
{
    struct feed *f = self;

    f->reads++;
    buf_add(out, buf_view(&f->next));
    buf_clear(&f->next);
    return !f->ends;
}

static void feed_close(void *self)
{
    struct feed *f = self;
    f->closed++;
}

static void tell(char *out, size_t size, const struct http_header *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)snprintf(out + strlen(out), size - strlen(out), STR_FMT "=" STR_FMT ";", STR_ARG(pairs[i].name),
                       STR_ARG(pairs[i].value));
}

static void handle(void *self, const struct http_asked *asked, struct http_answer *answer)
{
    struct scene *s = self;

    (void)snprintf(s->told, sizeof s->told, STR_FMT "?", STR_ARG(asked->path));
    tell(s->told, sizeof s->told, asked->args, asked->arg_count);
    (void)snprintf(s->told + strlen(s->told), sizeof s->told - strlen(s->told), " id=" STR_FMT,
                   STR_ARG(http_header_get(asked->headers, asked->header_count, "last-event-id")));
    answer->status = 200;
    if (!str_is(asked->path, "/stream"))
        return;
    answer->content_type = "text/event-stream";
    struct feed *f = &s->feeds[s->given++];
    answer->stream = (struct http_stream){feed_ready, feed_read, feed_close, f};
}

static void begin(struct scene *s)
{
    struct err e = {0};

    *s = (struct scene){0};
    for (size_t i = 0; i < CLIENTS; i++)
        s->feeds[i].next.max = HTTPD_STREAM_MAX;
    stage_open(&s->stage, NULL);
    s->httpd = httpd_new(s->stage.reactor, "127.0.0.1:0", IDLE_S, handle, s, &e);
    assert_non_null(s->httpd);
}

static void finish(struct scene *s)
{
    httpd_free(s->httpd);
    stage_close(&s->stage);
    for (size_t i = 0; i < CLIENTS; i++)
        buf_release(&s->feeds[i].next);
}

static void ask(struct scene *s, struct client *c, const char *request)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    *c = (struct client){.scene = s, .text = BUF_INIT(TEXT_MAX)};
    a.sin_port = htons((uint16_t)httpd_port(s->httpd));
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(c->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(send(c->fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
}

static void leave(struct client *c)
{
    (void)close(c->fd);
    buf_release(&c->text);
}

static void take(struct client *c)
{
    char block[65536];
    ssize_t n;

    while ((n = recv(c->fd, block, sizeof block, MSG_DONTWAIT)) > 0)
        buf_add(&c->text, str_n(block, (size_t)n));
    c->over = c->over || n == 0;
}

static bool has(void *self)
{
    struct client *c = self;

    take(c);
    return strstr(buf_cstr(&c->text), c->awaits);
}

static void await(struct client *c, const char *text)
{
    c->awaits = text;
    (void)stage_until(&c->scene->stage, text, has, c, SOON_MS);
}

static void a_handler_is_told_arguments_and_headers_decoded(void **state)
{
    struct scene s;
    struct client c;
    (void)state;

    begin(&s);
    ask(&s, &c,
        "GET /v1/a%20b%2Fc?workload=sh%C3%B6p+1&limit=5&flag HTTP/1.1\r\nHost: x\r\n"
        "Last-Event-ID: 3:42\r\n\r\n");
    await(&c, "200 OK");
    assert_string_equal(s.told, "/v1/a b/c?workload=sh\xc3\xb6p 1;limit=5;flag=; id=3:42");
    leave(&c);
    finish(&s);
}

static void a_stream_says_what_comes_when_it_comes_and_ends_when_it_is_told_to(void **state)
{
    struct scene s;
    struct client c;
    (void)state;

    begin(&s);
    ask(&s, &c, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&c, "text/event-stream");
    stage_for(&s.stage, 100);
    int reads = s.feeds[0].reads;
    stage_for(&s.stage, 300);
    assert_int_equal(s.feeds[0].reads, reads); /* while there is nothing it is not asked again and again */
    buf_adds(&s.feeds[0].next, "first\n");
    await(&c, "first\n");
    buf_adds(&s.feeds[0].next, "second\n");
    await(&c, "second\n");
    assert_int_equal(s.feeds[0].closed, 0);
    buf_adds(&s.feeds[0].next, "last\n");
    s.feeds[0].ends = true;
    await(&c, "last\n\r\n0\r\n\r\n");
    assert_int_equal(s.feeds[0].closed, 1);
    leave(&c);
    finish(&s);
    assert_int_equal(s.feeds[0].closed, 1);
}

static void the_largest_read_arrives_whole(void **state)
{
    struct scene s;
    struct client c;
    (void)state;

    begin(&s);
    ask(&s, &c, "GET /stream HTTP/1.0\r\n\r\n"); /* without chunks */
    await(&c, "\r\n\r\n");
    for (size_t i = 0; i < HTTPD_STREAM_MAX - 4; i++)
        buf_addc(&s.feeds[0].next, 'x');
    buf_adds(&s.feeds[0].next, "end\n");
    s.feeds[0].ends = true;
    await(&c, "end\n");
    const char *body = strstr(buf_cstr(&c.text), "\r\n\r\n") + 4;
    assert_int_equal(strlen(body), HTTPD_STREAM_MAX);
    leave(&c);
    finish(&s);
}

static bool first_closed(void *self)
{
    struct scene *s = self;

    if (!s->feeds[0].next.n)
        buf_adds(&s->feeds[0].next, ":\n");
    return s->feeds[0].closed == 1;
}

static void a_client_that_left_is_closed_once_and_its_neighbours_go_on(void **state)
{
    struct scene s;
    struct client gone;
    struct client stays;
    (void)state;

    begin(&s);
    ask(&s, &gone, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&gone, "text/event-stream");
    ask(&s, &stays, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&stays, "text/event-stream");
    leave(&gone);
    (void)stage_until(&s.stage, "its end", first_closed, &s, SOON_MS);
    buf_adds(&s.feeds[1].next, "still\n");
    await(&stays, "still\n");
    assert_int_equal(s.feeds[1].closed, 0);
    leave(&stays);
    finish(&s);
    assert_int_equal(s.feeds[0].closed, 1);
    assert_int_equal(s.feeds[1].closed, 1);
}

static void a_server_that_is_freed_closes_streams_that_wait_and_streams_that_are_full(void **state)
{
    struct scene s;
    struct client waits;
    struct client full;
    (void)state;

    begin(&s);
    ask(&s, &waits, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&waits, "text/event-stream");
    ask(&s, &full, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&full, "text/event-stream");
    for (int i = 0; i < 20; i++) { /* more than sockets hold, and nobody reads */
        while (s.feeds[1].next.n < HTTPD_STREAM_MAX)
            buf_addc(&s.feeds[1].next, 'x');
        stage_for(&s.stage, 20);
    }
    assert_true(s.feeds[1].next.n); /* it was not taken: reading waits for the client */
    finish(&s);
    assert_int_equal(s.feeds[0].closed, 1);
    assert_int_equal(s.feeds[1].closed, 1);
    leave(&waits);
    leave(&full);
}

static bool is_over(void *self)
{
    struct client *c = self;

    take(c);
    return c->over;
}

/* More comes all the time, and its client takes nothing. */
static bool second_closed(void *self)
{
    struct scene *s = self;

    while (!s->feeds[1].closed && s->feeds[1].next.n < HTTPD_STREAM_MAX)
        buf_addc(&s->feeds[1].next, 'x');
    return s->feeds[1].closed == 1;
}

static void a_client_that_takes_nothing_is_cut_and_one_that_has_nothing_to_take_is_not(void **state)
{
    struct scene s;
    struct client waits;
    struct client full;
    (void)state;

    begin(&s);
    ask(&s, &waits, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&waits, "text/event-stream");
    ask(&s, &full, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&full, "text/event-stream");
    (void)stage_until(&s.stage, "the cut", second_closed, &s, SOON_MS);
    assert_int_equal(s.feeds[1].closed, 1);
    assert_int_equal(s.feeds[0].closed, 0);
    buf_adds(&s.feeds[0].next, "still\n");
    await(&waits, "still\n");
    leave(&waits);
    leave(&full);
    finish(&s);
}

static void half_a_request_is_not_waited_for_longer_than_the_bound(void **state)
{
    struct scene s;
    struct client c;
    (void)state;

    begin(&s);
    ask(&s, &c, "GET /v1/runs HTTP/1.1\r\nHos");
    (void)stage_until(&s.stage, "its end", is_over, &c, SOON_MS);
    leave(&c);
    finish(&s);
}

static void a_head_beyond_the_bound_is_refused_and_reaches_no_handler(void **state)
{
    BUF_CLEANUP struct buf request = BUF_INIT(2 * HTTPD_HEAD_MAX);
    struct scene s;
    struct client c;
    (void)state;

    begin(&s);
    buf_adds(&request, "GET /v1/runs HTTP/1.1\r\nHost: x\r\nX: ");
    while (request.n < HTTPD_HEAD_MAX + 1000)
        buf_addc(&request, 'x');
    buf_adds(&request, "\r\n\r\n");
    ask(&s, &c, buf_cstr(&request));
    await(&c, "HTTP/1.1 431 ");
    assert_string_equal(s.told, "");
    leave(&c);
    finish(&s);
}

static void methods_that_change_something_are_refused(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    (void)state;

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct scene s;
        struct client c;
        char request[200];
        begin(&s);
        (void)snprintf(request, sizeof request,
                       "%s /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", methods[i]);
        ask(&s, &c, request);
        await(&c, "HTTP/1.1 405 ");
        assert_string_equal(s.told, "");
        leave(&c);
        finish(&s);
    }
}

static void only_the_head_of_a_stream_is_a_reply_without_an_end_to_wait_for(void **state)
{
    struct scene s;
    struct client c;
    (void)state;

    begin(&s);
    ask(&s, &c, "HEAD /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await(&c, "\r\n\r\n");
    (void)stage_until(&s.stage, "its end", first_closed, &s, SOON_MS);
    assert_int_equal(s.feeds[0].reads, 0);
    leave(&c);
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handler_is_told_arguments_and_headers_decoded),
        cmocka_unit_test(a_stream_says_what_comes_when_it_comes_and_ends_when_it_is_told_to),
        cmocka_unit_test(the_largest_read_arrives_whole),
        cmocka_unit_test(a_client_that_left_is_closed_once_and_its_neighbours_go_on),
        cmocka_unit_test(a_server_that_is_freed_closes_streams_that_wait_and_streams_that_are_full),
        cmocka_unit_test(a_client_that_takes_nothing_is_cut_and_one_that_has_nothing_to_take_is_not),
        cmocka_unit_test(half_a_request_is_not_waited_for_longer_than_the_bound),
        cmocka_unit_test(a_head_beyond_the_bound_is_refused_and_reaches_no_handler),
        cmocka_unit_test(methods_that_change_something_are_refused),
        cmocka_unit_test(only_the_head_of_a_stream_is_a_reply_without_an_end_to_wait_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
