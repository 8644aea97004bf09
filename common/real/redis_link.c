#include "real/redis_link.h"

#include "base/mem.h"
#include "base/str.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

enum {
    OUT_BYTES_MAX = 512 * 1024 * 1024, /* never reached: real/redis bounds what it queues */
    READ_BYTES = 64 * 1024,
};

struct redis_link {
    struct reactor *reactor;
    struct reactor_transfer transfer;
    CURL *easy;
    curl_socket_t fd;
    enum redis_link_state state;
    redisReader *reader;
    redisReply *reply;          /* the one handed out last */
    struct redis_value *values; /* what `reply` is as ours, flat */
    struct buf out;
    size_t out_at;
    char why[ERR_MSG_MAX];
    char curl_why[CURL_ERROR_SIZE];
    bool at_socket;
};

static void lose(struct redis_link *l, const char *why)
{
    if (l->state == LINK_LOST)
        return;
    l->state = LINK_LOST;
    (void)snprintf(l->why, sizeof l->why, "%s", why);
}

static void connected(void *self, CURLcode result)
{
    struct redis_link *l = self;

    if (result == CURLE_OK && curl_easy_getinfo(l->easy, CURLINFO_ACTIVESOCKET, &l->fd) == CURLE_OK &&
        l->fd != CURL_SOCKET_BAD)
        l->state = LINK_UP;
    else if (l->at_socket) /* the library names host and port of a URL that nobody connects to */
        lose(l, "nobody listens on this socket, or it may not be opened: check its path and its rights");
    else
        lose(l, l->curl_why[0] ? l->curl_why : curl_easy_strerror(result));
}

struct redis_link *redis_link_new(struct reactor *r, const struct redis_address *a)
{
    struct redis_link *l = xcalloc(1, sizeof *l);

    l->reactor = r;
    l->transfer = (struct reactor_transfer){.over = connected, .self = l};
    l->out = (struct buf)BUF_INIT(OUT_BYTES_MAX);
    l->reader = redisReaderCreate();
    BUG_IF(!l->reader);
    l->easy = reactor_easy(r);
    EASY_SET(l->easy, CURLOPT_URL, a->base);
    EASY_SET(l->easy, CURLOPT_CONNECT_ONLY, 1L);
    EASY_SET(l->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    EASY_SET(l->easy, CURLOPT_PROXY, "");
    EASY_SET(l->easy, CURLOPT_FRESH_CONNECT, 1L);
    EASY_SET(l->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)LINK_CONNECT_MS);
    EASY_SET(l->easy, CURLOPT_ERRORBUFFER, l->curl_why);
    l->at_socket = a->socket != NULL;
    if (a->socket)
        EASY_SET(l->easy, CURLOPT_UNIX_SOCKET_PATH, a->socket);
    reactor_transfer_add(r, l->easy, &l->transfer);
    return l;
}

static void forget_reply(struct redis_link *l)
{
    if (l->reply)
        freeReplyObject(l->reply);
    l->reply = NULL;
    xfree(l->values);
    l->values = NULL;
}

void redis_link_free(struct redis_link *l)
{
    if (!l)
        return;
    forget_reply(l);
    redisReaderFree(l->reader);
    reactor_transfer_remove(l->reactor, l->easy);
    curl_easy_cleanup(l->easy);
    buf_release(&l->out);
    xfree(l);
}

enum redis_link_state redis_link_state(const struct redis_link *l)
{
    return l->state;
}

const char *redis_link_why(const struct redis_link *l)
{
    return l->why;
}

/* ---- out ---- */

size_t redis_link_queued(const struct redis_link *l)
{
    return l->out.n - l->out_at;
}

void redis_link_write(struct redis_link *l, struct str wire)
{
    buf_add(&l->out, wire);
    BUG_IF(l->out.over);
}

void redis_link_flush(struct redis_link *l)
{
    while (l->state == LINK_UP && redis_link_queued(l) > 0) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(l->easy, l->out.p + l->out_at, redis_link_queued(l), &sent);
        if (code == CURLE_AGAIN)
            return;
        if (code != CURLE_OK)
            lose(l, "the connection broke while sending");
        l->out_at += sent;
    }
    if (redis_link_queued(l) == 0) {
        buf_clear(&l->out);
        l->out_at = 0;
    }
}

void redis_link_wait(struct redis_link *l, struct reactor_wait *w)
{
    if (l->state == LINK_UP)
        reactor_wait_fd(w, (int)l->fd, true, redis_link_queued(l) > 0);
}

/* ---- in ---- */

static size_t count_values(const redisReply *r)
{
    size_t n = 1;

    for (size_t i = 0; r->type == REDIS_REPLY_ARRAY && i < r->elements; i++)
        n += count_values(r->element[i]);
    return n;
}

static enum redis_type type_of(int hiredis_type)
{
    switch (hiredis_type) {
    case REDIS_REPLY_STRING:
        return REDIS_STR;
    case REDIS_REPLY_INTEGER:
        return REDIS_INT;
    case REDIS_REPLY_ARRAY:
        return REDIS_LIST;
    case REDIS_REPLY_STATUS:
        return REDIS_STATUS;
    case REDIS_REPLY_ERROR:
        return REDIS_ERROR;
    default:
        return REDIS_NIL;
    }
}

/* Writes r to *out; its elements, and theirs, come to *spare, which moves on. */
static void convert(const redisReply *r, struct redis_value *out, struct redis_value **spare)
{
    *out = (struct redis_value){.type = type_of(r->type), .i = r->integer};
    if (out->type == REDIS_LIST) {
        struct redis_value *at = *spare;
        *spare += r->elements;
        for (size_t i = 0; i < r->elements; i++)
            convert(r->element[i], &at[i], spare);
        out->at = at;
        out->n = r->elements;
    } else if (out->type != REDIS_INT && out->type != REDIS_NIL) {
        out->s = str_n(r->str, (size_t)r->len);
    }
}

/* True: a reply was taken from what was read so far. */
static bool take_parsed(struct redis_link *l, struct redis_value *out)
{
    void *parsed = NULL;

    if (redisReaderGetReply(l->reader, &parsed) != REDIS_OK) {
        lose(l, "what came is not the Redis protocol");
        return false;
    }
    if (!parsed)
        return false;
    l->reply = parsed;
    size_t n = count_values(l->reply);
    l->values = xcalloc(n, sizeof *l->values);
    struct redis_value *spare = l->values + 1;
    convert(l->reply, &l->values[0], &spare);
    *out = l->values[0];
    return true;
}

/* True: more bytes are with the reader now. */
static bool read_more(struct redis_link *l)
{
    char bytes[READ_BYTES];
    size_t n = 0;
    CURLcode code = curl_easy_recv(l->easy, bytes, sizeof bytes, &n);

    if (code == CURLE_AGAIN)
        return false;
    if (code != CURLE_OK || n == 0) {
        lose(l, n == 0 && code == CURLE_OK ? "the server closed the connection" : "the connection broke");
        return false;
    }
    if (redisReaderFeed(l->reader, bytes, n) != REDIS_OK ||
        l->reader->len - l->reader->pos > LINK_REPLY_BYTES_MAX) {
        lose(l, "a reply is over its bound");
        return false;
    }
    return true;
}

bool redis_link_next(struct redis_link *l, struct redis_value *out)
{
    forget_reply(l);
    while (l->state == LINK_UP) {
        if (take_parsed(l, out))
            return true;
        if (l->state == LINK_UP && !read_more(l))
            return false;
    }
    return false;
}
