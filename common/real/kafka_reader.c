#include "real/kafka_reader.h"

#include "base/hash.h"
#include "base/mem.h"
#include "real/clock.h"

#include <errno.h>
#include <string.h>

enum { CLOSING_EVENTS_MAX = 1000 };

struct fetcher { /* a client that several readers of single partitions share */
    struct kafka_client client;
    rd_kafka_queue_t *events;
    struct fetcher *next;
};

struct reader {
    kafka_reader id;
    struct kafka_readers *all;
    char *topic;
    int partition;     /* -1: a group's */
    struct err broken; /* could not be opened: every read says so */
    bool paused, unread /* the last read found something */, closing;
    int64_t close_by_ms;
    rd_kafka_queue_t *queue;
    rd_kafka_message_t *held; /* what was handed out last */
    struct kafka_header *headers;
    /* of a single partition */
    struct fetcher *fetcher;
    rd_kafka_topic_t *handle;
    /* of a group */
    struct kafka_client client;
    rd_kafka_topic_partition_list_t *assigned; /* NULL: not joined */
    uint64_t generation;
    UT_hash_handle hh;
};

struct kafka_readers {
    struct kafka_core *core;
    struct fetcher *fetchers;
    struct reader *at; /* by id */
};

static struct reader *find(struct kafka_readers *all, kafka_reader id)
{
    struct reader *r = NULL;

    HASH_FIND(hh, all->at, &id, sizeof id, r);
    BUG_IF(!r);
    return r;
}

static struct reader *reader_new(struct kafka_readers *all, const char *topic, int partition)
{
    struct reader *r = xcalloc(1, sizeof *r);

    BUG_IF(HASH_COUNT(all->at) >= READERS_MAX);
    r->id = ++all->core->last_id;
    r->all = all;
    r->topic = xstrdup(topic);
    r->partition = partition;
    r->unread = true; /* records may be there before the queue's event was switched on */
    HASH_ADD(hh, all->at, id, sizeof r->id, r);
    return r;
}

static void let_go(struct reader *r)
{
    if (r->held)
        rd_kafka_message_destroy(r->held);
    r->held = NULL;
    xfree(r->headers);
    r->headers = NULL;
}

/* ---- single partitions ---- */

static bool is_taken(const struct kafka_readers *all, const struct fetcher *f, const char *topic,
                     int partition)
{
    for (const struct reader *r = all->at; r; r = r->hh.next)
        if (r->fetcher == f && r->partition == partition && !strcmp(r->topic, topic))
            return true;
    return false;
}

/* A client that does not read this partition yet. NULL: e is set. */
static struct fetcher *fetcher_for(struct kafka_readers *all, const char *topic, int partition, struct err *e)
{
    for (struct fetcher *f = all->fetchers; f; f = f->next)
        if (!is_taken(all, f, topic, partition))
            return f;
    struct kafka_client client = {0};
    rd_kafka_conf_t *conf = kafka_conf_new(KAFKA_ROLE_FETCH, all->core->options, NULL, e);
    if (!conf)
        return NULL;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    if (!kafka_client_open(&client, all->core, RD_KAFKA_CONSUMER, conf, e))
        return NULL;
    struct fetcher *f = xcalloc(1, sizeof *f);
    f->client = client;
    f->events = rd_kafka_queue_get_main(client.rk);
    f->next = all->fetchers;
    all->fetchers = f;
    return f;
}

static bool start(struct reader *r, int64_t offset, struct err *e)
{
    struct fetcher *f = fetcher_for(r->all, r->topic, r->partition, e);

    if (!f)
        return false;
    r->handle = rd_kafka_topic_new(f->client.rk, r->topic, NULL);
    if (!r->handle)
        return kafka_core_err(e, rd_kafka_last_error(), NULL);
    r->queue = rd_kafka_queue_new(f->client.rk);
    kafka_core_watch(r->all->core, r->queue);
    if (rd_kafka_consume_start_queue(r->handle, r->partition, offset, r->queue) != 0)
        return kafka_core_err(e, rd_kafka_last_error(), NULL);
    r->fetcher = f;
    return true;
}

kafka_reader kafka_readers_assign(struct kafka_readers *all, const char *topic, int partition, int64_t offset)
{
    struct reader *r = reader_new(all, topic, partition);

    BUG_IF(partition < 0 ||
           offset < 0); /* a logical offset would cost 500 ms, and say nothing of what it means */
    (void)start(r, offset, &r->broken);
    return r->id;
}

/* ---- groups ---- */

static void pause_all(const struct reader *r, bool paused)
{
    if (!r->assigned || r->assigned->cnt == 0)
        return;
    if (paused)
        (void)rd_kafka_pause_partitions(r->client.rk, r->assigned);
    else
        (void)rd_kafka_resume_partitions(r->client.rk, r->assigned);
}

static void forget_assignment(struct reader *r)
{
    if (r->assigned)
        rd_kafka_topic_partition_list_destroy(r->assigned);
    r->assigned = NULL;
    r->generation++;
}

/* Called from within a poll of this reader's queue, on our thread. */
static void rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *partitions,
                      void *opaque)
{
    struct reader *r = opaque;

    if (r->paused)
        pause_all(r, false); /* a partition that comes back must not be paused from before */
    forget_assignment(r);
    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        (void)rd_kafka_assign(rk, NULL); /* what was stored is committed on the way */
        return;
    }
    r->assigned = rd_kafka_topic_partition_list_copy(partitions);
    (void)rd_kafka_assign(rk, partitions);
    if (r->paused)
        pause_all(r, true);
    kafka_core_heard(r->all->core);
}

static void hear_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
    struct reader *r = opaque;

    (void)rk;
    kafka_core_complain(r->all->core, (rd_kafka_resp_err_t)code, text);
}

static bool join(struct reader *r, const char *group, struct err *e)
{
    struct kafka_core *k = r->all->core;
    rd_kafka_conf_t *conf = kafka_conf_new(KAFKA_ROLE_GROUP, k->options, group, e);

    if (!conf)
        return false;
    rd_kafka_conf_set_opaque(conf, r);
    rd_kafka_conf_set_rebalance_cb(conf, rebalance);
    rd_kafka_conf_set_error_cb(conf, hear_error);
    if (!kafka_client_open(&r->client, k, RD_KAFKA_CONSUMER, conf, e))
        return false;
    (void)rd_kafka_poll_set_consumer(r->client.rk);
    r->queue = rd_kafka_queue_get_consumer(r->client.rk);
    kafka_core_watch(k, r->queue);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(topics, r->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(r->client.rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code ? kafka_core_err(e, code, NULL) : true;
}

kafka_reader kafka_readers_subscribe(struct kafka_readers *all, const char *topic, const char *group)
{
    struct reader *r = reader_new(all, topic, -1);

    (void)join(r, group, &r->broken);
    return r->id;
}

void kafka_readers_group(struct kafka_readers *all, kafka_reader id, struct kafka_group_state *out)
{
    const struct reader *r = find(all, id);
    size_t room = sizeof out->partitions / sizeof *out->partitions;

    *out = (struct kafka_group_state){.joined = r->assigned != NULL, .generation = r->generation};
    for (int i = 0; r->assigned && i < r->assigned->cnt && out->n < room; i++)
        out->partitions[out->n++] = r->assigned->elems[i].partition;
}

void kafka_readers_store(struct kafka_readers *all, kafka_reader id, int partition, int64_t next_offset)
{
    struct reader *r = find(all, id);

    /* Not ours any more: whoever has it now reads from what was committed. */
    if (!r->assigned || !rd_kafka_topic_partition_list_find(r->assigned, r->topic, partition))
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, r->topic, partition)->offset = next_offset;
    (void)rd_kafka_offsets_store(r->client.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* ---- reading ---- */

static size_t fill_headers(struct reader *r, const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *headers = NULL;
    const char *name;
    const void *value;
    size_t n = 0, value_n;

    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    size_t count = rd_kafka_header_cnt(headers);
    r->headers = xcalloc(count, sizeof *r->headers);
    while (n < count &&
           rd_kafka_header_get_all(headers, n, &name, &value, &value_n) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        r->headers[n].name = str_of(name);
        r->headers[n].value = str_n(value, value_n);
        n++;
    }
    return n;
}

static void fill_record(struct reader *r, const rd_kafka_message_t *m, struct kafka_record *out)
{
    rd_kafka_timestamp_type_t type;

    *out = (struct kafka_record){
        .topic = r->topic,
        .partition = m->partition,
        .offset = m->offset,
        .ts_ms = rd_kafka_message_timestamp(m, &type),
        .key = str_n(m->key, m->key_len),
        .value = str_n(m->payload, m->len),
    };
    out->header_count = fill_headers(r, m);
    out->headers = r->headers;
}

static rd_kafka_message_t *poll_message(struct reader *r)
{
    return r->fetcher ? rd_kafka_consume_queue(r->queue, 0) : rd_kafka_consumer_poll(r->client.rk, 0);
}

/* The records of a partition that went away, or came while paused, are not handed out. */
static bool is_ours(const struct reader *r, const rd_kafka_message_t *m)
{
    return r->fetcher ||
           (r->assigned && rd_kafka_topic_partition_list_find(r->assigned, r->topic, m->partition));
}

enum kafka_read kafka_readers_read(struct kafka_readers *all, kafka_reader id, struct kafka_record *out,
                                   struct err *e)
{
    struct reader *r = find(all, id);
    rd_kafka_message_t *m;

    let_go(r);
    r->unread = false;
    if (r->broken.kind) {
        *e = r->broken;
        return KAFKA_FAILED;
    }
    while ((m = r->closing ? NULL : poll_message(r))) {
        r->held = m;
        r->unread = true;
        if (m->err) {
            const char *text = rd_kafka_message_errstr(m);
            kafka_core_complain(all->core, m->err, text);
            (void)kafka_core_err(e, m->err, text);
            return KAFKA_FAILED;
        }
        kafka_core_heard(all->core);
        if (is_ours(r, m)) {
            fill_record(r, m, out);
            return KAFKA_RECORD;
        }
        let_go(r);
    }
    r->unread = false;
    return KAFKA_NOTHING;
}

void kafka_readers_pause(struct kafka_readers *all, kafka_reader id, bool paused)
{
    struct reader *r = find(all, id);

    if (r->paused == paused || r->broken.kind)
        return;
    r->paused = paused;
    if (!r->fetcher) {
        pause_all(r, paused);
        return;
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(list, r->topic, r->partition);
    if (paused)
        (void)rd_kafka_pause_partitions(r->fetcher->client.rk, list);
    else
        (void)rd_kafka_resume_partitions(r->fetcher->client.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* ---- the end ---- */

static void reader_free(struct reader *r)
{
    let_go(r);
    HASH_DEL(r->all->at, r);
    if (r->queue)
        rd_kafka_queue_io_event_enable(r->queue, -1, NULL, 0);
    if (r->fetcher)
        (void)rd_kafka_consume_stop(r->handle, r->partition);
    if (r->queue)
        rd_kafka_queue_destroy(r->queue);
    if (r->handle)
        rd_kafka_topic_destroy(r->handle);
    forget_assignment(r);
    kafka_client_end(&r->client, r->all->core);
    xfree(r->topic);
    xfree(r);
}

/* Serves a group reader that leaves; true: it has left, or was given up. */
static bool has_left(struct reader *r, int64_t now_ms)
{
    rd_kafka_event_t *event;

    for (int i = 0; i < CLOSING_EVENTS_MAX && (event = rd_kafka_queue_poll(r->queue, 0)); i++) {
        if (rd_kafka_event_type(event) ==
            RD_KAFKA_EVENT_REBALANCE) /* a queue hands it out, the callback is not called */
            rebalance(r->client.rk, rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event),
                      r);
        rd_kafka_event_destroy(event);
    }
    return rd_kafka_consumer_closed(r->client.rk) || now_ms >= r->close_by_ms;
}

void kafka_readers_close(struct kafka_readers *all, kafka_reader id, int64_t timeout_ms)
{
    struct reader *r = find(all, id);

    if (r->closing)
        return;
    let_go(r);
    if (r->paused)
        kafka_readers_pause(all, id, false); /* the next reader of this partition begins unpaused */
    rd_kafka_error_t *failed = r->client.rk ? rd_kafka_consumer_close_queue(r->client.rk, r->queue) : NULL;
    if (!r->client.rk || failed) {
        if (failed)
            rd_kafka_error_destroy(failed);
        reader_free(r);
        return;
    }
    r->closing = true;
    r->close_by_ms = clock_boot_ms() + timeout_ms;
}

void kafka_readers_close_all(struct kafka_readers *all, int64_t timeout_ms)
{
    struct reader *r, *next;

    HASH_ITER(hh, all->at, r, next)
    kafka_readers_close(all, r->id, timeout_ms);
}

bool kafka_readers_closing(const struct kafka_readers *all)
{
    for (const struct reader *r = all->at; r; r = r->hh.next)
        if (r->closing)
            return true;
    return false;
}

bool kafka_readers_unread(struct kafka_readers *all)
{
    bool any = false;

    for (struct reader *r = all->at; r; r = r->hh.next) {
        any = any || r->unread;
        r->unread = false; /* once: whoever does not read again in the next turn does not want to */
    }
    return any;
}

static void serve_fetchers(struct kafka_readers *all)
{
    for (struct fetcher *f = all->fetchers; f; f = f->next) {
        rd_kafka_event_t *event;
        while ((event = rd_kafka_queue_poll(f->events, 0))) {
            if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
                kafka_core_complain(all->core, rd_kafka_event_error(event),
                                    rd_kafka_event_error_string(event));
            rd_kafka_event_destroy(event);
        }
        kafka_client_serve(&f->client, all->core);
    }
}

void kafka_readers_dispatch(struct kafka_readers *all, int64_t now_ms)
{
    struct reader *r, *next;

    serve_fetchers(all);
    HASH_ITER(hh, all->at, r, next)
    {
        kafka_client_serve(&r->client, all->core);
        if (r->closing && has_left(r, now_ms))
            reader_free(r);
    }
}

struct kafka_readers *kafka_readers_new(struct kafka_core *k)
{
    struct kafka_readers *all = xcalloc(1, sizeof *all);

    all->core = k;
    return all;
}

void kafka_readers_free(struct kafka_readers *all)
{
    struct reader *r, *next;

    HASH_ITER(hh, all->at, r, next)
    reader_free(r);
    while (all->fetchers) {
        struct fetcher *f = all->fetchers;
        all->fetchers = f->next;
        rd_kafka_queue_destroy(f->events);
        kafka_client_end(&f->client, all->core);
        xfree(f);
    }
    xfree(all);
}
