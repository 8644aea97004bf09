#include "monitor/monitor.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/ids.h"
#include "monitor/api.h"
#include "monitor/metrics.h"

struct monitor {
    const struct options *options;
    const struct ports *ports;
    struct history *history;
    struct feed *feed;
    struct streams *streams;
    struct follow *follow;
    int64_t expire_ms, turned_ms, leave_ms; /* leave_ms: INT64_MAX until it drains */
    bool draining, done;
};

static void on_begin(void *self, int partition, int64_t offset)
{
    const struct monitor *m = self;

    feed_begin(m->feed, partition, offset);
}

static void on_record(void *self, const struct kafka_record *r, const struct event *ev, bool progress)
{
    struct monitor *m = self;

    if (!ev)
        return; /* counted; nobody could read it */
    if (!progress)
        history_hear(m->history, r, ev);
    feed_add(m->feed, r->partition, r->offset, ev->workload, r->value, progress);
}

struct monitor *monitor_new(const struct options *o, const struct ports *ports)
{
    enum { NAME_BYTES = 4 };
    unsigned char bytes[NAME_BYTES];
    char name[2 * NAME_BYTES + 1];
    struct monitor *m = xcalloc(1, sizeof *m);
    const struct history_bounds bounds = {.ended = (size_t)o->monitor.runs,
                                          .going = MONITOR_GOING_MAX,
                                          .bytes = o->monitor.memory_mb * 1024 * 1024,
                                          .whole = true};
    const struct follow_sink sink = {on_begin, on_record, m};

    m->options = o;
    m->ports = ports;
    m->leave_ms = INT64_MAX;
    rng_bytes(&ports->rng, bytes, sizeof bytes);
    crypto_hex(bytes, sizeof bytes, name);
    m->history = history_new(NULL, &bounds);
    m->feed = feed_new();
    m->streams = streams_new(m->feed, name);
    m->follow = follow_new(o, ports, &sink);
    log_info(ports->log, "monitor.start", fs("monitor", name), fs("version", EC2SCHED_VERSION));
    return m;
}

void monitor_free(struct monitor *m)
{
    if (!m)
        return;
    follow_free(m->follow);
    streams_free(m->streams);
    feed_free(m->feed);
    history_freep(&m->history);
    xfree(m);
}

void monitor_drain(void *self)
{
    struct monitor *m = self;

    if (m->draining)
        return;
    m->draining = true;
    m->leave_ms = clock_now(&m->ports->clock).boot_ms + MONITOR_LEAVE_MS;
    log_info(m->ports->log, "monitor.drain", fi("clients", (int64_t)streams_count(m->streams).open));
    follow_end(m->follow);
    streams_end(m->streams);
}

static void expire(struct monitor *m, int64_t now_ms)
{
    if (!follow_caught_up(m->follow) || now_ms < m->expire_ms)
        return;
    m->expire_ms = now_ms + MONITOR_EXPIRE_MS;
    history_expire(m->history, clock_now(&m->ports->clock).wall_ms - m->options->monitor.since_ms);
}

int64_t monitor_turn(void *self, int64_t now_ms)
{
    struct monitor *m = self;

    m->turned_ms = now_ms;
    if (m->draining && (!streams_count(m->streams).open || now_ms >= m->leave_ms)) {
        if (!m->done)
            log_info(m->ports->log, "monitor.end", fi("clients", (int64_t)streams_count(m->streams).open));
        m->done = true;
        return TURN_DONE;
    }
    int64_t next_ms = follow_turn(m->follow, now_ms);
    int64_t streams_ms = streams_turn(m->streams, now_ms);
    expire(m, now_ms);
    next_ms = streams_ms < next_ms ? streams_ms : next_ms;
    return m->leave_ms < next_ms ? m->leave_ms : next_ms;
}

/* ---- the admin address ---- */

static void say(struct http_answer *answer, int status, const char *text)
{
    answer->status = status;
    answer->content_type = "text/plain; charset=utf-8";
    buf_adds(&answer->body, text);
    buf_addc(&answer->body, '\n');
}

static void healthz(struct monitor *m, const struct http_asked *asked, struct http_answer *answer)
{
    int64_t since_ms = clock_now(&m->ports->clock).boot_ms - m->turned_ms;

    (void)asked;
    if (since_ms > MONITOR_HEALTH_MS)
        say(answer, 503, "the loop misses its turns");
    else
        say(answer, 200, "ok");
}

static void readyz(struct monitor *m, const struct http_asked *asked, struct http_answer *answer)
{
    struct kafka_state kafka = {0};
    char why[ERR_MSG_MAX];

    (void)asked;
    m->ports->kafka.ops->state(m->ports->kafka.port, &kafka);
    if (m->draining)
        say(answer, 503, "draining");
    else if (!follow_is_current(m->follow, clock_now(&m->ports->clock).boot_ms, why))
        say(answer, 503, why);
    else if (!kafka.up)
        say(answer, 503, "no Kafka broker can be reached");
    else
        say(answer, 200, "ok");
}

static void metrics(struct monitor *m, const struct http_asked *asked, struct http_answer *answer)
{
    (void)asked;
    monitor_metrics(&(struct metrics_parts){m->history, m->follow, m->feed, m->streams}, answer);
}

static void follow_events(struct monitor *m, const struct http_asked *asked, struct http_answer *answer)
{
    const struct str *name = api_argument(asked, "workload");
    char *workload CLEANUP(xfreep) = name ? str_dup(*name) : NULL;
    struct err e = {0};
    const struct streams_wish wish = {
        .workload = workload,
        .partition = name ? ids_partition(*name, follow_count(m->follow)) : -1,
        .last_id = http_header_get(asked->headers, asked->header_count, "Last-Event-ID")};

    if (!streams_open(m->streams, &wish, &answer->stream, &e)) {
        api_error(answer, e.kind == ERR_INVALID ? 400 : 503, e.kind == ERR_INVALID ? "usage" : "unavailable",
                  e.msg,
                  e.kind == ERR_INVALID ? "without it the events are told from now on"
                                        : "ask again later, or another monitor");
        return;
    }
    answer->status = 200;
    answer->content_type = "text/event-stream";
}

void monitor_admin(void *self, const struct http_asked *asked, struct http_answer *answer)
{
    static const struct {
        const char *path;
        void (*page)(struct monitor *m, const struct http_asked *asked, struct http_answer *answer);
    } pages[] = {{"/healthz", healthz}, {"/readyz", readyz}, {"/metrics", metrics}};
    struct monitor *m = self;
    char why[ERR_MSG_MAX] = "the log has not been read to its end yet";

    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (!str_is(asked->path, pages[i].path))
            continue;
        pages[i].page(m, asked, answer);
        return;
    }
    bool read = follow_caught_up(m->follow);
    if (!read)
        (void)follow_is_current(m->follow, clock_now(&m->ports->clock).boot_ms, why);
    const struct api api = {.history = m->history,
                            .as_of_ms = follow_as_of(m->follow),
                            .runs_max = (size_t)m->options->monitor.runs + MONITOR_GOING_MAX,
                            .reading = read ? NULL : why};
    if (!api_answer(&api, asked, answer))
        say(answer, 404, "there are /healthz, /readyz, /metrics, /v1/runs, /v1/workloads and /v1/events");
    else if (!answer->status)
        follow_events(m, asked, answer);
}
