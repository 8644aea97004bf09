#include "base/mem.h"
#include "support/worker_world_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct world *of(void *port)
{
    return port;
}

/* ---- Kafka ---- */

static void fire_append(struct world *w, struct world_event *x)
{
    struct kafka_appended a = {.err = x->err, .partition = x->partition, .offset = x->offset};

    (void)w;
    x->done.append(x->self, x->id, &a);
}

static uint64_t append(void *port, const struct kafka_append *a, kafka_append_done *done, void *self)
{
    struct world *w = port;
    struct world_event *x = world_later(w, 5, fire_append, self);

    x->done.append = done;
    x->partition = a->partition;
    if (w->appends_fail) {
        (void)err_set(&x->err, ERR_UNAVAILABLE, "no leader");
        return x->id;
    }
    assert_true(w->append_count < WORLD_APPENDS_MAX);
    if (w->letter_max && a->letter && a->value.n > w->letter_max) {
        (void)err_set(&x->err, ERR_INVALID, "too large");
        (void)err_code(&x->err, KAFKA_TOO_LARGE);
        return x->id;
    }
    assert_true(a->value.n <= (a->letter ? KAFKA_LETTER_MAX : KAFKA_RECORD_MAX));
    struct world_append *to = &w->appends[w->append_count];
    x->offset = (int64_t)w->append_count++;
    *to = (struct world_append){xstrdup(a->topic), str_dup(a->key), str_dup(a->value), NULL};
    for (size_t i = 0; i < a->header_count; i++)
        if (str_is(a->headers[i].name, "x-err"))
            to->why = str_dup(a->headers[i].value);
    for (size_t i = 0; i < a->header_count; i++)
        if (str_is(a->headers[i].name, "x-size"))
            to->size = str_dup(a->headers[i].value);
    return x->id;
}

static kafka_reader subscribe(void *port, const char *topic, const char *group)
{
    (void)port;
    assert_string_equal(topic, "ec2sched.jobs.v1");
    assert_string_equal(group, "ec2sched.workers");
    return 1;
}

static void leave(void *port, kafka_reader reader, int64_t timeout_ms)
{
    (void)reader;
    assert_true(timeout_ms > 0);
    of(port)->left = true;
}

static enum kafka_read read_one(void *port, kafka_reader reader, struct kafka_record *out, struct err *e)
{
    struct world *w = port;

    (void)reader;
    (void)e;
    if (w->paused || w->read == w->record_count)
        return KAFKA_NOTHING;
    *out = (struct kafka_record){
        .topic = "ec2sched.jobs.v1", .offset = (int64_t)w->read, .ts_ms = w->now.wall_ms};
    out->value = str_of(w->records[w->read++]);
    return KAFKA_RECORD;
}

static void store(void *port, kafka_reader reader, int partition, int64_t next_offset)
{
    (void)reader;
    (void)partition;
    assert_true(next_offset > of(port)->stored); /* in the order of reading */
    of(port)->stored = next_offset;
}

static void pause_it(void *port, kafka_reader reader, bool paused)
{
    (void)reader;
    of(port)->paused = paused;
}

static void group(void *port, kafka_reader reader, struct kafka_group_state *out)
{
    (void)port;
    (void)reader;
    *out = (struct kafka_group_state){.joined = true, .n = 1};
}

static void fire_topics(struct world *w, struct world_event *x)
{
    struct kafka_topic t[4] = {{.name = "ec2sched.events.v1"},
                               {.name = "ec2sched.jobs.v1"},
                               {.name = "ec2sched.progress.v1"},
                               {.name = "ec2sched.dlq.v1"}};

    for (size_t i = 0; i < 4; i++)
        t[i].partitions = w->topics_missing ? -1 : 12;
    x->done.topics(x->self, x->id, &(struct kafka_topics){.at = t, .n = 4, .brokers = 1});
}

static uint64_t describe(void *port, const char *const *names, size_t n, kafka_topics_done *done, void *self)
{
    struct world_event *x = world_later(of(port), 3, fire_topics, self);

    (void)names;
    (void)n;
    x->done.topics = done;
    return x->id;
}

static void kafka_tell(void *port, struct kafka_state *out)
{
    (void)port;
    *out = (struct kafka_state){.up = true};
}

static const struct kafka_ops kafka_ops = {.append = append,
                                           .subscribe = subscribe,
                                           .close = leave,
                                           .read = read_one,
                                           .store = store,
                                           .pause = pause_it,
                                           .group = group,
                                           .describe = describe,
                                           .state = kafka_tell};

size_t world_count(const struct world *w, const char *topic)
{
    size_t n = 0;

    for (size_t i = 0; i < w->append_count; i++)
        n += strcmp(w->appends[i].topic, topic) == 0;
    return n;
}

bool world_terminal(const struct world *w, const char *job, struct event *out)
{
    for (size_t i = 0; i < w->append_count; i++) {
        struct err e = {0};
        if (strcmp(w->appends[i].topic, "ec2sched.events.v1") != 0)
            continue;
        assert_true(event_parse(str_of(w->appends[i].value), out, &e));
        assert_int_equal(out->type, EVENT_JOB_TERMINAL);
        if (strcmp(out->terminal.job, job) == 0)
            return true;
        event_release(out);
    }
    return false;
}

struct kafka world_kafka(struct world *w)
{
    return (struct kafka){&kafka_ops, w};
}
