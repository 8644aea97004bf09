#include "real/kafka_append.h"

#include "base/hash.h"
#include "base/mem.h"

#include <utlist.h>

enum { EVENTS_AT_ONCE = 200 /* each is a batch of reports */ };

struct append {
    uint64_t id; /* also the record's opaque */
    kafka_append_done *done;
    void *self;
    enum kafka_lane lane;
    struct err err; /* of one that the client did not take */
    UT_hash_handle hh;
    struct append *prev, *next; /* among those that are over already */
};

struct lane {
    struct kafka_client client;
    rd_kafka_queue_t *events;
};

struct kafka_lanes {
    struct kafka_core *core;
    struct lane at[KAFKA_LANES];
    struct append *open; /* by id, in the order of appending */
    struct append *over;
};

static bool lane_open(struct kafka_lanes *l, enum kafka_lane which, struct err *e)
{
    struct lane *lane = &l->at[which];

    if (lane->client.rk)
        return true;
    rd_kafka_conf_t *conf = kafka_conf_new(which == KAFKA_LANE_EVENTS ? KAFKA_ROLE_EVENTS : KAFKA_ROLE_JOBS,
                                           l->core->options, NULL, e);
    if (!conf)
        return false;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    if (!kafka_client_open(&lane->client, l->core, RD_KAFKA_PRODUCER, conf, e))
        return false;
    lane->events = rd_kafka_queue_get_main(lane->client.rk);
    kafka_core_watch(l->core, lane->events);
    return true;
}

static void lane_end(struct kafka_lanes *l, struct lane *lane)
{
    if (!lane->client.rk)
        return;
    (void)rd_kafka_purge(lane->client.rk,
                         RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_queue_io_event_enable(lane->events, -1, NULL, 0);
    rd_kafka_queue_destroy(lane->events);
    lane->events = NULL;
    kafka_client_end(&lane->client, l->core);
}

/* ---- sending ---- */

static rd_kafka_headers_t *headers_of(const struct kafka_append *a)
{
    rd_kafka_headers_t *h = rd_kafka_headers_new(a->header_count);

    for (size_t i = 0; i < a->header_count; i++)
        (void)rd_kafka_header_add(h, a->headers[i].name.p, (ssize_t)a->headers[i].name.n,
                                  a->headers[i].value.p, (ssize_t)a->headers[i].value.n);
    return h;
}

static bool produce(struct lane *lane, const struct kafka_append *a, uint64_t id, struct err *e)
{
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = a->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = a->partition < 0 ? RD_KAFKA_PARTITION_UA : a->partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {.ptr = (void *)(uintptr_t)a->key.p, .size = a->key.n}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {.ptr = (void *)(uintptr_t)a->value.p, .size = a->value.n}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)id},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers_of(a)},
    };
    size_t n = sizeof parts / sizeof *parts;
    rd_kafka_error_t *failed = rd_kafka_produceva(lane->client.rk, parts, n);

    if (!failed)
        return true;
    (void)kafka_core_err(e, rd_kafka_error_code(failed), rd_kafka_error_string(failed));
    rd_kafka_error_destroy(failed);
    rd_kafka_headers_destroy(parts[n - 1].u.headers); /* taken only when the record was */
    return false;
}

static bool is_valid(const struct kafka_append *a, struct err *e)
{
    size_t max = a->letter ? KAFKA_LETTER_MAX : KAFKA_RECORD_MAX;

    if (a->value.n > max) {
        (void)err_set(e, ERR_INVALID, "kafka: a record of %zu bytes is over %zu", a->value.n, max);
        return err_code(e, KAFKA_TOO_LARGE);
    }
    if (a->header_count > KAFKA_HEADERS_MAX)
        return err_set(e, ERR_INVALID, "kafka: a record with over %d headers", KAFKA_HEADERS_MAX);
    return true;
}

uint64_t kafka_lanes_append(struct kafka_lanes *l, const struct kafka_append *a, kafka_append_done *done,
                            void *self)
{
    struct append *p = xcalloc(1, sizeof *p);

    p->id = ++l->core->last_id;
    p->done = done;
    p->self = self;
    p->lane = a->lane;
    if (is_valid(a, &p->err) && lane_open(l, a->lane, &p->err) && produce(&l->at[a->lane], a, p->id, &p->err))
        HASH_ADD(hh, l->open, id, sizeof p->id, p);
    else
        DL_APPEND(l->over, p);
    return p->id;
}

/* ---- reports ---- */

static void report(struct kafka_lanes *l, const rd_kafka_message_t *m)
{
    struct kafka_appended result = {.partition = m->partition, .offset = m->offset};
    uint64_t id = (uint64_t)(uintptr_t)m->_private;
    struct append *p = NULL;

    HASH_FIND(hh, l->open, &id, sizeof id, p);
    if (!p)
        return; /* its producer ended by a fatal error before */
    HASH_DEL(l->open, p);
    if (m->err) {
        (void)kafka_core_err(&result.err, m->err, NULL);
        kafka_core_complain(l->core, m->err, NULL);
    } else {
        kafka_core_heard(l->core);
    }
    p->done(p->self, p->id, &result);
    xfree(p);
}

/* Everything in the producer's hands has failed, as far as anybody can know. */
static void lane_fail(struct kafka_lanes *l, enum kafka_lane which, const char *why)
{
    struct append *p, *next;

    HASH_ITER(hh, l->open, p, next)
    {
        if (p->lane != which)
            continue;
        HASH_DEL(l->open, p);
        (void)kafka_core_err(&p->err, RD_KAFKA_RESP_ERR__FATAL, why);
        DL_APPEND(l->over, p);
    }
    lane_end(l, &l->at[which]);
}

/* True: it is fatal, and *why says what librdkafka does. */
static bool hear_error(struct kafka_lanes *l, enum kafka_lane which, rd_kafka_event_t *event,
                       char why[ERR_MSG_MAX])
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);

    kafka_core_complain(l->core, code, rd_kafka_event_error_string(event));
    if (!rd_kafka_event_error_is_fatal(event) && code != RD_KAFKA_RESP_ERR__FATAL)
        return false;
    (void)rd_kafka_fatal_error(l->at[which].client.rk, why, ERR_MSG_MAX);
    return true;
}

/* True: an event was there. */
static bool lane_step(struct kafka_lanes *l, enum kafka_lane which)
{
    struct lane *lane = &l->at[which];
    const rd_kafka_message_t *m;
    rd_kafka_event_t *event = lane->client.rk ? rd_kafka_queue_poll(lane->events, 0) : NULL;
    char why[ERR_MSG_MAX];
    bool fatal = false;

    if (!event)
        return false;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
        while ((m = rd_kafka_event_message_next(event)))
            report(l, m);
    else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
        fatal = hear_error(l, which, event, why);
    rd_kafka_event_destroy(event); /* before its client ends */
    if (fatal)
        lane_fail(l, which, why);
    return true;
}

bool kafka_lanes_dispatch(struct kafka_lanes *l)
{
    bool more = false;
    struct append *over = l->over, *p, *next;

    l->over = NULL;
    DL_FOREACH_SAFE(over, p, next)
    {
        struct kafka_appended result = {.err = p->err, .partition = -1, .offset = -1};
        DL_DELETE(over, p);
        p->done(p->self, p->id, &result);
        xfree(p);
    }
    for (int lane = 0; lane < KAFKA_LANES; lane++) {
        int n = 0;
        while (n < EVENTS_AT_ONCE && lane_step(l, (enum kafka_lane)lane))
            n++;
        more = more || n == EVENTS_AT_ONCE;
        kafka_client_serve(&l->at[lane].client, l->core);
    }
    return more || l->over;
}

/* ---- beginning and end ---- */

static void warmed(void *self, struct side_job *j)
{
    struct kafka_lanes *l = self;

    if (j->code)
        kafka_core_complain(l->core, j->code, NULL);
    else
        kafka_core_heard(l->core);
}

void kafka_lanes_warm(struct kafka_lanes *l)
{
    struct err e = {0};

    for (int i = 0; i < KAFKA_LANES; i++) {
        if (!lane_open(l, (enum kafka_lane)i, &e))
            return; /* the first append says why */
        struct side_job *j = xcalloc(1, sizeof *j);
        j->kind = SIDE_METADATA;
        j->rk = l->at[i].client.rk;
        j->over = warmed;
        j->self = l;
        if (!kafka_side_add(l->core->side, j))
            side_job_free(j);
    }
}

size_t kafka_lanes_unacked(const struct kafka_lanes *l)
{
    return HASH_COUNT(l->open);
}

struct kafka_lanes *kafka_lanes_new(struct kafka_core *k)
{
    struct kafka_lanes *l = xcalloc(1, sizeof *l);

    l->core = k;
    return l;
}

void kafka_lanes_free(struct kafka_lanes *l)
{
    struct append *p, *next;

    for (int i = 0; i < KAFKA_LANES; i++)
        lane_end(l, &l->at[i]);
    HASH_ITER(hh, l->open, p, next)
    {
        HASH_DEL(l->open, p);
        xfree(p);
    }
    DL_FOREACH_SAFE(l->over, p, next)
    {
        DL_DELETE(l->over, p);
        xfree(p);
    }
    xfree(l);
}
