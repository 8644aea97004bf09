/* The port of a process: as common/real/redis.c, over links instead of sockets. */
#include "sim/redis_resp.h"
#include "sim/sim_redis_parts.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

enum {
    IN_FLIGHT_MAX = 128,
    QUEUE_COMMANDS_MAX = 65536,
    QUEUE_BYTES_MAX = 256 * 1024 * 1024,
    BACKOFF_FIRST_MS = 20,
    BACKOFF_MAX_MS = 1000,
};

enum phase { PHASE_IDLE, PHASE_APART, PHASE_JOINING, PHASE_READY };

struct command {
    uint64_t id;
    redis_done *done;
    void *self;
    struct redis_blob *wire; /* NULL: refused when it was queued */
    int64_t deadline_us;
    int place;
    bool in_flight, again;
    struct command *prev, *next;
};

struct sim_redis_client {
    struct sim_redis *r;
    uint64_t owner, last_id;
    int64_t cut_until_us;
    enum phase phase;
    struct sim_redis_link *link;
    int64_t backoff_ms;
    struct redis_state state;
    struct command *queue;
    size_t queued, queued_bytes, in_flight;
    uint64_t timer; /* ticket of the next look at deadlines; 0: none */
    struct redis_resp_tree tree;
    struct calls *calls; /* may be NULL */
};

static int64_t now_us(const struct sim_redis_client *c)
{
    return scheduler_now(c->r->s);
}

/* ---- completions ---- */

static void command_free(struct command *x)
{
    redis_blob_release(x->wire);
    xfree(x);
}

/* The oldest ends. */
static void complete(struct sim_redis_client *c, const struct redis_reply *reply)
{
    struct command *x = c->queue;

    DL_DELETE(c->queue, x);
    c->queued--;
    c->queued_bytes -= x->wire ? x->wire->n : 0;
    c->in_flight -= x->in_flight;
    calls_heard(c->calls, x->place);
    if (reply->err.kind == ERR_NONE)
        calls_answered(c->calls, x->place, &reply->value);
    x->done(x->self, x->id, reply);
    command_free(x);
}

static void fail(struct sim_redis_client *c, const char *why)
{
    struct redis_reply reply = {.run_id = ""};

    (void)err_set(&reply.err, ERR_UNAVAILABLE, "redis sim: %s", why);
    complete(c, &reply);
}

/* ---- the connection ---- */

static void pump(struct sim_redis_client *c);
static void join_soon(struct sim_redis_client *c, int64_t us);

static int64_t next_backoff_ms(struct sim_redis_client *c)
{
    int64_t base = c->backoff_ms ? c->backoff_ms : BACKOFF_FIRST_MS;

    c->backoff_ms = base * 2 < BACKOFF_MAX_MS ? base * 2 : BACKOFF_MAX_MS;
    return base / 2 + chance_between(&c->r->chance, 0, base / 2);
}

/* What was in flight is sent again once; what had been sent again already ends. */
static void part(struct sim_redis_client *c, const char *why)
{
    struct command *x = NULL;

    (void)snprintf(c->state.why, sizeof c->state.why, "%s", why);
    if (c->link) {
        c->link->over = true;
        sim_redis_link_release(c->link);
        c->link = NULL;
    }
    c->phase = PHASE_APART;
    c->state.connected = false;
    c->state.run_id[0] = '\0';
    while (c->queue && c->queue->in_flight && c->queue->again)
        fail(c, why);
    DL_FOREACH(c->queue, x)
    {
        if (!x->in_flight)
            break;
        x->in_flight = false;
        x->again = true;
        x->deadline_us = now_us(c) + (int64_t)SIM_REDIS_TIMEOUT_MS * 1000;
    }
    c->in_flight = 0;
    join_soon(c, next_backoff_ms(c) * 1000);
}

static void join(void *self)
{
    struct sim_redis_client *c = self;

    c->link = now_us(c) < c->cut_until_us ? NULL : sim_redis_connect(c->r, c, c->owner);
    if (!c->link) {
        part(c, "connect: Connection refused");
        return;
    }
    (void)snprintf(c->state.run_id, sizeof c->state.run_id, "%s", redis_server_run_id(c->link->node->redis));
    c->state.connected = true;
    c->state.generation++;
    c->state.why[0] = '\0';
    c->backoff_ms = 0;
    c->phase = PHASE_READY;
    pump(c);
}

static void join_soon(struct sim_redis_client *c, int64_t us)
{
    (void)scheduler_after(c->r->s, us, &(struct completion){c->owner, "redis.joins", join, NULL, c});
}

static void wake(struct sim_redis_client *c)
{
    if (c->phase != PHASE_IDLE)
        return;
    c->phase = PHASE_JOINING;
    join_soon(c, 2 * sim_redis_way_us(c->r));
}

void sim_redis_lost(struct sim_redis_client *c, struct sim_redis_link *l)
{
    if (c->link == l)
        part(c, "the server closed the connection");
    pump(c);
}

void sim_redis_heard(struct sim_redis_client *c, struct sim_redis_link *l, uint64_t id, struct str wire)
{
    struct redis_reply reply = {.run_id = c->state.run_id};

    if (c->link != l)
        return;
    BUG_IF(!c->queue || c->queue->id != id || !c->queue->in_flight);
    redis_resp_tree_read(&c->tree, wire);
    reply.value = c->tree.values[0];
    complete(c, &reply);
    pump(c);
}

/* ---- deadlines ---- */

static bool is_late(const struct sim_redis_client *c)
{
    return c->queue && (!c->queue->wire || c->queue->deadline_us <= now_us(c));
}

static void look(void *self)
{
    struct sim_redis_client *c = self;
    char why[ERR_MSG_MAX];

    c->timer = 0;
    while (is_late(c)) {
        if (c->queue->in_flight) {
            (void)snprintf(why, sizeof why, "no answer within %d ms", SIM_REDIS_TIMEOUT_MS);
            part(c, why);
        } else if (!c->queue->wire) {
            (void)snprintf(why, sizeof why, "over %d commands or %d bytes are waiting", QUEUE_COMMANDS_MAX,
                           QUEUE_BYTES_MAX);
            fail(c, why);
        } else {
            (void)snprintf(why, sizeof why, "not connected within %d ms: %.200s", SIM_REDIS_TIMEOUT_MS,
                           c->state.why[0] ? c->state.why : "still connecting");
            fail(c, why);
        }
    }
    pump(c);
}

/* Deadlines rise along the queue: the oldest's is the next. One that was told to be looked at is not
 * moved. */
static void arm(struct sim_redis_client *c)
{
    if (!c->queue || (c->timer && c->queue->wire))
        return;
    if (c->timer)
        scheduler_cancel(c->r->s, c->timer);
    int64_t us = c->queue->wire ? c->queue->deadline_us - now_us(c) : 0;
    c->timer = scheduler_after(c->r->s, us < 0 ? 0 : us,
                               &(struct completion){c->owner, "redis.deadline", look, NULL, c});
}

static void pump(struct sim_redis_client *c)
{
    struct command *x = NULL;

    DL_FOREACH(c->queue, x)
    {
        if (c->phase != PHASE_READY || c->in_flight == IN_FLIGHT_MAX || !x->wire)
            break;
        if (x->in_flight)
            continue;
        x->in_flight = true;
        c->in_flight++;
        sim_redis_post(c->link, x->id, x->wire, x->place);
    }
    arm(c);
}

/* ---- the port ---- */

static struct redis_blob *format(const struct str *args, size_t n)
{
    BUF_CLEANUP struct buf wire = BUF_INIT(REDIS_RESP_MAX);

    redis_resp_list(&wire, n);
    for (size_t i = 0; i < n; i++)
        redis_resp_bulk(&wire, args[i]);
    return redis_blob_new(buf_view(&wire));
}

static uint64_t send(void *port, const struct str *args, size_t n, redis_done *done, void *self)
{
    struct sim_redis_client *c = port;
    struct command *x = xcalloc(1, sizeof *x);

    BUG_IF(n == 0 || n > REDIS_ARGS_MAX);
    x->wire = format(args, n);
    if (c->queued >= QUEUE_COMMANDS_MAX || c->queued_bytes + x->wire->n > QUEUE_BYTES_MAX) {
        redis_blob_release(x->wire); /* it ends in its turn */
        x->wire = NULL;
    }
    x->id = ++c->last_id;
    x->done = done;
    x->self = self;
    x->deadline_us = now_us(c) + (int64_t)SIM_REDIS_TIMEOUT_MS * 1000;
    DL_APPEND(c->queue, x);
    c->queued++;
    c->queued_bytes += x->wire ? x->wire->n : 0;
    x->place = calls_command(c->calls, args, n);
    if (!calls_begin(c->calls, x->place))
        return x->id; /* it waits in the queue until its process is gone, at once */
    wake(c);
    pump(c);
    return x->id;
}

static void state(void *port, struct redis_state *out)
{
    struct sim_redis_client *c = port;

    wake(c);
    *out = c->state;
}

struct sim_redis_client *sim_redis_client_new(struct sim_redis *r, uint64_t owner)
{
    struct sim_redis_client *c = xcalloc(1, sizeof *c);

    c->r = r;
    c->owner = owner;
    return c;
}

void sim_redis_client_cut(struct sim_redis_client *c, int64_t us)
{
    c->cut_until_us = now_us(c) + us;
    if (c->phase == PHASE_READY)
        part(c, "the network is cut");
}

void sim_redis_client_count(struct sim_redis_client *c, struct calls *calls)
{
    c->calls = calls;
}

void sim_redis_client_free(struct sim_redis_client *c)
{
    if (!c)
        return;
    sim_redis_forget(c->r, c);
    sim_redis_link_release(c->link);
    while (c->queue) {
        struct command *x = c->queue;
        DL_DELETE(c->queue, x);
        command_free(x);
    }
    redis_resp_tree_release(&c->tree);
    xfree(c);
}

struct redis sim_redis_port(struct sim_redis_client *c)
{
    return (struct redis){.send = send, .state = state, .port = c};
}
