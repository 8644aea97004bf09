#include "real/kafka_ask.h"

#include "base/mem.h"
#include "real/kafka_groups.h"
#include "real/kafka_topics.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

enum kind { ASK_WATERMARKS, ASK_SINCE, ASK_COMMITTED, ASK_COMMIT, ASK_CREATE, ASK_DESCRIBE };

struct question {
    uint64_t id;
    enum kind kind;
    struct kafka_asker *asker;
    union {
        kafka_watermarks_done *watermarks;
        kafka_offsets_done *since;
        kafka_committed_done *committed;
        kafka_done *commit;
        kafka_topics_done *topics;
    } done;
    void *self;
    struct err err;
    size_t n;            /* partitions asked for */
    int64_t *low, *high; /* since, committed: low alone */
    int64_t asked_boot_ms;
    struct topics topics;
    struct question *prev, *next; /* in `open` or `over` */
};

struct kafka_asker {
    struct kafka_core *core;
    struct kafka_client client;
    struct kafka_groups *groups;
    rd_kafka_queue_t *events, *answers;
    struct question *open, *over;
    char *topic; /* one that was asked about: a probe without any would ask for all topics of the cluster */
    bool probing;
};

static bool asker_open(struct kafka_asker *a, struct err *e)
{
    if (a->client.rk)
        return true;
    rd_kafka_conf_t *conf = kafka_conf_new(KAFKA_ROLE_ASK, a->core->options, NULL, e);
    if (!conf)
        return false;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    if (!kafka_client_open(&a->client, a->core, RD_KAFKA_CONSUMER, conf, e))
        return false;
    a->events = rd_kafka_queue_get_main(a->client.rk);
    a->answers = rd_kafka_queue_new(a->client.rk);
    kafka_core_watch(a->core, a->answers);
    return true;
}

static struct question *question_new(struct kafka_asker *a, enum kind kind, void *self)
{
    struct question *q = xcalloc(1, sizeof *q);

    q->id = ++a->core->last_id;
    q->kind = kind;
    q->asker = a;
    q->self = self;
    DL_APPEND(a->open, q);
    return q;
}

static void question_free(struct question *q)
{
    xfree(q->low);
    xfree(q->high);
    topics_release(&q->topics);
    xfree(q);
}

static void remember_topic(struct kafka_asker *a, const char *topic)
{
    if (!a->topic)
        a->topic = xstrdup(topic);
}

/* It is delivered from the next dispatch. */
static void end(struct question *q)
{
    if (q->err.kind == ERR_UNAVAILABLE)
        kafka_core_complain(q->asker->core, RD_KAFKA_RESP_ERR__TIMED_OUT, q->err.msg);
    else if (!q->err.kind)
        kafka_core_heard(q->asker->core);
    DL_DELETE(q->asker->open, q);
    DL_APPEND(q->asker->over, q);
}

static void deliver(struct question *q)
{
    switch (q->kind) {
    case ASK_WATERMARKS: {
        struct kafka_watermarks w = {
            .err = q->err, .low = q->low, .high = q->high, .n = q->n, .asked_boot_ms = q->asked_boot_ms};
        q->done.watermarks(q->self, q->id, &w);
        break;
    }
    case ASK_SINCE: {
        struct kafka_offsets o = {.err = q->err, .offset = q->low, .n = q->n};
        q->done.since(q->self, q->id, &o);
        break;
    }
    case ASK_COMMITTED: {
        struct kafka_committed c = {.err = q->err, .offset = q->low, .n = q->n};
        q->done.committed(q->self, q->id, &c);
        break;
    }
    case ASK_COMMIT:
        q->done.commit(q->self, q->id, &q->err);
        break;
    case ASK_CREATE:
    case ASK_DESCRIBE: {
        struct kafka_topics t = topics_view(&q->topics);
        t.err = q->err;
        q->done.topics(q->self, q->id, &t);
        break;
    }
    }
    question_free(q);
}

/* ---- on the side thread: offsets and metadata ---- */

static struct side_job *job_new(struct kafka_asker *a, enum side_kind kind,
                                void (*over)(void *, struct side_job *), void *self)
{
    struct side_job *j = xcalloc(1, sizeof *j);

    j->kind = kind;
    j->rk = a->client.rk;
    j->over = over;
    j->self = self;
    return j;
}

/* Takes the job in any case. */
static bool queue_job(struct kafka_asker *a, struct side_job *j, struct err *e)
{
    if (kafka_side_add(a->core->side, j))
        return true;
    side_job_free(j);
    return err_set(e, ERR_UNAVAILABLE, "kafka: %d questions are waiting for an answer already",
                   SIDE_WAITING_MAX);
}

static rd_kafka_topic_partition_list_t *list_of(const char *topic, const int *partitions, size_t n,
                                                int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);

    for (size_t i = 0; i < n; i++)
        rd_kafka_topic_partition_list_add(list, topic, partitions ? partitions[i] : (int)i)->offset = offset;
    return list;
}

static bool take_offsets(const rd_kafka_topic_partition_list_t *list, int64_t *out, size_t n, struct err *e)
{
    if (list->cnt != (int)n)
        return err_set(e, ERR_INVALID, "kafka: asked for %zu offsets, answered %d", n, list->cnt);
    for (size_t i = 0; i < n; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        if (p->err) {
            (void)kafka_core_err(e, p->err, NULL);
            return err_wrap(e, "%s[%d]", p->topic, (int)p->partition);
        }
        out[i] = p->offset;
    }
    return true;
}

static void watermarks_over(void *self, struct side_job *j)
{
    struct question *q = self;

    q->asked_boot_ms = j->asked_boot_ms;
    if (j->code)
        (void)kafka_core_err(&q->err, j->code, NULL);
    else if (take_offsets(j->low, q->low, q->n, &q->err))
        (void)take_offsets(j->high, q->high, q->n, &q->err);
    end(q);
}

uint64_t kafka_ask_watermarks(struct kafka_asker *a, const char *topic, const int *partitions, size_t n,
                              kafka_watermarks_done *done, void *self)
{
    struct question *q = question_new(a, ASK_WATERMARKS, self);

    BUG_IF(n == 0 || n > KAFKA_PARTITIONS_MAX);
    remember_topic(a, topic);
    q->done.watermarks = done;
    q->n = n;
    q->low = xcalloc(n, sizeof *q->low);
    q->high = xcalloc(n, sizeof *q->high);
    if (asker_open(a, &q->err)) {
        struct side_job *j = job_new(a, SIDE_OFFSETS, watermarks_over, q);
        j->low = list_of(topic, partitions, n, RD_KAFKA_OFFSET_BEGINNING);
        j->high = list_of(topic, partitions, n, RD_KAFKA_OFFSET_END);
        (void)queue_job(a, j, &q->err);
    }
    if (q->err.kind)
        end(q);
    return q->id;
}

static void since_over(void *self, struct side_job *j)
{
    struct question *q = self;

    if (j->code)
        (void)kafka_core_err(&q->err, j->code, NULL);
    else
        (void)take_offsets(j->low, q->low, q->n, &q->err);
    for (size_t i = 0; i < q->n; i++)
        q->low[i] = q->low[i] < 0 ? -1 : q->low[i];
    end(q);
}

uint64_t kafka_ask_since(struct kafka_asker *a, const char *topic, const int *partitions, size_t n,
                         int64_t since_ms, kafka_offsets_done *done, void *self)
{
    struct question *q = question_new(a, ASK_SINCE, self);

    BUG_IF(n == 0 || n > KAFKA_PARTITIONS_MAX ||
           since_ms < 0); /* negative moments are librdkafka's own words */
    remember_topic(a, topic);
    q->done.since = done;
    q->n = n;
    q->low = xcalloc(n, sizeof *q->low);
    if (asker_open(a, &q->err)) {
        struct side_job *j = job_new(a, SIDE_OFFSETS, since_over, q);
        j->low = list_of(topic, partitions, n, since_ms);
        (void)queue_job(a, j, &q->err);
    }
    if (q->err.kind)
        end(q);
    return q->id;
}

static void describe_over(void *self, struct side_job *j)
{
    struct question *q = self;

    for (size_t i = 0; i < j->topic_count && !j->code; i++)
        topics_found(&q->topics, i, j->metadata[i]);
    if (j->code)
        (void)kafka_core_err(&q->err, j->code, NULL);
    if (q->err.kind ||
        !topics_ask_config(&q->topics, q->asker->client.rk, q->asker->answers, ASK_ADMIN_MS, q))
        end(q);
}

uint64_t kafka_ask_describe(struct kafka_asker *a, const char *const *names, size_t n,
                            kafka_topics_done *done, void *self)
{
    struct question *q = question_new(a, ASK_DESCRIBE, self);
    struct side_job *j = NULL;

    BUG_IF(n == 0 || n > KAFKA_TOPICS_MAX);
    q->done.topics = done;
    topics_init(&q->topics, names, n);
    remember_topic(a, names[0]);
    if (!asker_open(a, &q->err)) {
        end(q);
        return q->id;
    }
    j = job_new(a, SIDE_METADATA, describe_over, q);
    for (size_t i = 0; i < n && !q->err.kind; i++) {
        rd_kafka_topic_t *topic = rd_kafka_topic_new(a->client.rk, names[i], NULL);
        if (topic)
            j->topics[j->topic_count++] = topic;
        else
            (void)kafka_core_err(&q->err, rd_kafka_last_error(), NULL);
    }
    if (q->err.kind)
        side_job_free(j);
    else
        (void)queue_job(a, j, &q->err);
    if (q->err.kind)
        end(q);
    return q->id;
}

static void probe_over(void *self, struct side_job *j)
{
    struct kafka_asker *a = self;

    a->probing = false;
    if (j->code)
        kafka_core_complain(a->core, RD_KAFKA_RESP_ERR__TIMED_OUT, rd_kafka_err2str(j->code));
    else
        kafka_core_heard(a->core);
}

void kafka_ask_probe(struct kafka_asker *a)
{
    struct err e = {0};

    if (a->probing || !asker_open(a, &e))
        return;
    struct side_job *j = job_new(a, SIDE_METADATA, probe_over, a);
    j->topics[0] = a->topic ? rd_kafka_topic_new(a->client.rk, a->topic, NULL) : NULL;
    j->topic_count = j->topics[0] ? 1 : 0;
    a->probing = queue_job(a, j, &e);
}

/* ---- administrative requests: librdkafka answers on a queue ---- */

uint64_t kafka_ask_create(struct kafka_asker *a, const struct kafka_topic *topics, size_t n,
                          kafka_topics_done *done, void *self)
{
    struct question *q = question_new(a, ASK_CREATE, self);

    BUG_IF(n == 0 || n > KAFKA_TOPICS_MAX);
    q->done.topics = done;
    topics_wanted(&q->topics, topics, n);
    if (!asker_open(a, &q->err) ||
        !topics_create(&q->topics, a->client.rk, a->answers, ASK_ADMIN_MS, q, &q->err))
        end(q);
    return q->id;
}

/* ---- offsets of groups ---- */

static void committed_over(void *self, rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t *list)
{
    struct question *q = self;

    if (code)
        (void)kafka_core_err(&q->err, code, NULL);
    else
        (void)take_offsets(list, q->low, q->n, &q->err);
    for (size_t i = 0; i < q->n; i++)
        q->low[i] = q->low[i] < 0 ? -1 : q->low[i];
    end(q);
}

uint64_t kafka_ask_committed(struct kafka_asker *a, const char *group, const char *topic, int partitions,
                             kafka_committed_done *done, void *self)
{
    struct question *q = question_new(a, ASK_COMMITTED, self);

    BUG_IF(partitions < 1 || partitions > KAFKA_PARTITIONS_MAX);
    remember_topic(a, topic);
    q->done.committed = done;
    q->n = (size_t)partitions;
    q->low = xcalloc(q->n, sizeof *q->low);
    if (!kafka_groups_committed(a->groups, group, topic, q->n, committed_over, q, &q->err))
        end(q);
    return q->id;
}

static void commit_over(void *self, rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t *list)
{
    struct question *q = self;
    int64_t offset;

    if (code)
        (void)kafka_core_err(&q->err, code, NULL);
    else
        (void)take_offsets(list, &offset, 1, &q->err);
    end(q);
}

uint64_t kafka_ask_commit(struct kafka_asker *a, const char *group, const char *topic, int partition,
                          int64_t offset, kafka_done *done, void *self)
{
    struct question *q = question_new(a, ASK_COMMIT, self);
    rd_kafka_topic_partition_list_t *list = list_of(topic, &partition, 1, offset);

    q->done.commit = done;
    q->n = 1;
    if (!kafka_groups_commit(a->groups, group, list, commit_over, q, &q->err))
        end(q);
    rd_kafka_topic_partition_list_destroy(list);
    return q->id;
}

static void answered(rd_kafka_event_t *event)
{
    struct question *q = rd_kafka_event_opaque(event);

    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT)
        topics_take_config(&q->topics, event); /* an error only means that the configuration is not known */
    else if (rd_kafka_event_error(event))
        (void)kafka_core_err(&q->err, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
    else
        topics_take_created(&q->topics, event);
    end(q);
}

/* ---- the loop's side ---- */

bool kafka_asker_pending(const struct kafka_asker *a)
{
    return a->over != NULL;
}

void kafka_asker_dispatch(struct kafka_asker *a)
{
    rd_kafka_event_t *event;
    struct question *over, *q, *next;

    while (a->client.rk && (event = rd_kafka_queue_poll(a->answers, 0))) {
        answered(event);
        rd_kafka_event_destroy(event);
    }
    while (a->client.rk && (event = rd_kafka_queue_poll(a->events, 0))) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
            kafka_core_complain(a->core, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
        rd_kafka_event_destroy(event);
    }
    kafka_client_serve(&a->client, a->core);
    kafka_groups_dispatch(a->groups);
    over = a->over;
    a->over = NULL;
    DL_FOREACH_SAFE(over, q, next)
    {
        DL_DELETE(over, q);
        deliver(q);
    }
}

struct kafka_asker *kafka_asker_new(struct kafka_core *k)
{
    struct kafka_asker *a = xcalloc(1, sizeof *a);

    a->core = k;
    a->groups = kafka_groups_new(k);
    return a;
}

void kafka_asker_free(struct kafka_asker *a)
{
    struct question *q, *next;

    DL_FOREACH_SAFE(a->open, q, next)
    {
        DL_DELETE(a->open, q);
        question_free(q);
    }
    DL_FOREACH_SAFE(a->over, q, next)
    {
        DL_DELETE(a->over, q);
        question_free(q);
    }
    if (a->client.rk) {
        rd_kafka_queue_io_event_enable(a->answers, -1, NULL, 0);
        rd_kafka_queue_destroy(a->answers);
        rd_kafka_queue_destroy(a->events);
    }
    kafka_client_end(&a->client, a->core);
    kafka_groups_free(a->groups);
    xfree(a->topic);
    xfree(a);
}
