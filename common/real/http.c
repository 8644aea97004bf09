#include "real/http.h"

#include "base/hash.h"
#include "base/mem.h"
#include "real/clock.h"
#include "real/heap.h"

#include <limits.h>
#include <string.h>

#include <utlist.h>

enum {
    HEAD_BYTES_MAX = 64 * 1024, /* of a reply's headers together */
    HEADERS_MAX = 256,          /* of one request or reply */
    URL_MAX = 64 * 1024,
    READ_BYTES = 4096, /* a transfer's buffer: hundreds are out at once; a long reply costs 250 reads */
    TRIM_MS = 250,     /* at least between two trims of the heap: each takes about a millisecond at most */
};

struct exchange { /* one request until its completion */
    uint64_t id;
    http_done *done;
    void *self;
    struct http_port *port;
    CURL *easy;
    struct reactor_transfer transfer;
    struct curl_slist *headers;
    char *body;
    struct buf head, reply;
    struct err refused; /* not worth sending: completed from the next dispatch */
    char why[CURL_ERROR_SIZE];
    UT_hash_handle hh;
    struct exchange *prev, *next; /* among the refused */
};

struct http_port {
    struct reactor *reactor;
    uint64_t last_id;
    struct exchange *open; /* by id */
    struct exchange *refused;
    bool ended; /* some have, since the heap was trimmed */
    int64_t trimmed_ms;
};

static void exchange_free(struct exchange *x)
{
    if (x->easy) { /* added to the reactor as soon as it is made: nothing fails in between */
        reactor_transfer_remove(x->port->reactor, x->easy);
        curl_easy_cleanup(x->easy);
    }
    curl_slist_free_all(x->headers);
    xfree(x->body);
    buf_release(&x->head);
    buf_release(&x->reply);
    xfree(x);
}

/* ---- what comes back ---- */

static size_t keep_head(char *p, size_t size, size_t n, void *self)
{
    struct exchange *x = self;

    n *= size;
    if (str_starts(str_n(p, n), STR("HTTP/"))) /* of the last reply only: 1xx come before it */
        buf_clear(&x->head);
    buf_add(&x->head, str_n(p, n));
    return x->head.over ? 0 : n;
}

static size_t keep_body(char *p, size_t size, size_t n, void *self)
{
    struct exchange *x = self;

    buf_add(&x->reply, str_n(p, size * n));
    return x->reply.over ? 0 : size * n;
}

static size_t split_head(struct str head, struct http_header *out)
{
    struct str line, rest = head;
    size_t n = 0;

    while (rest.n > 0 && n < HEADERS_MAX) {
        (void)str_cut(rest, '\n', &line, &rest);
        if (!str_cut(line, ':', &out[n].name, &out[n].value))
            continue; /* the status line, the empty one at the end */
        out[n].value = str_trim(out[n].value);
        n++;
    }
    return n;
}

static enum err_kind kind_of(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return ERR_INVALID;
    case CURLE_SSL_CACERT_BADFILE:
        return ERR_CONFIG;
    case CURLE_PEER_FAILED_VERIFICATION:
        return ERR_DENIED;
    default:
        return ERR_UNAVAILABLE;
    }
}

static void describe_failure(const struct exchange *x, CURLcode code, struct err *e)
{
    if (x->reply.over)
        (void)err_set(e, ERR_INVALID, "the reply's body is over %zu bytes", x->reply.max);
    else if (x->head.over)
        (void)err_set(e, ERR_INVALID, "the reply's headers are over %d bytes", HEAD_BYTES_MAX);
    else
        (void)err_set(e, kind_of(code), "%s", x->why[0] ? x->why : curl_easy_strerror(code));
}

/* Ready to send means that it may have been sent: only what never came so far is surely not on the wire. */
static bool may_have_left(CURL *easy)
{
    curl_off_t ready_us = 0;
    long bytes = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    (void)curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes);
    return ready_us > 0 || bytes > 0;
}

static int64_t round_trip_ms(CURL *easy)
{
    curl_off_t ready_us = 0, total_us = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    (void)curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &total_us);
    return (total_us - ready_us) / 1000;
}

static void over(void *self, CURLcode result)
{
    struct exchange *x = self;
    struct http_header headers[HEADERS_MAX];
    struct http_reply reply = {.sent = may_have_left(x->easy), .rtt_ms = round_trip_ms(x->easy)};
    long status = 0;

    HASH_DEL(x->port->open, x);
    x->port->ended = true;
    if (result == CURLE_OK) {
        (void)curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
        reply.status = (int)status;
        reply.headers = headers;
        reply.header_count = split_head(buf_view(&x->head), headers);
        reply.body = buf_view(&x->reply);
    } else {
        describe_failure(x, result, &reply.err);
    }
    x->done(x->self, x->id, &reply);
    exchange_free(x);
}

/* ---- what is sent ---- */

static bool add_header(struct exchange *x, struct str name, struct str value)
{
    BUF_CLEANUP struct buf line = BUF_INIT(HEAD_BYTES_MAX);

    buf_add(&line, name);
    buf_adds(&line, value.n ? ": " : ";"); /* curl's way to say an empty one */
    buf_add(&line, value);
    if (!name.n || line.over || str_has_control(buf_view(&line)))
        return false;
    x->headers = curl_slist_append(x->headers, buf_cstr(&line));
    BUG_IF(!x->headers);
    return true;
}

/* Curl adds this header unless the caller has one of the name, or says that there is none. */
static void leave_out(struct exchange *x, const struct http_request *q, const char *name)
{
    BUF_CLEANUP struct buf line = BUF_INIT(64);

    for (size_t i = 0; i < q->header_count; i++)
        if (str_is_nocase(q->headers[i].name, name))
            return;
    buf_addf(&line, "%s:", name);
    x->headers = curl_slist_append(x->headers, buf_cstr(&line));
    BUG_IF(!x->headers);
}

static bool check(const struct http_request *q, struct err *e)
{
    if (str_has_control(q->url) || !q->url.n || q->url.n > URL_MAX)
        return err_set(e, ERR_INVALID, "the URL is empty, over %d bytes or has control characters", URL_MAX);
    if (q->header_count > HEADERS_MAX)
        return err_set(e, ERR_INVALID, "over %d headers", HEADERS_MAX);
    return true;
}

static void set_method(struct exchange *x, const struct http_request *q)
{
    bool get = !strcmp(q->method, "GET"), head = !strcmp(q->method, "HEAD");

    if (head)
        EASY_SET(x->easy, CURLOPT_NOBODY, 1L);
    else if (get && !q->body.n)
        EASY_SET(x->easy, CURLOPT_HTTPGET, 1L);
    else {
        x->body = str_dup(q->body); /* curl keeps the pointer */
        EASY_SET(x->easy, CURLOPT_POSTFIELDS, x->body);
        EASY_SET(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
        EASY_SET(x->easy, CURLOPT_CUSTOMREQUEST, q->method);
    }
}

static long bounded(int64_t ms)
{
    return ms < 1 ? 1 : ms > INT_MAX ? INT_MAX : (long)ms;
}

static bool prepare(struct exchange *x, const struct http_request *q, struct err *e)
{
    if (!check(q, e))
        return false;
    for (size_t i = 0; i < q->header_count; i++)
        if (!add_header(x, q->headers[i].name, q->headers[i].value))
            return err_set(e, ERR_INVALID, "header %zu is empty, too long or has control characters", i + 1);
    leave_out(x, q, "Expect");
    leave_out(x, q, "Accept");
    leave_out(x, q, "Content-Type");
    char *url CLEANUP(xfreep) = str_dup(q->url);
    x->easy = reactor_easy(x->port->reactor);
    EASY_SET(x->easy, CURLOPT_URL, url);
    EASY_SET(x->easy, CURLOPT_PATH_AS_IS, 1L);
    EASY_SET(x->easy, CURLOPT_BUFFERSIZE, (long)READ_BYTES);
    EASY_SET(x->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    EASY_SET(x->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (q->direct)
        EASY_SET(x->easy, CURLOPT_PROXY, ""); /* none, whatever the environment says */
    if (q->once)
        EASY_SET(x->easy, CURLOPT_FRESH_CONNECT, 1L); /* curl sends again on kept-alive connections alone */
    set_method(x, q);
    EASY_SET(x->easy, CURLOPT_HTTPHEADER, x->headers);
    EASY_SET(x->easy, CURLOPT_CONNECTTIMEOUT_MS, bounded(q->connect_timeout_ms));
    EASY_SET(x->easy, CURLOPT_TIMEOUT_MS, bounded(q->timeout_ms));
    EASY_SET(x->easy, CURLOPT_ERRORBUFFER, x->why);
    EASY_SET(x->easy, CURLOPT_HEADERFUNCTION, keep_head);
    EASY_SET(x->easy, CURLOPT_HEADERDATA, x);
    EASY_SET(x->easy, CURLOPT_WRITEFUNCTION, keep_body);
    EASY_SET(x->easy, CURLOPT_WRITEDATA, x);
    return true;
}

static uint64_t http_port_send(void *port, const struct http_request *request, http_done *done, void *self)
{
    struct http_port *p = port;
    struct exchange *x = xcalloc(1, sizeof *x);

    x->id = ++p->last_id;
    x->done = done;
    x->self = self;
    x->port = p;
    x->head = (struct buf)BUF_INIT(HEAD_BYTES_MAX);
    x->reply = (struct buf)BUF_INIT(request->reply_max);
    x->transfer = (struct reactor_transfer){.over = over, .self = x};
    if (prepare(x, request, &x->refused))
        reactor_transfer_add(p->reactor, x->easy, &x->transfer);
    else
        DL_APPEND(p->refused, x);
    HASH_ADD(hh, p->open, id, sizeof x->id, x);
    return x->id;
}

static void http_port_cancel(void *port, uint64_t id)
{
    struct http_port *p = port;
    struct exchange *x = NULL;

    HASH_FIND(hh, p->open, &id, sizeof id, x);
    if (!x)
        return;
    HASH_DEL(p->open, x);
    if (x->refused.kind)
        DL_DELETE(p->refused, x);
    exchange_free(x);
}

/* ---- the reactor's side ---- */

static void before_wait(void *self, struct reactor_wait *w, int64_t now_ms)
{
    const struct http_port *p = self;

    if (p->refused)
        reactor_wait_until(w, now_ms);
}

static void dispatch(void *self, int64_t now_ms)
{
    struct http_port *p = self;
    struct exchange *x;

    if (p->ended && now_ms - p->trimmed_ms >= TRIM_MS) { /* replies and what was made of them are gone */
        heap_trim();
        p->ended = false;
        p->trimmed_ms = now_ms;
    }
    while ((x = p->refused)) {
        struct http_reply reply = {.err = x->refused};
        DL_DELETE(p->refused, x);
        HASH_DEL(p->open, x);
        x->done(x->self, x->id, &reply);
        exchange_free(x);
    }
}

struct http_port *http_port_new(struct reactor *r)
{
    struct http_port *p = xcalloc(1, sizeof *p);

    p->reactor = r;
    reactor_add(r, (struct reactor_part){.wait = before_wait, .dispatch = dispatch, .self = p});
    return p;
}

void http_port_free(struct http_port *p)
{
    struct exchange *x, *next;

    if (!p)
        return;
    HASH_ITER(hh, p->open, x, next)
    {
        HASH_DEL(p->open, x);
        exchange_free(x);
    }
    xfree(p);
}

struct http http_port_of(struct http_port *p)
{
    return (struct http){.send = http_port_send, .cancel = http_port_cancel, .port = p};
}
