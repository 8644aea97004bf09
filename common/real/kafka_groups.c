#include "real/kafka_groups.h"

#include "base/mem.h"

#include <string.h>
#include <utlist.h>

struct asked {
    char *topic; /* committed offsets: of partitions 0 to n - 1 */
    size_t n;
    bool out; /* in the question that is out now */
    kafka_groups_done *done;
    void *self;
    struct asked *prev, *next;
};

struct group {
    struct kafka_groups *all;
    char *name;
    struct kafka_client client;
    rd_kafka_queue_t *events, *answers; /* answers: of commits */
    struct asked *reads, *commits;
    bool out;
};

struct kafka_groups {
    struct kafka_core *core;
    struct group at[ASK_GROUPS_MAX];
    size_t count;
};

/* ---- the clients ---- */

static bool group_open(struct group *g, struct kafka_core *k, const char *name, struct err *e)
{
    rd_kafka_conf_t *conf = kafka_conf_new(KAFKA_ROLE_ASK, k->options, name, e);

    if (!conf)
        return false;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_OFFSET_COMMIT);
    if (!k->group_side)
        k->group_side = kafka_side_new(k->wake_fd);
    g->client.side = k->group_side;
    if (!kafka_client_open(&g->client, k, RD_KAFKA_CONSUMER, conf, e))
        return false;
    g->events = rd_kafka_queue_get_main(g->client.rk);
    g->answers = rd_kafka_queue_new(g->client.rk);
    kafka_core_watch(k, g->answers);
    g->name = xstrdup(name);
    return true;
}

static struct group *group_of(struct kafka_groups *s, const char *name, struct err *e)
{
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->at[i].name, name))
            return &s->at[i];
    if (s->count == ASK_GROUPS_MAX) {
        (void)err_set(e, ERR_INVALID, "kafka: group %s: asked about %d other groups already", name,
                      ASK_GROUPS_MAX);
        return NULL;
    }
    struct group *g = &s->at[s->count];
    *g = (struct group){.all = s};
    if (!group_open(g, s->core, name, e))
        return NULL;
    s->count++;
    return g;
}

static struct asked *asked_new(kafka_groups_done *done, void *self)
{
    struct asked *a = xcalloc(1, sizeof *a);

    a->done = done;
    a->self = self;
    return a;
}

static void asked_free(struct asked *a)
{
    xfree(a->topic);
    xfree(a);
}

/* ---- reading ---- */

static void committed_over(void *self, struct side_job *j);

static bool ask_next(struct group *g, struct err *e)
{
    struct side_job *j = xcalloc(1, sizeof *j);
    const struct asked *first = g->reads;
    struct asked *a;

    *j = (struct side_job){.kind = SIDE_COMMITTED, .rk = g->client.rk, .over = committed_over, .self = g};
    j->low = rd_kafka_topic_partition_list_new((int)first->n);
    for (size_t i = 0; i < first->n; i++)
        rd_kafka_topic_partition_list_add(j->low, first->topic, (int32_t)i);
    g->out = kafka_side_add(g->all->core->group_side, j);
    if (!g->out) {
        side_job_free(j);
        return err_set(e, ERR_UNAVAILABLE, "kafka: %d questions are waiting for an answer already",
                       SIDE_WAITING_MAX);
    }
    DL_FOREACH(g->reads, a)
    a->out = a->n == first->n && !strcmp(a->topic, first->topic);
    return true;
}

static void end_reads(struct group *g, rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t *list)
{
    struct asked *a, *next;

    DL_FOREACH_SAFE(g->reads, a, next)
    {
        if (!code && !a->out)
            continue; /* it came later: the answer may be older than the question */
        DL_DELETE(g->reads, a);
        a->done(a->self, code, code ? NULL : list);
        asked_free(a);
    }
}

static void committed_over(void *self, struct side_job *j)
{
    struct group *g = self;
    struct err e = {0};

    g->out = false;
    end_reads(g, j->code, j->low);
    if (g->reads && !ask_next(g, &e))
        end_reads(g, RD_KAFKA_RESP_ERR__QUEUE_FULL, NULL);
}

bool kafka_groups_committed(struct kafka_groups *s, const char *group, const char *topic, size_t n,
                            kafka_groups_done *done, void *self, struct err *e)
{
    struct group *g = group_of(s, group, e);

    if (!g)
        return false;
    struct asked *a = asked_new(done, self);
    a->topic = xstrdup(topic);
    a->n = n;
    DL_APPEND(g->reads, a);
    if (g->out || ask_next(g, e))
        return true;
    g->reads = NULL; /* nothing was out, so it was the only one */
    asked_free(a);
    return false;
}

/* ---- committing ---- */

bool kafka_groups_commit(struct kafka_groups *s, const char *group,
                         const rd_kafka_topic_partition_list_t *list, kafka_groups_done *done, void *self,
                         struct err *e)
{
    struct group *g = group_of(s, group, e);

    if (!g)
        return false;
    struct asked *a = asked_new(done, self);
    rd_kafka_resp_err_t code = rd_kafka_commit_queue(g->client.rk, list, g->answers, NULL, a);
    if (code) {
        asked_free(a);
        return kafka_core_err(e, code, NULL);
    }
    DL_APPEND(g->commits, a);
    return true;
}

static void commit_over(struct group *g, rd_kafka_event_t *event)
{
    struct asked *a = rd_kafka_event_opaque(event);
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);

    DL_DELETE(g->commits, a);
    a->done(a->self, code, code ? NULL : rd_kafka_event_topic_partition_list(event));
    asked_free(a);
}

/* ---- the loop's side ---- */

void kafka_groups_dispatch(struct kafka_groups *s)
{
    rd_kafka_event_t *event;

    for (size_t i = 0; i < s->count; i++) {
        struct group *g = &s->at[i];
        while ((event = rd_kafka_queue_poll(g->answers, 0))) {
            if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT)
                commit_over(g, event);
            rd_kafka_event_destroy(event);
        }
        while ((event = rd_kafka_queue_poll(g->events, 0))) {
            if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
                kafka_core_complain(s->core, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
            rd_kafka_event_destroy(event);
        }
        kafka_client_serve(&g->client, s->core);
    }
}

struct kafka_groups *kafka_groups_new(struct kafka_core *k)
{
    struct kafka_groups *s = xcalloc(1, sizeof *s);

    s->core = k;
    return s;
}

static void asked_free_all(struct asked *list)
{
    struct asked *a, *next;

    DL_FOREACH_SAFE(list, a, next)
    {
        DL_DELETE(list, a);
        asked_free(a);
    }
}

void kafka_groups_free(struct kafka_groups *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct group *g = &s->at[i];
        asked_free_all(g->reads);
        asked_free_all(g->commits);
        rd_kafka_queue_io_event_enable(g->answers, -1, NULL, 0);
        rd_kafka_queue_destroy(g->answers);
        rd_kafka_queue_destroy(g->events);
        kafka_client_end(&g->client, s->core);
        xfree(g->name);
    }
    xfree(s);
}
