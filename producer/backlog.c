#include "producer/backlog.h"

/* An answer that belongs to a count which was dropped: ids of a view only grow. */
static bool is_stale(const struct partition *p, uint64_t id)
{
    return !p->backlog.left || id < p->backlog.asked;
}

static void count(struct partition *p, const struct view_said *s, int64_t *sum)
{
    p->backlog.left--;
    p->backlog.failed |= s->err.kind != ERR_NONE;
    *sum += s->n;
    if (p->backlog.left || p->backlog.failed)
        return; /* more to come; or: the last whole count stands */
    p->backlog.counted = true;
    p->backlog.in_flight = p->backlog.leased;
    p->backlog.due = p->backlog.pending > p->backlog.leased ? p->backlog.pending - p->backlog.leased : 0;
}

static void on_pending(void *self, uint64_t id, const struct view_said *s)
{
    struct partition *p = self;

    if (!is_stale(p, id))
        count(p, s, &p->backlog.pending);
}

static void on_leased(void *self, uint64_t id, const struct view_said *s)
{
    struct partition *p = self;

    if (!is_stale(p, id))
        count(p, s, &p->backlog.leased);
}

static void on_gates(void *self, uint64_t id, const struct view_gates *g)
{
    struct partition *p = self;

    if (is_stale(p, id))
        return;
    p->backlog.left = 0;
    if (g->err.kind != ERR_NONE)
        return;
    if (!g->n) {
        p->backlog.counted = true;
        p->backlog.due = p->backlog.in_flight = 0;
    }
    p->backlog.left = 2 * g->n;
    for (size_t i = 0; i < g->n; i++) {
        (void)view_pending(p->c->view, &g->at[i], on_pending, p);
        (void)view_leased(p->c->view, &g->at[i], on_leased, p);
    }
}

void backlog_turn(struct partition *p)
{
    if (p->backlog.left || p->c->now_ms < p->backlog.due_ms)
        return;
    p->backlog.due_ms = p->c->now_ms + BACKLOG_MS;
    p->backlog.pending = p->backlog.leased = 0;
    p->backlog.failed = false;
    p->backlog.left = 1;
    p->backlog.asked = view_gates(p->c->view, p->number, on_gates, p);
}

void backlog_again(struct partition *p)
{
    p->backlog.left = 0;
    p->backlog.due_ms = 0;
}

void backlog_drop(struct partition *p)
{
    backlog_again(p);
    p->backlog.counted = false;
    p->backlog.due = p->backlog.in_flight = 0;
}
