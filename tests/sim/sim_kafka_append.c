#include "sim/sim_kafka_parts.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

/*
 * A record on its way. The broker's side (`request`) and the client's (`append`) live apart: a client may be
 * gone, or have given up, when its request lands.
 */
struct request {
    struct sim_kafka *k;
    struct sim_topic *topic;
    int partition;
    struct sim_kafka_record record;
    struct sim_append *append; /* NULL: nobody waits for it any more */
    bool twice, silent;        /* silent: no acknowledgement comes */
    int64_t ack_us;
    int64_t turn_us; /* its place among those that waited for a leader */
};

struct sim_append {
    struct sim_kafka_client *c;
    uint64_t id;
    kafka_append_done *done;
    void *self;
    enum kafka_lane lane;
    int place;
    struct request *request; /* NULL: it has landed, or is lost */
    uint64_t timeout;        /* ticket */
    struct kafka_appended result;
    struct sim_append *prev, *next;
};

static const int64_t delivery_ms[KAFKA_LANES] = {[KAFKA_LANE_EVENTS] = 30000, [KAFKA_LANE_JOBS] = 60000};

static void request_free(struct request *q)
{
    sim_record_release(&q->record);
    xfree(q);
}

static void request_drop(void *self)
{
    request_free(self);
}

static char *bytes(struct str s)
{
    return s.p ? xstrndup(s.p, s.n) : NULL;
}

static struct sim_kafka_record copy_of(const struct sim_kafka_record *r)
{
    struct sim_kafka_record out = *r;

    out.key = r->key ? xstrndup(r->key, r->key_n) : NULL;
    out.value = r->value ? xstrndup(r->value, r->value_n) : NULL;
    out.headers = xcalloc(r->header_count + 1, sizeof *out.headers);
    for (size_t i = 0; i < r->header_count; i++)
        out.headers[i] = (struct kafka_header){str_n(str_dup(r->headers[i].name), r->headers[i].name.n),
                                               str_n(str_dup(r->headers[i].value), r->headers[i].value.n)};
    return out;
}

static struct sim_kafka_record record_of(const struct kafka_append *a, int64_t wall_ms)
{
    const struct sim_kafka_record lent = {.headers = (struct kafka_header *)(uintptr_t)a->headers,
                                          .header_count = a->header_count};
    struct sim_kafka_record r = copy_of(&lent);

    r.key = bytes(a->key);
    r.key_n = a->key.n;
    r.value = bytes(a->value);
    r.value_n = a->value.n;
    r.ts_ms = wall_ms;
    return r;
}

static int partition_of(struct sim_kafka *k, const struct sim_topic *t, const struct kafka_append *a)
{
    uint32_t h = 2166136261;

    if (a->partition != KAFKA_PARTITION_BY_KEY)
        return a->partition;
    if (!a->key.p)
        return (int)(k->round++ % (uint64_t)t->partitions);
    for (size_t i = 0; i < a->key.n; i++)
        h = (h ^ (unsigned char)a->key.p[i]) * 16777619;
    return (int)(h % (uint32_t)t->partitions);
}

static bool is_valid(const struct kafka_append *a, const struct sim_topic *t, struct err *e)
{
    size_t max = a->letter ? KAFKA_LETTER_MAX : KAFKA_RECORD_MAX;

    if (a->value.n > max) {
        (void)err_set(e, ERR_INVALID, "kafka: a record of %zu bytes is over %zu", a->value.n, max);
        return err_code(e, KAFKA_TOO_LARGE);
    }
    if (a->header_count > KAFKA_HEADERS_MAX)
        return err_set(e, ERR_INVALID, "kafka: a record with over %d headers", KAFKA_HEADERS_MAX);
    if (!t || a->partition >= t->partitions)
        return err_set(e, ERR_NOT_FOUND, "kafka: no such topic or partition");
    return true;
}

/* ---- the client's side ---- */

static void let_go(struct sim_append *p)
{
    scheduler_cancel(p->c->k->s, p->timeout);
    if (p->request)
        p->request->append = NULL;
    DL_DELETE(p->c->appends, p);
}

static void answered(void *self)
{
    struct sim_append *p = self;

    p->timeout = 0;
    let_go(p);
    p->c->up = p->c->up || p->result.err.kind == ERR_NONE;
    calls_heard(p->c->calls, p->place);
    p->done(p->self, p->id, &p->result);
    xfree(p);
}

static void answer(struct sim_append *p, int64_t us)
{
    scheduler_cancel(p->c->k->s, p->timeout);
    p->timeout = 0;
    (void)scheduler_after(p->c->k->s, us,
                          &(struct completion){p->c->owner, "kafka.appended", answered, NULL, p});
}

/* In the order of their lane. */
static void acknowledge(struct sim_append *p, int64_t us)
{
    int64_t now_us = scheduler_now(p->c->k->s), *last_us = &p->c->acked_us[p->lane];

    *last_us = now_us + us > *last_us ? now_us + us : *last_us + 1;
    answer(p, *last_us - now_us);
}

static void gave_up(void *self)
{
    struct sim_append *p = self;

    p->timeout = 0;
    p->result = (struct kafka_appended){.partition = -1, .offset = -1};
    (void)err_set(&p->result.err, ERR_UNAVAILABLE, "kafka: Local: Message timed out");
    (void)err_code(&p->result.err, "_MSG_TIMED_OUT");
    answered(p);
}

/* ---- the broker's side ---- */

static void land(void *self);

static void send_after(struct request *q, int64_t us)
{
    (void)scheduler_after(q->k->s, us, &(struct completion){0, "kafka.append", land, request_drop, q});
}

/* In the order in which they came, and nobody overtakes. */
static bool waits_for_leader(struct request *q)
{
    struct sim_log *l = &q->topic->logs[q->partition];
    int64_t now_us = scheduler_now(q->k->s);

    if (now_us >= l->down_until_us && (now_us >= l->queue_us || q->turn_us == now_us))
        return false;
    l->queue_us = (l->queue_us > l->down_until_us ? l->queue_us : l->down_until_us) + 1;
    q->turn_us = l->queue_us;
    send_after(q, l->queue_us - now_us);
    return true;
}

static void land(void *self)
{
    struct request *q = self;

    if (waits_for_leader(q))
        return;
    struct sim_kafka_record again = q->twice ? copy_of(&q->record) : (struct sim_kafka_record){0};
    int64_t offset = sim_log_add(q->k, q->topic, q->partition, &q->record);
    if (q->twice)
        (void)sim_log_add(q->k, q->topic, q->partition, &again);
    sim_record_release(&again);
    if (q->append) {
        q->append->request = NULL;
        q->append->result = (struct kafka_appended){.partition = q->partition, .offset = offset};
        if (!q->silent)
            acknowledge(q->append, q->ack_us);
    }
    request_free(q);
}

/* All that the lane has out fails, whether it lands or not. */
static void fail_lane(struct sim_kafka_client *c, enum kafka_lane lane)
{
    struct sim_append *p, *next;

    DL_FOREACH_SAFE(c->appends, p, next)
    {
        if (p->lane != lane || !p->timeout)
            continue;
        if (p->request)
            p->request->append = NULL;
        p->request = NULL;
        p->result = (struct kafka_appended){.partition = -1, .offset = -1};
        (void)err_set(&p->result.err, ERR_UNAVAILABLE, "kafka: Local: Fatal error");
        (void)err_code(&p->result.err, "_FATAL");
        answer(p, 1);
    }
}

/* What happens to it on its way. NULL: it is lost. */
static struct request *fated(struct request *q, struct sim_append *p, int64_t *us)
{
    struct sim_kafka *k = q->k;

    if (sim_kafka_strikes(k, FAULT_KAFKA_DOWN))
        sim_kafka_down(k, q->topic->name, q->partition, sim_kafka_between(k, 100, 20000) * 1000);
    if (sim_kafka_strikes(k, FAULT_KAFKA_LOST)) {
        request_free(q);
        return NULL;
    }
    q->twice = sim_kafka_strikes(k, FAULT_KAFKA_TWICE);
    q->silent = sim_kafka_strikes(k, FAULT_KAFKA_ACK_LOST);
    if (sim_kafka_strikes(k, FAULT_KAFKA_ACK_LATE))
        q->ack_us += sim_kafka_between(k, 1000, delivery_ms[p->lane] - 2000) * 1000;
    if (sim_kafka_strikes(k, FAULT_KAFKA_LATE)) {
        *us = (delivery_ms[p->lane] + sim_kafka_between(k, 0, 60000)) * 1000;
        q->silent = true;
    }
    return q;
}

static struct request *request_new(struct sim_kafka_client *c, struct sim_topic *t,
                                   const struct kafka_append *a)
{
    struct request *q = xcalloc(1, sizeof *q);

    q->k = c->k;
    q->topic = t;
    q->partition = partition_of(c->k, t, a);
    q->record = record_of(a, machine_instant(c->machine, scheduler_now(c->k->s)).wall_ms);
    q->ack_us = sim_kafka_wire(c->k);
    return q;
}

/* In their lane records arrive one behind the other. */
static int64_t arrival(struct sim_kafka_client *c, enum kafka_lane lane)
{
    int64_t now_us = scheduler_now(c->k->s), at_us = now_us + sim_kafka_wire(c->k);

    if (at_us <= c->sent_us[lane])
        at_us = c->sent_us[lane] + 1;
    c->sent_us[lane] = at_us;
    return at_us - now_us;
}

uint64_t sim_append(struct sim_kafka_client *c, const struct kafka_append *a, kafka_append_done *done,
                    void *self)
{
    struct sim_kafka *k = c->k;
    struct sim_topic *t = sim_topic_find(k, a->topic);
    struct sim_append *p = xcalloc(1, sizeof *p);

    *p = (struct sim_append){
        .c = c, .id = ++k->last_id, .done = done, .self = self, .lane = a->lane, .place = PLACE_NONE};
    p->result = (struct kafka_appended){.partition = -1, .offset = -1};
    DL_APPEND(c->appends, p);
    if (!is_valid(a, t, &p->result.err)) {
        answer(p, 1);
        return p->id;
    }
    p->place = calls_append(c->calls, a->topic, a->value);
    if (!calls_begin(c->calls, p->place))
        return p->id;
    int64_t us = arrival(c, a->lane);
    int before = swarm_at(k->swarm, p->place);
    p->timeout = scheduler_after(k->s, delivery_ms[a->lane] * 1000,
                                 &(struct completion){c->owner, "kafka.timed_out", gave_up, NULL, p});
    us += sim_kafka_cut_us(c); /* beyond the delivery's time: nobody waits for it */
    struct request *q = fated(request_new(c, t, a), p, &us);
    if (q) {
        q->append = p;
        p->request = q;
        send_after(q, us);
    }
    (void)swarm_at(k->swarm, before);
    if (sim_kafka_strikes(k, FAULT_KAFKA_FATAL))
        fail_lane(c, a->lane);
    return p->id;
}

size_t sim_appends_open(const struct sim_kafka_client *c)
{
    size_t n = 0;
    const struct sim_append *p;

    DL_FOREACH(c->appends, p)
    n++;
    return n;
}

void sim_appends_free(struct sim_kafka_client *c)
{
    struct sim_append *p, *next;

    DL_FOREACH_SAFE(c->appends, p, next)
    {
        let_go(p);
        xfree(p);
    }
}
