#include "awssim/ledger.h"

#include "base/mem.h"
#include "codec/json.h"

#include <inttypes.h>

struct ledger {
    char **lines; /* seq s stands at (s - 1) % LEDGER_LINES_MAX */
    int64_t last;
    awssim_listener *listener;
    void *self;
};

enum { LINE_MAX_BYTES = 256 * 1024 };

struct ledger *ledger_new(void)
{
    struct ledger *l = xcalloc(1, sizeof *l);

    l->lines = xcalloc(LEDGER_LINES_MAX, sizeof *l->lines);
    return l;
}

void ledger_free(struct ledger *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < LEDGER_LINES_MAX; i++)
        xfree(l->lines[i]);
    xfree(l->lines);
    xfree(l);
}

void ledger_listen(struct ledger *l, awssim_listener *listener, void *self)
{
    l->listener = listener;
    l->self = self;
}

int64_t ledger_last(const struct ledger *l)
{
    return l->last;
}

static void add_field(struct buf *line, const char *name, const char *value)
{
    buf_adds(line, ",\"");
    buf_adds(line, name);
    buf_adds(line, "\":");
    json_quote(str_of(value), line);
}

static void add_caller(struct buf *line, const struct awssim_event *ev)
{
    add_field(line, "region", ev->region);
    add_field(line, "account", ev->account);
    add_field(line, "run", ev->run);
    add_field(line, "job", ev->job);
    add_field(line, "attempt", ev->attempt);
    add_field(line, "request_id", ev->request_id);
}

static void add_call(struct buf *line, const struct awssim_event *ev)
{
    add_field(line, "service", ev->service);
    add_field(line, "operation", ev->operation);
    add_caller(line, ev);
    buf_adds(line, ",\"ids\":[");
    for (size_t i = 0; ev->ids && i < ev->ids->n; i++) {
        if (i)
            buf_addc(line, ',');
        json_quote(str_of(ev->ids->at[i]), line);
    }
    buf_addf(line, "],\"status\":%d", ev->status);
    add_field(line, "code", ev->code);
    add_field(line, "fault", ev->fault);
}

static void add_state(struct buf *line, const struct awssim_event *ev)
{
    add_field(line, "id", ev->id);
    add_field(line, "from", ev->from);
    add_field(line, "to", ev->to);
    add_field(line, "cause", ev->cause);
    add_caller(line, ev);
}

void ledger_add(struct ledger *l, const struct awssim_event *event)
{
    static const char *const kinds[] = {"call", "state", "guest"};
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    char **at = &l->lines[(size_t)(l->last % LEDGER_LINES_MAX)];

    l->last++;
    buf_addf(&line, "{\"seq\":%" PRId64 ",\"kind\":\"%s\",\"mono_ms\":%" PRId64 ",\"wall_ms\":%" PRId64,
             l->last, kinds[event->kind], event->at.boot_ms, event->at.wall_ms);
    if (event->kind == AWSSIM_CALL)
        add_call(&line, event);
    else if (event->kind == AWSSIM_STATE)
        add_state(&line, event);
    else {
        add_field(&line, "id", event->id);
        add_field(&line, "command", event->cause);
        add_field(&line, "found", event->to);
    }
    buf_adds(&line, "}\n");
    BUG_IF(line.over);
    xfree(*at);
    *at = buf_take(&line);
    if (l->listener)
        l->listener(l->self, event);
}

void ledger_print(const struct ledger *l, int64_t after, struct buf *out)
{
    int64_t first = l->last > LEDGER_LINES_MAX ? l->last - LEDGER_LINES_MAX + 1 : 1;

    if (after + 1 > first)
        first = after + 1;
    for (int64_t s = first; s <= l->last; s++)
        buf_adds(out, l->lines[(size_t)((s - 1) % LEDGER_LINES_MAX)]);
}
