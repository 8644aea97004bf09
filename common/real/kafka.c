#include "real/kafka.h"

#include "base/mem.h"
#include "real/clock.h"
#include "real/kafka_append.h"
#include "real/kafka_ask.h"
#include "real/kafka_reader.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ASK_WHILE_DOWN_MS = 1000,
    ASK_WHILE_QUIET_MS = 10000,
    LOOK_WHILE_CLOSING_MS = 20, /* a consumer that has left makes no event of its own */
};

struct kafka_port {
    struct kafka_core core;
    struct kafka_lanes *lanes;
    struct kafka_readers *readers;
    struct kafka_asker *asker;
    int64_t asked_ms; /* when kafka_state's question was last sent */
    bool more;        /* the last dispatch left something */
};

/* ---- the port ---- */

static uint64_t append(void *port, const struct kafka_append *a, kafka_append_done *done, void *self)
{
    return kafka_lanes_append(((struct kafka_port *)port)->lanes, a, done, self);
}

static kafka_reader assign(void *port, const char *topic, int partition, int64_t offset)
{
    return kafka_readers_assign(((struct kafka_port *)port)->readers, topic, partition, offset);
}

static kafka_reader subscribe(void *port, const char *topic, const char *group)
{
    return kafka_readers_subscribe(((struct kafka_port *)port)->readers, topic, group);
}

static void close_reader(void *port, kafka_reader reader, int64_t timeout_ms)
{
    kafka_readers_close(((struct kafka_port *)port)->readers, reader, timeout_ms);
}

static enum kafka_read read_record(void *port, kafka_reader reader, struct kafka_record *out, struct err *e)
{
    return kafka_readers_read(((struct kafka_port *)port)->readers, reader, out, e);
}

static void store(void *port, kafka_reader reader, int partition, int64_t next_offset)
{
    kafka_readers_store(((struct kafka_port *)port)->readers, reader, partition, next_offset);
}

static void pause_reader(void *port, kafka_reader reader, bool paused)
{
    kafka_readers_pause(((struct kafka_port *)port)->readers, reader, paused);
}

static void group_state(void *port, kafka_reader reader, struct kafka_group_state *out)
{
    kafka_readers_group(((struct kafka_port *)port)->readers, reader, out);
}

static uint64_t watermarks(void *port, const char *topic, const int *partitions, size_t n,
                           kafka_watermarks_done *done, void *self)
{
    return kafka_ask_watermarks(((struct kafka_port *)port)->asker, topic, partitions, n, done, self);
}

static uint64_t since(void *port, const char *topic, const int *partitions, size_t n, int64_t since_ms,
                      kafka_offsets_done *done, void *self)
{
    return kafka_ask_since(((struct kafka_port *)port)->asker, topic, partitions, n, since_ms, done, self);
}

static uint64_t committed(void *port, const char *group, const char *topic, int partitions,
                          kafka_committed_done *done, void *self)
{
    return kafka_ask_committed(((struct kafka_port *)port)->asker, group, topic, partitions, done, self);
}

static uint64_t commit(void *port, const char *group, const char *topic, int partition, int64_t offset,
                       kafka_done *done, void *self)
{
    return kafka_ask_commit(((struct kafka_port *)port)->asker, group, topic, partition, offset, done, self);
}

static uint64_t create(void *port, const struct kafka_topic *topics, size_t n, kafka_topics_done *done,
                       void *self)
{
    return kafka_ask_create(((struct kafka_port *)port)->asker, topics, n, done, self);
}

static uint64_t describe(void *port, const char *const *names, size_t n, kafka_topics_done *done, void *self)
{
    return kafka_ask_describe(((struct kafka_port *)port)->asker, names, n, done, self);
}

/* A question of our own, when what we know is old. */
static void keep_asking(struct kafka_port *p, int64_t now_ms)
{
    int64_t pause = p->core.up ? ASK_WHILE_QUIET_MS : ASK_WHILE_DOWN_MS;
    int64_t last = p->core.heard_ms > p->asked_ms || !p->core.up ? p->asked_ms : p->core.heard_ms;

    if (p->core.up && p->core.heard_ms + ASK_WHILE_QUIET_MS > now_ms)
        return;
    if (p->asked_ms && last + pause > now_ms)
        return;
    p->asked_ms = now_ms;
    kafka_ask_probe(p->asker);
}

static void state(void *port, struct kafka_state *out)
{
    struct kafka_port *p = port;

    keep_asking(p, clock_boot_ms());
    *out = (struct kafka_state){.up = p->core.up, .unacked = kafka_lanes_unacked(p->lanes)};
    (void)snprintf(out->why, sizeof out->why, "%s", p->core.why);
}

static const struct kafka_ops ops = {
    .append = append,
    .assign = assign,
    .subscribe = subscribe,
    .close = close_reader,
    .read = read_record,
    .store = store,
    .pause = pause_reader,
    .group = group_state,
    .watermarks = watermarks,
    .since = since,
    .committed = committed,
    .commit = commit,
    .create = create,
    .describe = describe,
    .state = state,
};

struct kafka kafka_port_of(struct kafka_port *p)
{
    return (struct kafka){.ops = &ops, .port = p};
}

/* ---- the reactor's side ---- */

static void before_wait(void *self, struct reactor_wait *w, int64_t now_ms)
{
    struct kafka_port *p = self;

    reactor_wait_fd(w, p->core.wake_fd, true, false);
    if (kafka_readers_unread(p->readers) || p->more || kafka_asker_pending(p->asker))
        reactor_wait_until(w, now_ms);
    if (kafka_readers_closing(p->readers))
        reactor_wait_until(w, now_ms + LOOK_WHILE_CLOSING_MS);
}

static void take_side_jobs(struct kafka_side *side)
{
    struct side_job *j;

    while (side && (j = kafka_side_take(side))) {
        if (j->over)
            j->over(j->self, j);
        side_job_free(j);
    }
}

static void dispatch(void *self, int64_t now_ms)
{
    struct kafka_port *p = self;
    uint64_t count;

    (void)!read(p->core.wake_fd, &count,
                sizeof count); /* before the queues: what comes later wakes us again */
    take_side_jobs(p->core.side);
    take_side_jobs(p->core.group_side);
    p->more = kafka_lanes_dispatch(p->lanes);
    kafka_readers_dispatch(p->readers, now_ms);
    kafka_asker_dispatch(p->asker);
}

/* ---- beginning and end ---- */

struct kafka_port *kafka_port_new(struct reactor *r, const struct options *o, const struct log *log,
                                  struct err *e)
{
    if (!kafka_conf_check(o, e))
        return NULL;
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
        (void)err_set(e, ERR_CONFIG, "eventfd: %s", strerror(errno));
        return NULL;
    }
    struct kafka_port *p = xcalloc(1, sizeof *p);
    p->core = (struct kafka_core){.options = o, .log = log, .wake_fd = fd};
    p->lanes = kafka_lanes_new(&p->core);
    p->readers = kafka_readers_new(&p->core);
    p->asker = kafka_asker_new(&p->core);
    reactor_add(r, (struct reactor_part){.wait = before_wait, .dispatch = dispatch, .self = p});
    return p;
}

void kafka_port_warm(struct kafka_port *p)
{
    kafka_lanes_warm(p->lanes);
    kafka_ask_probe(p->asker);
}

static void wait_for_queue(struct kafka_port *p, int64_t until_ms)
{
    struct pollfd fd = {.fd = p->core.wake_fd, .events = POLLIN};
    int64_t left = until_ms - clock_boot_ms();

    if (left > LOOK_WHILE_CLOSING_MS)
        left = LOOK_WHILE_CLOSING_MS;
    (void)poll(&fd, 1, left > 0 ? (int)left : 0);
    dispatch(p, clock_boot_ms());
}

bool kafka_port_close(struct kafka_port *p, int64_t timeout_ms)
{
    int64_t until = clock_boot_ms() + timeout_ms;
    bool ended = true;

    kafka_readers_close_all(p->readers, timeout_ms);
    while ((kafka_readers_closing(p->readers) || kafka_lanes_unacked(p->lanes) > 0) &&
           clock_boot_ms() < until)
        wait_for_queue(p, until);
    kafka_lanes_free(p->lanes);
    kafka_readers_free(p->readers);
    kafka_asker_free(p->asker);
    if (p->core.group_side)
        ended = kafka_side_stop(p->core.group_side, until);
    if (p->core.side)
        ended = kafka_side_stop(p->core.side, until) && ended;
    if (ended) /* otherwise threads still write to it */
        (void)close(p->core.wake_fd);
    if (ended)
        xfree(p);
    return ended;
}
