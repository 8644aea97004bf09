#include "aws/greeting.h"
#include "producer/producer.h"
#include "real/admin.h"
#include "real/ports.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const about[] = {"kafka.", "redis.",    "specs.",  "lease.", "fence.", "run.",
                                    "pause.", "schedule.", "observe", "admin.", "drain.", NULL};
static const struct options_program program = {
    .name = "ec2sched-producer",
    .summary = "fold the log, plan and release steps, publish what is due",
    .about = about,
    .listen = "127.0.0.1:9464",
};

struct daemon {
    struct producer *producer;
    struct greeting *greeting;
};

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

static bool serve(struct real *real, const struct options *o, struct err *e)
{
    struct ports ports = {0};
    struct daemon d = {0};

    bool ok =
        real_open(real, o, &ports, e) && (d.producer = producer_new(o, &ports, e)) != NULL &&
        (d.greeting = greeting_new(&ports, "ec2sched-producer/" EC2SCHED_VERSION, e)) != NULL &&
        real_serve(real, o->admin.listen ? o->admin.listen : program.listen, producer_admin, d.producer, e);
    if (ok) {
        real_warm(real);
        struct loop_program loop = {
            .turn = turn, .drain = drain, .self = &d, .drain_timeout_ms = o->drain.timeout_ms};
        ok = real_run(real, &loop, e);
    }
    greeting_free(d.greeting);
    producer_free(d.producer); /* the loop has ended: nothing is delivered any more */
    real_close(real);
    return ok;
}

static bool start(struct real *real, struct options *o, int argc, char **argv, struct err *e)
{
    enum options_exit exit = OPTIONS_GO;
    STRS_CLEANUP struct strs warnings = {0};
    BUF_CLEANUP struct buf help = BUF_INIT(256 * 1024);
    bool ok = options_load(o, &program, real_process(real), argc, argv, NULL, &warnings, &exit, e);

    for (size_t i = 0; i < warnings.n; i++)
        (void)fprintf(stderr, "%s: warning: %s\n", program.name, warnings.at[i]);
    if (ok && exit == OPTIONS_GO)
        return serve(real, o, e);
    if (ok && exit == OPTIONS_HEALTH)
        ok = admin_health(o->admin.listen ? o->admin.listen : program.listen, e);
    if (ok && exit == OPTIONS_HELP) {
        options_help(&program, &help);
        (void)fputs(buf_cstr(&help), stdout);
    }
    if (ok && exit == OPTIONS_VERSION)
        (void)printf("%s %s\n", program.name, EC2SCHED_VERSION);
    real_close(real);
    return ok;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct err e = {0};
    struct real *real = real_new(&e);
    bool ok = real && start(real, &o, argc, argv, &e);

    if (!ok)
        (void)fprintf(stderr, "%s: %s\n", program.name, e.msg);
    options_release(&o);
    return ok && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
