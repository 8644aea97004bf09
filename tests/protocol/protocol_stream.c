/*
 * protocol_stream - plays a record of protocol_redis: into the simulated Redis, or into a real one.
 *
 *   protocol_stream RECORD                        in this process
 *   protocol_stream RECORD --against PATH         into the server at PATH, one command at a time
 *   protocol_stream RECORD --against PATH --at-once N   with up to N commands on their way
 *
 * In this process it also tells what a snapshot of what is then there costs, a return to it with the first
 * write after, and a new server. Prints how many commands it played, how many a second, and the SHA-1 of all
 * replies' bytes: the same for both servers, and for every build of the simulated one.
 */
#include "base/crypto.h"
#include "base/mem.h"
#include "sim/redis_foreign.h"
#include "sim/redis_resp.h"
#include "sim/redis_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16, RECORD_MAX = 1 << 30 };
static const int64_t clock_start_ms = INT64_C(1780000000000);

struct asked { /* one entry of the record */
    int db;
    struct str wire;
};

struct played {
    struct buf bytes;
    struct asked *asked;
    size_t n;
    struct buf replies;
    struct redis_server *server; /* in this process */
};

static int64_t now_ms(void *self)
{
    (void)self;
    return clock_start_ms;
}

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_record(const char *path, struct played *p)
{
    static char part[READ_BYTES];
    size_t n = 0;
    size_t cap = 0;
    FILE *f = fopen(path, "rb");

    BUG_IF(!f);
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(&p->bytes, str_n(part, n));
    (void)fclose(f);
    BUG_IF(p->bytes.over);
    for (struct str rest = buf_view(&p->bytes); rest.n > 0;) {
        struct redis_resp_part db;
        if (p->n == cap) {
            cap = cap ? cap * 2 : 1024;
            p->asked = xrealloc(p->asked, cap * sizeof *p->asked);
        }
        BUG_IF(!redis_resp_next(&rest, &db) || db.type != REDIS_INT);
        size_t length = redis_resp_length(rest);
        BUG_IF(length == 0);
        p->asked[p->n++] = (struct asked){.db = (int)db.i, .wire = str_n(rest.p, length)};
        rest = str_skip(rest, length);
    }
}

/* ---- the simulated one ---- */

static struct redis_server *new_server(void)
{
    return redis_server_new(&(struct redis_server_host){.now_ms = now_ms}, "stream");
}

static void tell_costs(struct redis_server *s)
{
    enum { ROUNDS = 2000, SMALL = 1000 };
    double million = 1e6;
    double took[3] = {0};
    BUF_CLEANUP struct buf unheard = BUF_INIT(REDIS_RESP_MAX);

    for (size_t i = 0; i < SMALL; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "key %zu", i);
        redis_server_execute(s, 0, (struct str[]){STR("HSET"), str_of(name), STR("f"), STR("v")}, 4,
                             &unheard);
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct redis_data data;
        double at = seconds();
        redis_server_save(s, &data);
        took[0] += seconds() - at;
        at = seconds();
        redis_server_execute(s, 0, (struct str[]){STR("HSET"), STR("key 7"), STR("f"), STR("w")}, 4,
                             &unheard);
        redis_server_load(s, &data);
        redis_data_release(&data);
        took[1] += seconds() - at;
        at = seconds();
        redis_server_free(new_server());
        took[2] += seconds() - at;
        buf_clear(&unheard);
    }
    (void)printf("snapshot of %d values %.1f us, a write and the way back %.1f us, a new server %.0f us\n",
                 SMALL, took[0] / ROUNDS * million, took[1] / ROUNDS * million, took[2] / ROUNDS * million);
}

static void play_here(struct played *p)
{
    struct redis_server *s = p->server;

    redis_server_admit(s, redis_foreign_commands);
    for (size_t i = 0; i < p->n; i++) {
        struct str wire = p->asked[i].wire;
        struct str *words = NULL;
        size_t n = 0;
        BUG_IF(!redis_resp_command(&wire, &words, &n));
        redis_server_execute(s, p->asked[i].db, words, n, &p->replies);
        xfree(words);
    }
}

/* ---- a real one ---- */

static void write_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        BUG_IF(n <= 0 && errno != EINTR);
        s = str_skip(s, n > 0 ? (size_t)n : 0);
    }
}

/* The next n replies; added to `to`, if that is given. */
static void hear(int fd, struct buf *in, size_t n, struct buf *to)
{
    static char part[READ_BYTES];

    while (n > 0) {
        size_t length = redis_resp_length(buf_view(in));
        if (length == 0) {
            ssize_t got = recv(fd, part, sizeof part, 0);
            BUG_IF(got <= 0);
            buf_add(in, str_n(part, (size_t)got));
            continue;
        }
        if (to)
            buf_add(to, str_n(in->p, length));
        memmove(in->p, in->p + length, in->n - length);
        in->n -= length;
        n--;
    }
}

static void play_there(struct played *p, const char *path, size_t at_once)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    BUF_CLEANUP struct buf in = BUF_INIT(REDIS_RESP_MAX);
    BUF_CLEANUP struct buf wire = BUF_INIT(REDIS_RESP_MAX);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int db = -1;

    BUG_IF(strlen(path) >= sizeof a.sun_path);
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    BUG_IF(fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0);
    for (size_t i = 0, sent = 0; i < p->n; i += sent) {
        if (p->asked[i].db != db) {
            db = p->asked[i].db;
            buf_clear(&wire);
            buf_addf(&wire, "*2\r\n$6\r\nSELECT\r\n$1\r\n%d\r\n", db);
            write_all(fd, buf_view(&wire));
            hear(fd, &in, 1, NULL);
        }
        buf_clear(&wire);
        for (sent = 0; sent < at_once && i + sent < p->n && p->asked[i + sent].db == db; sent++)
            buf_add(&wire, p->asked[i + sent].wire);
        write_all(fd, buf_view(&wire));
        hear(fd, &in, sent, &p->replies);
    }
    (void)close(fd);
}

int main(int argc, char **argv)
{
    struct played p = {.bytes = BUF_INIT(RECORD_MAX), .replies = BUF_INIT(RECORD_MAX)};
    char sha[REDIS_SHA_MAX];

    if (argc < 2) {
        (void)fprintf(stderr, "usage: protocol_stream RECORD [--against PATH [--at-once N]]\n");
        return 2;
    }
    read_record(argv[1], &p);
    p.server = new_server();
    double begun = seconds();
    if (argc > 3)
        play_there(&p, argv[3], argc > 5 ? strtoul(argv[5], NULL, 10) : 1);
    else
        play_here(&p);
    double took = seconds() - begun;
    crypto_sha1_hex(buf_view(&p.replies), sha);
    (void)printf("%zu commands, %.0f a second, replies %s\n", p.n, (double)p.n / took, sha);
    if (argc == 2)
        tell_costs(p.server);
    redis_server_free(p.server);
    buf_release(&p.bytes);
    buf_release(&p.replies);
    xfree(p.asked);
    return 0;
}
