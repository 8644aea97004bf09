#include "conf/metrics_table.h"
#include "producer/producer.h"
#include "producer/state.h"

#include <stdio.h>

enum { STUCK_MS = 10 * 1000 /* a loop that has not turned for so long is not healthy */ };

struct totals {
    int states[PARTITION_HALT + 1];
    int64_t lag, works, due, in_flight;
    int open, counted;
    int64_t view_age_ms;
};

static struct totals count(const struct producer *p)
{
    struct totals t = {0};

    for (int i = 0; p->partitions && i < p->c.partitions; i++) {
        const struct partition *x = &p->partitions[i];
        t.states[x->state]++;
        t.works += (int64_t)x->owed.count;
        t.open += x->beat.open;
        t.counted += x->backlog.counted;
        t.due += x->backlog.due;
        t.in_flight += x->backlog.in_flight;
        if (x->state >= PARTITION_REPLAY && x->beat.high_at_ms != INT64_MIN && x->beat.high > x->tail.pos + 1)
            t.lag += x->beat.high - x->tail.pos - 1;
        if (x->state == PARTITION_LEAD && p->c.now_ms - x->beat.confirmed_ms > t.view_age_ms)
            t.view_age_ms = p->c.now_ms - x->beat.confirmed_ms;
    }
    return t;
}

static void answer_text(struct http_answer *a, int status, const char *text)
{
    a->status = status;
    a->content_type = "text/plain; charset=utf-8";
    buf_addf(&a->body, "%s\n", text);
}

static void healthz(struct producer *p, struct http_answer *a)
{
    int64_t silent_ms = clock_now(&p->c.ports->clock).boot_ms - p->turned_ms;

    answer_text(a, silent_ms < STUCK_MS ? 200 : 503, silent_ms < STUCK_MS ? "ok" : "the loop does not turn");
}

enum { UNREADY_MAX = ERR_MSG_MAX };

/* Topics checked, Redis and Kafka reachable, nothing halted here, and not draining. A standby is ready.
 * False: `why` says it. */
static bool ready(struct producer *p, char why[UNREADY_MAX])
{
    struct redis_state redis = {0};
    struct kafka_state kafka = {0};
    const char *text = NULL;

    redis_state(&p->c.ports->redis, &redis);
    p->c.ports->kafka.ops->state(p->c.ports->kafka.port, &kafka);
    if (p->draining)
        text = "draining";
    else if (!kafka.up)
        text = "kafka is not reachable";
    else if (!redis.connected)
        text = "redis is not reachable";
    else if (room_refused(&p->room, why, UNREADY_MAX))
        return false;
    else if (p->check.changed)
        text = p->check.why.msg;
    else if (!p->partitions)
        text = p->check.why.kind ? p->check.why.msg : "the topics have not been checked yet";
    (void)snprintf(why, UNREADY_MAX, "%s", text ? text : "ready");
    for (int i = 0; !text && i < p->c.partitions; i++) {
        if (p->partitions[i].state != PARTITION_HALT)
            continue;
        (void)snprintf(why, UNREADY_MAX, "partition %d is halted: %s", i, p->partitions[i].halted);
        return false;
    }
    return !text;
}

static void readyz(struct producer *p, struct http_answer *a)
{
    char why[UNREADY_MAX];
    int status = ready(p, why) ? 200 : 503;

    answer_text(a, status, why);
}

static void counters(struct metrics *m, const struct context_counters *c)
{
    const struct {
        enum metric_id id;
        int64_t value;
    } all[] = {
        {METRIC_PRODUCER_FOLDS_TOTAL, c->folds},
        {METRIC_PRODUCER_FOLDS_IGNORED_TOTAL, c->ignored},
        {METRIC_PRODUCER_RECORDS_UNPARSED_TOTAL, c->unparsed},
        {METRIC_PRODUCER_APPENDED_TOTAL, c->appended},
        {METRIC_PRODUCER_APPEND_FAILURES_TOTAL, c->append_failures},
        {METRIC_PRODUCER_JOBS_PUBLISHED_TOTAL, c->published},
        {METRIC_PRODUCER_JOBS_REPUBLISHED_TOTAL, c->republished},
        {METRIC_PRODUCER_JOBS_UNCLAIMED_TOTAL, c->unclaimed},
        {METRIC_PRODUCER_STEPS_PLANNED_TOTAL, c->planned},
        {METRIC_PRODUCER_PLAN_FAILURES_TOTAL, c->plan_failures},
        {METRIC_PRODUCER_DRAINED_TOTAL, c->drained},
        {METRIC_PRODUCER_SNAPSHOTS_TOTAL, c->snapshots},
        {METRIC_PRODUCER_VIEWS_BUILT_TOTAL, c->rebuilds},
        {METRIC_PRODUCER_VIEWS_OPENED_TOTAL, c->openings},
        {METRIC_PRODUCER_TICKS_FIRED_TOTAL, c->ticks_fired},
        {METRIC_PRODUCER_TICKS_LATE_TOTAL, c->ticks_late},
        {METRIC_PRODUCER_TICKS_MISSED_TOTAL, c->ticks_missed},
        {METRIC_PRODUCER_SCHEDULE_FAILURES_TOTAL, c->schedule_failures},
        {METRIC_PRODUCER_VIEW_FAILURES_TOTAL, c->view_failures},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        metrics_set(m, all[i].id, all[i].value, NULL);
}

/* Without a sample as long as no partition is led and counted here: a scaler must not take that for nothing
 * to do. */
static void backlog(struct metrics *m, const struct totals *t)
{
    metrics_clear(m, METRIC_PRODUCER_JOBS);
    if (!t->counted)
        return;
    metrics_set(m, METRIC_PRODUCER_JOBS, t->due, METRIC_LABELS("due"));
    metrics_set(m, METRIC_PRODUCER_JOBS, t->in_flight, METRIC_LABELS("in_flight"));
}

static void schedules(const struct producer *p, struct metrics *m)
{
    struct trigger_state s = {.next_ms = INT64_MAX};

    if (p->trigger) {
        trigger_state(p->trigger, &s);
        trigger_tell(p->trigger);
    }
    metrics_set(m, METRIC_PRODUCER_SCHEDULES, (int64_t)s.schedules, NULL);
    metrics_set(m, METRIC_PRODUCER_SCHEDULES_INVALID, (int64_t)s.invalid, NULL);
    metrics_set(m, METRIC_PRODUCER_SCHEDULES_FIRING, s.firing, NULL);
    metrics_set(m, METRIC_PRODUCER_SCHEDULES_READ_TIMESTAMP_SECONDS, s.read_ms, NULL);
    metrics_set(m, METRIC_PRODUCER_NEXT_TICK_TIMESTAMP_SECONDS, s.next_ms == INT64_MAX ? 0 : s.next_ms, NULL);
}

static void partitions(struct metrics *m, const struct totals *t)
{
    metrics_set(m, METRIC_PRODUCER_LOG_LAG_RECORDS, t->lag, NULL);
    metrics_set(m, METRIC_PRODUCER_WORKS, t->works, NULL);
    metrics_set(m, METRIC_PRODUCER_VIEWS_OPEN, t->open, NULL);
    metrics_clear(m, METRIC_PRODUCER_VIEW_AGE_SECONDS);
    if (t->states[PARTITION_LEAD])
        metrics_set(m, METRIC_PRODUCER_VIEW_AGE_SECONDS, t->view_age_ms, NULL);
    for (int i = 0; i <= PARTITION_HALT; i++)
        metrics_set(m, METRIC_PRODUCER_PARTITIONS, t->states[i], METRIC_LABELS(partition_state_names[i]));
}

static void metrics(struct producer *p, struct http_answer *a)
{
    struct totals t = count(p);
    struct metrics *m = p->c.metrics;
    char why[UNREADY_MAX];

    a->status = 200;
    a->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_set(m, METRIC_PRODUCER_READY, ready(p, why), NULL);
    metrics_set(m, METRIC_METRICS_DROPPED_TOTAL, metrics_dropped(m), NULL);
    counters(m, &p->c.counters);
    metrics_set(m, METRIC_PRODUCER_VIEW_REFUSALS_TOTAL, p->room.refusals, NULL);
    metrics_set(m, METRIC_PRODUCER_APPENDS_IN_FLIGHT, (int64_t)p->c.in_flight, NULL);
    partitions(m, &t);
    schedules(p, m);
    backlog(m, &t);
    metrics_print(m, &a->body);
}

void producer_admin(void *self, const struct http_asked *asked, struct http_answer *answer)
{
    static const struct {
        const char *path;
        void (*say)(struct producer *p, struct http_answer *a);
    } pages[] = {{"/healthz", healthz}, {"/readyz", readyz}, {"/metrics", metrics}};

    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (!str_is(asked->path, pages[i].path))
            continue;
        pages[i].say(self, answer);
        return;
    }
    answer_text(answer, 404, "not here: /healthz, /readyz, /metrics");
}
