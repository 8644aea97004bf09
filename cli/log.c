#include "cli/log.h"

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

    if (ev->workload) {
        if (!cli_log_partitions(c, &partitions, e))
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

struct following {
    const struct kafka *kafka;
    kafka_reader reader;
    cli_see *see;
    void *arg;
    int64_t until, deadline_ms;
    bool late;
    struct err err;
};

static bool shown(struct following *f, const struct kafka_record *r)
{
    struct event ev;
    struct err e = {0};
    bool parsed = event_parse(r->value, &ev, &e);
    bool enough = f->see(f->arg, r, parsed ? &ev : NULL);

    if (parsed)
        event_release(&ev);
    return enough || r->offset + 1 >= f->until;
}

static int64_t follow_turn(void *arg, int64_t now_ms)
{
    struct following *f = arg;
    struct kafka_record r;
    enum kafka_read got = KAFKA_NOTHING;

    while ((got = f->kafka->ops->read(f->kafka->port, f->reader, &r, &f->err)) != KAFKA_NOTHING) {
        if (got == KAFKA_RECORD && shown(f, &r))
            return TURN_DONE;
        if (got == KAFKA_FAILED)
            break; /* reading goes on; the error is told if the time runs out */
    }
    f->late = now_ms >= f->deadline_ms;
    if (f->late)
        return TURN_DONE;
    return now_ms + IDLE_READ_MS < f->deadline_ms ? now_ms + IDLE_READ_MS : f->deadline_ms;
}

bool cli_follow(struct cli *c, int partition, int64_t offset, int64_t until, cli_see *see, void *arg,
                int64_t deadline_ms, struct err *e)
{
    char topic[TOPIC_NAME_MAX];
    const struct kafka *k = &c->ports->kafka;
    struct following f = {.kafka = k, .see = see, .arg = arg, .until = until, .deadline_ms = deadline_ms};

    if (offset >= until)
        return true;
    topic_name(TOPIC_EVENTS, c->options->kafka.prefix, topic);
    f.reader = k->ops->assign(k->port, topic, partition, offset);
    bool ran = c->run(c->self, follow_turn, &f, e);
    k->ops->close(k->port, f.reader, 0);
    if (!ran || !f.late)
        return ran;
    if (f.err.kind != ERR_NONE)
        (void)err_set(e, ERR_UNAVAILABLE, "no answer in time: %s", f.err.msg);
    else
        (void)err_set(e, ERR_UNAVAILABLE, "no answer in time");
    return err_code(e, CLI_TIMEOUT);
}
