#include "producer/producer.h"

#include "aws/pacing.h"
#include "base/mem.h"
#include "conf/metrics_table.h"
#include "producer/frozen.h"
#include "producer/journal.h"
#include "producer/owed.h"
#include "producer/pump.h"
#include "producer/state.h"
#include "producer/tally.h"

#include <stdio.h>

enum { IDLE_MS = 500, PREFIX_MAX = 200 };

static void name_things(struct producer *p)
{
    struct context *c = &p->c;
    const char *prefix = c->options->kafka.prefix;

    context_nonce(c, c->id);
    (void)snprintf(c->source_name, sizeof c->source_name, "/ec2sched/producer/%s", c->id);
    topic_name(TOPIC_EVENTS, prefix, c->events);
    topic_name(TOPIC_JOBS, prefix, c->jobs);
    topic_name(TOPIC_SNAP, prefix, c->snap);
    topic_group_coord(prefix, c->coord);
    topic_group_workers(prefix, c->workers);
}

static bool settings_ok(const struct options *o, struct err *e)
{
    if (str_of(o->kafka.prefix).n > PREFIX_MAX || str_of(o->redis.prefix).n > PREFIX_MAX)
        return err_set(e, ERR_CONFIG, "kafka.prefix and redis.prefix have at most %d bytes", PREFIX_MAX);
    if (o->lease.ttl_ms < 1 || o->fence.window_ms < 1)
        return err_set(e, ERR_CONFIG, "lease.ttl and fence.window must be positive");
    return true;
}

struct producer *producer_new(const struct options *o, const struct ports *ports, struct err *e)
{
    const struct pacing_options pace = {o->aws.time_scale, o->aws.pace == PACE_LEARN};
    struct aws_options ao = {.program = "ec2sched-producer/" EC2SCHED_VERSION};
    struct producer *p = NULL;

    if (!settings_ok(o, e))
        return NULL;
    p = xcalloc(1, sizeof *p);
    p->c = (struct context){.options = o, .ports = ports, .read_at_ms = INT64_MIN};
    p->check.c = &p->c;
    name_things(p);
    p->c.view = view_new(&ports->redis, o->redis.prefix);
    p->pacing = pacing_new(&pace);
    ao.pacer = pacing_pacer(p->pacing);
    p->c.metrics = ao.metrics = metrics_of_program(METRICS_PRODUCER, EC2SCHED_VERSION);
    tally_begin(p->c.metrics);
    p->room.view = p->c.view;
    p->c.aws = aws_new(ports, &ao, e);
    p->c.source = p->c.aws ? source_new(o, ports, p->c.aws, e) : NULL;
    if (p->c.source)
        return p;
    producer_free(p);
    return NULL;
}

void producer_free(struct producer *p)
{
    if (!p)
        return;
    trigger_free(p->trigger);
    for (int i = 0; p->partitions && i < p->c.partitions; i++)
        partition_release(&p->partitions[i]);
    owed_free_orphans(&p->c);
    journal_forget(&p->c);
    pump_forget_publications(&p->c);
    frozen_forget(&p->c);
    xfree(p->partitions);
    source_free(p->c.source);
    aws_free(p->c.aws);
    pacing_free(p->pacing);
    metrics_free(p->c.metrics);
    view_free(p->c.view);
    xfree(p->c.read_to);
    xfree(p);
}

static void make_partitions(struct producer *p)
{
    p->partitions = xcalloc((size_t)p->c.partitions, sizeof *p->partitions);
    for (int i = 0; i < p->c.partitions; i++)
        partition_init(&p->partitions[i], &p->c, i);
    p->trigger = trigger_new(&p->c, p->partitions);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void leave_all(struct producer *p)
{
    for (int i = 0; p->partitions && i < p->c.partitions; i++)
        partition_leave(&p->partitions[i]);
}

int64_t producer_turn(struct producer *p, int64_t now_ms)
{
    int64_t next = now_ms + IDLE_MS;

    p->c.now_ms = p->turned_ms = now_ms;
    next = earlier(next, aws_turn(p->c.aws, now_ms)); /* what came back is handed on in this very turn */
    next = earlier(next, source_turn(p->c.source, now_ms));
    if (p->draining)
        return p->c.in_flight == 0 && view_in_flight(p->c.view) == 0 ? TURN_DONE : next;
    next = earlier(next, room_turn(&p->room, now_ms));
    precheck_turn(&p->check);
    if (!p->check.ok)
        return next;
    if (!p->partitions)
        make_partitions(p);
    if (p->check.changed) {
        leave_all(p);
        return next;
    }
    for (int i = 0; i < p->c.partitions; i++)
        next = earlier(next, partition_turn(&p->partitions[i]));
    next = earlier(next, trigger_turn(p->trigger));
    next = earlier(next, source_turn(p->c.source, now_ms));
    return earlier(next, aws_turn(p->c.aws, now_ms)); /* what this turn has asked is sent now */
}

void producer_drain(struct producer *p)
{
    p->draining = true;
    leave_all(p);
}
