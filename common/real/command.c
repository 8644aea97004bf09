#include "real/command.h"

#include "base/mem.h"
#include "real/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

struct command {
    uint64_t id;
    process_exited *done;
    void *self;
    pid_t pid;  /* 0: not running (not started, or reaped) */
    int out_fd; /* -1: closed */
    int status;
    int64_t deadline_ms;
    struct buf out;
    struct err err;
    struct command *prev, *next;
};

struct commands {
    struct command *running;
    size_t count;
};

static void attributes(posix_spawnattr_t *a)
{
    sigset_t none, all;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    BUG_IF(
        posix_spawnattr_init(a) || posix_spawnattr_setsigmask(a, &none) ||
        posix_spawnattr_setsigdefault(a, &all) || posix_spawnattr_setpgroup(a, 0) ||
        posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
}

static bool start(struct command *c, const char *const *argv, struct err *e)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    char *args[64];
    size_t n = 0;
    int ends[2];

    for (; argv[n]; n++) {
        if (n + 1 == sizeof args / sizeof *args)
            return err_set(e, ERR_INVALID, "%s: too many arguments", argv[0]);
        args[n] = xstrdup(argv[n]); /* posix_spawn's argv is not const */
    }
    args[n] = NULL;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)err_set(e, ERR_UNAVAILABLE, "%s: pipe: %s", argv[0], strerror(errno));
    } else {
        attributes(&attr);
        BUG_IF(posix_spawn_file_actions_init(&files) ||
               posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
               posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO));
        int failed = posix_spawnp(&c->pid, args[0], &files, &attr, args, environ);
        (void)posix_spawn_file_actions_destroy(&files);
        (void)posix_spawnattr_destroy(&attr);
        (void)close(ends[1]);
        (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
        c->out_fd = ends[0];
        if (failed) {
            c->pid = 0;
            (void)err_set(e, failed == ENOENT ? ERR_NOT_FOUND : ERR_CONFIG, "%s: %s", argv[0],
                          strerror(failed));
        }
    }
    for (size_t i = 0; i < n; i++)
        xfree(args[i]);
    return c->pid > 0;
}

static void close_out(struct command *c)
{
    if (c->out_fd >= 0)
        (void)close(c->out_fd);
    c->out_fd = -1;
}

static void kill_group(const struct command *c)
{
    if (c->pid > 0)
        (void)kill(-c->pid, SIGKILL);
}

static void reap(struct command *c, int options)
{
    if (c->pid > 0 && waitpid(c->pid, &c->status, options) == c->pid)
        c->pid = 0;
}

static void command_free(struct command *c)
{
    kill_group(c);
    reap(c, 0);
    close_out(c);
    buf_release(&c->out);
    xfree(c);
}

void commands_run(struct commands *all, uint64_t id, const char *const *argv, int64_t timeout_ms,
                  size_t out_max, process_exited *done, void *self)
{
    struct command *c = xcalloc(1, sizeof *c);

    c->id = id;
    c->done = done;
    c->self = self;
    c->out_fd = -1;
    c->deadline_ms = clock_boot_ms() + timeout_ms;
    c->out = (struct buf)BUF_INIT(out_max < COMMAND_OUT_MAX ? out_max : COMMAND_OUT_MAX);
    if (!argv[0])
        (void)err_set(&c->err, ERR_INVALID, "an empty command");
    else if (all->count >= COMMAND_RUNNING_MAX)
        (void)err_set(&c->err, ERR_UNAVAILABLE, "%s: %d commands are running already", argv[0],
                      COMMAND_RUNNING_MAX);
    else
        (void)start(c, argv, &c->err);
    DL_APPEND(all->running, c);
    all->count++;
}

static void give_up(struct command *c, enum err_kind kind, const char *why)
{
    if (!c->err.kind)
        (void)err_set(&c->err, kind, "%s", why);
    kill_group(c);
    close_out(c);
}

static void read_out(struct command *c)
{
    char bytes[16384];

    while (c->out_fd >= 0) {
        ssize_t n = read(c->out_fd, bytes, sizeof bytes);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            close_out(c);
            return;
        }
        buf_add(&c->out, str_n(bytes, (size_t)n));
        if (c->out.over)
            give_up(c, ERR_INVALID, "the command's output is over its bound");
    }
}

static void before_wait(void *self, struct reactor_wait *w, int64_t now_ms)
{
    struct commands *all = self;
    struct command *c;

    DL_FOREACH(all->running, c)
    {
        if (c->out_fd >= 0)
            reactor_wait_fd(w, c->out_fd, true, false);
        reactor_wait_until(w, c->pid > 0 ? c->deadline_ms : now_ms); /* SIGCHLD wakes us for its end */
    }
}

static bool is_over(struct command *c, int64_t now_ms)
{
    read_out(c);
    reap(c, WNOHANG);
    if (c->pid > 0 && now_ms >= c->deadline_ms) {
        give_up(c, ERR_UNAVAILABLE, "the command did not end in time");
        reap(c, 0);
    }
    if (c->pid > 0)
        return false;
    read_out(c); /* what it wrote last; a grandchild that keeps the pipe open is not waited for */
    return true;
}

static void deliver(struct command *c)
{
    struct process_exit x = {.err = c->err, .out = buf_view(&c->out)};

    if (!x.err.kind && WIFSIGNALED(c->status))
        (void)err_set(&x.err, ERR_UNAVAILABLE, "the command was ended by signal %d", WTERMSIG(c->status));
    x.status = WIFEXITED(c->status) ? WEXITSTATUS(c->status) : -1;
    c->done(c->self, c->id, &x);
    command_free(c);
}

static void dispatch(void *self, int64_t now_ms)
{
    struct commands *all = self;
    struct command *over = NULL, *c, *next;

    DL_FOREACH_SAFE(all->running, c, next)
    {
        if (is_over(c, now_ms)) {
            DL_DELETE(all->running, c);
            DL_APPEND(over, c);
            all->count--;
        }
    }
    DL_FOREACH_SAFE(over, c, next)
    {
        DL_DELETE(over, c);
        deliver(c); /* may run another one */
    }
    if (getpid() == 1)
        for (int i = 0; i < 64 && all->count == 0 && waitpid(-1, NULL, WNOHANG) > 0; i++)
            continue;
}

struct commands *commands_new(struct reactor *r)
{
    struct commands *all = xcalloc(1, sizeof *all);

    reactor_add(r, (struct reactor_part){.wait = before_wait, .dispatch = dispatch, .self = all});
    return all;
}

void commands_free(struct commands *all)
{
    struct command *c, *next;

    if (!all)
        return;
    DL_FOREACH_SAFE(all->running, c, next)
    {
        DL_DELETE(all->running, c);
        command_free(c);
    }
    xfree(all);
}
