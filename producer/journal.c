#include "producer/journal.h"

#include "base/mem.h"

#include <utlist.h>

struct waiting { /* for one append */
    struct context *c;
    journal_done *done;
    void *self;
    struct waiting *prev, *next;
};

static void on_append(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct waiting *w = self;
    struct context *c = w->c;

    c->in_flight--;
    if (a->err.kind == ERR_NONE) {
        c->counters.appended++;
    } else {
        c->counters.append_failures++;
        log_warn(c->ports->log, "append.failed", fe(&a->err));
    }
    if (w->done)
        w->done(w->self, id, a);
    DL_DELETE(c->waiting, w);
    xfree(w);
}

void journal_forget(struct context *c)
{
    struct waiting *w = NULL, *next = NULL;

    DL_FOREACH_SAFE(c->waiting, w, next)
    xfree(w);
    c->waiting = NULL;
}

static void append(struct context *c, struct kafka_append *a, journal_done *done, void *self)
{
    struct waiting *w = xcalloc(1, sizeof *w);

    *w = (struct waiting){.c = c, .done = done, .self = self};
    DL_APPEND(c->waiting, w);
    a->lane = KAFKA_LANE_EVENTS;
    c->in_flight++;
    (void)c->ports->kafka.ops->append(c->ports->kafka.port, a, on_append, w);
}

bool journal_event(struct context *c, int partition, const struct event *ev, journal_done *done, void *self,
                   struct err *e)
{
    BUF_CLEANUP struct buf value = BUF_INIT(EVENT_TEXT_MAX);
    struct event_headers h;
    struct kafka_header headers[EVENT_HEADERS];
    char id[CONTEXT_ID_MAX];

    event_print(ev, &value);
    if (!buf_ok(&value, ev->type_name, e))
        return false;
    context_nonce(c, id);
    event_headers_fill(&h, ev, c->source_name, id);
    for (size_t i = 0; i < h.n; i++)
        headers[i] = (struct kafka_header){.name = str_of(h.names[i]), .value = str_of(h.values[i])};
    struct kafka_append a = {
        .topic = c->events,
        .partition = partition,
        .key = ev->workload ? str_of(ev->workload) : str_n(NULL, 0),
        .value = buf_view(&value),
        .headers = headers,
        .header_count = h.n,
    };
    append(c, &a, done, self);
    return true;
}

void journal_snapshot(struct context *c, int partition, const char *workload, struct str value,
                      journal_done *done, void *self)
{
    struct kafka_append a = {
        .topic = c->snap, .partition = partition, .key = str_of(workload), .value = value};

    append(c, &a, done, self);
}

void journal_tier(struct context *c, int partition, enum event_type type, const char *workload,
                  const char *run, const char *epoch, int64_t step, const struct strs *tiers)
{
    struct event ev;
    struct err e = {0};

    event_init(&ev, type, context_wall_ms(c), workload, run);
    ev.epoch = xstrdup(epoch);
    ev.tier.step = step;
    strs_copy(&ev.tier.tiers, tiers);
    if (!journal_event(c, partition, &ev, NULL, NULL, &e))
        log_warn(c->ports->log, "notice.dropped", fe(&e));
    event_release(&ev);
}
