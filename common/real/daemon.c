#include "real/daemon.h"

#include "real/admin.h"
#include "real/ports.h"

#include <stdio.h>
#include <stdlib.h>

enum { HELP_MAX = 256 * 1024 };

static const char *listen_of(const struct daemon_kind *k, const struct options *o)
{
    return o->admin.listen ? o->admin.listen : k->program.listen;
}

static bool serve(const struct daemon_kind *k, struct real *real, const struct options *o, struct err *e)
{
    struct ports ports = {0};
    void *self = NULL;

    if (!real_open(real, o, &ports, e) || (self = k->make(o, &ports, e)) == NULL)
        return false;
    if (k->writes)
        real_warm(real);
    const struct loop_program loop = {
        .turn = k->turn, .drain = k->drain, .self = self, .drain_timeout_ms = o->drain.timeout_ms};
    bool ok = real_serve(real, listen_of(k, o), k->admin, self, e) && real_run(real, &loop, e);
    real_unserve(real);
    k->end(self);
    return ok;
}

static bool help(const struct daemon_kind *k)
{
    BUF_CLEANUP struct buf out = BUF_INIT(HELP_MAX);

    options_help(&k->program, &out);
    return fputs(buf_cstr(&out), stdout) >= 0;
}

static bool run(const struct daemon_kind *k, struct real *real, const struct options *o,
                enum options_exit exit, struct err *e)
{
    switch (exit) {
    case OPTIONS_HELP:
        return help(k);
    case OPTIONS_VERSION:
        return printf("%s %s\n", k->program.name, EC2SCHED_VERSION) > 0;
    case OPTIONS_HEALTH:
        return admin_health(listen_of(k, o), e);
    case OPTIONS_GO:
        break;
    }
    return serve(k, real, o, e);
}

int daemon_main(int argc, char **argv, const struct daemon_kind *k)
{
    struct options o = {0};
    enum options_exit exit = OPTIONS_GO;
    struct err e = {0};
    STRS_CLEANUP struct strs warnings = {0};
    struct real *real = real_new(&e);

    bool ok =
        real && options_load(&o, &k->program, real_process(real), argc, argv, NULL, &warnings, &exit, &e);
    for (size_t i = 0; i < warnings.n; i++)
        (void)fprintf(stderr, "%s: warning: %s\n", k->program.name, warnings.at[i]);
    int wrong = real && !ok ? OPTIONS_EXIT_WRONG : EXIT_FAILURE;
    ok = ok && run(k, real, &o, exit, &e);
    if (!ok)
        (void)fprintf(stderr, "%s: %s\n", k->program.name, e.msg);
    real_close(real);
    options_release(&o);
    return ok && fflush(stdout) == 0 ? EXIT_SUCCESS : wrong;
}
