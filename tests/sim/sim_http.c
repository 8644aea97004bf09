#include "sim/sim_http.h"

#include "base/mem.h"

#include <string.h>
#include <utlist.h>

enum {
    WAY_US = 2000,
    WAY_MAX_US = 15000,
    BODY_MAX = 64 * 1024 * 1024,
    DELAY_MAX_MS = 20 * 60 * 1000, /* beyond the signature's window, too */
    SCHEME_BYTES = 8,
};

struct sim_aws {
    struct scheduler *s;
    struct swarm *swarm;
    struct chance chance;
    int64_t slowest_ms;
    sim_aws_sending *sending;
    void *sending_self;
    struct awssim *sim;
    uint64_t tick; /* ticket: something changes without a request */
    int64_t sent_ms;
    uint64_t last_id;
};

struct call;

struct sim_http_client {
    struct sim_aws *a;
    uint64_t owner;
    const struct machine *machine;
    struct call *calls;
    struct calls *counted; /* may be NULL */
};

struct wire { /* the request on its way; its sender may be gone when it lands */
    struct sim_aws *a;
    struct call *call; /* NULL: nobody waits for it */
    char *method, *target, *body;
    size_t body_n;
    struct http_header *headers;
    size_t header_count;
    int64_t sent_ms;
    bool reply_lost, cut;
};

struct call { /* what the process waits for */
    struct sim_http_client *c;
    uint64_t id, timeout; /* timeout: ticket */
    http_done *done;
    void *self;
    struct wire *wire; /* NULL: landed, or lost */
    uint64_t coming;   /* ticket of its reply; 0: none is on its way */
    struct awssim_reply reply;
    struct err err;
    int64_t began_us;
    int place;
    bool sent;
    struct call *prev, *next;
};

static bool strikes(struct sim_aws *a, enum fault f)
{
    return a->swarm && swarm_strike(a->swarm, f);
}

static struct instant true_now(const struct sim_aws *a)
{
    int64_t now_us = scheduler_now(a->s);

    return (struct instant){.boot_ms = now_us / 1000, .wall_ms = machine_true_wall_ms(now_us)};
}

/* ---- AWS ---- */

static void watch_time(struct sim_aws *a);

static void time_has_come(void *self)
{
    struct sim_aws *a = self;

    a->tick = 0;
    awssim_advance(a->sim, true_now(a));
    watch_time(a);
}

static void watch_time(struct sim_aws *a)
{
    int64_t next_ms = awssim_next(a->sim), now_us = scheduler_now(a->s);

    scheduler_cancel(a->s, a->tick);
    a->tick = 0;
    if (next_ms == INT64_MAX)
        return;
    int64_t us = next_ms * 1000 > now_us ? next_ms * 1000 - now_us : 0;
    a->tick = scheduler_after(a->s, us, &(struct completion){0, "aws.time", time_has_come, NULL, a});
}

struct sim_aws *sim_aws_new(struct scheduler *s, struct swarm *swarm, struct str scenario, uint64_t seed,
                            struct err *e)
{
    struct sim_aws *a = xcalloc(1, sizeof *a);

    *a = (struct sim_aws){.s = s, .swarm = swarm, .chance = {seed}, .slowest_ms = DELAY_MAX_MS};
    a->sim = awssim_new(&(struct awssim_config){.scenario = scenario, .seed = seed}, true_now(a), e);
    if (a->sim) {
        watch_time(a);
        return a;
    }
    xfree(a);
    return NULL;
}

void sim_aws_free(struct sim_aws *a)
{
    if (!a)
        return;
    scheduler_cancel(a->s, a->tick);
    awssim_free(a->sim);
    xfree(a);
}

void sim_aws_listen(struct sim_aws *a, awssim_listener *listener, void *self)
{
    awssim_listen(a->sim, listener, self);
}

void sim_aws_watch(struct sim_aws *a, sim_aws_sending *sending, void *self)
{
    a->sending = sending;
    a->sending_self = self;
}

void sim_aws_slowest(struct sim_aws *a, int64_t ms)
{
    a->slowest_ms = ms;
}

int64_t sim_aws_sent_ms(const struct sim_aws *a)
{
    return a->sent_ms;
}

static void ask(struct sim_aws *a, const struct awssim_request *r, struct awssim_reply *reply)
{
    reply->body = (struct buf)BUF_INIT(BODY_MAX);
    awssim_request(a->sim, r, reply);
    watch_time(a);
}

void sim_aws_control(struct sim_aws *a, const char *path, struct str body)
{
    struct awssim_reply reply = {0};

    ask(a,
        &(struct awssim_request){
            .now = true_now(a), .method = STR("POST"), .target = str_of(path), .body = body},
        &reply);
    BUG_IF(reply.status != 200);
    awssim_reply_release(&reply);
}

/* ---- a call ---- */

static void wire_free(void *self)
{
    struct wire *w = self;

    for (size_t i = 0; i < w->header_count; i++) {
        xfree((char *)(uintptr_t)w->headers[i].name.p);
        xfree((char *)(uintptr_t)w->headers[i].value.p);
    }
    xfree(w->headers);
    xfree(w->method);
    xfree(w->target);
    xfree(w->body);
    xfree(w);
}

static void call_free(struct call *x)
{
    scheduler_cancel(x->c->a->s, x->timeout);
    scheduler_cancel(x->c->a->s, x->coming);
    if (x->wire)
        x->wire->call = NULL;
    calls_gone(x->c->counted, x->place);
    DL_DELETE(x->c->calls, x);
    awssim_reply_release(&x->reply);
    xfree(x);
}

static void tell(struct call *x)
{
    struct http_header headers[AWSSIM_HEADERS_MAX];
    int64_t took_us = machine_boot_us(x->c->machine, scheduler_now(x->c->a->s)) - x->began_us;
    struct http_reply r = {.err = x->err, .sent = x->sent, .rtt_ms = took_us / 1000};

    if (x->err.kind == ERR_NONE) {
        r.status = x->reply.status;
        r.body = buf_view(&x->reply.body);
        r.headers = headers;
        r.header_count = x->reply.header_count;
        for (size_t i = 0; i < r.header_count; i++)
            headers[i] =
                (struct http_header){str_of(x->reply.headers[i].name), str_of(x->reply.headers[i].value)};
    }
    calls_heard(x->c->counted, x->place);
    x->place = PLACE_NONE;
    x->done(x->self, x->id, &r);
    call_free(x);
}

static void reply_is_here(void *self)
{
    struct call *x = self;

    x->coming = 0;
    tell(x);
}

static void timed_out(void *self)
{
    struct call *x = self;

    x->timeout = 0;
    (void)err_set(&x->err, ERR_UNAVAILABLE, "Timeout was reached");
    tell(x);
}

static void send_back(struct call *x, int64_t us)
{
    struct completion c = {x->c->owner, "http.reply", reply_is_here, NULL, x};

    x->coming = scheduler_after(x->c->a->s, us, &c);
}

static void land(void *self)
{
    struct wire *w = self;
    struct sim_aws *a = w->a;
    struct call *x = w->call;
    struct awssim_reply reply = {0};
    const struct awssim_request r = {.now = true_now(a),
                                     .method = str_of(w->method),
                                     .target = str_of(w->target),
                                     .headers = w->headers,
                                     .header_count = w->header_count,
                                     .body = {w->body, w->body_n}};

    a->sent_ms = w->sent_ms;
    ask(a, &r, &reply);
    a->sent_ms = 0;
    int64_t us = chance_between(&a->chance, WAY_US, WAY_MAX_US) + reply.delay_ms * 1000;
    if (x && !w->reply_lost && reply.delivery != AWSSIM_HANG) {
        x->wire = NULL;
        x->reply = reply;
        reply = (struct awssim_reply){0};
        if (w->cut || x->reply.delivery != AWSSIM_WHOLE)
            (void)err_set(&x->err, ERR_UNAVAILABLE, "the connection ended in the middle of a reply");
        send_back(x, us);
    } else if (x) {
        x->wire = NULL;
    }
    awssim_reply_release(&reply);
    wire_free(w);
}

static struct wire *wire_new(struct sim_aws *a, const struct http_request *r)
{
    struct wire *w = xcalloc(1, sizeof *w);
    struct str rest = str_skip(r->url, str_starts(r->url, STR("https://")) ? SCHEME_BYTES : SCHEME_BYTES - 1);
    size_t at = 0;

    w->a = a;
    w->method = xstrdup(r->method);
    w->target = str_find(rest, STR("/"), &at) ? str_dup(str_skip(rest, at)) : xstrdup("/");
    w->body = str_dup(r->body);
    w->body_n = r->body.n;
    w->header_count = r->header_count;
    w->headers = xcalloc(r->header_count + 1, sizeof *w->headers);
    for (size_t i = 0; i < r->header_count; i++)
        w->headers[i] = (struct http_header){str_n(str_dup(r->headers[i].name), r->headers[i].name.n),
                                             str_n(str_dup(r->headers[i].value), r->headers[i].value.n)};
    w->sent_ms = true_now(a).wall_ms;
    return w;
}

/* us: INT64_MAX when it never arrives */
static void tell_sent(const struct sim_aws *a, uint64_t owner, const struct http_request *r, int64_t us)
{
    int64_t now_ms = true_now(a).wall_ms;

    if (a->sending)
        a->sending(a->sending_self,
                   &(struct sim_aws_sent){.body = r->body,
                                          .owner = owner,
                                          .headers = r->headers,
                                          .header_count = r->header_count,
                                          .sent_ms = now_ms,
                                          .lands_ms = us == INT64_MAX ? us : now_ms + us / 1000});
}

static void put_on_the_way(struct sim_aws *a, struct call *x, const struct http_request *r)
{
    int64_t us = chance_between(&a->chance, WAY_US, WAY_MAX_US);
    struct wire *w = wire_new(a, r);

    x->wire = w;
    w->call = x;
    if (strikes(a, FAULT_HTTP_DELAY))
        us += chance_between(&a->chance, 100, a->slowest_ms) * 1000;
    w->reply_lost = strikes(a, FAULT_HTTP_REPLY_LOST);
    w->cut = strikes(a, FAULT_HTTP_CUT);
    tell_sent(a, x->c->owner, r, us);
    (void)scheduler_after(a->s, us, &(struct completion){0, "aws.request", land, wire_free, w});
}

static struct str target_of(const struct http_request *r)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (str_is_nocase(r->headers[i].name, "X-Amz-Target"))
            return r->headers[i].value;
    return STR("");
}

static uint64_t send_request(void *port, const struct http_request *r, http_done *done, void *self)
{
    struct sim_http_client *c = port;
    struct sim_aws *a = c->a;
    struct call *x = xcalloc(1, sizeof *x);

    *x = (struct call){.c = c, .id = ++a->last_id, .done = done, .self = self, .sent = true};
    x->began_us = machine_boot_us(c->machine, scheduler_now(a->s));
    DL_APPEND(c->calls, x);
    x->place = calls_request(c->counted, target_of(r), r->body);
    if (!calls_begin(c->counted, x->place))
        return x->id;
    int before = swarm_at(a->swarm, x->place);
    if (strikes(a, FAULT_HTTP_REFUSED)) {
        x->sent = false;
        (void)err_set(&x->err, ERR_UNAVAILABLE, "Couldn't connect to server");
        send_back(x, chance_between(&a->chance, WAY_US, WAY_MAX_US));
        (void)swarm_at(a->swarm, before);
        return x->id;
    }
    x->timeout = scheduler_after(a->s, r->timeout_ms * 1000,
                                 &(struct completion){c->owner, "http.timeout", timed_out, NULL, x});
    if (strikes(a, FAULT_HTTP_LOST))
        tell_sent(a, c->owner, r, INT64_MAX);
    else
        put_on_the_way(a, x, r);
    (void)swarm_at(a->swarm, before);
    return x->id;
}

static void cancel(void *port, uint64_t id)
{
    struct sim_http_client *c = port;
    struct call *x, *next;

    DL_FOREACH_SAFE(c->calls, x, next)
    if (x->id == id)
        call_free(x);
}

struct sim_http_client *sim_http_client_new(struct sim_aws *a, uint64_t owner, const struct machine *m)
{
    struct sim_http_client *c = xcalloc(1, sizeof *c);

    *c = (struct sim_http_client){.a = a, .owner = owner, .machine = m};
    return c;
}

void sim_http_client_count(struct sim_http_client *c, struct calls *calls)
{
    c->counted = calls;
}

void sim_http_client_free(struct sim_http_client *c)
{
    struct call *x, *next;

    if (!c)
        return;
    DL_FOREACH_SAFE(c->calls, x, next)
    call_free(x);
    xfree(c);
}

struct http sim_http_port(struct sim_http_client *c)
{
    return (struct http){.send = send_request, .cancel = cancel, .port = c};
}
