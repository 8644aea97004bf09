#pragma once
/*
 * awssim - an AWS of one's own: EC2, SSM, DynamoDB, STS and SNS as far as this project calls them, without
 * sockets or clock.
 *
 * A scenario (JSON, README.md) and a seed make it; a request and a moment go in, a reply and the moment of
 * the next change come out. The same scenario, seed, requests and moments give the same bytes. The server
 * (server.c) puts it behind HTTP, the fleet's simulation calls it in its own process.
 *
 * Time is AWS's: `now` of a request is the moment at which it reaches AWS, on AWS's clock. boot_ms drives
 * everything that takes time, wall_ms is what signatures are measured against and what replies show. Neither
 * may go back, boot_ms at least. Owner: one thread. Bounds: call.h, ledger.h.
 */
#include "base/str.h"
#include "ports/clock.h"
#include "ports/http.h"

#include <stdint.h>

struct awssim; /* opaque */

struct awssim_config {
    struct str scenario; /* JSON text; empty: no instances, the default credential */
    uint64_t seed;
    int64_t signature_window_s; /* 0: AWS's 900 (EC2: 15 minutes) */
    /* 0 or 1: real time. N: what takes AWS N seconds takes one, buckets fill N times as fast */
    int64_t time_scale;
};

/* NULL: ERR_CONFIG */
struct awssim *awssim_new(const struct awssim_config *config, struct instant now, struct err *e);
/* NULL is fine */
void awssim_free(struct awssim *sim);

struct awssim_request { /* borrowed for the call */
    struct instant now;
    struct str method, target; /* as on the wire: "/", "/_/calls?after=3" */
    const struct http_header *headers;
    size_t header_count;
    struct str body;
};

enum awssim_delivery {
    AWSSIM_WHOLE, /* send status, headers and body                                              */
    AWSSIM_CUT,   /* send status and headers, `deliver_bytes` of the body, then end the connection */
    AWSSIM_DROP,  /* end the connection without a byte                                          */
    AWSSIM_HANG,  /* say nothing until the other side gives up                                  */
};

enum { AWSSIM_HEADERS_MAX = 8, AWSSIM_VALUE_MAX = 128 };

struct awssim_header {
    const char *name; /* a constant */
    char value[AWSSIM_VALUE_MAX];
};

struct awssim_reply {
    int status;
    struct awssim_header headers[AWSSIM_HEADERS_MAX]; /* Date among them, never Content-Length */
    size_t header_count;
    struct buf body;
    int64_t delay_ms; /* to wait before it is delivered; what it changed has changed already */
    enum awssim_delivery delivery;
    size_t deliver_bytes;
};

/* Answers one request. Never fails: what is wrong with a request is in the reply, as AWS would say it. */
void awssim_request(struct awssim *sim, const struct awssim_request *request, struct awssim_reply *reply);
void awssim_reply_release(struct awssim_reply *reply);

/* The boot_ms at which something changes without a request, or INT64_MAX. Requests advance by themselves. */
int64_t awssim_next(const struct awssim *sim);
void awssim_advance(struct awssim *sim, struct instant now);

/* What happened, at the moment of the effect: also one line each in the call log (ledger.h). */
enum awssim_event_kind {
    AWSSIM_CALL,  /* a request was answered: after its effects                                     */
    AWSSIM_STATE, /* an instance left one state for another: `id`, `from`, `to`, `cause`            */
    AWSSIM_GUEST, /* an agent ran a command: `id`, `cause` = the command's id, `to` = what it found */
};

struct awssim_event { /* borrowed */
    enum awssim_event_kind kind;
    struct instant at;
    const char *service, *operation, *region, *account, *request_id; /* never NULL */
    /* from the User-Agent; empty if it does not say */
    const char *run, *job, *attempt;
    const struct strs *ids; /* instances that a call names */
    int status;
    const char *code;  /* AWS's error code, empty on success                                              */
    const char *fault; /* the fault rule that shaped the reply, empty without one                         */
    const char *id, *from, *to, *cause;
};

typedef void awssim_listener(void *self, const struct awssim_event *event);
void awssim_listen(struct awssim *sim, awssim_listener *listener, void *self); /* one listener; NULL: none */

/* Appends the call log's lines after *seq (ledger.h), and moves it on. */
void awssim_print_log(const struct awssim *sim, int64_t *seq, struct buf *out);
