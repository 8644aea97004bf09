/* The sending half of the HTTP port, against a server that answers, hangs, cuts and resets as the path
 * says. */
#include "base/mem.h"
#include "real/clock.h"
#include "real/http.h"
#include "support/child.h"
#include "support/cmocka_first.h"
#include "support/stage.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOON_MS = 5000, REQUEST_MAX = 16384, SERVED_MAX = 64 };

struct server { /* one thread that serves one connection after the other */
    pthread_t thread;
    int fd, port;
    int parked;                /* a connection that is kept open and not read any more */
    int connections, requests; /* read after the thread has answered: the reply is the fence */
    char last[REQUEST_MAX];
};

static void answer(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void big_answer(int fd)
{
    char block[4096];

    memset(block, 'b', sizeof block);
    answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
    for (int i = 0; i < 256; i++)
        if (send(fd, block, sizeof block, MSG_NOSIGNAL) < 0)
            return;
}

/* False: the connection ends. */
static bool serve(int fd, const char *request)
{
    char name[1024];

    if (strstr(request, " /ok ") || strstr(request, " /a/../b "))
        answer(fd, "HTTP/1.1 200 OK\r\nX-One:  1 \r\nContent-Length: 5\r\n\r\nhello");
    else if (strstr(request, " /park ")) {
        answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        return false;
    } else if (strstr(request, " /continue "))
        answer(fd, "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 503 No\r\nRetry-After: "
                   "3\r\nContent-Length: 0\r\n\r\n");
    else if (strstr(request, " /redirect "))
        answer(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
    else if (strstr(request, " /big "))
        big_answer(fd);
    else if (strstr(request, " /heads ")) {
        answer(fd, "HTTP/1.1 200 OK\r\n");
        memset(name, 'h', sizeof name);
        (void)snprintf(name + 1000, 24, ": x\r\n");
        for (int i = 0; i < 100; i++)
            answer(fd, name);
        answer(fd, "Content-Length: 0\r\n\r\n");
    } else if (strstr(request, " /cut ")) {
        answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
        return false;
    } else if (strstr(request, " /reset ")) {
        struct linger hard = {.l_onoff = 1};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        return false;
    } else if (strstr(request, " /slow ")) {
        char c;
        (void)!recv(fd, &c, 1, 0); /* until the client goes away */
        return false;
    } else {
        answer(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
    return true;
}

/* One whole request: head and Content-Length bytes. */
static bool take_request(int fd, char *out)
{
    size_t n = 0, want = 0;

    for (;;) {
        ssize_t got = recv(fd, out + n, REQUEST_MAX - 1 - n, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
        out[n] = '\0';
        const char *end = strstr(out, "\r\n\r\n"), *length = strstr(out, "Content-Length: ");
        if (!end)
            continue;
        want = (size_t)(end - out) + 4 + (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
        if (n >= want)
            return true;
    }
}

static void *serve_all(void *self)
{
    struct server *s = self;

    for (;;) {
        int fd = accept(s->fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        s->connections++;
        while (take_request(fd, s->last)) {
            s->requests++;
            if (!serve(fd, s->last))
                break;
        }
        if (strstr(s->last, " /park "))
            s->parked = fd;
        else
            (void)close(fd);
    }
}

static void server_start(struct server *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;

    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &n), 0);
    s->port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve_all, s), 0);
}

static void server_stop(struct server *s)
{
    (void)shutdown(s->fd, SHUT_RDWR);
    (void)pthread_join(s->thread, NULL);
    (void)close(s->fd);
    if (s->parked)
        (void)close(s->parked);
}

struct scene {
    struct stage stage;
    struct server server;
    struct http_port *port;
    struct http http;
    size_t replies, wanted;
    uint64_t id;
    int status;
    struct err err;
    bool sent;
    char body[256], one[64], retry[64], early[64];
    size_t body_n;
};

static void begin(struct scene *s)
{
    *s = (struct scene){0};
    stage_open(&s->stage, NULL);
    server_start(&s->server);
    s->port = http_port_new(s->stage.reactor);
    s->http = http_port_of(s->port);
}

static void finish(struct scene *s)
{
    http_port_free(s->port);
    stage_close(&s->stage); /* closes connections that are kept: the server's thread comes back */
    server_stop(&s->server);
}

static void keep(char *out, size_t size, const struct http_reply *r, const char *name)
{
    (void)snprintf(out, size, STR_FMT, STR_ARG(http_header_get(r->headers, r->header_count, name)));
}

static void replied(void *self, uint64_t id, const struct http_reply *r)
{
    struct scene *s = self;

    s->replies++;
    s->id = id;
    s->status = r->status;
    s->err = r->err;
    s->sent = r->sent;
    s->body_n = r->body.n;
    (void)snprintf(s->body, sizeof s->body, STR_FMT,
                   STR_ARG(str_n(r->body.p, r->body.n < 200 ? r->body.n : 200)));
    keep(s->one, sizeof s->one, r, "x-one");
    keep(s->retry, sizeof s->retry, r, "retry-after");
    keep(s->early, sizeof s->early, r, "x-early");
}

static bool all_replied(void *self)
{
    const struct scene *s = self;
    return s->replies >= s->wanted;
}

static struct http_request request_of(struct scene *s, char url[128], const char *path)
{
    (void)snprintf(url, 128, "http://127.0.0.1:%d%s", s->server.port, path);
    return (struct http_request){.method = "GET",
                                 .url = str_of(url),
                                 .connect_timeout_ms = 1000,
                                 .timeout_ms = 3000,
                                 .reply_max = 1000};
}

static int64_t send_and_wait(struct scene *s, const struct http_request *q)
{
    s->wanted++;
    uint64_t id = http_send(&s->http, q, replied, s);
    assert_true(id >= 1);
    int64_t took = stage_until(&s->stage, "the reply", all_replied, s, SOON_MS);
    assert_int_equal(s->id, id);
    return took;
}

static int64_t get(struct scene *s, const char *path)
{
    char url[128];
    struct http_request q = request_of(s, url, path);
    return send_and_wait(s, &q);
}

static void a_reply_comes_whole_and_its_connection_is_used_again(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    for (int i = 0; i < 3; i++)
        (void)get(&s, "/ok");
    assert_int_equal(s.status, 200);
    assert_int_equal(s.err.kind, ERR_NONE);
    assert_string_equal(s.body, "hello");
    assert_string_equal(s.one, "1");
    assert_true(s.sent);
    assert_int_equal(s.server.connections, 1);
    assert_int_equal(s.server.requests, 3);
    finish(&s);
}

/* Its first copy, whose connection ended, may still land after the second was answered and all counted as
 * over. */
static void a_request_that_must_go_once_is_not_sent_again_behind_its_senders_back(void **state)
{
    struct scene s;
    char url[128];
    (void)state;

    begin(&s);
    (void)get(&s, "/park");
    struct http_request q = request_of(&s, url, "/reset");
    q.once = true;
    (void)send_and_wait(&s, &q);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    assert_true(s.sent);
    assert_int_equal(s.server.connections, 2);
    assert_int_equal(s.server.requests, 2);
    finish(&s);
}

static void the_request_goes_out_as_given_with_no_header_of_curls_own(void **state)
{
    struct scene s;
    char url[128];
    struct http_header h[] = {{STR("X-Amz-Date"), STR("20260501T100000Z")},
                              {STR("Host"), STR("signed.example")},
                              {STR("X-Empty"), STR("")}};
    (void)state;

    begin(&s);
    struct http_request q = request_of(&s, url, "/a/../b");
    q.method = "POST";
    q.body = STR("Action=X&v=\x01\xff");
    q.headers = h;
    q.header_count = 3;
    (void)send_and_wait(&s, &q);
    assert_int_equal(s.status, 200);
    assert_string_equal(
        s.server.last,
        "POST /a/../b HTTP/1.1\r\nHost: signed.example\r\nX-Amz-Date: 20260501T100000Z\r\nX-Empty:\r\n"
        "Content-Length: 13\r\n\r\nAction=X&v=\x01\xff");
    q.method = "PUT";
    q.body = (struct str){0};
    q.header_count = 0;
    (void)send_and_wait(&s, &q);
    assert_non_null(strstr(s.server.last, "PUT /a/../b HTTP/1.1\r\n"));
    assert_non_null(strstr(s.server.last, "Content-Length: 0\r\n"));
    assert_null(strstr(s.server.last, "Accept"));
    assert_null(strstr(s.server.last, "Content-Type"));
    finish(&s);
}

static void redirects_are_not_followed_and_the_last_head_counts(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    (void)get(&s, "/redirect");
    assert_int_equal(s.status, 302);
    assert_int_equal(s.server.requests, 1);
    (void)get(&s, "/continue");
    assert_int_equal(s.status, 503);
    assert_int_equal(s.err.kind, ERR_NONE);
    assert_string_equal(s.retry, "3");
    assert_string_equal(s.early, "");
    finish(&s);
}

static void a_request_without_an_answer_ends_in_time_and_counts_as_sent(void **state)
{
    struct scene s;
    char url[128];
    (void)state;

    begin(&s);
    struct http_request q = request_of(&s, url, "/slow");
    q.timeout_ms = 200;
    int64_t took = send_and_wait(&s, &q);
    assert_true(took >= 190 && took < 2000);
    assert_int_equal(s.status, 0);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    assert_true(s.sent);
    (void)get(&s, "/reset");
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    assert_true(s.sent);
    (void)get(&s, "/cut");
    assert_int_equal(s.status, 0); /* half a reply is none */
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    assert_true(s.sent);
    finish(&s);
}

static void what_never_reached_a_connection_was_not_sent(void **state)
{
    struct scene s;
    char url[128];
    struct http_header bad = {STR("X"), STR("a\r\nInjected: 1")};
    (void)state;

    begin(&s);
    struct http_request q = request_of(&s, url, "/ok");
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/", stage_free_port());
    q.url = str_of(url);
    (void)send_and_wait(&s, &q);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    assert_false(s.sent);
    q.url = STR("http://no-such-host.invalid/");
    (void)send_and_wait(&s, &q);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE);
    assert_false(s.sent);
    q.url = STR("file:///etc/hostname");
    (void)send_and_wait(&s, &q);
    assert_int_equal(s.err.kind, ERR_INVALID);
    assert_false(s.sent);
    (void)request_of(&s, url, "/ok");
    q.url = str_of(url);
    q.headers = &bad;
    q.header_count = 1;
    (void)send_and_wait(&s, &q);
    assert_int_equal(s.err.kind, ERR_INVALID);
    assert_int_equal(s.server.requests, 0);
    finish(&s);
}

static void a_reply_over_its_bound_ends_the_request(void **state)
{
    struct scene s;
    char url[128];
    (void)state;

    begin(&s);
    (void)get(&s, "/big");
    assert_int_equal(s.err.kind, ERR_INVALID);
    assert_int_equal(s.status, 0);
    (void)get(&s, "/heads");
    assert_int_equal(s.err.kind, ERR_INVALID);
    struct http_request q = request_of(&s, url, "/big");
    q.reply_max = 1048576; /* exactly so much fits */
    (void)send_and_wait(&s, &q);
    assert_int_equal(s.err.kind, ERR_NONE);
    assert_int_equal(s.body_n, 1048576);
    finish(&s);
}

static void a_cancelled_request_has_no_completion_and_a_strange_id_is_ignored(void **state)
{
    struct scene s;
    char url[128];
    struct http_header bad = {STR(""), STR("x")};
    (void)state;

    begin(&s);
    struct http_request q = request_of(&s, url, "/slow");
    uint64_t open = http_send(&s.http, &q, replied, &s);
    q.headers = &bad;
    q.header_count = 1;
    uint64_t refused = http_send(&s.http, &q, replied, &s);
    stage_for(&s.stage, 0);
    http_cancel(&s.http, refused);
    http_cancel(&s.http, open);
    http_cancel(&s.http, open);
    http_cancel(&s.http, 4711);
    stage_for(&s.stage, 100);
    assert_int_equal(s.replies, 0);
    finish(&s);
}

static void proxies_come_from_the_environment_but_never_for_a_direct_request(void **state)
{
    struct scene s;
    char url[128], proxy[64];
    (void)state;

    begin(&s);
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", stage_free_port());
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    struct http_request q = request_of(&s, url, "/ok");
    (void)send_and_wait(&s, &q);
    assert_int_equal(s.err.kind, ERR_UNAVAILABLE); /* nobody is the proxy */
    q.direct = true;
    (void)send_and_wait(&s, &q);
    assert_int_equal(s.status, 200);
    assert_int_equal(setenv("NO_PROXY", "127.0.0.1", 1), 0);
    q.direct = false;
    (void)send_and_wait(&s, &q);
    assert_int_equal(s.status, 200);
    (void)unsetenv("http_proxy");
    (void)unsetenv("NO_PROXY");
    finish(&s);
}

static void a_server_that_cannot_be_verified_gets_nothing(void **state)
{
    struct scene s;
    char key[128], cert[128], port[16], url[128];
    (void)state;

    begin(&s);
    (void)snprintf(key, sizeof key, "%s/key", s.stage.folder);
    (void)snprintf(cert, sizeof cert, "%s/cert", s.stage.folder);
    struct child make = child_start(
        "/usr/bin/openssl",
        (const char *[]){"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                         "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert, NULL});
    assert_int_equal(child_wait(&make, 10000), 0);
    child_kill(&make);
    (void)snprintf(port, sizeof port, "%d", stage_free_port());
    struct child tls =
        child_start("/usr/bin/openssl", (const char *[]){"openssl", "s_server", "-quiet", "-www", "-accept",
                                                         port, "-key", key, "-cert", cert, NULL});
    (void)snprintf(url, sizeof url, "https://localhost:%s/", port);
    struct http_request q = {.method = "GET",
                             .url = str_of(url),
                             .connect_timeout_ms = 2000,
                             .timeout_ms = 4000,
                             .reply_max = 100000};
    int64_t until = clock_boot_ms() + 5000;
    do
        (void)send_and_wait(&s, &q);
    while (s.err.kind == ERR_UNAVAILABLE && clock_boot_ms() < until); /* not listening yet */
    assert_int_equal(s.err.kind, ERR_DENIED);
    assert_false(s.sent);

    struct stage trusting;
    stage_open(&trusting, cert);
    struct http_port *p = http_port_new(trusting.reactor);
    struct http h = http_port_of(p);
    s.wanted++;
    (void)http_send(&h, &q, replied, &s);
    (void)stage_until(&trusting, "the reply over TLS", all_replied, &s, SOON_MS);
    assert_int_equal(s.status, 200);
    http_port_free(p);
    stage_close(&trusting);
    child_kill(&tls);
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_comes_whole_and_its_connection_is_used_again),
        cmocka_unit_test(a_request_that_must_go_once_is_not_sent_again_behind_its_senders_back),
        cmocka_unit_test(the_request_goes_out_as_given_with_no_header_of_curls_own),
        cmocka_unit_test(redirects_are_not_followed_and_the_last_head_counts),
        cmocka_unit_test(a_request_without_an_answer_ends_in_time_and_counts_as_sent),
        cmocka_unit_test(what_never_reached_a_connection_was_not_sent),
        cmocka_unit_test(a_reply_over_its_bound_ends_the_request),
        cmocka_unit_test(a_cancelled_request_has_no_completion_and_a_strange_id_is_ignored),
        cmocka_unit_test(proxies_come_from_the_environment_but_never_for_a_direct_request),
        cmocka_unit_test(a_server_that_cannot_be_verified_gets_nothing),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
