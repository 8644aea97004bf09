#pragma once
/*
 * http - the seam to HTTP, both halves.
 *
 * Sending: http_send() starts a request and returns its id; exactly one completion follows, never from within
 * http_send() or http_cancel(), always from the loop between two turns. The completion only records; acting
 * is the turn's. Serving: the daemon's admin half is a function from request to reply; real/httpd calls it
 * between two turns.
 *
 * Contract of an implementation: redirects are not followed; no cookies; no decompression; body bytes over
 * `reply_max` end the request with ERR_INVALID; names are resolved off the thread; TLS is verified always. A
 * request on a kept-alive connection that turns out to be closed may be sent once more by the implementation,
 * within the same deadline, unless it says `once`.
 */
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct http_header {
    struct str name, value;
};

struct http_request { /* borrowed for the call only: the port copies what it keeps */
    const char *method;
    struct str url; /* absolute, sent as it is (no dot-segment clean-up) */
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    int64_t connect_timeout_ms, timeout_ms; /* the whole transfer, connect included */
    size_t reply_max;                       /* bytes of body */
    bool direct;                            /* never by a proxy: metadata endpoints */
    /* never sent twice: the first copy of a changing call may land although a second was answered */
    bool once;
};

struct http_reply { /* borrowed for the callback only */
    int status;     /* 0: no reply; `err` says why */
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    struct err err; /* ERR_NONE when a whole reply came, whatever its status */
    bool
        /* the request may have reached the other side: a changing call without a reply may still land */
        sent;
    int64_t rtt_ms; /* from sending to the whole reply */
};

typedef void http_done(void *self, uint64_t id, const struct http_reply *reply); /* function types only */

struct http {
    uint64_t (*send)(void *port, const struct http_request *request, http_done *done,
                     void *self);            /* id >= 1 */
    void (*cancel)(void *port, uint64_t id); /* no completion follows; unknown ids are ignored */
    void *port;
};

static inline uint64_t http_send(const struct http *h, const struct http_request *request, http_done *done,
                                 void *self)
{
    return h->send(h->port, request, done, self);
}

static inline void http_cancel(const struct http *h, uint64_t id)
{
    h->cancel(h->port, id);
}

/* The header's value by name, ASCII case ignored; empty when absent. */
static inline struct str http_header_get(const struct http_header *headers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_is_nocase(headers[i].name, name))
            return headers[i].value;
    return STR("");
}

/* The serving half. All of it is borrowed for the call. */
struct http_asked {
    struct str method, path;        /* path without the query, decoded */
    const struct http_header *args; /* of the query, decoded, in their order */
    size_t arg_count;
    const struct http_header *headers;
    size_t header_count;
};

/*
 * A reply that goes on for as long as the client stays. All three are called between two turns, on the loop's
 * thread. After a read() that appended nothing, the next one follows when ready() has said so; ready() is
 * asked after each turn.
 */
struct http_stream {
    bool (*ready)(void *self); /* read() would append something, or end */
    /* Appends what comes next. False: the reply ends behind it. Called when all before it was handed on. */
    bool (*read)(void *self, struct buf *out);
    void (*close)(void *self); /* once, whoever ended it; `self` is not used after it */
    void *self;
};

struct http_answer {
    int status;
    const char *content_type;  /* a constant */
    struct buf body;           /* max is set by the caller */
    struct http_stream stream; /* read NULL: the body is all; else there is no body */
};

typedef void http_handler(void *self, const struct http_asked *asked, struct http_answer *answer);
