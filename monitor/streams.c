#include "monitor/streams.h"

#include "base/mem.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

enum { FRAME_MAX = 128 /* bytes around a record */ };

struct client {
    struct streams *streams;
    char *workload; /* NULL: all */
    uint64_t at;    /* number of the next record to look at */
    int skip;       /* of this partition it has all up to skip_to; -1: of none */
    int64_t skip_to;
    bool greeted, gap;
    int64_t spoke_ms;
    struct client *prev, *next;
};

struct streams {
    const struct feed *feed;
    char name[STREAMS_NAME_MAX];
    struct client *clients;
    struct streams_counts counts;
    int64_t now_ms;
    bool ending;
};

struct streams *streams_new(const struct feed *feed, const char *name)
{
    struct streams *s = xcalloc(1, sizeof *s);

    BUG_IF(strlen(name) >= STREAMS_NAME_MAX);
    s->feed = feed;
    memcpy(s->name, name, strlen(name));
    return s;
}

void streams_free(struct streams *s)
{
    BUG_IF(s && s->clients);
    xfree(s);
}

/* ---- where a client goes on ---- */

struct last_id {
    int64_t partition, offset;
    struct str name;
};

static bool read_id(struct str text, struct last_id *out)
{
    struct str partition;
    struct str offset;
    struct str rest;

    if (!str_cut(text, ':', &partition, &rest))
        return false;
    if (!str_cut(rest, ':', &offset, &out->name)) {
        offset = rest;
        out->name = STR("");
    }
    return str_to_i64(partition, &out->partition) && str_to_i64(offset, &out->offset) &&
           out->partition >= 0 && out->partition <= INT32_MAX && out->offset >= 0;
}

/* One workload's records have one order everywhere: that of their partition. */
static void resume(const struct streams *s, struct client *c, const struct last_id *id, int partition)
{
    uint64_t behind = feed_behind(s->feed, (int)id->partition, id->offset);

    if (behind && str_is(id->name, s->name)) {
        c->at = behind;
        return;
    }
    c->at = feed_first(s->feed);
    c->skip = (int)id->partition;
    c->skip_to = id->offset;
    c->gap = c->skip != partition || !feed_covers(s->feed, partition, id->offset);
}

/* ---- what it is told ---- */

static bool is_wanted(const struct client *c, const struct feed_record *r)
{
    if (!r->progress && r->partition == c->skip && r->offset <= c->skip_to)
        return false;
    return !c->workload || (r->workload && strcmp(r->workload, c->workload) == 0);
}

static bool is_left_behind(const struct client *c)
{
    return c->at < feed_first(c->streams->feed);
}

/* The next record that it wants; NULL: there is none now. */
static const struct feed_record *upcoming(struct client *c)
{
    const struct feed_record *r = NULL;

    while ((r = feed_at(c->streams->feed, c->at)) != NULL && !is_wanted(c, r))
        c->at++;
    return r;
}

static bool client_ready(void *self)
{
    struct client *c = self;
    const struct streams *s = c->streams;

    return s->ending || !c->greeted || is_left_behind(c) || upcoming(c) ||
           s->now_ms >= c->spoke_ms + STREAMS_PING_MS;
}

static void greet(struct client *c, struct buf *out)
{
    c->greeted = true;
    buf_adds(out, "retry: 2000\n\n");
    if (c->gap)
        buf_adds(out,
                 "event: gap\ndata: {\"v\":1,\"why\":\"what came behind your last event is not all in the "
                 "window: some may be missing or come twice\"}\n\n");
}

static void tell(const struct client *c, const struct feed_record *r, struct buf *out)
{
    if (r->progress)
        buf_adds(out, "event: progress\n");
    else
        buf_addf(out, "id: %d:%" PRId64 ":%s\n", r->partition, r->offset, c->streams->name);
    buf_adds(out, "data: ");
    buf_add(out, str_n(r->text, r->size));
    buf_adds(out, "\n\n");
}

static bool client_read(void *self, struct buf *out)
{
    struct client *c = self;
    struct streams *s = c->streams;
    const struct feed_record *r = NULL;

    if (s->ending)
        return false;
    if (is_left_behind(c)) {
        s->counts.cut++;
        return false;
    }
    if (!c->greeted)
        greet(c, out);
    while ((r = upcoming(c)) != NULL && (out->n == 0 || out->n + r->size + FRAME_MAX <= STREAMS_READ_MAX)) {
        tell(c, r, out);
        c->at++;
    }
    if (!out->n && s->now_ms >= c->spoke_ms + STREAMS_PING_MS)
        buf_adds(out, ":\n\n");
    if (out->n)
        c->spoke_ms = s->now_ms;
    return true;
}

static void client_close(void *self)
{
    struct client *c = self;

    DL_DELETE(c->streams->clients, c);
    c->streams->counts.open--;
    xfree(c->workload);
    xfree(c);
}

bool streams_open(struct streams *s, const struct streams_wish *wish, struct http_stream *out, struct err *e)
{
    struct last_id id = {0};

    if (wish->last_id.n && !read_id(wish->last_id, &id))
        return err_set(e, ERR_INVALID,
                       "Last-Event-ID is PARTITION:OFFSET, or an id of an event as it was told");
    if (s->ending || s->counts.open == STREAMS_MAX) {
        s->counts.refused++;
        return err_set(e, ERR_UNAVAILABLE, "%zu clients follow the events already%s", s->counts.open,
                       s->ending ? ", and the monitor ends" : "");
    }
    struct client *c = xcalloc(1, sizeof *c);
    *c = (struct client){.streams = s,
                         .workload = wish->workload ? xstrdup(wish->workload) : NULL,
                         .at = feed_next(s->feed),
                         .skip = -1,
                         .spoke_ms = s->now_ms};
    if (wish->last_id.n)
        resume(s, c, &id, wish->workload ? wish->partition : -1);
    DL_APPEND(s->clients, c);
    s->counts.open++;
    s->counts.opened++;
    *out = (struct http_stream){client_ready, client_read, client_close, c};
    return true;
}

int64_t streams_turn(struct streams *s, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    const struct client *c = NULL;

    s->now_ms = now_ms;
    DL_FOREACH(s->clients, c)
    {
        int64_t at_ms = c->spoke_ms + STREAMS_PING_MS;
        at_ms = at_ms > now_ms ? at_ms : now_ms + STREAMS_PING_MS; /* it is ready: the server asks it */
        next_ms = at_ms < next_ms ? at_ms : next_ms;
    }
    return next_ms;
}

void streams_end(struct streams *s)
{
    s->ending = true;
}

struct streams_counts streams_count(const struct streams *s)
{
    return s->counts;
}
