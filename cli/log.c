#include "cli/log.h"

#include "base/mem.h"
#include "model/topics.h"

#include <string.h>

enum {
    APPEND_WAIT_MS = 35000 /* beyond the client's own 30 s */,
    BROKER_WAIT_MS = 15000,
    IDLE_READ_MS = 100
};

struct appended {
    bool done;
    struct err err;
    struct cli_place at;
};

static void on_append(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct appended *x = self;

    (void)id;
    x->err = a->err;
    x->at = (struct cli_place){a->partition, a->offset};
    x->done = true;
}

static size_t view_headers(const struct event_headers *h, struct kafka_header *out)
{
    for (size_t i = 0; i < h->n; i++)
        out[i] = (struct kafka_header){str_of(h->names[i]), str_of(h->values[i])};
    return h->n;
}

/* With another number of partitions the record would lie where nobody leads its workload. */
static bool is_the_log(const struct cli *c, int partitions, struct err *e)
{
    const char *const values[TOPICS_CONFIG_MAX] = {0};
    const struct options *o = c->options;
    struct topic_wanted want;

    topic_want(TOPIC_EVENTS, o->kafka.prefix, (int)o->kafka.log_partitions, (int)o->kafka.jobs_partitions, 1,
               &want);
    return topic_check(&want, partitions, values, e);
}

bool cli_append(struct cli *c, const struct event *ev, int partition, struct cli_place *at, struct err *e)
{
    enum { ID_DIGITS = 32 };
    char topic[TOPIC_NAME_MAX];
    char id[ID_DIGITS + 1];
    int partitions = 0;
    struct event_headers texts;
    struct kafka_header headers[EVENT_HEADERS];
    struct appended *a = cli_keep(c, sizeof *a);
    BUF_CLEANUP struct buf text = BUF_INIT(EVENT_TEXT_MAX);

    *at = (struct cli_place){-1, -1};
    if (ev->workload) {
        if (!cli_log_partitions(c, &partitions, e) || !is_the_log(c, partitions, e))
            return false;
        partition = ids_partition(str_of(ev->workload), partitions);
    }
    topic_name(TOPIC_EVENTS, c->options->kafka.prefix, topic);
    cli_random_hex(c, id, ID_DIGITS);
    event_headers_fill(&texts, ev, "/ec2sched/cli", id);
    event_print(ev, &text);
    if (!buf_ok(&text, "the record", e))
        return false;
    struct kafka_append record = {.lane = KAFKA_LANE_EVENTS,
                                  .topic = topic,
                                  .partition = partition,
                                  .value = buf_view(&text),
                                  .headers = headers};
    record.key = str_of(ev->workload);
    record.header_count = view_headers(&texts, headers);
    at->partition = partition;
    (void)c->ports->kafka.ops->append(c->ports->kafka.port, &record, on_append, a);
    if (!cli_wait(c, &a->done, cli_now(c) + APPEND_WAIT_MS, e))
        return err_wrap(e, "kafka at %s", c->options->kafka.brokers);
    if (a->err.kind != ERR_NONE) {
        *e = a->err;
        return err_wrap(e, "kafka at %s", c->options->kafka.brokers);
    }
    *at = a->at;
    return true;
}

struct asked_marks {
    bool done;
    struct err err;
    int64_t low, high;
};

static void on_marks(void *self, uint64_t id, const struct kafka_watermarks *w)
{
    struct asked_marks *a = self;

    (void)id;
    a->err = w->err;
    if (w->err.kind == ERR_NONE) {
        a->low = w->low[0];
        a->high = w->high[0];
    }
    a->done = true;
}

bool cli_watermarks(struct cli *c, int partition, int64_t *low, int64_t *high, struct err *e)
{
    char topic[TOPIC_NAME_MAX];
    struct asked_marks *a = cli_keep(c, sizeof *a);

    topic_name(TOPIC_EVENTS, c->options->kafka.prefix, topic);
    (void)c->ports->kafka.ops->watermarks(c->ports->kafka.port, topic, &partition, 1, on_marks, a);
    if (!cli_wait(c, &a->done, cli_now(c) + BROKER_WAIT_MS, e))
        return err_wrap(e, "kafka at %s", c->options->kafka.brokers);
    if (a->err.kind != ERR_NONE) {
        *e = a->err;
        return err_wrap(e, "kafka at %s", c->options->kafka.brokers);
    }
    *low = a->low;
    *high = a->high;
    return true;
}

struct asked_since {
    bool done;
    struct err err;
    int64_t offset;
};

static void on_since(void *self, uint64_t id, const struct kafka_offsets *o)
{
    struct asked_since *a = self;

    (void)id;
    a->err = o->err;
    a->offset = o->err.kind == ERR_NONE ? o->offset[0] : -1;
    a->done = true;
}

static bool see_stamp(void *arg, const struct kafka_record *r, const struct event *ev)
{
    (void)ev;
    *(int64_t *)arg = r->ts_ms;
    return true;
}

static bool look_at_last(struct cli *c, int64_t since_ms, struct stretch *out, struct err *e)
{
    int64_t stamp = INT64_MIN;

    if (!cli_follow(c, out->partition, out->until - 1, out->until, see_stamp, &stamp,
                    cli_now(c) + BROKER_WAIT_MS, e))
        return false;
    stretch_last(out, stamp, since_ms);
    return true;
}

bool cli_since(struct cli *c, int partition, int64_t since_ms, struct stretch *out, struct err *e)
{
    char topic[TOPIC_NAME_MAX];
    struct asked_since *a = cli_keep(c, sizeof *a);

    *out = (struct stretch){.partition = partition};
    topic_name(TOPIC_EVENTS, c->options->kafka.prefix, topic);
    (void)c->ports->kafka.ops->since(c->ports->kafka.port, topic, &partition, 1, since_ms > 0 ? since_ms : 0,
                                     on_since, a);
    if (!cli_wait(c, &a->done, cli_now(c) + BROKER_WAIT_MS, e))
        return err_wrap(e, "kafka at %s", c->options->kafka.brokers);
    if (a->err.kind != ERR_NONE) {
        *e = a->err;
        return err_wrap(e, "kafka at %s", c->options->kafka.brokers);
    }
    int64_t low = 0;
    int64_t high = 0;
    if (!cli_watermarks(c, partition, &low, &high, e))
        return false;
    return stretch_begin(out, low, high, a->offset) || look_at_last(c, since_ms, out, e);
}

struct one_reader {
    kafka_reader reader;
    int64_t next, until;
};

struct following {
    const struct kafka *kafka;
    struct one_reader *readers;
    size_t n;
    cli_see *see;
    void *arg;
    int64_t deadline_ms;
    bool late;
    struct err err;
};

/* True: it was all that was wanted. */
static bool shown(const struct following *f, const struct kafka_record *r)
{
    struct event ev;
    struct err e = {0};
    bool parsed = event_parse(r->value, &ev, &e);
    bool enough = f->see(f->arg, r, parsed ? &ev : NULL);

    if (parsed)
        event_release(&ev);
    return enough;
}

/* What this reader has now. True: it was all that was wanted. */
static bool read_one(struct following *f, struct one_reader *o)
{
    struct kafka_record r;
    enum kafka_read got = KAFKA_NOTHING;

    while (o->next < o->until &&
           (got = f->kafka->ops->read(f->kafka->port, o->reader, &r, &f->err)) != KAFKA_NOTHING) {
        if (got == KAFKA_FAILED)
            break; /* reading goes on; the error is told if the time runs out */
        o->next = r.offset + 1;
        f->err = (struct err){0};
        if (shown(f, &r))
            return true;
    }
    return false;
}

static int64_t follow_turn(void *arg, int64_t now_ms)
{
    struct following *f = arg;
    size_t open = 0;

    for (size_t i = 0; i < f->n; i++) {
        if (read_one(f, &f->readers[i]))
            return TURN_DONE;
        open += f->readers[i].next < f->readers[i].until;
    }
    f->late = open && now_ms >= f->deadline_ms;
    if (!open || f->late)
        return TURN_DONE;
    return now_ms + IDLE_READ_MS < f->deadline_ms ? now_ms + IDLE_READ_MS : f->deadline_ms;
}

bool cli_read(struct cli *c, const struct stretch *spans, size_t n, cli_see *see, void *arg,
              int64_t deadline_ms, struct err *e)
{
    char topic[TOPIC_NAME_MAX];
    const struct kafka *k = &c->ports->kafka;
    struct following f = {.kafka = k, .n = n, .see = see, .arg = arg, .deadline_ms = deadline_ms};

    topic_name(TOPIC_EVENTS, c->options->kafka.prefix, topic);
    f.readers = xcalloc(n, sizeof *f.readers);
    for (size_t i = 0; i < n; i++) {
        f.readers[i] = (struct one_reader){.next = spans[i].from, .until = spans[i].until};
        if (spans[i].from < spans[i].until)
            f.readers[i].reader = k->ops->assign(k->port, topic, spans[i].partition, spans[i].from);
    }
    bool ran = c->run(c->self, follow_turn, &f, e);
    for (size_t i = 0; i < n; i++)
        if (f.readers[i].reader)
            k->ops->close(k->port, f.readers[i].reader, 0);
    xfree(f.readers);
    if (!ran || !f.late)
        return ran;
    if (f.err.kind != ERR_NONE)
        (void)err_set(e, ERR_UNAVAILABLE, "no answer in time: %s", f.err.msg);
    else
        (void)err_set(e, ERR_UNAVAILABLE, "no answer in time");
    return err_code(e, CLI_TIMEOUT);
}

bool cli_follow(struct cli *c, int partition, int64_t offset, int64_t until, cli_see *see, void *arg,
                int64_t deadline_ms, struct err *e)
{
    const struct stretch span = {partition, offset, until};

    return cli_read(c, &span, 1, see, arg, deadline_ms, e);
}
