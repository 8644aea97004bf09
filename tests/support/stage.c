#include "support/stage.h"

#include "real/clock.h"
#include "real/sink.h"
#include "support/cmocka_first.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <sys/socket.h>

void stage_open(struct stage *s, const char *ca_file)
{
    struct err e = {0};

    *s = (struct stage){0};
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/e2s-real-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    s->reactor = reactor_new(ca_file, &e);
    assert_non_null(s->reactor);
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void stage_close(struct stage *s)
{
    reactor_free(s->reactor);
    (void)nftw(s->folder, drop, 16, FTW_DEPTH | FTW_PHYS);
}

struct instant stage_now(const struct stage *s)
{
    struct clock real = clock_real();

    return s->time.now ? s->time.now(s->time.self) : clock_now(&real);
}

static void step(struct stage *s, int64_t until_ms)
{
    if (s->time.step)
        s->time.step(s->time.self, until_ms);
    else
        reactor_step(s->reactor, until_ms);
}

int64_t stage_until(struct stage *s, const char *what, stage_met *met, void *self, int64_t deadline_ms)
{
    int64_t began = stage_now(s).boot_ms;

    while (!met(self)) {
        int64_t now = stage_now(s).boot_ms;
        if (now - began > deadline_ms)
            fail_msg("not within %lld ms: %s", (long long)deadline_ms, what);
        step(s, now + 20);
    }
    return stage_now(s).boot_ms - began;
}

void stage_for(struct stage *s, int64_t ms)
{
    int64_t until = stage_now(s).boot_ms + ms;

    while (stage_now(s).boot_ms < until)
        step(s, until);
}

int stage_free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    (void)close(fd);
    return ntohs(a.sin_port);
}

const struct log *stage_log(void)
{
    static struct log log;

    if (!getenv("EC2SCHED_TEST_LOG"))
        return NULL;
    log = sink_log(LOG_DEBUG, LOG_LOGFMT);
    return &log;
}
