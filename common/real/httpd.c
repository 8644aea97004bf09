#include "real/httpd.h"

#include "base/mem.h"
#include "real/admin.h"
#include "real/clock.h"

#include <microhttpd.h>
#include <netdb.h>
#include <string.h>

struct httpd {
    struct MHD_Daemon *daemon;
    http_handler *handler;
    void *self;
    int epoll_fd, port;
};

static enum MHD_Result reply(struct MHD_Connection *c, int status, const char *type, const char *extra,
                             struct str body)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(
        body.n, (void *)(uintptr_t)(body.n ? body.p : ""), MHD_RESPMEM_MUST_COPY);

    if (!r)
        return MHD_NO;
    (void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    (void)MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (extra)
        (void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, extra);
    enum MHD_Result queued = MHD_queue_response(c, (unsigned)status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result asked(void *self, struct MHD_Connection *c, const char *url, const char *method,
                             const char *version, const char *upload, size_t *upload_n, void **state)
{
    static char seen;
    struct httpd *h = self;
    struct err e = {0};

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
    BUF_CLEANUP struct buf body = BUF_INIT(HTTPD_BODY_MAX);
    struct http_asked q = {.method = str_of(method), .path = str_of(url)};
    struct http_answer a = {.status = MHD_HTTP_NOT_FOUND, .content_type = "text/plain", .body = body};
    h->handler(h->self, &q, &a);
    body = a.body;
    if (!buf_ok(&body, "answer", &e))
        return reply(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain", NULL, str_of(e.msg));
    return reply(c, a.status, a.content_type, NULL, buf_view(&body));
}

static void before_wait(void *self, struct reactor_wait *w, int64_t now_ms)
{
    struct httpd *h = self;
    MHD_UNSIGNED_LONG_LONG timeout = 0;

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

static struct MHD_Daemon *start(struct httpd *h, const struct addrinfo *at)
{
    unsigned flags = MHD_USE_EPOLL | (at->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0U);

    return MHD_start_daemon(flags, 0, NULL, NULL, asked, h, MHD_OPTION_SOCK_ADDR, at->ai_addr,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTPD_CONNECTIONS_MAX,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTPD_IDLE_S,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTPD_HEAD_MAX, MHD_OPTION_END);
}

static bool open_at(struct httpd *h, const char *listen, struct err *e)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *at = NULL;
    char *host CLEANUP(xfreep) = NULL, *port CLEANUP(xfreep) = NULL;

    if (!admin_split(listen, &host, &port, e))
        return false;
    int failed = getaddrinfo(host[0] ? host : NULL, port, &hints, &at);
    if (failed)
        return err_set(e, ERR_CONFIG, "admin.listen %s: %s", listen, gai_strerror(failed));
    for (const struct addrinfo *a = at; a && !h->daemon; a = a->ai_next)
        h->daemon = start(h, a);
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

struct httpd *httpd_new(struct reactor *r, const char *listen, http_handler *handler, void *self,
                        struct err *e)
{
    struct httpd *h = xcalloc(1, sizeof *h);

    h->handler = handler;
    h->self = self;
    if (!open_at(h, listen, e)) {
        xfree(h);
        return NULL;
    }
    reactor_add(r, (struct reactor_part){.wait = before_wait, .dispatch = dispatch, .self = h});
    return h;
}

void httpd_free(struct httpd *h)
{
    if (!h)
        return;
    MHD_stop_daemon(h->daemon);
    xfree(h);
}

int httpd_port(const struct httpd *h)
{
    return h->port;
}
