#include "real/redis.h"

#include "base/mem.h"
#include "real/clock.h"
#include "real/redis_link.h"

#include <hiredis/hiredis.h>
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

enum phase {
    PHASE_IDLE,    /* nobody has asked for anything yet */
    PHASE_APART,   /* until retry_ms */
    PHASE_JOINING, /* link made: connecting, then AUTH, SELECT, INFO */
    PHASE_READY,
};

struct command {
    uint64_t id;
    redis_done *done;
    void *self;
    char *wire; /* NULL: refused when it was queued */
    size_t wire_n;
    int64_t deadline_ms;
    bool in_flight, again; /* again: it was in flight on a connection that was lost */
    struct command *prev, *next;
};

struct redis_port {
    struct reactor *reactor;
    struct rng rng;
    struct redis_address address;
    int64_t timeout_ms;
    enum phase phase;
    struct redis_link *link;
    int64_t retry_ms, backoff_ms;
    int64_t greet_by_ms;
    int greeted, greetings; /* replies that came of those asked for; 0 of 0: not connected yet */
    struct redis_state state;
    uint64_t last_id;
    struct command
        *queue; /* oldest first; those in flight come first, and those sent again before all others */
    size_t queued, queued_bytes, in_flight;
};

/* ---- completions ---- */

/* The oldest ends. */
static void complete(struct redis_port *p, const struct redis_value *value, const struct err *e)
{
    struct command *c = p->queue;
    struct redis_reply reply = {.run_id = ""};

    DL_DELETE(p->queue, c);
    p->queued--;
    p->queued_bytes -= c->wire_n;
    if (c->in_flight)
        p->in_flight--;
    if (value) {
        reply.value = *value;
        reply.run_id = p->state.run_id;
    } else {
        BUG_IF(!e);
        reply.err = *e;
    }
    c->done(c->self, c->id, &reply);
    redisFreeCommand(c->wire);
    xfree(c);
}

/* ---- one connection's life ---- */

static int64_t next_backoff(struct redis_port *p)
{
    int64_t base = p->backoff_ms ? p->backoff_ms : BACKOFF_FIRST_MS;

    p->backoff_ms = base * 2 < BACKOFF_MAX_MS ? base * 2 : BACKOFF_MAX_MS;
    return base / 2 + rng_below(&p->rng, base / 2 + 1);
}

/* What was in flight is sent again once; what had been sent again already ends. */
static void part_from_link(struct redis_port *p, const char *why, int64_t now_ms)
{
    struct command *c;
    struct err e = {0};

    (void)snprintf(p->state.why, sizeof p->state.why, "%s", why);
    redis_link_free(p->link);
    p->link = NULL;
    p->phase = PHASE_APART;
    p->retry_ms = now_ms + next_backoff(p);
    p->state.connected = false;
    p->state.run_id[0] = '\0';
    (void)err_set(&e, ERR_UNAVAILABLE, "redis %s: %s", p->address.shown, p->state.why);
    while (p->queue && p->queue->in_flight && p->queue->again)
        complete(p, NULL, &e);
    DL_FOREACH(p->queue, c)
    {
        if (!c->in_flight)
            break;
        c->in_flight = false;
        c->again = true;
        c->deadline_ms = now_ms + p->timeout_ms;
    }
    p->in_flight = 0;
}

static void say(struct redis_port *p, int argc, const char **argv)
{
    char *wire = NULL;
    long long n = redisFormatCommandArgv(&wire, argc, argv, NULL);

    BUG_IF(n < 0);
    redis_link_write(p->link, str_n(wire, (size_t)n));
    redisFreeCommand(wire);
    p->greetings++;
}

static void greet(struct redis_port *p, int64_t now_ms)
{
    const struct redis_address *a = &p->address;
    char db[16];

    p->greet_by_ms = now_ms + p->timeout_ms;
    if (a->password && a->username && a->username[0])
        say(p, 3, (const char *[]){"AUTH", a->username, a->password});
    else if (a->password)
        say(p, 2, (const char *[]){"AUTH", a->password});
    if (a->db > 0) {
        (void)snprintf(db, sizeof db, "%d", a->db);
        say(p, 2, (const char *[]){"SELECT", db});
    }
    say(p, 2, (const char *[]){"INFO", "server"});
}

static struct str info_line(struct str info, struct str name)
{
    struct str line, rest = info;

    while (rest.n > 0) {
        (void)str_cut(rest, '\n', &line, &rest);
        if (str_starts(line, name))
            return str_trim(str_skip(line, name.n));
    }
    return STR("");
}

static void become_ready(struct redis_port *p, struct str info, int64_t now_ms)
{
    struct str mode = info_line(info, STR("redis_mode:"));
    struct str run_id = info_line(info, STR("run_id:"));
    BUF_CLEANUP struct buf why = BUF_INIT(ERR_MSG_MAX);

    if (mode.n && !str_is(mode, "standalone")) {
        buf_addf(&why,
                 "the server runs as " STR_FMT
                 ": only a standalone server, or the primary of one, is supported",
                 STR_ARG(mode));
        part_from_link(p, buf_cstr(&why), now_ms);
    } else if (!run_id.n || run_id.n >= REDIS_RUN_ID_MAX) {
        part_from_link(p, "INFO server names no run_id", now_ms);
    } else {
        (void)snprintf(p->state.run_id, sizeof p->state.run_id, STR_FMT, STR_ARG(run_id));
        p->state.connected = true;
        p->state.generation++;
        p->state.why[0] = '\0';
        p->backoff_ms = 0;
        p->phase = PHASE_READY;
    }
}

/* A reply to one of the greetings. */
static void hear_greeting(struct redis_port *p, const struct redis_value *v, int64_t now_ms)
{
    char why[ERR_MSG_MAX];

    p->greeted++;
    if (v->type == REDIS_ERROR) {
        (void)snprintf(why, sizeof why, "refused: " STR_FMT, STR_ARG(v->s));
        part_from_link(p, why, now_ms);
    } else if (p->greeted == p->greetings) {
        become_ready(p, v->type == REDIS_STR ? v->s : STR(""), now_ms);
    }
}

static void join(struct redis_port *p)
{
    p->link = redis_link_new(p->reactor, &p->address);
    p->phase = PHASE_JOINING;
    p->greeted = p->greetings = 0;
}

/* ---- the reactor's side ---- */

static void write_commands(struct redis_port *p)
{
    struct command *c;

    DL_FOREACH(p->queue, c)
    {
        if (p->in_flight == IN_FLIGHT_MAX || !c->wire)
            return;
        if (c->in_flight)
            continue;
        redis_link_write(p->link, str_n(c->wire, c->wire_n));
        c->in_flight = true;
        p->in_flight++;
    }
}

static int64_t head_deadline(const struct redis_port *p)
{
    return !p->queue ? INT64_MAX : p->queue->wire ? p->queue->deadline_ms : INT64_MIN;
}

static void before_wait(void *self, struct reactor_wait *w, int64_t now_ms)
{
    struct redis_port *p = self;

    (void)now_ms;
    reactor_wait_until(w, head_deadline(p));
    if (p->phase == PHASE_APART)
        reactor_wait_until(w, p->retry_ms);
    if (p->phase == PHASE_READY)
        write_commands(p);
    if (p->link) {
        redis_link_flush(p->link);
        redis_link_wait(p->link, w);
        if (redis_link_state(p->link) == LINK_LOST)
            reactor_wait_until(w, INT64_MIN);
        if (p->greetings > p->greeted)
            reactor_wait_until(w, p->greet_by_ms);
    }
}

static void read_replies(struct redis_port *p, int64_t now_ms)
{
    struct redis_value v;

    while (p->link && redis_link_next(p->link, &v)) {
        if (p->phase == PHASE_JOINING)
            hear_greeting(p, &v, now_ms);
        else if (p->queue && p->queue->in_flight)
            complete(p, &v, NULL);
        else
            part_from_link(p, "a reply came that nobody asked for", now_ms);
    }
    if (p->link && redis_link_state(p->link) == LINK_LOST) {
        BUF_CLEANUP struct buf why = BUF_INIT(ERR_MSG_MAX);
        buf_adds(&why, redis_link_why(p->link)); /* it ends with the link */
        part_from_link(p, buf_cstr(&why), now_ms);
    }
}

/* The oldest command past its deadline: in flight, its connection is given up; waiting, it ends. */
static void expire(struct redis_port *p, int64_t now_ms)
{
    while (p->queue && head_deadline(p) <= now_ms) {
        struct err e = {0};
        if (p->queue->in_flight) {
            char why[ERR_MSG_MAX];
            (void)snprintf(why, sizeof why, "no answer within %lld ms", (long long)p->timeout_ms);
            part_from_link(p, why, now_ms);
        } else if (!p->queue->wire) {
            (void)err_set(&e, ERR_UNAVAILABLE, "redis %s: over %d commands or %d bytes are waiting",
                          p->address.shown, QUEUE_COMMANDS_MAX, QUEUE_BYTES_MAX);
            complete(p, NULL, &e);
        } else {
            (void)err_set(&e, ERR_UNAVAILABLE, "redis %s: not connected within %lld ms: %s", p->address.shown,
                          (long long)p->timeout_ms, p->state.why[0] ? p->state.why : "still connecting");
            complete(p, NULL, &e);
        }
    }
}

static void dispatch(void *self, int64_t now_ms)
{
    struct redis_port *p = self;

    if (p->phase == PHASE_APART && now_ms >= p->retry_ms)
        join(p);
    if (p->link && p->greetings == 0 && redis_link_state(p->link) == LINK_UP)
        greet(p, now_ms);
    read_replies(p, now_ms);
    if (p->phase == PHASE_JOINING && p->greetings > p->greeted && now_ms >= p->greet_by_ms)
        part_from_link(p, "connected, but the server does not answer", now_ms);
    expire(p, now_ms);
}

/* ---- the port ---- */

static void wake(struct redis_port *p)
{
    if (p->phase == PHASE_IDLE)
        join(p);
}

static uint64_t redis_port_send(void *port, const struct str *args, size_t n, redis_done *done, void *self)
{
    struct redis_port *p = port;
    struct command *c = xcalloc(1, sizeof *c);
    const char **argv = xcalloc(n, sizeof *argv);
    size_t *lengths = xcalloc(n, sizeof *lengths);

    BUG_IF(n == 0 || n > REDIS_ARGS_MAX);
    for (size_t i = 0; i < n; i++) {
        argv[i] = args[i].p ? args[i].p : "";
        lengths[i] = args[i].n;
    }
    long long wire_n = redisFormatCommandArgv(&c->wire, (int)n, argv, lengths);
    BUG_IF(wire_n < 0);
    c->wire_n = (size_t)wire_n;
    xfree(argv);
    xfree(lengths);
    if (p->queued >= QUEUE_COMMANDS_MAX || p->queued_bytes + c->wire_n > QUEUE_BYTES_MAX) {
        redisFreeCommand(c->wire); /* it ends in its turn: completions come in the order of sending */
        c->wire = NULL;
        c->wire_n = 0;
    }
    c->id = ++p->last_id;
    c->done = done;
    c->self = self;
    c->deadline_ms = clock_boot_ms() + p->timeout_ms;
    DL_APPEND(p->queue, c);
    p->queued++;
    p->queued_bytes += c->wire_n;
    wake(p);
    return c->id;
}

static void redis_port_state(void *port, struct redis_state *out)
{
    struct redis_port *p = port;

    wake(p);
    *out = p->state;
}

static char * override(char *from_url, const char *option)
{
    if (!option || !option[0])
        return from_url;
    xfree(from_url);
    return xstrdup(option);
}

struct redis_port *redis_port_new(struct reactor *r, struct rng rng, const struct redis_settings *s,
                                  struct err *e)
{
    struct redis_address a = {0};

    if (!redis_address_parse(&a, s->url, e))
        return NULL;
    struct redis_port *p = xcalloc(1, sizeof *p);
    p->reactor = r;
    p->rng = rng;
    p->address = a;
    p->address.username = override(a.username, s->username);
    p->address.password = override(a.password, s->password);
    p->timeout_ms = s->timeout_ms;
    reactor_add(r, (struct reactor_part){.wait = before_wait, .dispatch = dispatch, .self = p});
    return p;
}

void redis_port_free(struct redis_port *p)
{
    if (!p)
        return;
    redis_link_free(p->link);
    while (p->queue) {
        struct command *c = p->queue;
        DL_DELETE(p->queue, c);
        redisFreeCommand(c->wire);
        xfree(c);
    }
    redis_address_release(&p->address);
    xfree(p);
}

struct redis redis_port_of(struct redis_port *p)
{
    return (struct redis){.send = redis_port_send, .state = redis_port_state, .port = p};
}
