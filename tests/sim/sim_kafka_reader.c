#include "sim/sim_kafka_parts.h"

#include "base/mem.h"

#include <string.h>

enum { STALL_MAX_MS = 20000 };

struct fetch {
    struct sim_reader *r;
    size_t at;
};

void sim_reader_let_go(struct sim_reader *r)
{
    if (--r->refs > 0)
        return;
    xfree(r->topic);
    xfree(r->at);
    xfree(r);
}

struct sim_reader *sim_reader_new(struct sim_kafka_client *c, const char *topic, int partition)
{
    struct sim_reader *r = xcalloc(1, sizeof *r);
    const struct sim_topic *t = sim_topic_find(c->k, topic);

    *r = (struct sim_reader){
        .id = ++c->k->last_id, .refs = 1, .c = c, .k = c->k, .partition = partition, .unread = true};
    r->topic = xstrdup(topic);
    r->at_n = partition >= 0 ? 1 : t ? (size_t)t->partitions : 1;
    r->at = xcalloc(r->at_n, sizeof *r->at);
    for (size_t i = 0; i < r->at_n; i++)
        r->at[i].stored = -1;
    r->next = c->readers;
    c->readers = r;
    return r;
}

void sim_reader_close(struct sim_reader *r, bool politely)
{
    struct sim_reader **at = &r->c->readers;

    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    if (r->g && politely)
        sim_group_leave(r);
    r->c = NULL;
    if (r->g && !politely)
        sim_group_vanish(r);
    sim_reader_let_go(r);
}

bool sim_reader_owns(const struct sim_reader *r, int partition)
{
    for (size_t i = 0; i < r->has_n; i++)
        if (r->has[i] == partition)
            return true;
    return false;
}

/* ---- fetching ---- */

static int partition_at(const struct sim_reader *r, size_t at)
{
    return r->partition >= 0 ? r->partition : (int)at;
}

static void look(struct sim_reader *r, size_t at)
{
    struct sim_log *l = sim_log_find(r->k, r->topic, partition_at(r, at));
    struct sim_position *p = &r->at[at];
    int64_t from = p->next > p->fetched ? p->next : p->fetched;

    if (!l)
        return;
    if (scheduler_now(r->k->s) < l->down_until_us) {
        sim_reader_fetch(r, at);
        return;
    }
    if (from > sim_log_end(l) || from < l->low) {
        r->out_of_range = r->partition >= 0;
        p->next = r->partition >= 0 ? p->next : l->low; /* a group's reader begins at the first */
    }
    p->fetched = sim_log_end(l);
    r->unread = true;
}

static void fetch_over(void *self)
{
    struct fetch *f = self;

    if (f->r->c) {
        f->r->at[f->at].fetching = false;
        look(f->r, f->at);
    }
    sim_reader_let_go(f->r);
    xfree(f);
}

static void fetch_drop(void *self)
{
    struct fetch *f = self;

    sim_reader_let_go(f->r);
    xfree(f);
}

void sim_reader_fetch(struct sim_reader *r, size_t at)
{
    const struct sim_log *l = sim_log_find(r->k, r->topic, partition_at(r, at));
    int64_t us = sim_kafka_wire(r->k);
    struct fetch *f;

    if (r->at[at].fetching)
        return;
    if (l && l->down_until_us > scheduler_now(r->k->s))
        us += l->down_until_us - scheduler_now(r->k->s);
    us += sim_kafka_cut_us(r->c);
    if (sim_kafka_strikes(r->k, FAULT_KAFKA_FETCH_STALL))
        us += sim_kafka_between(r->k, 500, STALL_MAX_MS) * 1000;
    r->at[at].fetching = true;
    f = xcalloc(1, sizeof *f);
    *f = (struct fetch){r, at};
    r->refs++;
    (void)scheduler_after(r->k->s, us,
                          &(struct completion){r->c->owner, "kafka.fetched", fetch_over, fetch_drop, f});
}

void sim_readers_tell(struct sim_kafka *k, const char *topic, int partition)
{
    for (struct sim_kafka_client *c = k->clients; c; c = c->next)
        for (struct sim_reader *r = c->readers; r; r = r->next) {
            if (strcmp(r->topic, topic) != 0)
                continue;
            if (r->partition == partition)
                sim_reader_fetch(r, 0);
            else if (r->partition < 0 && sim_reader_owns(r, partition))
                sim_reader_fetch(r, (size_t)partition);
        }
}

/* ---- handing out ---- */

static const struct sim_kafka_record *next_of(struct sim_reader *r, size_t at)
{
    struct sim_position *p = &r->at[at];
    const struct sim_log *l = sim_log_find(r->k, r->topic, partition_at(r, at));

    if (r->partition < 0 && !sim_reader_owns(r, (int)at))
        return NULL;
    if (!l || p->next >= p->fetched)
        return NULL;
    const struct sim_kafka_record *found = sim_log_at(l, p->next);
    if (!found)
        sim_reader_fetch(r, at); /* what was there is gone: the broker will say so */
    return found;
}

static bool hand_out(struct sim_reader *r, struct kafka_record *out)
{
    for (size_t i = 0; i < r->at_n; i++) {
        size_t at = (r->turn + i) % r->at_n;
        const struct sim_kafka_record *found = next_of(r, at);
        if (!found)
            continue;
        *out = (struct kafka_record){
            .topic = r->topic,
            .partition = partition_at(r, at),
            .offset = r->at[at].next++,
            .ts_ms = found->ts_ms,
            .key = {found->key, found->key_n},
            .value = {found->value, found->value_n},
            .headers = found->headers,
            .header_count = found->header_count,
        };
        r->turn = at;
        return true;
    }
    r->turn = r->at_n > 1 ? (r->turn + 1) % r->at_n : 0;
    return false;
}

enum kafka_read sim_reader_read(struct sim_reader *r, struct kafka_record *out, struct err *e)
{
    r->unread = false;
    if (r->g)
        sim_group_heed(r);
    if (r->paused)
        return KAFKA_NOTHING;
    if (!r->out_of_range && hand_out(r, out)) {
        r->unread = true;
        return KAFKA_RECORD;
    }
    if (!r->out_of_range || r->told_so)
        return KAFKA_NOTHING;
    r->told_so = r->unread = true;
    (void)err_set(e, ERR_NOT_FOUND, "kafka: Broker: Offset out of range");
    (void)err_code(e, "OFFSET_OUT_OF_RANGE");
    return KAFKA_FAILED;
}
