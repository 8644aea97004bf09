#include "aws/greeting.h"
#include "base/mem.h"
#include "producer/producer.h"
#include "real/daemon.h"

static const char *const about[] = {"kafka.", "redis.",    "specs.",  "lease.", "fence.", "run.",
                                    "pause.", "schedule.", "observe", "admin.", "drain.", NULL};

struct daemon { /* beside the producer itself: its first word to AWS */
    struct producer *producer;
    struct greeting *greeting;
};

static void end(void *self)
{
    struct daemon *d = self;

    greeting_free(d->greeting);
    producer_free(d->producer);
    xfree(d);
}

static void *make(const struct options *o, const struct ports *ports, struct err *e)
{
    struct daemon *d = xcalloc(1, sizeof *d);

    d->producer = producer_new(o, ports, e);
    d->greeting = d->producer ? greeting_new(ports, "ec2sched-producer/" EC2SCHED_VERSION, e) : NULL;
    if (d->greeting)
        return d;
    end(d);
    return NULL;
}

static int64_t turn(void *self, int64_t now_ms)
{
    const struct daemon *d = self;
    int64_t next_ms = producer_turn(d->producer, now_ms);
    int64_t greeting_ms = next_ms == TURN_DONE ? INT64_MAX : greeting_turn(d->greeting, now_ms);

    return greeting_ms < next_ms ? greeting_ms : next_ms;
}

static void drain(void *self)
{
    const struct daemon *d = self;

    producer_drain(d->producer);
}

static void admin(void *self, const struct http_asked *asked, struct http_answer *answer)
{
    const struct daemon *d = self;

    producer_admin(d->producer, asked, answer);
}

int main(int argc, char **argv)
{
    static const struct daemon_kind kind = {
        .program = {.name = "ec2sched-producer",
                    .summary = "fold the log, plan and release steps, publish what is due",
                    .about = about,
                    .listen = "127.0.0.1:9464"},
        .writes = true,
        .make = make,
        .turn = turn,
        .drain = drain,
        .admin = admin,
        .end = end,
    };

    return daemon_main(argc, argv, &kind);
}
