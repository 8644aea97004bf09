#include "aws/greeting.h"
#include "real/admin.h"
#include "real/ports.h"
#include "worker/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HELP_MAX = 256 * 1024 };

static const char *const about[] = {"kafka.brokers", "kafka.prefix", "redis.", "worker.", "lease.",
                                    "drain.",        "observe",      "aws.",   "admin.",  NULL};
static const struct options_program program = {
    .name = "ec2sched-worker",
    .summary =
        "claims jobs, checks overrides, starts and stops instances, waits for their states, reports outcomes",
    .about = about,
    .listen = "127.0.0.1:9465",
};

struct daemon {
    struct worker *worker;
    struct greeting *greeting;
};

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

static bool serve(struct real *real, const struct options *o, struct err *e)
{
    struct ports ports = {0};
    struct daemon d = {0};

    bool ok = real_open(real, o, &ports, e) && (d.worker = worker_new(o, &ports, e)) != NULL &&
              (d.greeting = greeting_new(&ports, "ec2sched-worker/" EC2SCHED_VERSION, e)) != NULL;
    if (ok) {
        real_warm(real);
        ok =
            real_serve(real, o->admin.listen ? o->admin.listen : program.listen, worker_admin, d.worker, e) &&
            real_run(real,
                     &(struct loop_program){
                         .turn = turn, .drain = drain, .self = &d, .drain_timeout_ms = o->drain.timeout_ms},
                     e);
    }
    greeting_free(d.greeting);
    worker_free(d.worker);
    return ok;
}

static bool help(void)
{
    BUF_CLEANUP struct buf out = BUF_INIT(HELP_MAX);

    options_help(&program, &out);
    return fputs(buf_cstr(&out), stdout) >= 0;
}

static bool run(struct real *real, const struct options *o, enum options_exit exit, struct err *e)
{
    switch (exit) {
    case OPTIONS_HELP:
        return help();
    case OPTIONS_VERSION:
        return printf("%s %s\n", program.name, EC2SCHED_VERSION) > 0;
    case OPTIONS_HEALTH:
        return admin_health(o->admin.listen ? o->admin.listen : program.listen, e);
    case OPTIONS_GO:
        break;
    }
    return serve(real, o, e);
}

int main(int argc, char **argv)
{
    struct options o = {0};
    enum options_exit exit = OPTIONS_GO;
    struct err e = {0};
    STRS_CLEANUP struct strs warnings = {0};
    struct real *real = real_new(&e);

    bool ok = real && options_load(&o, &program, real_process(real), argc, argv, NULL, &warnings, &exit, &e);
    for (size_t i = 0; i < warnings.n; i++)
        (void)fprintf(stderr, "%s: warning: %s\n", program.name, warnings.at[i]);
    ok = ok && run(real, &o, exit, &e);
    if (!ok)
        (void)fprintf(stderr, "%s: %s\n", program.name, e.msg);
    real_close(real);
    options_release(&o);
    return ok && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
