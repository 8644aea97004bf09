#include "aws/greeting.h"
#include "base/mem.h"
#include "real/daemon.h"
#include "worker/worker.h"

static const char *const about[] = {"kafka.brokers", "kafka.prefix", "redis.", "worker.", "lease.",
                                    "drain.",        "observe",      "aws.",   "admin.",  NULL};

struct daemon { /* beside the worker itself: its first word to AWS */
    struct worker *worker;
    struct greeting *greeting;
};

static void end(void *self)
{
    struct daemon *d = self;

    greeting_free(d->greeting);
    worker_free(d->worker);
    xfree(d);
}

static void *make(const struct options *o, const struct ports *ports, struct err *e)
{
    struct daemon *d = xcalloc(1, sizeof *d);

    d->worker = worker_new(o, ports, e);
    d->greeting = d->worker ? greeting_new(ports, "ec2sched-worker/" EC2SCHED_VERSION, e) : NULL;
    if (d->greeting)
        return d;
    end(d);
    return NULL;
}

static int64_t turn(void *self, int64_t now_ms)
{
    const struct daemon *d = self;
    int64_t next_ms = worker_turn(d->worker, now_ms);
    int64_t greeting_ms = next_ms == TURN_DONE ? INT64_MAX : greeting_turn(d->greeting, now_ms);

    return greeting_ms < next_ms ? greeting_ms : next_ms;
}

static void drain(void *self)
{
    const struct daemon *d = self;

    worker_drain(d->worker);
}

static void admin(void *self, const struct http_asked *asked, struct http_answer *answer)
{
    const struct daemon *d = self;

    worker_admin(d->worker, asked, answer);
}

int main(int argc, char **argv)
{
    static const struct daemon_kind kind = {
        .program = {.name = "ec2sched-worker",
                    .summary = "claims jobs, checks overrides, starts and stops instances, waits for their "
                               "states, reports outcomes",
                    .about = about,
                    .listen = "127.0.0.1:9465"},
        .writes = true,
        .make = make,
        .turn = turn,
        .drain = drain,
        .admin = admin,
        .end = end,
    };

    return daemon_main(argc, argv, &kind);
}
