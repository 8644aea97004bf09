#include "support/child.h"

#include "support/cmocka_first.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(const char *path, const char *const *argv, int out)
{
    char *args[32];
    size_t n = 0;
    sigset_t none;

    for (; argv[n] && n + 1 < sizeof args / sizeof *args; n++)
        args[n] = (char *)(uintptr_t)argv[n];
    args[n] = NULL;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(out, STDOUT_FILENO);
    (void)execv(path, args);
    _exit(127);
}

struct child child_start(const char *path, const char *const *argv)
{
    struct child c = {0};
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    c.pid = fork();
    if (c.pid == 0)
        become(path, argv, ends[1]);
    (void)close(ends[1]);
    c.out = ends[0];
    assert_true(c.pid > 0);
    return c;
}

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool child_line(const struct child *c, char *line, size_t size, int64_t deadline_ms)
{
    int64_t until = now_ms() + deadline_ms;
    size_t n = 0;

    while (n + 1 < size) {
        struct pollfd fd = {.fd = c->out, .events = POLLIN};
        int64_t left = until - now_ms();
        if (left <= 0 || poll(&fd, 1, (int)left) <= 0 || read(c->out, line + n, 1) != 1)
            return false;
        if (line[n] == '\n') {
            line[n] = '\0';
            return true;
        }
        n++;
    }
    return false;
}

int child_wait(struct child *c, int64_t deadline_ms)
{
    struct pollfd fd = {.fd = (int)syscall(SYS_pidfd_open, c->pid, 0), .events = POLLIN};
    int status = 0;

    assert_true(fd.fd >= 0);
    int ended = poll(&fd, 1, (int)deadline_ms);
    (void)close(fd.fd);
    if (ended != 1)
        return -1;
    (void)waitpid(c->pid, &status, 0);
    c->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void child_kill(struct child *c)
{
    if (c->pid > 0) {
        (void)kill(c->pid, SIGKILL);
        (void)waitpid(c->pid, NULL, 0);
    }
    if (c->out > 0)
        (void)close(c->out);
    *c = (struct child){0};
}
