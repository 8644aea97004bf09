#include "support/fake_world.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/moment.h"

#include <stdio.h>
#include <string.h>

static struct instant now(void *self)
{
    return ((struct fake_world *)self)->now;
}

static void chance(void *self, void *out, size_t n)
{
    struct fake_world *f = self;
    uint64_t x = f->chance++;

    memset(out, 0, n);
    memcpy(out, &x, n < sizeof x ? n : sizeof x);
}

static uint64_t http_ask(void *port, const struct http_request *r, http_done *done, void *self)
{
    struct fake_world *f = port;
    struct buf headers = BUF_INIT((size_t)256 * 1024);

    BUG_IF(f->asked_count == FAKE_ASKED_MAX);
    for (size_t i = 0; i < r->header_count; i++)
        buf_addf(&headers, STR_FMT ": " STR_FMT "\n", STR_ARG(r->headers[i].name),
                 STR_ARG(r->headers[i].value));
    struct fake_asked *a = &f->asked[f->asked_count++];
    *a = (struct fake_asked){.id = f->asked_count,
                             .done = done,
                             .self = self,
                             .method = xstrdup(r->method),
                             .url = str_dup(r->url),
                             .headers = buf_take(&headers),
                             .body = str_dup(r->body),
                             .timeout_ms = r->timeout_ms,
                             .direct = r->direct,
                             .once = r->once};
    return a->id;
}

static void http_drop(void *port, uint64_t id)
{
    struct fake_world *f = port;

    for (size_t i = 0; i < f->asked_count; i++) {
        if (f->asked[i].id == id) {
            f->asked[i].id = 0;
            f->asked[i].cancelled = true;
        }
    }
}

static const char *env(void *port, const char *name)
{
    const struct fake_world *f = port;
    const char *value = NULL;

    for (size_t i = 0; i < f->env_count; i++)
        if (strcmp(f->env[i].name, name) == 0)
            value = f->env[i].value;
    return value;
}

static bool read_file(void *port, const char *path, struct buf *out, struct err *e)
{
    const struct fake_world *f = port;

    for (size_t i = f->file_count; i > 0; i--) {
        if (strcmp(f->files[i - 1].name, path) == 0) {
            buf_adds(out, f->files[i - 1].value);
            return buf_ok(out, path, e);
        }
    }
    return err_set(e, ERR_NOT_FOUND, "%s: no such file", path);
}

static const struct process_ops process_ops = {.env = env, .read_file = read_file};

static int64_t wall(void *self)
{
    return ((struct fake_world *)self)->now.wall_ms;
}

static void log_line(void *self, struct str line)
{
    (void)line;
    ((struct fake_world *)self)->warnings++;
}

void fake_world_init(struct fake_world *f)
{
    enum { BOOT_MS = 1000000 };

    memset(f, 0, sizeof *f);
    f->now = (struct instant){BOOT_MS, 1777629600000}; /* 2026-05-01T10:00:00Z */
    f->log = (struct log){LOG_INFO, LOG_LOGFMT, wall, log_line, f};
    f->chance = 500000; /* of a million: the middle */
    f->ports.clock = (struct clock){now, f};
    f->ports.rng = (struct rng){chance, f};
    f->ports.http = (struct http){http_ask, http_drop, f};
    f->ports.process = (struct process){&process_ops, f};
    f->ports.log = &f->log;
}

void fake_world_release(struct fake_world *f)
{
    for (size_t i = 0; i < f->asked_count; i++) {
        xfree(f->asked[i].method);
        xfree(f->asked[i].url);
        xfree(f->asked[i].headers);
        xfree(f->asked[i].body);
    }
    f->asked_count = 0;
}

void fake_env(struct fake_world *f, const char *name, const char *value)
{
    BUG_IF(f->env_count == FAKE_PAIRS_MAX);
    f->env[f->env_count].name = name;
    f->env[f->env_count++].value = value;
}

void fake_file(struct fake_world *f, const char *path, const char *text)
{
    BUG_IF(f->file_count == FAKE_PAIRS_MAX);
    f->files[f->file_count].name = path;
    f->files[f->file_count++].value = text;
}

void fake_pass(struct fake_world *f, int64_t ms)
{
    f->now.boot_ms += ms;
    f->now.wall_ms += ms;
}

struct fake_asked *fake_last(struct fake_world *f)
{
    BUG_IF(!f->asked_count);
    return &f->asked[f->asked_count - 1];
}

size_t fake_open(const struct fake_world *f)
{
    size_t n = 0;

    for (size_t i = 0; i < f->asked_count; i++)
        n += f->asked[i].id != 0;
    return n;
}

const char *fake_header(const struct fake_asked *a, const char *name)
{
    static char value[8192];
    struct str rest = str_of(a->headers);

    while (rest.n) {
        struct str line, key;
        (void)str_cut(rest, '\n', &line, &rest);
        (void)str_cut(line, ':', &key, &line);
        if (str_is_nocase(key, name)) {
            (void)snprintf(value, sizeof value, STR_FMT, STR_ARG(str_trim(line)));
            return value;
        }
    }
    return "";
}

/* "Fri, 01 May 2026 10:00:00 GMT" */
static void http_date(int64_t wall_ms, char out[64])
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil c = moment_civil(wall_ms);

    (void)snprintf(out, 64, "%s, %02d %s %d %02d:%02d:%02d GMT", days[c.weekday], c.day, months[c.month - 1],
                   c.year, c.hour, c.minute, c.second);
}

void fake_answer_to(struct fake_world *f, struct fake_asked *q, const struct fake_answer *a)
{
    struct http_header headers[2];
    struct http_reply r = {
        .status = a->status, .headers = headers, .body = str_of(a->body), .sent = true, .rtt_ms = 20};
    char date[64];
    uint64_t id = q->id;

    BUG_IF(!id);
    http_date(f->now.wall_ms + a->ahead_ms, date);
    if (!a->date || a->date[0])
        headers[r.header_count++] = (struct http_header){STR("Date"), str_of(a->date ? a->date : date)};
    if (a->name)
        headers[r.header_count++] = (struct http_header){str_of(a->name), str_of(a->value)};
    q->id = 0;
    q->done(q->self, id, &r);
}

void fake_answer(struct fake_world *f, const struct fake_answer *a)
{
    fake_answer_to(f, fake_last(f), a);
}

void fake_reply(struct fake_world *f, int status, const char *body)
{
    const struct fake_answer a = {.status = status, .body = body};

    fake_answer(f, &a);
}

void fake_break(struct fake_world *f, bool sent)
{
    struct fake_asked *q = fake_last(f);
    struct http_reply r = {.sent = sent, .rtt_ms = 20};
    uint64_t id = q->id;

    (void)err_set(&r.err, ERR_UNAVAILABLE, "connection reset");
    q->id = 0;
    q->done(q->self, id, &r);
}
