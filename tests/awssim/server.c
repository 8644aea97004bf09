/*
 * ec2sched-awssim - the simulated AWS behind HTTP, on 127.0.0.1 unless --listen says otherwise.
 *
 *   ec2sched-awssim [--listen IPV4] [--port N] [--scenario FILE] [--seed N] [--signature-window S]
 *   [--time-scale N] [--log FILE]
 *
 * Prints one JSON line when it is ready: {"port":4566,"pid":…}. One thread: libmicrohttpd's epoll descriptor,
 * a timer for what the core changes by itself and for replies that wait, and SIGTERM, which ends it.
 */
#include "awssim/core.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BODY_MAX = 16 * 1024 * 1024,
    HEADERS_MAX = 64,
    SCENARIO_MAX = 64 * 1024 * 1024,
    HANG_MS = 120 * 1000,
    LOG_MAX = 512 * 1024 * 1024
};

struct options {
    int port;
    int64_t seed, window_s, time_scale;
    const char *scenario, *log;
    struct in_addr listen;
};

struct server;

struct exchange { /* one request until its reply is queued */
    struct server *server;
    struct exchange *next; /* in the list of those that wait */
    struct MHD_Connection *connection;
    char *target;
    struct buf body;
    struct awssim_reply reply;
    bool began, answered;
    int64_t due_ms;
};

struct server {
    struct awssim *sim;
    struct MHD_Daemon *daemon;
    struct exchange *waiting;
    FILE *log;
    int64_t logged;
    bool failed;
};

static int64_t read_clock(clockid_t id)
{
    struct timespec t;

    BUG_IF(clock_gettime(id, &t) != 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct instant now(void)
{
    return (struct instant){read_clock(CLOCK_BOOTTIME), read_clock(CLOCK_REALTIME)};
}

/* Headers of one request, borrowed from the library. */
struct gathered {
    struct http_header at[HEADERS_MAX];
    size_t n;
};

static enum MHD_Result gather(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size,
                              const char *value, size_t value_size)
{
    struct gathered *g = cls;

    (void)kind;
    if (g->n == HEADERS_MAX)
        return MHD_NO;
    g->at[g->n++] = (struct http_header){str_n(key, key_size), str_n(value ? value : "", value_size)};
    return MHD_YES;
}

struct cut { /* a body that ends before its announced length */
    char *bytes;
    size_t n;
};

static ssize_t read_cut(void *cls, uint64_t at, char *out, size_t max)
{
    const struct cut *c = cls;
    size_t left = at < c->n ? c->n - (size_t)at : 0;

    if (!left)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (left < max)
        max = left;
    memcpy(out, c->bytes + at, max);
    return (ssize_t)max;
}

static void free_cut(void *cls)
{
    struct cut *c = cls;

    xfree(c->bytes);
    xfree(c);
}

static struct MHD_Response *make_response(struct awssim_reply *reply)
{
    struct MHD_Response *r;

    if (reply->delivery == AWSSIM_WHOLE) {
        r = MHD_create_response_from_buffer(reply->body.n, reply->body.p, MHD_RESPMEM_MUST_COPY);
    } else {
        struct cut *c = xcalloc(1, sizeof *c);
        size_t total = reply->body.n;
        c->n = reply->deliver_bytes;
        c->bytes = xmalloc(c->n + 1);
        memcpy(c->bytes, buf_cstr(&reply->body), c->n);
        r = MHD_create_response_from_callback(total, 65536, read_cut, c, free_cut);
    }
    BUG_IF(!r);
    for (size_t i = 0; i < reply->header_count; i++)
        (void)MHD_add_response_header(r, reply->headers[i].name, reply->headers[i].value);
    return r;
}

static enum MHD_Result send_reply(struct exchange *x)
{
    if (x->reply.delivery == AWSSIM_DROP || x->reply.delivery == AWSSIM_HANG)
        return MHD_NO; /* the library closes the connection */
    struct MHD_Response *r = make_response(&x->reply);
    enum MHD_Result ok = MHD_queue_response(x->connection, (unsigned)x->reply.status, r);
    MHD_destroy_response(r);
    return ok;
}

static void wait_until(struct exchange *x, int64_t due_ms)
{
    struct exchange **at = &x->server->waiting;

    while (*at && (*at)->due_ms <= due_ms)
        at = &(*at)->next;
    x->due_ms = due_ms;
    x->next = *at;
    *at = x;
    MHD_suspend_connection(x->connection);
}

static enum MHD_Result answer(struct exchange *x, const char *method)
{
    struct gathered g = {.n = 0};
    struct instant at = now();

    (void)MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, gather, &g);
    x->answered = true;
    awssim_request(x->server->sim,
                   &(struct awssim_request){.now = at,
                                            .method = str_of(method),
                                            .target = str_of(x->target),
                                            .headers = g.at,
                                            .header_count = g.n,
                                            .body = buf_view(&x->body)},
                   &x->reply);
    if (x->reply.delivery == AWSSIM_HANG) {
        wait_until(x, at.boot_ms + HANG_MS);
        return MHD_YES;
    }
    if (x->reply.delay_ms > 0) {
        wait_until(x, at.boot_ms + x->reply.delay_ms);
        return MHD_YES;
    }
    return send_reply(x);
}

/* The target as it came, before the library decodes anything: the signature was made of this. */
static void *begin_exchange(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *x = xcalloc(1, sizeof *x);

    x->server = cls;
    x->connection = connection;
    x->target = xstrdup(uri);
    x->body = (struct buf)BUF_INIT(BODY_MAX);
    return x;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *data_size,
                              void **state)
{
    struct exchange *x = *state;

    (void)cls;
    (void)connection;
    (void)url;
    (void)version;
    if (!x->began) { /* the headers are there; the body follows */
        x->began = true;
        return MHD_YES;
    }
    if (*data_size) {
        buf_add(&x->body, str_n(data, *data_size));
        *data_size = 0;
        return x->body.over ? MHD_NO : MHD_YES;
    }
    return x->answered ? send_reply(x) : answer(x, method);
}

static void end_exchange(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct exchange *x = *state;

    (void)cls;
    (void)connection;
    (void)code;
    if (!x)
        return;
    for (struct exchange **at = &x->server->waiting; *at; at = &(*at)->next) {
        if (*at == x) {
            *at = x->next;
            break;
        }
    }
    xfree(x->target);
    buf_release(&x->body);
    awssim_reply_release(&x->reply);
    xfree(x);
    *state = NULL;
}

static void resume_due(struct server *s, int64_t now_ms)
{
    while (s->waiting && s->waiting->due_ms <= now_ms) {
        struct exchange *x = s->waiting;
        s->waiting = x->next;
        MHD_resume_connection(x->connection);
    }
}

/* What is new in the ledger, to the file. */
static void write_log(struct server *s)
{
    BUF_CLEANUP struct buf lines = BUF_INIT(LOG_MAX);

    if (!s->log)
        return;
    awssim_print_log(s->sim, &s->logged, &lines);
    if (lines.n && (fwrite(lines.p, 1, lines.n, s->log) != lines.n || fflush(s->log) != 0))
        s->failed = true;
}

static int timeout_of(struct server *s, int64_t now_ms)
{
    MHD_UNSIGNED_LONG_LONG library_ms;
    int64_t at_ms = awssim_next(s->sim);
    int64_t wait_ms = INT64_C(60000);

    if (s->waiting && s->waiting->due_ms < at_ms)
        at_ms = s->waiting->due_ms;
    if (at_ms - now_ms < wait_ms)
        wait_ms = at_ms > now_ms ? at_ms - now_ms : 0;
    if (MHD_get_timeout(s->daemon, &library_ms) == MHD_YES && (int64_t)library_ms < wait_ms)
        wait_ms = (int64_t)library_ms;
    return (int)wait_ms;
}

/* Until SIGTERM or SIGINT. */
static void serve(struct server *s, int signal_fd)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    BUG_IF(!info);
    struct pollfd fds[2] = {{.fd = info->epoll_fd, .events = POLLIN}, {.fd = signal_fd, .events = POLLIN}};
    while (!s->failed) {
        struct instant at = now();
        if (poll(fds, 2, timeout_of(s, at.boot_ms)) < 0 && errno != EINTR)
            return;
        if (fds[1].revents)
            return;
        at = now();
        awssim_advance(s->sim, at);
        resume_due(s, at.boot_ms);
        (void)MHD_run(s->daemon);
        write_log(s);
    }
}

static bool read_file(const char *path, struct buf *out)
{
    char chunk[65536];
    size_t n;
    FILE *f = fopen(path, "rb");

    if (!f)
        return false;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(out, str_n(chunk, n));
    bool ok = !ferror(f) && !out->over;
    return fclose(f) == 0 && ok;
}

static bool number(const char *text, int64_t low, int64_t high, int64_t *out)
{
    return str_to_i64(str_of(text), out) && *out >= low && *out <= high;
}

static bool read_options(struct options *o, int argc, char **argv)
{
    static const struct option known[] = {{"listen", 1, NULL, 'a'},
                                          {"port", 1, NULL, 'p'},
                                          {"scenario", 1, NULL, 's'},
                                          {"seed", 1, NULL, 'r'},
                                          {"signature-window", 1, NULL, 'w'},
                                          {"time-scale", 1, NULL, 't'},
                                          {"log", 1, NULL, 'l'},
                                          {"help", 0, NULL, 'h'},
                                          {0}};
    int64_t port = 0;
    int which;
    bool ok = true;

    while (ok && (which = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (which == 'a')
            ok = inet_pton(AF_INET, optarg, &o->listen) == 1;
        else if (which == 'p')
            ok = number(optarg, 0, 65535, &port);
        else if (which == 's')
            o->scenario = optarg;
        else if (which == 'r')
            ok = number(optarg, 0, INT64_MAX, &o->seed);
        else if (which == 'w')
            ok = number(optarg, 1, 86400, &o->window_s);
        else if (which == 't')
            ok = number(optarg, 1, 1000000, &o->time_scale);
        else if (which == 'l')
            o->log = optarg;
        else
            ok = false;
    }
    o->port = (int)port;
    return ok && optind == argc;
}

static int block_signals(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static bool start(struct server *s, const struct options *o, struct err *e)
{
    BUF_CLEANUP struct buf scenario = BUF_INIT(SCENARIO_MAX);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)o->port), .sin_addr = o->listen};

    if (o->scenario && !read_file(o->scenario, &scenario))
        return err_set(e, ERR_CONFIG, "%s: cannot be read", o->scenario);
    if (o->log && !(s->log = fopen(o->log, "ae")))
        return err_set(e, ERR_CONFIG, "%s: %s", o->log, strerror(errno));
    const struct awssim_config config = {.scenario = buf_view(&scenario),
                                         .seed = (uint64_t)o->seed,
                                         .signature_window_s = o->window_s,
                                         .time_scale = o->time_scale};
    s->sim = awssim_new(&config, now(), e);
    if (!s->sim)
        return false;
    s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0,
                                 NULL, NULL, handle, s, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
                                 MHD_OPTION_URI_LOG_CALLBACK, begin_exchange, s, MHD_OPTION_NOTIFY_COMPLETED,
                                 end_exchange, s, MHD_OPTION_CONNECTION_LIMIT, 8192U,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)65536, MHD_OPTION_END);
    return s->daemon || err_set(e, ERR_UNAVAILABLE, "port %d: %s", o->port, strerror(errno));
}

static void stop(struct server *s)
{
    while (s->waiting) { /* a suspended connection may not be closed */
        struct exchange *x = s->waiting;
        s->waiting = x->next;
        x->reply.delivery = AWSSIM_DROP;
        MHD_resume_connection(x->connection);
    }
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    awssim_free(s->sim);
    if (s->log && fclose(s->log) != 0)
        s->failed = true;
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1, .listen = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct server s = {0};
    struct err e = {0};
    int signal_fd = block_signals();

    if (!read_options(&o, argc, argv)) {
        (void)fprintf(stderr,
                      "usage: ec2sched-awssim [--listen IPV4] [--port N] [--scenario FILE] [--seed N] "
                      "[--signature-window S] [--time-scale N] [--log FILE]\n");
        return 2;
    }
    bool ok = signal_fd >= 0 && start(&s, &o, &e);
    if (ok) {
        const union MHD_DaemonInfo *port = MHD_get_daemon_info(s.daemon, MHD_DAEMON_INFO_BIND_PORT);
        (void)printf("{\"port\":%u,\"pid\":%d}\n", port ? port->port : 0, (int)getpid());
        (void)fflush(stdout);
        serve(&s, signal_fd);
    } else {
        (void)fprintf(stderr, "ec2sched-awssim: %s\n", e.msg);
    }
    stop(&s);
    return ok && !s.failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
