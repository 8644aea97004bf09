#pragma once
/*
 * redis - the seam to Redis: one pipelined connection that reopens itself.
 *
 * redis_send() queues a command and returns its id; exactly one completion follows, from the loop, never from
 * within the call, in the order of sending. After a lost connection, or a command past its deadline (the
 * connection is then closed and opened anew), what was in flight is SENT AGAIN once, since every command that
 * we use is idempotent (fold by its offset, claim and renew by their token); after that it ends with
 * ERR_UNAVAILABLE. A command must therefore never be one whose repetition changes more than cost. While there
 * is no connection, commands wait up to the deadline. So a command ends within twice the deadline. What is
 * queued is bounded (65,536 commands, 256 MiB): beyond it a command ends with ERR_UNAVAILABLE in its turn.
 *
 * `run_id` is the server's own (INFO server), read anew on each connection before any command of ours is sent
 * on it: every reply carries the one it was given under. It tells a restarted or promoted server, not a
 * FLUSHALL.
 */
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum redis_type { REDIS_NIL, REDIS_STR, REDIS_INT, REDIS_LIST, REDIS_STATUS, REDIS_ERROR };
enum { REDIS_RUN_ID_MAX = 64, REDIS_ARGS_MAX = 20000 };

struct redis_value {
    enum redis_type type;
    struct str s;                 /* STR, STATUS, ERROR ("WRONGTYPE Operation …") */
    int64_t i;                    /* INT */
    const struct redis_value *at; /* LIST */
    size_t n;
};

struct redis_reply { /* borrowed for the callback only */
    struct redis_value value;
    struct err
        err; /* ERR_NONE when the server answered, an error answer included (value.type == REDIS_ERROR) */
    const char *run_id; /* of the connection that answered; "" without an answer */
};

typedef void redis_done(void *self, uint64_t id, const struct redis_reply *reply); /* function types only */

struct redis_state {
    bool connected;
    char run_id[REDIS_RUN_ID_MAX]; /* of the present connection; "" when there is none */
    uint64_t generation;   /* counts the connections made: a change means that something may have been lost */
    char why[ERR_MSG_MAX]; /* when not connected: what the last attempt said */
};

struct redis {
    uint64_t (*send)(void *port, const struct str *args, size_t n, redis_done *done,
                     void *self); /* copies args; id >= 1 */
    void (*state)(void *port, struct redis_state *out);
    void *port;
};

static inline uint64_t redis_send(const struct redis *r, const struct str *args, size_t n, redis_done *done,
                                  void *self)
{
    return r->send(r->port, args, n, done, self);
}

static inline void redis_state(const struct redis *r, struct redis_state *out)
{
    r->state(r->port, out);
}
