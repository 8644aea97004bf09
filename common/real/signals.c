#include "real/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void fill(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGHUP);
    (void)sigaddset(set, SIGCHLD);
}

bool signals_block(struct err *e)
{
    sigset_t set;

    fill(&set);
    (void)sigaddset(&set, SIGIO); /* librdkafka's, between its own threads */
    int failed = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (failed)
        return err_set(e, ERR_CONFIG, "signals: %s", strerror(failed));
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return err_set(e, ERR_CONFIG, "signals: %s", strerror(errno));
    return true;
}

int signals_open(struct err *e)
{
    sigset_t set;

    fill(&set);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        (void)err_set(e, ERR_CONFIG, "signalfd: %s", strerror(errno));
    return fd;
}

enum signals_kind signals_next(int fd)
{
    struct signalfd_siginfo info;

    if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
        return SIGNALS_NONE;
    return info.ssi_signo == SIGCHLD ? SIGNALS_CHILD : SIGNALS_END;
}
