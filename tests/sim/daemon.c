#include "sim/daemon.h"

#include "aws/greeting.h"
#include "producer/producer.h"
#include "worker/worker.h"

#include <stdio.h>
#include <string.h>

enum {
    TURN_US = 30, /* from a completion to the turn behind it */
    FLAGS_MAX = 64,
    BUSY_TURNS_MAX = 20000, /* that ask for the next one at once: it spins */
    WARM_MS = 1,
    WORDS_MAX = 200,
    ILL_FROM_US = 180 * 1000000,
    GROWS_BYTES = 1024 * 1024,
};

static const char *const about[] = {"kafka.", NULL};
static const struct options_program programs[] = {
    [DAEMON_PRODUCER] = {.name = "ec2sched-producer",
                         .summary = "simulated",
                         .about = about,
                         .listen = "127.0.0.1:0"},
    [DAEMON_WORKER] = {.name = "ec2sched-worker",
                       .summary = "simulated",
                       .about = about,
                       .listen = "127.0.0.1:0"},
};

void daemon_init(struct daemon *d, const struct daemon_world *w, enum daemon_kind kind, int number,
                 uint64_t seed)
{
    *d = (struct daemon){.w = w, .kind = kind, .chance = {seed}};
    (void)snprintf(d->name, sizeof d->name, "%c%d", kind == DAEMON_PRODUCER ? 'p' : 'w', number);
}

/* ---- the ports of one life ---- */

static struct instant now_of(void *self)
{
    const struct daemon *d = self;

    return machine_instant(&d->machine, scheduler_now(d->w->s));
}

static int64_t wall_of(void *self)
{
    return now_of(self).wall_ms;
}

static void random_bytes(void *self, void *out, size_t n)
{
    struct daemon *d = self;
    unsigned char *at = out;

    for (size_t i = 0; i < n; i++)
        at[i] = (unsigned char)(chance_next(&d->own) >> 56);
}

static void write_log(void *self, struct str line)
{
    const struct daemon *d = self;
    size_t at = 0;
    /* Its own clock is of no use in a trace that has the true one. */
    struct str text = str_find(line, STR(" "), &at) ? str_skip(line, at + 1) : line;

    trace_line(d->w->trace, d->name, STR_FMT, STR_ARG(str_trim(text)));
}

static void no_close(void *port, kafka_reader reader, int64_t timeout_ms)
{
    (void)port;
    (void)reader;
    (void)timeout_ms;
}

static void no_cancel(void *port, uint64_t id)
{
    (void)port;
    (void)id;
}

/* What a dead process's memory, while it is freed, may still ask for: nothing comes of it. */
static const struct kafka_ops dead_kafka = {.close = no_close};

static void open_ports(struct daemon *d)
{
    const struct daemon_world *w = d->w;

    d->owner = scheduler_owner(w->s);
    d->own.state = chance_next(&d->chance);
    d->kafka = sim_kafka_client_new(w->kafka, d->owner, &d->machine);
    d->http = sim_http_client_new(w->aws, d->owner, &d->machine);
    d->redis = sim_redis_client_new(w->redis, d->owner);
    d->process = sim_process_client_new(w->disk, w->s, d->owner, w->env, d->name);
    d->calls = (struct calls){w->places, .befall = d->befall, .answered = d->answered, .self = d->fleet};
    sim_kafka_client_count(d->kafka, &d->calls);
    sim_http_client_count(d->http, &d->calls);
    sim_redis_client_count(d->redis, &d->calls);
    d->log = (struct log){.level = LOG_INFO, .wall_ms = wall_of, .write = write_log, .self = d};
    d->ports = (struct ports){
        .clock = {now_of, d},
        .rng = {random_bytes, d},
        .http = sim_http_port(d->http),
        .redis = sim_redis_port(d->redis),
        .kafka = sim_kafka_port(d->kafka),
        .process = sim_process_port(d->process),
        .log = &d->log,
    };
}

static void close_ports(struct daemon *d)
{
    scheduler_end(d->w->s, d->owner);
    sim_kafka_client_free(d->kafka);
    sim_http_client_free(d->http);
    sim_redis_client_free(d->redis);
    sim_process_client_free(d->process);
    d->ports.kafka = (struct kafka){.ops = &dead_kafka};
    d->ports.http = (struct http){.cancel = no_cancel};
}

/* ---- its life ---- */

static const struct daemon *in_turn;

const struct daemon *daemon_in_turn(void)
{
    return in_turn;
}

static void free_program(struct daemon *d)
{
    greeting_free(d->greeting);
    xfree(d->growth);
    d->growth = NULL;
    d->growth_bytes = 0;
    if (d->kind == DAEMON_PRODUCER)
        producer_free(d->program);
    else
        worker_free(d->program);
    d->greeting = NULL;
    d->program = NULL;
}

static void end(struct daemon *d)
{
    struct mem_account *before = mem_account_set(&d->memory);

    close_ports(d);
    free_program(d);
    options_release(&d->options);
    (void)mem_account_set(before);
    d->owner = 0;
    d->turn = 0;
    d->held = false;
}

static bool make_program(struct daemon *d, struct err *e)
{
    const struct options_program *p = &programs[d->kind];
    enum options_exit exit = OPTIONS_GO;
    STRS_CLEANUP struct strs warnings = {0};
    char *argv[FLAGS_MAX] = {(char *)(uintptr_t)p->name};
    int argc = 1;

    for (const char *const *f = d->w->flags; *f; f++)
        argv[argc++] = (char *)(uintptr_t)*f;
    for (int i = 0; i < d->option_count; i++)
        argv[argc++] = d->options_text[i];
    if (!options_load(&d->options, p, &d->ports.process, argc, argv, NULL, &warnings, &exit, e))
        return false;
    if (d->kind == DAEMON_PRODUCER)
        d->program = producer_new(&d->options, &d->ports, e);
    else
        d->program = worker_new(&d->options, &d->ports, e);
    if (d->program)
        d->greeting = greeting_new(&d->ports, p->name, e);
    return d->greeting != NULL;
}

static void take_turn(void *self);

static void turn_after(struct daemon *d, int64_t us)
{
    int64_t at_us = scheduler_now(d->w->s) + us;

    if (d->turn && d->turn_us <= at_us)
        return;
    scheduler_cancel(d->w->s, d->turn);
    d->turn_us = at_us;
    d->turn = scheduler_after(d->w->s, us, &(struct completion){d->owner, "turn", take_turn, NULL, d});
}

static void fail(const struct daemon *d, const char *what, int64_t value, const char *of)
{
    char words[WORDS_MAX];

    (void)snprintf(words, sizeof words, "%s %lld %s", what, (long long)value, of);
    if (d->w->failed)
        d->w->failed(d->w->self, d, words);
}

/* What a process does that is made ill, on purpose. */
static void be_ill(struct daemon *d)
{
    static volatile bool for_ever = true;

    if (d->illness == DAEMON_WELL || scheduler_now(d->w->s) < ILL_FROM_US)
        return;
    if (d->illness == DAEMON_GROWS) {
        d->growth_bytes += GROWS_BYTES;
        d->growth = xrealloc(d->growth, d->growth_bytes);
    }
    while (d->illness == DAEMON_HANGS && for_ever)
        d->busy_turns++;
}

/* Whoever is well has nothing to do at last, whatever it hears meanwhile. */
static void watch_for_spinning(struct daemon *d, int64_t now_ms, int64_t next_ms)
{
    d->busy_turns = next_ms <= now_ms ? d->busy_turns + 1 : 0;
    if (d->busy_turns <= BUSY_TURNS_MAX)
        return;
    fail(d, "takes turns without end at", now_ms, "ms of its boot clock");
    d->busy_turns = 0;
}

static int64_t turn_program(struct daemon *d, int64_t now_ms)
{
    int64_t next_ms =
        d->kind == DAEMON_PRODUCER ? producer_turn(d->program, now_ms) : worker_turn(d->program, now_ms);
    int64_t greeting_ms = next_ms == TURN_DONE ? INT64_MAX : greeting_turn(d->greeting, now_ms);

    return greeting_ms < next_ms ? greeting_ms : next_ms;
}

static void take_turn(void *self)
{
    struct daemon *d = self;
    int64_t now_us = scheduler_now(d->w->s), now_ms = now_of(d).boot_ms;

    d->turn = 0;
    in_turn = d;
    be_ill(d);
    int64_t next_ms = turn_program(d, now_ms);
    in_turn = NULL;
    if (d->memory.bytes > DAEMON_MEMORY_MAX)
        fail(d, "holds", d->memory.bytes, "bytes");
    if (d->illness == DAEMON_SPINS && now_us >= ILL_FROM_US)
        next_ms = now_ms;
    watch_for_spinning(d, now_ms, next_ms);
    if (next_ms == TURN_DONE || now_us >= d->drain_by_us) {
        trace_line(d->w->trace, d->name, "ended%s", next_ms == TURN_DONE ? "" : " without having drained");
        end(d);
        return;
    }
    int64_t us = machine_until(&d->machine, now_us, next_ms);
    if (sim_kafka_client_unread(d->kafka))
        us = 0;
    if (d->drain_by_us - now_us < us)
        us = d->drain_by_us - now_us;
    turn_after(d, us > TURN_US ? us : TURN_US);
}

bool daemon_start(struct daemon *d)
{
    struct mem_account *before = mem_account_set(&d->memory);
    struct err e = {0};

    BUG_IF(d->owner);
    d->lives++;
    d->drain_by_us = INT64_MAX;
    open_ports(d);
    bool ok = make_program(d, &e);
    (void)mem_account_set(before);
    trace_line(d->w->trace, d->name, "life %d%s%s", d->lives, ok ? "" : " refused: ", ok ? "" : e.msg);
    if (!ok) {
        end(d);
        return false;
    }
    turn_after(d, WARM_MS * 1000);
    return true;
}

void daemon_heard(struct daemon *d, const char *what)
{
    (void)mem_account_set(&d->memory);
    if (strcmp(what, "turn") == 0)
        return;
    turn_after(d, TURN_US);
}

void daemon_kill(struct daemon *d)
{
    if (!d->owner)
        return;
    trace_line(d->w->trace, d->name, "killed");
    calls_befallen(&d->calls, PLACE_DEATH);
    end(d);
}

void daemon_hold(struct daemon *d, bool held)
{
    if (!d->owner || d->held == held)
        return;
    trace_line(d->w->trace, d->name, held ? "stopped" : "goes on");
    if (held)
        calls_befallen(&d->calls, PLACE_STOP);
    d->held = held;
    scheduler_hold(d->w->s, d->owner, held);
    sim_kafka_client_hold(d->kafka, held);
}

void daemon_drain(struct daemon *d)
{
    if (!d->owner || d->drain_by_us != INT64_MAX)
        return;
    trace_line(d->w->trace, d->name, "told to end");
    d->drain_by_us = scheduler_now(d->w->s) + d->options.drain.timeout_ms * 1000;
    if (d->kind == DAEMON_PRODUCER)
        producer_drain(d->program);
    else
        worker_drain(d->program);
    turn_after(d, TURN_US);
}

void daemon_release(struct daemon *d)
{
    if (d->owner)
        end(d);
}
