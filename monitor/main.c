#include "monitor/monitor.h"
#include "real/daemon.h"

static const char *const about[] = {"kafka.brokers", "kafka.prefix", "monitor.", "admin.", "drain.", NULL};

static void *make(const struct options *o, const struct ports *ports, struct err *e)
{
    (void)e;
    return monitor_new(o, ports);
}

static void end(void *self)
{
    monitor_free(self);
}

int main(int argc, char **argv)
{
    static const struct daemon_kind kind = {
        .program = {.name = "ec2sched-monitor",
                    .summary =
                        "reads the log, keeps the last runs, serves them as JSON and server-sent events",
                    .about = about,
                    .listen = "127.0.0.1:9466"},
        .make = make,
        .turn = monitor_turn,
        .drain = monitor_drain,
        .admin = monitor_admin,
        .end = end,
    };

    return daemon_main(argc, argv, &kind);
}
