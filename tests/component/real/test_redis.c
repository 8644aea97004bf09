/* The Redis port against a real server: order, deadlines, lost connections, restarts, what it refuses. */
#include "base/mem.h"
#include "real/clock.h"
#include "real/redis.h"
#include "real/rng.h"
#include "support/child.h"
#include "support/cmocka_first.h"
#include "support/stage.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TIMEOUT_MS = 400,
    PATIENT_MS = 5000 /* longer than a server takes to start on a busy machine */,
    ASKED_MAX = 2048
};

struct asked { /* what came back, in the order in which it came */
    size_t n;
    uint64_t ids[ASKED_MAX];
    enum err_kind kind;
    char text[512], run_id[REDIS_RUN_ID_MAX];
    enum redis_type type;
    int64_t i;
    size_t expect;
};

struct scene {
    struct stage stage;
    struct child server;
    struct redis_port *port;
    struct redis redis;
    struct asked asked;
    char url[256];
    int tcp;
};

static void heard(void *self, uint64_t id, const struct redis_reply *reply)
{
    struct asked *a = self;

    a->ids[a->n++ % ASKED_MAX] = id;
    a->kind = reply->err.kind;
    a->type = reply->value.type;
    a->i = reply->value.i;
    (void)snprintf(a->run_id, sizeof a->run_id, "%s", reply->run_id);
    (void)snprintf(a->text, sizeof a->text, STR_FMT,
                   STR_ARG(reply->err.kind ? str_of(reply->err.msg) : reply->value.s));
}

static bool all_heard(void *self)
{
    const struct asked *a = self;
    return a->n >= a->expect;
}

static bool is_connected(void *self)
{
    struct redis_state st;
    redis_state(&((struct scene *)self)->redis, &st);
    return st.connected;
}

/* The last attempt was answered, with a refusal. */
static bool says_why(void *self)
{
    struct redis_state st;
    redis_state(&((struct scene *)self)->redis, &st);
    return strstr(st.why, "refused:") || strstr(st.why, "cluster");
}

static uint64_t ask(struct scene *s, const char *a, const char *b, const char *c)
{
    struct str args[3] = {str_of(a), str_of(b), str_of(c)};

    s->asked.expect++;
    return redis_send(&s->redis, args, c ? 3 : b ? 2 : 1, heard, &s->asked);
}

static void start_server(struct scene *s, const char *option, const char *value)
{
    char port[16], bus[16], sock[128];

    (void)snprintf(port, sizeof port, "%d", s->tcp);
    (void)snprintf(bus, sizeof bus, "%d", stage_free_port());
    (void)snprintf(sock, sizeof sock, "%s/s", s->stage.folder);
    s->server = child_start("/usr/bin/redis-check-rdb",
                            (const char *[]){"redis-server", "--port", port, "--bind", "127.0.0.1", "--save",
                                             "", "--dir", s->stage.folder, "--unixsocket", sock,
                                             "--cluster-port", bus, option, value, NULL});
}

static void open_port_for(struct scene *s, const char *url, int64_t timeout_ms)
{
    struct err e = {0};
    struct redis_settings settings = {.url = url, .timeout_ms = timeout_ms};

    s->port = redis_port_new(s->stage.reactor, rng_real(), &settings, &e);
    assert_non_null(s->port);
    s->redis = redis_port_of(s->port);
}

static void open_port(struct scene *s, const char *url)
{
    open_port_for(s, url, TIMEOUT_MS);
}

static void begin(struct scene *s, const char *option, const char *value)
{
    *s = (struct scene){.tcp = stage_free_port()};
    stage_open(&s->stage, NULL);
    start_server(s, option, value);
    (void)snprintf(s->url, sizeof s->url, "redis://127.0.0.1:%d/0", s->tcp);
}

static void finish(struct scene *s)
{
    redis_port_free(s->port);
    child_kill(&s->server);
    stage_close(&s->stage);
}

static void replies_come_once_and_in_the_order_of_sending(void **state)
{
    struct scene s;
    uint64_t first = 0;
    (void)state;

    begin(&s, "--loglevel", "warning");
    open_port_for(&s, s.url, PATIENT_MS);
    for (int i = 0; i < 1000; i++) {
        uint64_t id = ask(&s, "INCR", "n", NULL);
        first = first ? first : id;
    }
    stage_until(&s.stage, "1000 replies", all_heard, &s.asked, 5000);
    assert_int_equal(s.asked.n, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(s.asked.ids[i], first + i);
    assert_int_equal(s.asked.i, 1000);
    finish(&s);
}

static void a_list_within_a_list_arrives_whole(void *self, uint64_t id, const struct redis_reply *reply)
{
    struct asked *a = self;
    (void)id;

    assert_int_equal(reply->value.type, REDIS_LIST);
    assert_int_equal(reply->value.n, 3);
    assert_true(str_is(reply->value.at[0].s, "a"));
    assert_int_equal(reply->value.at[1].n, 2);
    assert_int_equal(reply->value.at[1].at[0].i, 7);
    assert_int_equal(reply->value.at[1].at[1].type, REDIS_LIST);
    assert_true(str_is(reply->value.at[1].at[1].at[0].s, "deep"));
    assert_int_equal(reply->value.at[2].i, 9);
    a->n++;
}

static void every_type_of_reply_is_told_apart(void **state)
{
    struct scene s;
    (void)state;

    begin(&s, "--loglevel", "warning");
    open_port_for(&s, s.url, PATIENT_MS);
    struct str eval[] = {STR("EVAL"), STR("return {'a', {7, {'deep'}}, 9}"), STR("0")};
    s.asked.expect = 1;
    redis_send(&s.redis, eval, 3, a_list_within_a_list_arrives_whole, &s.asked);
    stage_until(&s.stage, "the list", all_heard, &s.asked, 5000);
    ask(&s, "GET", "nothing", NULL);
    stage_until(&s.stage, "nil", all_heard, &s.asked, 2000);
    assert_int_equal(s.asked.type, REDIS_NIL);
    ask(&s, "SET", "k", "v");
    stage_until(&s.stage, "status", all_heard, &s.asked, 2000);
    assert_int_equal(s.asked.type, REDIS_STATUS);
    ask(&s, "EVALSHA", "0123456789012345678901234567890123456789", "0");
    stage_until(&s.stage, "an error is an answer", all_heard, &s.asked, 2000);
    assert_int_equal(s.asked.kind, ERR_NONE);
    assert_int_equal(s.asked.type, REDIS_ERROR);
    assert_memory_equal(s.asked.text, "NOSCRIPT", 8);
    finish(&s);
}

static void a_frozen_server_costs_two_deadlines_then_commands_end_in_order(void **state)
{
    struct scene s;
    (void)state;

    begin(&s, "--loglevel", "warning");
    open_port(&s, s.url);
    stage_until(&s.stage, "the server is there", is_connected, &s, PATIENT_MS);
    ask(&s, "PING", NULL, NULL);
    stage_until(&s.stage, "PONG", all_heard, &s.asked, 5000);
    assert_int_equal(kill(s.server.pid, SIGSTOP), 0);
    uint64_t a = ask(&s, "SET", "x", "1"), b = ask(&s, "SET", "x", "2");
    int64_t took = stage_until(&s.stage, "both end", all_heard, &s.asked, 5 * TIMEOUT_MS);
    assert_true(took >= 2 * TIMEOUT_MS - 50 && took < 4 * TIMEOUT_MS);
    assert_int_equal(s.asked.kind, ERR_UNAVAILABLE);
    assert_int_equal(s.asked.ids[1], a);
    assert_int_equal(s.asked.ids[2], b);
    assert_false(is_connected(&s));
    assert_int_equal(kill(s.server.pid, SIGCONT), 0);
    stage_until(&s.stage, "connected again", is_connected, &s, 3000);
    ask(&s, "PING", NULL, NULL);
    stage_until(&s.stage, "PONG again", all_heard, &s.asked, 2000);
    assert_int_equal(s.asked.kind, ERR_NONE);
    finish(&s);
}

static void a_command_in_flight_is_sent_again_to_the_restarted_server_under_its_new_run_id(void **state)
{
    struct scene s;
    struct redis_state before, after;
    (void)state;

    begin(&s, "--loglevel", "warning");
    open_port_for(&s, s.url, PATIENT_MS);
    ask(&s, "PING", NULL, NULL);
    stage_until(&s.stage, "PONG", all_heard, &s.asked, 5000);
    redis_state(&s.redis, &before);
    assert_string_equal(before.run_id, s.asked.run_id);
    assert_int_equal(kill(s.server.pid, SIGSTOP), 0);
    ask(&s, "SET", "x", "1");
    stage_for(&s.stage, 50); /* it is in flight now */
    assert_int_equal(s.asked.n, 1);
    child_kill(&s.server);
    start_server(&s, "--loglevel", "warning");
    stage_until(&s.stage, "the answer of the new server", all_heard, &s.asked, 2 * PATIENT_MS);
    assert_int_equal(s.asked.kind, ERR_NONE);
    redis_state(&s.redis, &after);
    assert_string_equal(after.run_id, s.asked.run_id);
    assert_string_not_equal(before.run_id, after.run_id);
    assert_int_equal(after.generation, before.generation + 1);
    finish(&s);
}

static bool server_ended(void *self)
{
    struct scene *s = self;

    if (s->server.pid > 0 && waitpid(s->server.pid, NULL, WNOHANG) == s->server.pid)
        s->server.pid = 0;
    return s->server.pid == 0;
}

static void a_command_is_sent_again_once_and_never_a_third_time(void **state)
{
    struct scene s;
    (void)state;

    begin(&s, "--loglevel", "warning");
    open_port_for(&s, s.url, PATIENT_MS);
    ask(&s, "PING", NULL, NULL);
    stage_until(&s.stage, "PONG", all_heard, &s.asked, 5000);
    ask(&s, "SHUTDOWN", "NOSAVE", NULL);
    stage_until(&s.stage, "the first server ends of it", server_ended, &s, PATIENT_MS);
    child_kill(&s.server);
    start_server(&s, "--loglevel", "warning");
    stage_until(&s.stage, "the second as well", server_ended, &s, PATIENT_MS);
    child_kill(&s.server);
    start_server(&s, "--loglevel", "warning");
    stage_until(&s.stage, "it has ended", all_heard, &s.asked, PATIENT_MS);
    assert_int_equal(s.asked.kind, ERR_UNAVAILABLE);
    ask(&s, "PING", NULL, NULL);
    stage_until(&s.stage, "the third answers", all_heard, &s.asked, PATIENT_MS);
    assert_int_equal(s.asked.kind, ERR_NONE);
    assert_false(server_ended(&s));
    finish(&s);
}

/* A server that answers the greeting and then only listens; how many commands came is counted by their
 * '*'. */
struct mute {
    int listening, fd;
    bool greeted;
    size_t commands, want;
};

static bool mute_step(void *self)
{
    static const char info[] = "$43\r\nrun_id:00000000000000000000000000000001\r\n\r\n\r\n";
    struct mute *m = self;
    char bytes[4096];
    ssize_t n;

    if (m->fd < 0)
        m->fd = accept4(m->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (m->fd >= 0 && (n = read(m->fd, bytes, sizeof bytes)) > 0) {
        if (!m->greeted) {
            m->greeted = true;
            (void)!write(m->fd, info, sizeof info - 1);
            continue;
        }
        for (ssize_t i = 0; i < n; i++)
            m->commands += bytes[i] == '*';
    }
    return m->commands >= m->want;
}

static void no_more_than_128_commands_are_in_flight(void **state)
{
    struct scene s = {0};
    struct mute m = {.fd = -1, .want = 128};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    (void)state;

    stage_open(&s.stage, NULL);
    m.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(m.listening, (struct sockaddr *)&a, size), 0);
    assert_int_equal(listen(m.listening, 1), 0);
    assert_int_equal(getsockname(m.listening, (struct sockaddr *)&a, &size), 0);
    (void)snprintf(s.url, sizeof s.url, "redis://127.0.0.1:%d", ntohs(a.sin_port));
    open_port(&s, s.url);
    for (int i = 0; i < 500; i++)
        ask(&s, "PING", NULL, NULL);
    stage_until(&s.stage, "128 commands come", mute_step, &m, 2000);
    for (int i = 0; i < 10; i++) {
        stage_for(&s.stage, 10);
        (void)mute_step(&m);
    }
    assert_int_equal(m.commands, 128);
    redis_port_free(s.port);
    stage_close(&s.stage);
    (void)close(m.fd);
    (void)close(m.listening);
}

static void without_a_server_commands_wait_for_their_deadline_and_say_why(void **state)
{
    struct scene s;
    (void)state;

    begin(&s, "--loglevel", "warning");
    child_kill(&s.server);
    open_port(&s, s.url);
    ask(&s, "PING", NULL, NULL);
    int64_t took = stage_until(&s.stage, "it ends", all_heard, &s.asked, 3 * TIMEOUT_MS);
    assert_true(took >= TIMEOUT_MS - 50);
    assert_int_equal(s.asked.kind, ERR_UNAVAILABLE);
    assert_non_null(strstr(s.asked.text, "not connected"));
    finish(&s);
}

static void a_wrong_password_is_said_without_the_password(void **state)
{
    struct scene s;
    char url[256];
    (void)state;

    begin(&s, "--requirepass", "right");
    (void)snprintf(url, sizeof url, "redis://:hunter2@127.0.0.1:%d/0", s.tcp);
    open_port(&s, url);
    stage_until(&s.stage, "the server says no", says_why, &s, PATIENT_MS);
    ask(&s, "PING", NULL, NULL);
    stage_until(&s.stage, "it ends", all_heard, &s.asked, 3 * TIMEOUT_MS);
    assert_non_null(strstr(s.asked.text, "WRONGPASS"));
    assert_null(strstr(s.asked.text, "hunter2"));
    finish(&s);
}

static void password_and_database_are_set_before_any_command(void **state)
{
    struct scene s;
    char url[256];
    (void)state;

    begin(&s, "--requirepass", "a b/c");
    (void)snprintf(url, sizeof url, "redis://:a%%20b%%2Fc@127.0.0.1:%d/3", s.tcp);
    open_port_for(&s, url, PATIENT_MS);
    ask(&s, "CLIENT", "INFO", NULL);
    stage_until(&s.stage, "CLIENT INFO", all_heard, &s.asked, 3000);
    assert_int_equal(s.asked.kind, ERR_NONE);
    assert_non_null(strstr(s.asked.text, " db=3 "));
    finish(&s);
}

static void a_unix_socket_works_and_a_cluster_is_refused(void **state)
{
    struct scene s;
    char url[256];
    (void)state;

    begin(&s, "--loglevel", "warning");
    (void)snprintf(url, sizeof url, "unix://%s/s", s.stage.folder);
    open_port_for(&s, url, PATIENT_MS);
    ask(&s, "PING", NULL, NULL);
    stage_until(&s.stage, "PONG", all_heard, &s.asked, 2 * PATIENT_MS);
    assert_int_equal(s.asked.kind, ERR_NONE);
    finish(&s);

    begin(&s, "--cluster-enabled", "yes");
    open_port(&s, s.url);
    stage_until(&s.stage, "the server says what it is", says_why, &s, PATIENT_MS);
    ask(&s, "PING", NULL, NULL);
    stage_until(&s.stage, "it ends", all_heard, &s.asked, 3 * TIMEOUT_MS);
    assert_non_null(strstr(s.asked.text, "cluster"));
    finish(&s);
}

static void bad_urls_are_configuration_errors_that_do_not_repeat_them(void **state)
{
    static const char *const urls[] = {"http://h:1",      "redis://",      "redis://h/x",
                                       "unix://relative", "unix:///p?x=1", "redis://u:secret@h:99999/0"};
    struct stage stage;
    (void)state;

    stage_open(&stage, NULL);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct err e = {0};
        struct redis_settings settings = {.url = urls[i], .timeout_ms = TIMEOUT_MS};
        assert_null(redis_port_new(stage.reactor, rng_real(), &settings, &e));
        assert_int_equal(e.kind, ERR_CONFIG);
        assert_null(strstr(e.msg, "secret"));
    }
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_come_once_and_in_the_order_of_sending),
        cmocka_unit_test(every_type_of_reply_is_told_apart),
        cmocka_unit_test(a_frozen_server_costs_two_deadlines_then_commands_end_in_order),
        cmocka_unit_test(a_command_in_flight_is_sent_again_to_the_restarted_server_under_its_new_run_id),
        cmocka_unit_test(a_command_is_sent_again_once_and_never_a_third_time),
        cmocka_unit_test(no_more_than_128_commands_are_in_flight),
        cmocka_unit_test(without_a_server_commands_wait_for_their_deadline_and_say_why),
        cmocka_unit_test(a_wrong_password_is_said_without_the_password),
        cmocka_unit_test(password_and_database_are_set_before_any_command),
        cmocka_unit_test(a_unix_socket_works_and_a_cluster_is_refused),
        cmocka_unit_test(bad_urls_are_configuration_errors_that_do_not_repeat_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
