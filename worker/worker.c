#include "worker/worker.h"

#include "aws/pacing.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/metrics_table.h"
#include "worker/gate.h"
#include "worker/intake.h"
#include "worker/jobs.h"
#include "worker/metrics.h"

#include <stdio.h>
#include <string.h>

struct worker {
    const struct options *options;
    const struct ports *ports;
    char id[128];
    struct pacing *pacing;
    struct metrics *metrics;
    struct aws *aws;
    struct view *view;
    struct room room;
    struct works *works;
    struct states *states;
    struct guests *guests;
    struct acts *acts;
    struct leases *leases;
    struct report *report;
    struct inhand *inhand;
    struct jobs *jobs;
    struct gate *gate;
    struct intake *intake; /* NULL until the gate is open */
    bool draining, done;
    int64_t turned_ms;
};

/* Unique, and tells a person where: the host's name if the environment has it, and eight hex digits. */
static void name_it(struct worker *w)
{
    const char *host = w->ports->process.ops->env(w->ports->process.port, "HOSTNAME");
    unsigned char bytes[4];
    char hex[9];

    rng_bytes(&w->ports->rng, bytes, sizeof bytes);
    crypto_hex(bytes, sizeof bytes, hex);
    (void)snprintf(w->id, sizeof w->id, "%.64s-%s", host && host[0] ? host : "worker", hex);
    for (char *c = w->id; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == '|' || *c == 0x7f)
            *c = '_';
}

static void make_parts(struct worker *w)
{
    w->works = works_new();
    w->states = states_new(w->works, w->aws, w->options, w->ports);
    w->guests = guests_new(w->works, w->aws, w->options, w->ports);
    w->acts = acts_new(w->works, w->aws, w->ports);
    w->leases = leases_new(w->works, w->view, w->options, w->ports);
    w->report = report_new(w->works, w->options, w->ports, w->id);
    w->jobs = jobs_new(&(struct jobs_parts){w->works, w->view, w->states, w->guests, w->acts, w->report,
                                            w->inhand, w->ports});
    w->gate = gate_new(w->options, w->ports);
}

struct worker *worker_new(const struct options *o, const struct ports *ports, struct err *e)
{
    const struct pacing_options pace = {o->aws.time_scale, o->aws.pace == PACE_LEARN};
    struct aws_options aws = {.program = "ec2sched-worker/" EC2SCHED_VERSION};
    struct worker *w = xcalloc(1, sizeof *w);

    w->options = o;
    w->ports = ports;
    name_it(w);
    w->view = view_new(&ports->redis, o->redis.prefix ? o->redis.prefix : o->kafka.prefix);
    w->pacing = pacing_new(&pace);
    w->metrics = metrics_of_program(METRICS_WORKER, EC2SCHED_VERSION);
    aws.pacer = pacing_pacer(w->pacing);
    aws.metrics = w->metrics;
    w->room.view = w->view;
    w->aws = aws_new(ports, &aws, e);
    w->inhand = w->aws ? inhand_new(w->view, o, ports, e) : NULL;
    if (!w->inhand) {
        worker_free(w);
        return NULL;
    }
    make_parts(w);
    log_info(ports->log, "worker.start", fs("worker", w->id), fs("version", EC2SCHED_VERSION),
             fb("observe", o->observe));
    return w;
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    intake_free(w->intake);
    gate_free(w->gate);
    jobs_free(w->jobs);
    guests_free(w->guests);
    states_free(w->states);
    aws_free(w->aws);
    pacing_free(w->pacing);
    metrics_free(w->metrics);
    acts_free(w->acts);
    report_free(w->report);
    leases_free(w->leases);
    inhand_free(w->inhand);
    works_free(w->works);
    view_free(w->view);
    xfree(w);
}

void worker_drain(void *self)
{
    struct worker *w = self;

    if (w->draining)
        return;
    w->draining = true;
    log_info(w->ports->log, "worker.drain", fi("jobs", (int64_t)works_count(w->works)));
    if (w->intake)
        intake_drain(w->intake);
    jobs_drain(w->jobs);
}

/* What is left is jobs whose call may still land: their leases must expire by themselves. */
static bool drained(const struct worker *w)
{
    if (!w->draining || acts_in_hand(w->acts) || report_in_hand(w->report))
        return false;
    if (w->intake && intake_in_hand(w->intake))
        return false;
    for (const struct work *x = works_first(w->works); x; x = works_next(x))
        if (!job_step_unanswered(x->step) || x->fate != WORK_LIVE)
            return false;
    return true;
}

static void end(struct worker *w)
{
    if (w->intake)
        intake_leave(w->intake, WORKER_LEAVE_MS);
    w->done = true;
    log_info(w->ports->log, "worker.end", fi("leases_left", (int64_t)works_count(w->works)));
}

static int64_t earliest(const int64_t *at, size_t n)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < n; i++)
        first = at[i] < first ? at[i] : first;
    return first;
}

static void open_gate(struct worker *w)
{
    struct err why;

    if (gate_open(w->gate, &why) && !w->draining)
        w->intake = intake_new(&(struct intake_parts){w->works, w->view, w->leases, w->report, w->inhand,
                                                      w->options, w->ports, w->id});
}

int64_t worker_turn(void *self, int64_t now_ms)
{
    struct worker *w = self;

    if (w->done)
        return TURN_DONE;
    w->turned_ms = now_ms;
    (void)aws_turn(w->aws, now_ms); /* what came in, before the jobs look at it */
    int64_t gate = gate_turn(w->gate, now_ms);
    if (!w->intake)
        open_gate(w);
    else /* also what makes the first connection: an idle worker knows whether it could claim */
        (void)leases_local_ms(w->leases, 0, now_ms);
    const int64_t next[] = {
        gate,
        w->draining ? INT64_MAX : room_turn(&w->room, now_ms),
        w->intake ? intake_turn(w->intake, now_ms) : INT64_MAX,
        inhand_turn(w->inhand, now_ms),
        leases_turn(w->leases, now_ms),
        jobs_turn(w->jobs, now_ms),
        guests_turn(w->guests, now_ms),
        states_turn(w->states, now_ms),
        report_turn(w->report, now_ms),
        aws_turn(w->aws, now_ms), /* what the parts have begun */
        works_next_ms(w->works),  /* whom they woke */
    };
    if (drained(w))
        end(w);
    if (w->done)
        return TURN_DONE;
    return earliest(next, sizeof next / sizeof next[0]);
}

/* ---- the admin address ---- */

static void say(struct http_answer *answer, int status, const char *text)
{
    answer->status = status;
    answer->content_type = "text/plain; charset=utf-8";
    buf_adds(&answer->body, text);
    buf_addc(&answer->body, '\n');
}

static void health(const struct worker *w, struct http_answer *answer)
{
    int64_t since_ms = clock_now(&w->ports->clock).boot_ms - w->turned_ms;

    if (since_ms > WORKER_HEALTH_MS)
        say(answer, 503, "the loop misses its turns");
    else
        say(answer, 200, "ok");
}

/* NULL: it is ready; else why not. refused: room for a text. */
static const char *unready(const struct worker *w, char refused[ERR_MSG_MAX], struct err *why)
{
    struct kafka_state k = {0};
    struct redis_state r = {0};

    w->ports->kafka.ops->state(w->ports->kafka.port, &k);
    redis_state(&w->ports->redis, &r);
    if (w->draining)
        return "draining";
    if (!w->intake)
        return gate_open(w->gate, why) || !why->msg[0] ? "the topics have not been checked yet" : why->msg;
    if (!k.up)
        return "no Kafka broker can be reached";
    if (!intake_joined(w->intake))
        return "not a member of the workers' group yet";
    if (!r.connected)
        return "Redis cannot be reached: nothing can be claimed";
    if (room_refused(&w->room, refused, ERR_MSG_MAX))
        return refused;
    if (report_stuck(w->report))
        return "a terminal cannot be written: nothing new is claimed";
    if (inhand_stuck(w->inhand))
        return "the in-hand note (worker.state) cannot be written: nothing new is claimed";
    return NULL;
}

static void readiness(const struct worker *w, struct http_answer *answer)
{
    char refused[ERR_MSG_MAX];
    struct err why = {0};
    const char *text = unready(w, refused, &why);

    say(answer, text ? 503 : 200, text ? text : "ok");
}

static void metrics(const struct worker *w, struct http_answer *answer)
{
    char refused[ERR_MSG_MAX];
    struct err why = {0};
    const struct metrics_parts parts = {.works = w->works,
                                        .acts = w->acts,
                                        .guests = w->guests,
                                        .leases = w->leases,
                                        .report = w->report,
                                        .jobs = w->jobs,
                                        .intake = w->intake,
                                        .aws = w->aws,
                                        .room = &w->room,
                                        .metrics = w->metrics,
                                        .ready = !unready(w, refused, &why)};

    worker_metrics(&parts, answer);
}

void worker_admin(void *self, const struct http_asked *asked, struct http_answer *answer)
{
    const struct worker *w = self;

    if (str_is(asked->path, "/healthz"))
        health(w, answer);
    else if (str_is(asked->path, "/readyz"))
        readiness(w, answer);
    else if (str_is(asked->path, "/metrics"))
        metrics(w, answer);
    else
        say(answer, 404, "there are /healthz, /readyz and /metrics");
}
