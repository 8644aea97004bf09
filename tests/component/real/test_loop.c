/* The loop in processes of its own: signals, drains, PID 1; and the admin server with the question that
 * --health asks. */
#include "real/admin.h"
#include "real/clock.h"
#include "real/http.h"
#include "real/ports.h"
#include "support/child.h"
#include "support/cmocka_first.h"
#include "support/stage.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GAVE_UP = 3, FAILED = 4, SOON_MS = 5000, DRAIN_MS = 300 };

/* A daemon in small: says on `out` what happens to it, a byte each, and ends its drain if it is told to. */
struct daemon {
    int out;
    bool ends, draining;
    int64_t turns, drained_ms;
    int healthz;
};

static void say(const struct daemon *d, char what)
{
    (void)!write(d->out, &what, 1);
}

static int64_t turn(void *self, int64_t now_ms)
{
    struct daemon *d = self;

    if (d->turns++ == 0)
        say(d, 'r'); /* running */
    if (d->draining && d->ends)
        return TURN_DONE;
    return now_ms + 60000;
}

static void drain(void *self)
{
    struct daemon *d = self;

    d->draining = true;
    say(d, 'd');
}

static void admin(void *self, const struct http_asked *asked, struct http_answer *answer)
{
    const struct daemon *d = self;

    if (str_is(asked->path, "/healthz")) {
        answer->status = d->healthz;
        buf_adds(&answer->body, d->healthz == 200 ? "ok\n" : "ticks missed\n");
    } else if (str_is(asked->path, "/metrics")) {
        answer->status = 200;
        answer->content_type = "text/plain; version=0.0.4";
        for (int i = 0; i < 20000; i++)
            buf_adds(&answer->body, "a_metric 1\n");
    }
}

static int live(struct daemon *d, const char *listen)
{
    struct options o = {0};
    struct ports ports;
    struct err e = {0};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct real *r = real_new(&e);

    o.log.level = LOG_ERROR;
    o.kafka.brokers = (char *)(uintptr_t) "127.0.0.1:9";
    o.redis.url = (char *)(uintptr_t) "redis://127.0.0.1:9";
    o.redis.timeout_ms = 1000;
    if (!r || !real_open(r, &o, &ports, &e) || (listen && !real_serve(r, listen, admin, d, &e)))
        return FAILED;
    if (listen) {
        int port = real_serve_port(r);
        (void)!write(d->out, &port, sizeof port);
    }
    bool done = real_run(
        r, &(struct loop_program){.turn = turn, .drain = drain, .self = d, .drain_timeout_ms = DRAIN_MS}, &e);
    real_close(r);
    return done ? 0 : GAVE_UP;
}

struct life {
    struct child child;
    int port;
};

/* In a process of its own, PID 1 of its namespace if asked (needs root: then false). */
static bool begin(struct life *l, struct daemon d, const char *listen, bool pid_1)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    if (pid_1 && unshare(CLONE_NEWPID) != 0)
        return false;
    d.out = ends[1];
    l->child.pid = fork();
    if (l->child.pid == 0)
        _exit(live(&d, listen));
    (void)close(ends[1]);
    l->child.out = ends[0];
    if (listen)
        assert_int_equal(read(ends[0], &l->port, sizeof l->port), sizeof l->port);
    return true;
}

static void expect(const struct life *l, char what)
{
    char said = 0;

    assert_int_equal(read(l->child.out, &said, 1), 1);
    assert_int_equal(said, what);
}

static void the_first_signal_drains_and_the_process_ends_well(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        struct life l = {0};
        (void)begin(&l, (struct daemon){.ends = true}, NULL, false);
        expect(&l, 'r');
        assert_int_equal(kill(l.child.pid, signals[i]), 0);
        expect(&l, 'd');
        assert_int_equal(child_wait(&l.child, SOON_MS), 0);
        child_kill(&l.child);
    }
}

static void a_drain_that_does_not_end_is_given_up_at_its_bound(void **state)
{
    struct life l = {0};
    (void)state;

    (void)begin(&l, (struct daemon){.ends = false}, NULL, false);
    expect(&l, 'r');
    int64_t began = clock_boot_ms();
    assert_int_equal(kill(l.child.pid, SIGTERM), 0);
    assert_int_equal(child_wait(&l.child, SOON_MS), GAVE_UP);
    int64_t took = clock_boot_ms() - began;
    assert_true(took >= DRAIN_MS - 20 && took < DRAIN_MS + 2000);
    child_kill(&l.child);
}

static void a_second_signal_ends_at_once(void **state)
{
    struct life l = {0};
    (void)state;

    (void)begin(&l, (struct daemon){.ends = false}, NULL, false);
    expect(&l, 'r');
    assert_int_equal(kill(l.child.pid, SIGTERM), 0);
    expect(&l, 'd');
    int64_t began = clock_boot_ms();
    assert_int_equal(kill(l.child.pid, SIGTERM), 0);
    assert_int_equal(child_wait(&l.child, SOON_MS), GAVE_UP);
    assert_true(clock_boot_ms() - began < DRAIN_MS);
    child_kill(&l.child);
}

static void it_drains_as_PID_1_as_well(void **state)
{
    int status = -1;
    (void)state;

    pid_t pid = fork(); /* the namespace of later children is this one's alone */
    if (pid == 0) {
        struct life l = {0};
        if (!begin(&l, (struct daemon){.ends = true}, NULL, true))
            _exit(77);
        expect(&l, 'r');
        (void)kill(l.child.pid, SIGTERM);
        expect(&l, 'd');
        _exit(child_wait(&l.child, SOON_MS));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

static void health_is_asked_of_the_process_that_listens(void **state)
{
    static const struct {
        const char *listen, *ask;
    } at[] = {{"127.0.0.1:0", "127.0.0.1"}, {":0", ""}, {"0.0.0.0:0", "0.0.0.0"}};
    struct err e = {0};
    char listen[64];
    (void)state;

    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        struct life l = {0};
        (void)begin(&l, (struct daemon){.healthz = 200}, at[i].listen, false);
        (void)snprintf(listen, sizeof listen, "%s:%d", at[i].ask, l.port);
        assert_true(admin_health(listen, &e));
        child_kill(&l.child);
        assert_false(admin_health(listen, &e));
        assert_int_equal(e.kind, ERR_UNAVAILABLE);
    }
    struct life sick = {0};
    (void)begin(&sick, (struct daemon){.healthz = 503}, "127.0.0.1:0", false);
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%d", sick.port);
    assert_false(admin_health(listen, &e));
    assert_non_null(strstr(e.msg, "503"));
    child_kill(&sick.child);
    assert_false(admin_health("no port", &e));
    assert_int_equal(e.kind, ERR_CONFIG);
}

struct answer {
    bool came;
    int status;
    size_t body_n;
    char allow[64], type[64];
};

static void replied(void *self, uint64_t id, const struct http_reply *r)
{
    struct answer *a = self;
    (void)id;

    a->came = true;
    a->status = r->status;
    a->body_n = r->body.n;
    (void)snprintf(a->allow, sizeof a->allow, STR_FMT,
                   STR_ARG(http_header_get(r->headers, r->header_count, "Allow")));
    (void)snprintf(a->type, sizeof a->type, STR_FMT,
                   STR_ARG(http_header_get(r->headers, r->header_count, "Content-Type")));
}

static bool came(void *self)
{
    return ((struct answer *)self)->came;
}

static void the_admin_server_answers_reading_and_nothing_else(void **state)
{
    static const struct {
        const char *method, *path;
        int status;
        size_t body_n;
    } asked[] = {{"GET", "/metrics?x=1", 200, 220000},
                 {"HEAD", "/metrics", 200, 0},
                 {"POST", "/metrics", 405, 18},
                 {"DELETE", "/healthz", 405, 18},
                 {"GET", "/nothing", 404, 0}};
    struct life l = {0};
    struct stage stage;
    char url[64];
    (void)state;

    (void)begin(&l, (struct daemon){.healthz = 200}, "127.0.0.1:0", false);
    stage_open(&stage, NULL);
    struct http_port *p = http_port_new(stage.reactor);
    struct http http = http_port_of(p);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct answer a = {0};
        (void)snprintf(url, sizeof url, "http://127.0.0.1:%d%s", l.port, asked[i].path);
        struct http_request q = {.method = asked[i].method,
                                 .url = str_of(url),
                                 .connect_timeout_ms = 1000,
                                 .timeout_ms = 4000,
                                 .reply_max = 1000000};
        (void)http_send(&http, &q, replied, &a);
        (void)stage_until(&stage, "the answer", came, &a, SOON_MS);
        assert_int_equal(a.status, asked[i].status);
        assert_int_equal(a.body_n, asked[i].body_n);
        if (a.status == 405)
            assert_string_equal(a.allow, "GET, HEAD");
        if (a.status == 200)
            assert_string_equal(a.type, "text/plain; version=0.0.4");
    }
    http_port_free(p);
    stage_close(&stage);
    child_kill(&l.child);
}

static void a_taken_port_is_refused(void **state)
{
    struct life first = {0}, second = {0};
    char listen[64];
    int ends[2];
    (void)state;

    (void)begin(&first, (struct daemon){.healthz = 200}, "127.0.0.1:0", false);
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%d", first.port);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    second.child.pid = fork();
    if (second.child.pid == 0) {
        struct daemon d = {.out = ends[1]};
        _exit(live(&d, listen));
    }
    assert_int_equal(child_wait(&second.child, SOON_MS), FAILED);
    (void)close(ends[0]);
    (void)close(ends[1]);
    child_kill(&first.child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_signal_drains_and_the_process_ends_well),
        cmocka_unit_test(a_drain_that_does_not_end_is_given_up_at_its_bound),
        cmocka_unit_test(a_second_signal_ends_at_once),
        cmocka_unit_test(it_drains_as_PID_1_as_well),
        cmocka_unit_test(health_is_asked_of_the_process_that_listens),
        cmocka_unit_test(the_admin_server_answers_reading_and_nothing_else),
        cmocka_unit_test(a_taken_port_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
