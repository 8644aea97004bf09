#include "real/ports.h"

#include "base/mem.h"
#include "real/clock.h"
#include "real/heap.h"
#include "real/http.h"
#include "real/httpd.h"
#include "real/kafka.h"
#include "real/process.h"
#include "real/reactor.h"
#include "real/redis.h"
#include "real/rng.h"
#include "real/signals.h"
#include "real/sink.h"

#include <stdlib.h>
#include <unistd.h>

struct real {
    int signals;
    struct reactor *reactor;
    struct process_port *process_port;
    struct process process;
    struct log log;
    struct http_port *http;
    struct redis_port *redis;
    struct kafka_port *kafka;
    struct httpd *httpd;
    bool given_up;
};

static void wait_for_signals(void *self, struct reactor_wait *w, int64_t now_ms)
{
    const struct real *r = self;

    (void)now_ms;
    reactor_wait_fd(w, r->signals, true, false);
}

static void leave_to_loop(void *self, int64_t now_ms) /* loop_run reads them */
{
    (void)self;
    (void)now_ms;
}

static const char *ca_file(void)
{
    const char *aws = getenv("AWS_CA_BUNDLE"), *ssl = getenv("SSL_CERT_FILE");

    return aws && aws[0] ? aws : ssl && ssl[0] ? ssl : NULL;
}

struct real *real_new(struct err *e)
{
    heap_settle();
    if (!signals_block(e))
        return NULL;
    int signals = signals_open(e);
    struct reactor *reactor = signals < 0 ? NULL : reactor_new(ca_file(), e);
    if (!reactor) {
        if (signals >= 0)
            (void)close(signals);
        return NULL;
    }
    struct real *r = xcalloc(1, sizeof *r);
    r->signals = signals;
    r->reactor = reactor;
    reactor_add(reactor,
                (struct reactor_part){.wait = wait_for_signals, .dispatch = leave_to_loop, .self = r});
    r->process_port = process_port_new(reactor);
    r->process = process_port_of(r->process_port);
    return r;
}

const struct process *real_process(const struct real *r)
{
    return &r->process;
}

bool real_open(struct real *r, const struct options *o, struct ports *out, struct err *e)
{
    struct redis_settings redis = {
        .url = o->redis.url,
        .username = o->redis.username,
        .password = o->redis.password,
        .timeout_ms = o->redis.timeout_ms,
    };

    BUG_IF(r->http);
    r->log = sink_log((enum log_level)o->log.level, (enum log_format)o->log.format);
    r->http = http_port_new(r->reactor);
    r->redis = redis_port_new(r->reactor, rng_real(), &redis, e);
    if (!r->redis)
        return false;
    r->kafka = kafka_port_new(r->reactor, o, &r->log, e);
    if (!r->kafka)
        return false;
    *out = (struct ports){
        .clock = clock_real(),
        .rng = rng_real(),
        .http = http_port_of(r->http),
        .redis = redis_port_of(r->redis),
        .kafka = kafka_port_of(r->kafka),
        .process = r->process,
        .log = &r->log,
    };
    return true;
}

void real_warm(struct real *r)
{
    kafka_port_warm(r->kafka);
}

bool real_serve(struct real *r, const char *listen, http_handler *handler, void *self, struct err *e)
{
    BUG_IF(r->httpd);
    r->httpd = httpd_new(r->reactor, listen, HTTPD_IDLE_S, handler, self, e);
    if (!r->httpd)
        return false;
    log_info(&r->log, "admin.listen", fs("address", listen), fi("port", httpd_port(r->httpd)));
    return true;
}

void real_unserve(struct real *r)
{
    httpd_free(r->httpd);
    r->httpd = NULL;
}

int real_serve_port(const struct real *r)
{
    return r->httpd ? httpd_port(r->httpd) : 0;
}

bool real_run(struct real *r, const struct loop_program *p, struct err *e)
{
    bool done = loop_run(r->reactor, r->signals, p, e);

    r->given_up = r->given_up || !done;
    return done;
}

void real_close(struct real *r)
{
    if (!r || r->given_up)
        return;
    httpd_free(r->httpd);
    if (r->kafka)
        (void)!kafka_port_close(r->kafka, REAL_CLOSE_MS);
    redis_port_free(r->redis);
    http_port_free(r->http);
    process_port_free(r->process_port);
    reactor_free(r->reactor);
    (void)close(r->signals);
    xfree(r);
}
