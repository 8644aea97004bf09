#include "real/httpd.h"

#include "base/mem.h"
#include "real/admin.h"
#include "real/clock.h"

#include <microhttpd.h>
#include <netdb.h>
#include <string.h>
#include <utlist.h>

enum { BLOCK = 32 * 1024 /* bytes of a stream that are handed on at once */ };

struct stream {
    struct httpd *httpd;
    struct MHD_Connection *connection;
    struct http_stream from;
    struct buf pending; /* read and not handed on: from `taken` on */
    size_t taken;
    bool ended, suspended;
    struct stream *prev, *next;
};

struct httpd {
    struct MHD_Daemon *daemon;
    http_handler *handler;
    void *self;
    int epoll_fd, port;
    struct stream *streams;
};

struct pairs {
    struct http_header at[HTTPD_PAIRS_MAX];
    size_t n;
};

static enum MHD_Result hand_over(struct MHD_Connection *c, int status, const char *type,
                                 struct MHD_Response *r)
{
    (void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    (void)MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    enum MHD_Result queued = MHD_queue_response(c, (unsigned)status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result reply(struct MHD_Connection *c, int status, const char *type, const char *extra,
                             struct str body)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(
        body.n, (void *)(uintptr_t)(body.n ? body.p : ""), MHD_RESPMEM_MUST_COPY);

    if (!r)
        return MHD_NO;
    if (extra)
        (void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, extra);
    return hand_over(c, status, type, r);
}

/* ---- streams ---- */

static void stream_fill(struct stream *s)
{
    buf_release(&s->pending);
    s->taken = 0;
    s->ended = !s->from.read(s->from.self, &s->pending);
    BUG_IF(s->pending.over);
}

static ssize_t stream_take(void *self, uint64_t at, char *out, size_t max)
{
    struct stream *s = self;

    (void)at;
    if (s->taken == s->pending.n && !s->ended)
        stream_fill(s);
    size_t left = s->pending.n - s->taken;
    size_t n = left < max ? left : max;
    if (n) {
        memcpy(out, s->pending.p + s->taken, n);
        s->taken += n;
        return (ssize_t)n;
    }
    if (s->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    s->suspended = true;
    MHD_suspend_connection(s->connection);
    return 0;
}

static void stream_over(void *self)
{
    struct stream *s = self;

    DL_DELETE(s->httpd->streams, s);
    s->from.close(s->from.self);
    buf_release(&s->pending);
    xfree(s);
}

static enum MHD_Result stream_reply(struct httpd *h, struct MHD_Connection *c, const struct http_answer *a)
{
    struct stream *s = xcalloc(1, sizeof *s);

    *s = (struct stream){
        .httpd = h, .connection = c, .from = a->stream, .pending = BUF_INIT(HTTPD_STREAM_MAX)};
    DL_APPEND(h->streams, s);
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, stream_take, s, stream_over);
    if (!r) {
        stream_over(s);
        return MHD_NO;
    }
    return hand_over(c, a->status, a->content_type, r);
}

static void stream_go_on(struct stream *s)
{
    s->suspended = false;
    MHD_resume_connection(s->connection);
}

/* True: one of them goes on, and the daemon has to run at once. */
static bool streams_wake(const struct httpd *h)
{
    struct stream *s = NULL;
    bool any = false;

    DL_FOREACH(h->streams, s)
    {
        if (!s->suspended || !s->from.ready(s->from.self))
            continue;
        stream_go_on(s);
        any = true;
    }
    return any;
}

/* ---- requests ---- */

static enum MHD_Result note_pair(void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct pairs *p = self;

    (void)kind;
    if (p->n == HTTPD_PAIRS_MAX)
        return MHD_NO;
    p->at[p->n++] = (struct http_header){str_of(name), str_of(value)};
    return MHD_YES;
}

static enum MHD_Result answer_to(struct httpd *h, struct MHD_Connection *c, const char *method,
                                 const char *url)
{
    struct err e = {0};
    struct pairs args = {.n = 0};
    struct pairs headers = {.n = 0};
    BUF_CLEANUP struct buf body = BUF_INIT(HTTPD_BODY_MAX);

    (void)MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, note_pair, &args);
    (void)MHD_get_connection_values(c, MHD_HEADER_KIND, note_pair, &headers);
    const struct http_asked q = {.method = str_of(method),
                                 .path = str_of(url),
                                 .args = args.at,
                                 .arg_count = args.n,
                                 .headers = headers.at,
                                 .header_count = headers.n};
    struct http_answer a = {.status = MHD_HTTP_NOT_FOUND, .content_type = "text/plain", .body = body};
    h->handler(h->self, &q, &a);
    body = a.body;
    if (a.stream.read)
        return stream_reply(h, c, &a);
    if (!buf_ok(&body, "answer", &e))
        return reply(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain", NULL, str_of(e.msg));
    return reply(c, a.status, a.content_type, NULL, buf_view(&body));
}

static enum MHD_Result asked(void *self, struct MHD_Connection *c, const char *url, const char *method,
                             const char *version, const char *upload, size_t *upload_n, void **state)
{
    static char seen;

    (void)version;
    (void)upload;
    if (!*state) { /* the head has come; what follows, if anything, is not read */
        *state = &seen;
        return MHD_YES;
    }
    if (*upload_n > 0) {
        *upload_n = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return reply(c, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", "GET, HEAD", STR("only GET and HEAD\n"));
    return answer_to(self, c, method, url);
}

static void before_wait(void *self, struct reactor_wait *w, int64_t now_ms)
{
    struct httpd *h = self;
    MHD_UNSIGNED_LONG_LONG timeout = 0;

    if (streams_wake(h))
        reactor_wait_until(w, now_ms);
    reactor_wait_fd(w, h->epoll_fd, true, false);
    if (MHD_get_timeout(h->daemon, &timeout) == MHD_YES)
        reactor_wait_until(w, now_ms + (timeout < REACTOR_WAIT_MS ? (int64_t)timeout : REACTOR_WAIT_MS));
}

static void dispatch(void *self, int64_t now_ms)
{
    struct httpd *h = self;

    (void)now_ms;
    (void)MHD_run(h->daemon);
}

static struct MHD_Daemon *start(struct httpd *h, const struct addrinfo *at, int idle_s)
{
    unsigned flags =
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (at->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0U);

    return MHD_start_daemon(flags, 0, NULL, NULL, asked, h, MHD_OPTION_SOCK_ADDR, at->ai_addr,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTPD_CONNECTIONS_MAX,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)idle_s,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTPD_HEAD_MAX, MHD_OPTION_END);
}

static bool open_at(struct httpd *h, const char *listen, int idle_s, struct err *e)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *at = NULL;
    char *host CLEANUP(xfreep) = NULL, *port CLEANUP(xfreep) = NULL;

    if (!admin_split(listen, &host, &port, e))
        return false;
    int failed = getaddrinfo(host[0] ? host : NULL, port, &hints, &at);
    if (failed)
        return err_set(e, ERR_CONFIG, "admin.listen %s: %s", listen, gai_strerror(failed));
    for (const struct addrinfo *a = at; a && !h->daemon; a = a->ai_next)
        h->daemon = start(h, a, idle_s);
    freeaddrinfo(at);
    if (!h->daemon)
        return err_set(e, ERR_CONFIG, "admin.listen %s: cannot listen there: is the port taken?", listen);
    const union MHD_DaemonInfo *fd = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    BUG_IF(!fd);
    h->epoll_fd = fd->epoll_fd;
    const union MHD_DaemonInfo *bound = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
    BUG_IF(!bound);
    h->port = bound->port;
    return true;
}

struct httpd *httpd_new(struct reactor *r, const char *listen, int idle_s, http_handler *handler, void *self,
                        struct err *e)
{
    struct httpd *h = xcalloc(1, sizeof *h);

    h->handler = handler;
    h->self = self;
    if (!open_at(h, listen, idle_s, e)) {
        xfree(h);
        return NULL;
    }
    reactor_add(r, (struct reactor_part){.wait = before_wait, .dispatch = dispatch, .self = h});
    return h;
}

void httpd_free(struct httpd *h)
{
    struct stream *s = NULL;

    if (!h)
        return;
    DL_FOREACH(h->streams, s) /* a daemon with suspended connections cannot be stopped */
    {
        if (s->suspended)
            stream_go_on(s);
    }
    MHD_stop_daemon(h->daemon);
    xfree(h);
}

int httpd_port(const struct httpd *h)
{
    return h->port;
}
