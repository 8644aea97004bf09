#include "sim/sim_kafka_parts.h"

#include "base/mem.h"

#include <stdio.h>

/* ---- the cluster ---- */

struct sim_kafka *sim_kafka_new(struct scheduler *s, struct swarm *swarm, uint64_t seed)
{
    struct sim_kafka *k = xcalloc(1, sizeof *k);

    k->s = s;
    k->swarm = swarm;
    k->chance.state = seed;
    return k;
}

void sim_kafka_free(struct sim_kafka *k)
{
    if (!k)
        return;
    BUG_IF(k->clients);
    sim_groups_free(k);
    sim_topics_free(k);
    xfree(k);
}

void sim_kafka_listen(struct sim_kafka *k, sim_kafka_heard *heard, void *self)
{
    k->heard = heard;
    k->listener = self;
}

bool sim_kafka_strikes(struct sim_kafka *k, enum fault f)
{
    return k->swarm && swarm_strike(k->swarm, f);
}

int64_t sim_kafka_between(struct sim_kafka *k, int64_t low, int64_t high)
{
    return chance_between(&k->chance, low, high);
}

int64_t sim_kafka_wire(struct sim_kafka *k)
{
    return chance_between(&k->chance, SIM_WIRE_US, SIM_WIRE_MAX_US);
}

void sim_kafka_rebalance(struct sim_kafka *k, const char *group)
{
    sim_group_begin(sim_group_of(k, group));
}

void sim_kafka_set_committed(struct sim_kafka *k, const char *group, const char *topic, int partition,
                             int64_t offset)
{
    *sim_group_offset(sim_group_of(k, group), topic, partition, true) = offset;
}

int64_t sim_kafka_committed(const struct sim_kafka *k, const char *group, const char *topic, int partition)
{
    const int64_t *at =
        sim_group_offset(sim_group_of((struct sim_kafka *)(uintptr_t)k, group), topic, partition, false);

    return at ? *at : -1;
}

/* ---- a client ---- */

struct sim_kafka_client *sim_kafka_client_new(struct sim_kafka *k, uint64_t owner, const struct machine *m)
{
    struct sim_kafka_client *c = xcalloc(1, sizeof *c);
    struct sim_kafka_client **last = &k->clients;

    *c = (struct sim_kafka_client){.k = k, .owner = owner, .machine = m, .up = true};
    while (*last) /* in the order of their making: it is the order in which records are told of */
        last = &(*last)->next;
    *last = c;
    return c;
}

void sim_kafka_client_count(struct sim_kafka_client *c, struct calls *calls)
{
    c->calls = calls;
}

void sim_kafka_client_free(struct sim_kafka_client *c)
{
    struct sim_kafka_client **at;

    if (!c)
        return;
    at = &c->k->clients;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    while (c->readers)
        sim_reader_close(c->readers, false);
    sim_appends_free(c);
    xfree(c);
}

void sim_kafka_client_hold(struct sim_kafka_client *c, bool held)
{
    c->held = held;
    for (struct sim_reader *r = c->readers; r; r = r->next)
        if (r->g)
            sim_group_hold(r, held);
}

int64_t sim_kafka_cut_us(const struct sim_kafka_client *c)
{
    int64_t us = c->cut_until_us - scheduler_now(c->k->s);

    return us > 0 ? us : 0;
}

static void reached_again(void *self)
{
    struct sim_kafka_client *c = self;

    if (!c->held && sim_kafka_cut_us(c) == 0)
        sim_kafka_client_hold(c, false);
}

/* To its groups a member that is cut off is as one that is stopped. */
void sim_kafka_client_cut(struct sim_kafka_client *c, int64_t us)
{
    c->cut_until_us = scheduler_now(c->k->s) + us;
    if (!c->held)
        sim_kafka_client_hold(c, true);
    c->held = false;
    (void)scheduler_after(c->k->s, us,
                          &(struct completion){c->owner, "kafka.reached", reached_again, NULL, c});
}

bool sim_kafka_client_unread(struct sim_kafka_client *c)
{
    bool any = false;

    for (struct sim_reader *r = c->readers; r; r = r->next) {
        any = any || r->unread;
        r->unread = false;
    }
    return any;
}

/* ---- the port ---- */

static struct sim_reader *reader_of(void *port, kafka_reader id)
{
    struct sim_reader *r = ((struct sim_kafka_client *)port)->readers;

    while (r && r->id != id)
        r = r->next;
    BUG_IF(!r);
    return r;
}

static uint64_t append(void *port, const struct kafka_append *a, kafka_append_done *done, void *self)
{
    return sim_append(port, a, done, self);
}

static kafka_reader assign(void *port, const char *topic, int partition, int64_t offset)
{
    struct sim_reader *r;

    BUG_IF(partition < 0 || offset < 0);
    r = sim_reader_new(port, topic, partition);
    r->at[0].next = offset;
    sim_reader_fetch(r, 0);
    return r->id;
}

static kafka_reader subscribe(void *port, const char *topic, const char *group)
{
    struct sim_reader *r = sim_reader_new(port, topic, -1);

    sim_group_join(r, group);
    return r->id;
}

static void close_reader(void *port, kafka_reader reader, int64_t timeout_ms)
{
    (void)timeout_ms;
    sim_reader_close(reader_of(port, reader), true);
}

static enum kafka_read read_record(void *port, kafka_reader reader, struct kafka_record *out, struct err *e)
{
    return sim_reader_read(reader_of(port, reader), out, e);
}

static void store(void *port, kafka_reader reader, int partition, int64_t next_offset)
{
    struct sim_reader *r = reader_of(port, reader);

    if (!sim_reader_owns(r, partition))
        return;
    r->at[partition].stored = next_offset;
    r->at[partition].changed = true;
    sim_group_stored(r);
}

static void pause_reader(void *port, kafka_reader reader, bool paused)
{
    struct sim_reader *r = reader_of(port, reader);

    r->unread = r->unread || (r->paused && !paused); /* what had come is there again */
    r->paused = paused;
}

static void group_state(void *port, kafka_reader reader, struct kafka_group_state *out)
{
    const struct sim_reader *r = reader_of(port, reader);

    *out = (struct kafka_group_state){.joined = r->joined, .n = r->has_n, .generation = r->generation};
    for (size_t i = 0; i < r->has_n; i++)
        out->partitions[i] = r->has[i];
}

static uint64_t watermarks(void *port, const char *topic, const int *partitions, size_t n,
                           kafka_watermarks_done *done, void *self)
{
    return sim_ask_watermarks(port, topic, partitions, n, done, self);
}

static uint64_t since(void *port, const char *topic, const int *partitions, size_t n, int64_t since_ms,
                      kafka_offsets_done *done, void *self)
{
    return sim_ask_since(port, topic, partitions, n, since_ms, done, self);
}

static uint64_t committed(void *port, const char *group, const char *topic, int partitions,
                          kafka_committed_done *done, void *self)
{
    return sim_ask_committed(port, group, topic, partitions, done, self);
}

static uint64_t commit(void *port, const char *group, const char *topic, int partition, int64_t offset,
                       kafka_done *done, void *self)
{
    return sim_ask_commit(port, group, topic, partition, offset, done, self);
}

static uint64_t create(void *port, const struct kafka_topic *topics, size_t n, kafka_topics_done *done,
                       void *self)
{
    return sim_ask_create(port, topics, n, done, self);
}

static uint64_t describe(void *port, const char *const *names, size_t n, kafka_topics_done *done, void *self)
{
    return sim_ask_describe(port, names, n, done, self);
}

static void state(void *port, struct kafka_state *out)
{
    const struct sim_kafka_client *c = port;

    *out = (struct kafka_state){.up = c->up, .unacked = sim_appends_open(c)};
    (void)snprintf(out->why, sizeof out->why, "%s", c->why);
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

struct kafka sim_kafka_port(struct sim_kafka_client *c)
{
    return (struct kafka){.ops = &ops, .port = c};
}
