#include "producer/producer.h"
#include "producer/state.h"

#include <inttypes.h>
#include <stdio.h>

enum { STUCK_MS = 10 * 1000 /* a loop that has not turned for so long is not healthy */ };

struct totals {
    int states[PARTITION_HALT + 1];
    int64_t lag, works, due, in_flight;
    int open, counted;
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

/* Ready: topics checked, Redis and Kafka reachable, nothing halted here, and not draining. A standby is
 * ready. */
static void readyz(struct producer *p, struct http_answer *a)
{
    struct redis_state redis = {0};
    struct kafka_state kafka = {0};

    redis_state(&p->c.ports->redis, &redis);
    p->c.ports->kafka.ops->state(p->c.ports->kafka.port, &kafka);
    if (p->draining) {
        answer_text(a, 503, "draining");
        return;
    }
    if (!kafka.up) {
        answer_text(a, 503, "kafka is not reachable");
        return;
    }
    if (!redis.connected) {
        answer_text(a, 503, "redis is not reachable");
        return;
    }
    char refused[ERR_MSG_MAX];
    if (room_refused(&p->room, refused, sizeof refused)) {
        answer_text(a, 503, refused);
        return;
    }
    if (!p->partitions) {
        answer_text(a, 503, p->check.why.kind ? p->check.why.msg : "the topics have not been checked yet");
        return;
    }
    for (int i = 0; i < p->c.partitions; i++) {
        char text[160];
        if (p->partitions[i].state != PARTITION_HALT)
            continue;
        (void)snprintf(text, sizeof text, "partition %d is halted: %s", i, p->partitions[i].halted);
        answer_text(a, 503, text);
        return;
    }
    answer_text(a, 200, "ready");
}

static void metric(struct buf *b, const char *name, const char *type, const char *help, int64_t value)
{
    buf_addf(b,
             "# HELP ec2sched_producer_%s %s\n# TYPE ec2sched_producer_%s %s\nec2sched_producer_%s %" PRId64
             "\n",
             name, help, name, type, name, value);
}

static void counters(struct buf *b, const struct context_counters *c)
{
    const struct {
        const char *name, *help;
        int64_t value;
    } all[] = {
        {"folds_total", "records folded into the view", c->folds},
        {"folds_ignored_total", "records folded without effect", c->ignored},
        {"records_unparsed_total", "records of the log that do not parse", c->unparsed},
        {"appended_total", "records appended", c->appended},
        {"append_failures_total", "appends without an acknowledgement", c->append_failures},
        {"jobs_published_total", "job deliveries", c->published},
        {"jobs_republished_total", "job deliveries after an earlier one was lost or its lease expired",
         c->republished},
        {"jobs_unclaimed_total", "jobs given up because nobody claimed them", c->unclaimed},
        {"runs_admitted_total", "requests accepted", c->admitted},
        {"runs_refused_total", "requests refused", c->refused},
        {"runs_finished_total", "runs reported as finished", c->finished},
        {"steps_planned_total", "steps planned", c->planned},
        {"plan_failures_total", "steps that could not be planned", c->plan_failures},
        {"drained_total", "epochs declared drained", c->drained},
        {"snapshots_total", "idle snapshots written", c->snapshots},
        {"views_built_total", "lost views built anew", c->rebuilds},
        {"views_opened_total", "ViewOpened appended", c->openings},
        {"ticks_fired_total", "ticks of schedules in the log", c->ticks_fired},
        {"ticks_late_total", "of them, those over a minute late", c->ticks_late},
        {"ticks_missed_total", "ticks reported as missed", c->ticks_missed},
        {"schedule_failures_total", "readings of schedules that failed", c->schedule_failures},
        {"view_failures_total", "calls of the view that failed", c->view_failures},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        metric(b, all[i].name, "counter", all[i].help, all[i].value);
}

/* Without a sample as long as no partition is led and counted here: a scaler must not take that for nothing
 * to do. */
static void backlog(struct buf *b, const struct totals *t)
{
    buf_adds(b, "# HELP ec2sched_producer_jobs jobs of led partitions' open steps, due or in flight: what "
                "workers are for\n"
                "# TYPE ec2sched_producer_jobs gauge\n");
    if (t->counted)
        buf_addf(b,
                 "ec2sched_producer_jobs{state=\"due\"} %" PRId64
                 "\nec2sched_producer_jobs{state=\"in_flight\"} %" PRId64 "\n",
                 t->due, t->in_flight);
}

static void schedules(const struct producer *p, struct buf *b)
{
    struct trigger_state s = {.next_ms = INT64_MAX};

    if (p->trigger)
        trigger_state(p->trigger, &s);
    metric(b, "schedules", "gauge", "enabled schedules that are known here", (int64_t)s.schedules);
    metric(b, "schedules_invalid", "gauge", "schedules that stand still because their row cannot be",
           (int64_t)s.invalid);
    metric(b, "schedules_firing", "gauge", "workloads with a tick in hand", s.firing);
    metric(b, "schedules_read_timestamp_seconds", "gauge", "when the schedules were read last, 0: not yet",
           s.read_ms / 1000);
    metric(b, "next_tick_timestamp_seconds", "gauge", "the next tick of the led partitions, 0: none",
           s.next_ms == INT64_MAX ? 0 : s.next_ms / 1000);
}

static void metrics(struct producer *p, struct http_answer *a)
{
    struct totals t = count(p);
    struct buf *b = &a->body;

    a->status = 200;
    a->content_type = "text/plain; version=0.0.4; charset=utf-8";
    counters(b, &p->c.counters);
    metric(b, "view_refusals_total", "counter", "times that Redis would not take a write: full, or read only",
           p->room.refusals);
    metric(b, "log_lag_records", "gauge", "records of led partitions that are not folded yet", t.lag);
    metric(b, "works", "gauge", "decisions in hand", t.works);
    metric(b, "views_open", "gauge", "led partitions whose view may grant leases", t.open);
    schedules(p, b);
    metric(b, "appends_in_flight", "gauge", "appends without an answer yet", (int64_t)p->c.in_flight);
    backlog(b, &t);
    buf_adds(b, "# HELP ec2sched_producer_partitions partitions of the log by state here\n"
                "# TYPE ec2sched_producer_partitions gauge\n");
    for (int i = 0; i <= PARTITION_HALT; i++)
        buf_addf(b, "ec2sched_producer_partitions{state=\"%s\"} %d\n", partition_state_names[i], t.states[i]);
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
