/*
 * bench_load - sends the same HTTP request again and again over a few kept connections; prints replies per
 * second.
 *
 *   bench_load PORT REQUEST-FILE CONNECTIONS SECONDS
 *
 * One request is out on each connection at a time. The reply's Content-Length is believed; a status other
 * than 200 ends it.
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, REPLY_MAX = 1024 * 1024, REQUEST_MAX = 64 * 1024 };

struct line {
    int fd;
    size_t n;
    char reply[REPLY_MAX];
};

static int64_t now_ms(void)
{
    struct timespec t;

    BUG_IF(clock_gettime(CLOCK_MONOTONIC, &t) != 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int dial(int port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    BUG_IF(fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a));
    return fd;
}

static void ask(const struct line *l, struct str request)
{
    BUG_IF(write(l->fd, request.p, request.n) != (ssize_t)request.n);
}

/* Reads what is there; true: a reply is whole. */
static bool hear(struct line *l)
{
    ssize_t n = read(l->fd, l->reply + l->n, REPLY_MAX - l->n);

    BUG_IF(n <= 0);
    l->n += (size_t)n;
    const char *end = memmem(l->reply, l->n, "\r\n\r\n", 4);
    const char *length = memmem(l->reply, l->n, "Content-Length: ", 16);
    if (!end || !length)
        return false;
    BUG_IF(memcmp(l->reply, "HTTP/1.1 200", 12) != 0);
    size_t whole = (size_t)(end + 4 - l->reply) + strtoul(length + 16, NULL, 10);
    if (l->n < whole)
        return false;
    l->n = 0;
    return true;
}

int main(int argc, char **argv)
{
    int64_t port = 0, connections = 0, seconds = 0, replies = 0;
    char request[REQUEST_MAX];
    struct pollfd fds[CONNECTIONS_MAX];

    if (argc != 5 || !str_to_i64(str_of(argv[1]), &port) || !str_to_i64(str_of(argv[3]), &connections) ||
        !str_to_i64(str_of(argv[4]), &seconds) || connections < 1 || connections > CONNECTIONS_MAX) {
        (void)fprintf(stderr, "usage: bench_load PORT REQUEST-FILE CONNECTIONS SECONDS\n");
        return 2;
    }
    FILE *file = fopen(argv[2], "r");
    BUG_IF(!file);
    struct str text = {request, fread(request, 1, sizeof request, file)};
    (void)fclose(file);
    struct line *lines = xcalloc((size_t)connections, sizeof *lines);
    for (int64_t i = 0; i < connections; i++) {
        lines[i].fd = dial((int)port);
        fds[i] = (struct pollfd){.fd = lines[i].fd, .events = POLLIN};
        ask(&lines[i], text);
    }
    int64_t began = now_ms();
    while (now_ms() < began + seconds * 1000) {
        (void)poll(fds, (nfds_t)connections, 1000);
        for (int64_t i = 0; i < connections; i++) {
            if (!fds[i].revents || !hear(&lines[i]))
                continue;
            replies++;
            ask(&lines[i], text);
        }
    }
    (void)printf("%" PRId64 "\n", replies * 1000 / (now_ms() - began));
    xfree(lines);
    return 0;
}
