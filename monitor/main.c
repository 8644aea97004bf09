#include "monitor/monitor.h"
#include "real/admin.h"
#include "real/ports.h"

#include <stdio.h>
#include <stdlib.h>

enum { HELP_MAX = 256 * 1024 };

static const char *const about[] = {"kafka.brokers", "kafka.prefix", "monitor.", "admin.", "drain.", NULL};
static const struct options_program program = {
    .name = "ec2sched-monitor",
    .summary = "reads the log, keeps the last runs, serves them as JSON and server-sent events",
    .about = about,
    .listen = "127.0.0.1:9466",
};

static bool serve(struct real *real, const struct options *o, struct err *e)
{
    struct ports ports = {0};

    if (!real_open(real, o, &ports, e))
        return false;
    struct monitor *m = monitor_new(o, &ports);
    bool ok = real_serve(real, o->admin.listen ? o->admin.listen : program.listen, monitor_admin, m, e) &&
              real_run(real,
                       &(struct loop_program){.turn = monitor_turn,
                                              .drain = monitor_drain,
                                              .self = m,
                                              .drain_timeout_ms = o->drain.timeout_ms},
                       e);
    real_unserve(real);
    monitor_free(m);
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
    int wrong = real && !ok ? OPTIONS_EXIT_WRONG : EXIT_FAILURE;
    ok = ok && run(real, &o, exit, &e);
    if (!ok)
        (void)fprintf(stderr, "%s: %s\n", program.name, e.msg);
    real_close(real);
    options_release(&o);
    return ok && fflush(stdout) == 0 ? EXIT_SUCCESS : wrong;
}
