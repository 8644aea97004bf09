/*
 * protocol_redis - the simulated Redis behind a unix socket, alone or held against a real one.
 *
 *   protocol_redis --unixsocket PATH [--record PATH] [--against PATH [--lie reply|data]]
 *
 * It stands in for redis-server: further options of that are taken and mean nothing. Its clock stands still,
 * but for a millisecond every thousand commands; what scripts of the tests decide by, they are given.
 *
 * With --against each command goes to the real server at PATH as well, by a connection of its own for each
 * client, and the replies must be the same bytes; the client hears the real one's. Where Redis itself
 * promises no order (KEYS, SMEMBERS) they must be the same sets. In the place of the tests' own dump script
 * all values of both are compared, key by key. A difference is told and ends the program with 1; otherwise
 * SIGTERM ends it with a line of what was compared.
 *
 * Both are asked in RESP2, as the product does it; a client that says HELLO 3 hears the same in RESP3.
 *
 * --record writes what was asked, for protocol_stream: the key space's number and the command, each time; in
 * the place of a RESTORE the commands that make the value. What has no order or follows the clock is left
 * out.
 *
 * --lie makes this side wrong once, after LIE_AFTER commands: in one byte of a reply, or in one field that
 * nobody is told of. It shows that the comparison sees.
 */
#include "base/mem.h"
#include "sim/redis_foreign.h"
#include "sim/redis_number.h"
#include "sim/redis_resp.h"
#include "sim/redis_server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLIENTS_MAX = 64, READ_BYTES = 1 << 16, LIE_AFTER = 2000, SHOWN = 600, WAIT_MS = 1000 };
static const int64_t clock_start_ms = INT64_C(1780000000000);

struct client {
    int fd, real_fd, db;
    bool resp3;
    struct buf in;
};

struct tally {
    int64_t replies, dumps, sorted, skipped;
};

struct served {
    struct redis_server *redis;
    int listener;
    struct client clients[CLIENTS_MAX];
    size_t client_count;
    const char *path, *against, *lie;
    FILE *record;
    int64_t commands;
    struct tally tally;
    struct redis_table dumpers; /* shas of scripts that ask for KEYS: the tests' dump */
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static int64_t now_ms(void *self)
{
    const struct served *s = self;

    return clock_start_ms + s->commands / 1000;
}

static void refuse(void *self, const char *what)
{
    (void)self;
    (void)fprintf(stderr, "protocol_redis: not simulated: %s\n", what);
}

/* ---- sockets ---- */

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    BUG_IF(strlen(path) >= sizeof a.sun_path);
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    return a;
}

static int connect_to(const char *path)
{
    struct sockaddr_un a = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    BUG_IF(fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0);
    return fd;
}

static int listen_at(const char *path)
{
    struct sockaddr_un a = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    BUG_IF(fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, CLIENTS_MAX) != 0);
    return fd;
}

static bool write_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s = str_skip(s, (size_t)n);
    }
    return true;
}

static bool read_more(int fd, struct buf *in)
{
    static char part[READ_BYTES];
    ssize_t n = 0;

    do
        n = recv(fd, part, sizeof part, 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return false;
    buf_add(in, str_n(part, (size_t)n));
    return true;
}

/* ---- asking both ---- */

static void ask_real(int fd, struct str wire, struct buf *reply)
{
    BUG_IF(!write_all(fd, wire));
    while (redis_resp_length(buf_view(reply)) == 0)
        BUG_IF(!read_more(fd, reply));
}

static void format_command(struct buf *wire, const struct str *words, size_t n)
{
    redis_resp_list(wire, n);
    for (size_t i = 0; i < n; i++)
        redis_resp_bulk(wire, words[i]);
}

static void show(const char *who, struct str s)
{
    (void)fprintf(stderr, "%s", who);
    for (size_t i = 0; i < s.n && i < SHOWN; i++) {
        unsigned char c = (unsigned char)s.p[i];
        (void)fprintf(stderr, c >= ' ' && c < 127 ? "%c" : "\\x%02x", c);
    }
    (void)fprintf(stderr, "%s\n", s.n > SHOWN ? " …" : "");
}

static void differ(const struct str *words, size_t n, struct str ours, struct str theirs)
{
    BUF_CLEANUP struct buf wire = BUF_INIT(REDIS_RESP_MAX);

    format_command(&wire, words, n);
    show("THEY DIFFER: ", buf_view(&wire));
    show("simulated:   ", ours);
    show("real:        ", theirs);
    exit(1);
}

static int compare_parts(const void *a, const void *b)
{
    const struct redis_value *x = a;
    const struct redis_value *y = b;

    return str_cmp(x->s, y->s);
}

/* The parts of a flat list of texts, sorted, as a reply. */
static void sort_reply(struct str wire, struct buf *out)
{
    struct redis_resp_tree t = {0};

    redis_resp_tree_read(&t, wire);
    if (t.n > 1)
        qsort(t.values + 1, t.n - 1, sizeof *t.values, compare_parts);
    redis_resp_list(out, t.n - 1);
    for (size_t i = 1; i < t.n; i++)
        redis_resp_bulk(out, t.values[i].s);
    redis_resp_tree_release(&t);
}

static void compare_sorted(const struct str *words, size_t n, struct str ours, struct str theirs)
{
    BUF_CLEANUP struct buf a = BUF_INIT(REDIS_RESP_MAX);
    BUF_CLEANUP struct buf b = BUF_INIT(REDIS_RESP_MAX);

    sort_reply(ours, &a);
    sort_reply(theirs, &b);
    if (!str_eq(buf_view(&a), buf_view(&b)))
        differ(words, n, buf_view(&a), buf_view(&b));
}

/* Asks both the same; `theirs` may be NULL. */
static void compare_one(struct served *s, const struct client *c, const struct str *words, size_t n,
                        bool sorted, struct buf *theirs)
{
    BUF_CLEANUP struct buf wire = BUF_INIT(REDIS_RESP_MAX);
    BUF_CLEANUP struct buf ours = BUF_INIT(REDIS_RESP_MAX);

    format_command(&wire, words, n);
    redis_server_execute(s->redis, c->db, words, n, &ours);
    ask_real(c->real_fd, buf_view(&wire), theirs);
    if (sorted)
        compare_sorted(words, n, buf_view(&ours), buf_view(theirs));
    else if (!str_eq(buf_view(&ours), buf_view(theirs)))
        differ(words, n, buf_view(&ours), buf_view(theirs));
}

static void compare_value(struct served *s, const struct client *c, struct str key)
{
    static const struct {
        const char *type, *command;
        bool sorted;
    } how[] = {{"+hash", "HGETALL", false},
               {"+set", "SMEMBERS", true},
               {"+zset", "ZRANGE", false},
               {"+string", "GET", false}};
    BUF_CLEANUP struct buf type = BUF_INIT(REDIS_RESP_MAX);
    BUF_CLEANUP struct buf value = BUF_INIT(REDIS_RESP_MAX);

    compare_one(s, c, (struct str[]){STR("TYPE"), key}, 2, false, &type);
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        const struct str words[] = {str_of(how[i].command), key, STR("0"), STR("-1"), STR("WITHSCORES")};
        if (str_starts(buf_view(&type), str_of(how[i].type)))
            compare_one(s, c, words, strcmp(how[i].command, "ZRANGE") == 0 ? 5 : 2, how[i].sorted, &value);
    }
}

/* Every key, and every value in its order where Redis has one. */
static void compare_dumps(struct served *s, const struct client *c)
{
    BUF_CLEANUP struct buf keys = BUF_INIT(REDIS_RESP_MAX);
    struct redis_resp_tree t = {0};

    compare_one(s, c, (struct str[]){STR("KEYS"), STR("*")}, 2, true, &keys);
    redis_resp_tree_read(&t, buf_view(&keys));
    for (size_t i = 1; i < t.n; i++)
        compare_value(s, c, t.values[i].s);
    redis_resp_tree_release(&t);
    s->tally.dumps++;
}

/* ---- what of a command is compared ---- */

enum comparison { RAW, SORTED, DUMPS, PAYLOAD, UNCOMPARED };

static enum comparison comparison_of(const struct served *s, const struct str *words, size_t n)
{
    static const struct {
        const char *name;
        enum comparison how;
    } others[] = {{"keys", SORTED},     {"smembers", SORTED}, {"dump", PAYLOAD},    {"info", UNCOMPARED},
                  {"pttl", UNCOMPARED}, {"time", UNCOMPARED}, {"scan", UNCOMPARED}, {"client", UNCOMPARED}};

    if (n > 1 && str_is_nocase(words[0], "evalsha") && redis_table_find(&s->dumpers, words[1]))
        return DUMPS;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (str_is_nocase(words[0], others[i].name))
            return others[i].how;
    return RAW;
}

/* ---- the record ---- */

static void record(const struct served *s, int db, const struct str *words, size_t n)
{
    BUF_CLEANUP struct buf wire = BUF_INIT(REDIS_RESP_MAX);

    redis_resp_int(&wire, db);
    format_command(&wire, words, n);
    BUG_IF(fwrite(wire.p, 1, wire.n, s->record) != wire.n);
}

static void record_value(const struct served *s, int db, struct str key)
{
    static const char *const makes[] = {
        [REDIS_STRING] = "SET", [REDIS_HASH] = "HSET", [REDIS_SET] = "SADD", [REDIS_ZSET] = "ZADD"};
    const struct redis_object *o = redis_keys_read(*redis_server_keys(s->redis, db), key, 0);

    if (o && o->kind == REDIS_STRING)
        record(s, db, (struct str[]){STR("SET"), key, redis_blob_view(o->text)}, 3);
    for (size_t i = 0; o && i < o->table.n; i++) {
        const struct redis_slot *slot = &o->table.slots[i];
        char score[REDIS_NUMBER_MAX];
        if (!slot->name)
            continue;
        struct str words[] = {str_of(makes[o->kind]), key, redis_blob_view(slot->name), {0}};
        if (o->kind == REDIS_HASH) {
            words[3] = redis_blob_view(slot->held.text);
        } else if (o->kind == REDIS_ZSET) {
            redis_number_format(slot->held.score, score);
            words[3] = words[2];
            words[2] = str_of(score);
        }
        record(s, db, words, o->kind == REDIS_SET ? 3 : 4);
    }
}

static void record_command(const struct served *s, int db, const struct str *words, size_t n)
{
    if (!s->record || str_is_nocase(words[0], "select") || comparison_of(s, words, n) != RAW)
        return;
    if (str_is_nocase(words[0], "restore"))
        record_value(s, db, words[1]);
    else
        record(s, db, words, n);
}

/* ---- RESP3, for clients that speak it ---- */

static const char hello3[] =
    "%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n";

static void copy_parts(struct str *wire, struct buf *out)
{
    struct str before = *wire;
    struct redis_resp_part part;
    size_t parts = 1;

    for (; parts > 0; parts--, before = *wire) {
        BUG_IF(!redis_resp_next(wire, &part));
        parts += part.type == REDIS_LIST ? part.n : 0;
        if (part.type == REDIS_NIL)
            buf_adds(out, "_\r\n");
        else
            buf_add(out, str_n(before.p, before.n - wire->n));
    }
}

static void copy_score(struct str *wire, struct buf *out)
{
    struct redis_resp_part part;

    BUG_IF(!redis_resp_next(wire, &part));
    if (part.type == REDIS_STR)
        buf_addf(out, "," STR_FMT "\r\n", STR_ARG(part.s));
    else
        buf_adds(out, "_\r\n");
}

static void copy_pairs(struct str *wire, struct buf *out)
{
    struct redis_resp_part part;

    BUG_IF(!redis_resp_next(wire, &part));
    redis_resp_list(out, part.n / 2);
    for (size_t i = 0; i < part.n / 2; i++) {
        redis_resp_list(out, 2);
        copy_parts(wire, out);
        copy_score(wire, out);
    }
}

static void to_resp3(const struct str *words, struct str wire, struct buf *out, bool scores)
{
    struct redis_resp_part part;
    struct str rest = wire;
    bool error = str_starts(wire, STR("-"));

    if (!error && str_is_nocase(words[0], "zscore")) {
        copy_score(&rest, out);
    } else if (!error && scores) {
        copy_pairs(&rest, out);
    } else if (!error && (str_is_nocase(words[0], "hgetall") || str_is_nocase(words[0], "smembers"))) {
        BUG_IF(!redis_resp_next(&rest, &part));
        bool map = str_is_nocase(words[0], "hgetall");
        buf_addf(out, "%c%zu\r\n", map ? '%' : '~', map ? part.n / 2 : part.n);
        buf_add(out, rest);
    } else {
        copy_parts(&rest, out);
    }
}

/* ---- one command ---- */

static void compare(struct served *s, const struct client *c, const struct str *words, size_t n,
                    struct str ours, struct str theirs)
{
    struct str rest = theirs;
    struct redis_resp_part part;

    switch (comparison_of(s, words, n)) {
    case RAW:
        if (!str_eq(ours, theirs))
            differ(words, n, ours, theirs);
        s->tally.replies++;
        break;
    case SORTED:
        compare_sorted(words, n, ours, theirs);
        s->tally.sorted++;
        break;
    case DUMPS:
        compare_dumps(s, c);
        break;
    case PAYLOAD:
        if (redis_resp_next(&rest, &part) && part.type == REDIS_STR)
            BUG_IF(!redis_foreign_dumped(s->redis, c->db, words[1], part.s));
        s->tally.skipped++;
        break;
    case UNCOMPARED:
        s->tally.skipped++;
        break;
    }
}

static void lie(struct served *s, const struct client *c, enum comparison how, struct buf *reply)
{
    BUF_CLEANUP struct buf unheard = BUF_INIT(REDIS_RESP_MAX);
    bool of_reply = s->lie && strcmp(s->lie, "reply") == 0;

    if (!s->lie || s->commands < LIE_AFTER || how != (of_reply ? RAW : DUMPS))
        return;
    if (of_reply)
        reply->p[1] ^= 1;
    else
        redis_server_execute(s->redis, c->db,
                             (struct str[]){STR("HSET"), STR("{t:7}:lie"), STR("f"), STR("x")}, 4, &unheard);
    s->lie = NULL;
}

/* SCRIPT LOAD of a script that asks for KEYS: its calls are compared as dumps. */
static void note_dumper(struct served *s, const struct str *words, size_t n, struct str reply)
{
    size_t at = 0;
    bool made = false;
    struct redis_resp_part part;

    if (n == 3 && str_is_nocase(words[0], "script") && str_find(words[2], STR("'KEYS'"), &at) &&
        redis_resp_next(&reply, &part) && part.type == REDIS_STR)
        (void)redis_table_put(&s->dumpers, part.s, &made);
}

static void serve_command(struct served *s, struct client *c, struct str wire, const struct str *words,
                          size_t n)
{
    BUF_CLEANUP struct buf ours = BUF_INIT(REDIS_RESP_MAX);
    BUF_CLEANUP struct buf theirs = BUF_INIT(REDIS_RESP_MAX);
    int64_t db = 0;

    s->commands++;
    if (str_is_nocase(words[0], "hello")) {
        c->resp3 = true;
        (void)write_all(c->fd, str_of(hello3));
        return;
    }
    if (str_is_nocase(words[0], "select") && n == 2 && str_to_i64(words[1], &db) && db >= 0 &&
        db < REDIS_DATABASES) {
        c->db = (int)db;
        redis_resp_status(&ours, "OK");
    } else {
        redis_server_execute(s->redis, c->db, words, n, &ours);
    }
    note_dumper(s, words, n, buf_view(&ours));
    record_command(s, c->db, words, n);
    if (s->against) {
        lie(s, c, comparison_of(s, words, n), &ours);
        ask_real(c->real_fd, wire, &theirs);
        compare(s, c, words, n, buf_view(&ours), buf_view(&theirs));
    }
    struct str reply = buf_view(s->against ? &theirs : &ours);
    BUF_CLEANUP struct buf translated = BUF_INIT(REDIS_RESP_MAX);
    if (c->resp3)
        to_resp3(words, reply, &translated,
                 str_starts(words[0], STR("Z")) && str_is_nocase(words[n - 1], "withscores"));
    (void)write_all(c->fd, c->resp3 ? buf_view(&translated) : reply);
}

/* ---- clients ---- */

static void greet(struct served *s)
{
    int fd = accept(s->listener, NULL, NULL);

    if (fd < 0)
        return;
    BUG_IF(s->client_count == CLIENTS_MAX);
    s->clients[s->client_count++] = (struct client){
        .fd = fd, .real_fd = s->against ? connect_to(s->against) : -1, .in = BUF_INIT(REDIS_RESP_MAX)};
}

static void part_from(struct served *s, size_t i)
{
    struct client *c = &s->clients[i];

    (void)close(c->fd);
    if (c->real_fd >= 0)
        (void)close(c->real_fd);
    buf_release(&c->in);
    *c = s->clients[--s->client_count];
}

static bool serve(struct served *s, struct client *c)
{
    if (!read_more(c->fd, &c->in))
        return false;
    struct str rest = buf_view(&c->in);
    for (;;) {
        struct str *words = NULL;
        size_t n = 0;
        struct str wire = rest;
        if (!redis_resp_command(&rest, &words, &n))
            break;
        wire.n -= rest.n;
        serve_command(s, c, wire, words, n);
        xfree(words);
    }
    struct buf kept = BUF_INIT(REDIS_RESP_MAX);
    buf_add(&kept, rest);
    buf_release(&c->in);
    c->in = kept;
    return true;
}

static void serve_all(struct served *s)
{
    struct pollfd polled[CLIENTS_MAX + 1];
    size_t n = s->client_count;

    polled[0] = (struct pollfd){.fd = s->listener, .events = POLLIN};
    for (size_t i = 0; i < n; i++)
        polled[i + 1] = (struct pollfd){.fd = s->clients[i].fd, .events = POLLIN};
    if (poll(polled, n + 1, WAIT_MS) <= 0)
        return;
    for (size_t i = n; i-- > 0;)
        if (polled[i + 1].revents && !serve(s, &s->clients[i]))
            part_from(s, i);
    if (polled[0].revents)
        greet(s);
}

static void read_options(struct served *s, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--unixsocket") == 0)
            s->path = argv[i + 1];
        else if (strcmp(argv[i], "--against") == 0)
            s->against = argv[i + 1];
        else if (strcmp(argv[i], "--record") == 0)
            BUG_IF(!(s->record = fopen(argv[i + 1], "wb")));
        else if (strcmp(argv[i], "--lie") == 0)
            s->lie = argv[i + 1];
    }
}

int main(int argc, char **argv)
{
    struct served s = {.dumpers = {.holding = &redis_holds_scores}};
    struct sigaction action = {.sa_handler = on_signal};

    read_options(&s, argc, argv);
    if (!s.path) {
        (void)fprintf(
            stderr,
            "usage: protocol_redis --unixsocket PATH [--record PATH] [--against PATH [--lie reply|data]]\n");
        return 2;
    }
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    s.redis = redis_server_new(&(struct redis_server_host){now_ms, refuse, &s},
                               "5f5e7a1b0c5f5e7a1b0c5f5e7a1b0c5f5e7a1b0c");
    redis_server_admit(s.redis, redis_foreign_commands);
    s.listener = listen_at(s.path);
    while (!ended)
        serve_all(&s);
    while (s.client_count)
        part_from(&s, 0);
    (void)close(s.listener);
    redis_server_free(s.redis);
    redis_table_release(&s.dumpers);
    BUG_IF(s.record && fclose(s.record) != 0);
    (void)printf("%lld commands; the same bytes in %lld replies, the same sets in %lld, %lld dumps; %lld not "
                 "compared\n",
                 (long long)s.commands, (long long)s.tally.replies, (long long)s.tally.sorted,
                 (long long)s.tally.dumps, (long long)s.tally.skipped);
    return 0;
}
