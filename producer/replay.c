#include "producer/replay.h"

#include "base/mem.h"

#include <string.h>

enum {
    REPLAY_LOOK_MS = 10 * 1000,
    REPLAY_AGAIN_MS =
        60 * 60 * 1000, /* committed anew, so that the broker does not forget a group without members */
};

enum { BEFORE = -1 };

struct uncovered {
    char *workload;
    int64_t first, last; /* offsets of records that no snapshot covers; BEFORE: read by an earlier leader */
    UT_hash_handle hh;
};

static void drop(struct partition *p, struct uncovered *u)
{
    HASH_DEL(p->start.uncovered, u);
    xfree(u->workload);
    xfree(u);
}

void replay_reset(struct partition *p)
{
    struct uncovered *u = NULL;
    struct uncovered *tmp = NULL;

    HASH_ITER(hh, p->start.uncovered, u, tmp)
    drop(p, u);
    p->start.asked = 0;
    p->start.changed = p->start.looked = p->start.beats = false;
    p->start.proposed = VIEW_NOT_KNOWN;
    p->start.due_ms = p->c->now_ms + REPLAY_LOOK_MS;
    p->start.committed = VIEW_NOT_KNOWN;
    p->start.committed_at_ms = INT64_MIN;
}

static struct uncovered *uncovered_of(struct partition *p, const char *workload, int64_t first)
{
    struct uncovered *u = NULL;

    HASH_FIND_STR(p->start.uncovered, workload, u);
    if (u)
        return u;
    u = xcalloc(1, sizeof *u);
    u->workload = xstrdup(workload);
    u->first = u->last = first;
    HASH_ADD_KEYPTR(hh, p->start.uncovered, u->workload, strlen(u->workload), u);
    return u;
}

void replay_saw(struct partition *p, const char *workload, int64_t offset)
{
    if (workload && ids_workload_ok(str_of(workload)))
        uncovered_of(p, workload, offset)->last = offset;
}

void replay_covered(struct partition *p)
{
    p->start.changed = true;
}

static void on_commit(void *self, uint64_t id, const struct err *err)
{
    struct partition *p = self;

    (void)id;
    if (err->kind != ERR_NONE) {
        log_warn(p->c->ports->log, "replay.commit", fi("partition", p->number), fe(err));
        p->start.committed = VIEW_NOT_KNOWN;
        p->start.changed = true;
    }
}

static void commit(struct partition *p, int64_t start)
{
    const struct kafka *k = &p->c->ports->kafka;

    p->start.changed = false;
    if (start == p->start.committed && p->c->now_ms - p->start.committed_at_ms < REPLAY_AGAIN_MS)
        return;
    p->start.committed = start;
    p->start.committed_at_ms = p->c->now_ms;
    (void)k->ops->commit(k->port, p->c->coord, p->c->events, p->number, start, on_commit, p);
}

static bool owes(const struct view_keys *debtors, const char *workload)
{
    for (size_t i = 0; i < debtors->n; i++)
        if (str_is(debtors->at[i], workload))
            return true;
    return false;
}

/* Whoever is busy as this term is looked at first may have been so before: the first record is another's. */
static void note_busy(struct partition *p, const struct view_keys *debtors)
{
    for (size_t i = 0; i < debtors->n; i++) {
        char *workload CLEANUP(xfreep) = str_dup(debtors->at[i]);
        uncovered_of(p, workload, BEFORE)->first = BEFORE;
    }
    p->start.looked = true;
}

/* Each is a workload that was seen at rest in this term, so that its first uncovered record was read here. */
static bool knows_all(const struct partition *p, const struct view_keys *debtors)
{
    for (size_t i = 0; i < debtors->n; i++) {
        char *workload CLEANUP(xfreep) = str_dup(debtors->at[i]);
        const struct uncovered *u = NULL;
        HASH_FIND_STR(p->start.uncovered, workload, u);
        if (!u || u->first == BEFORE)
            return false;
    }
    return true;
}

/* Who is at rest now begins anew. Returns the lowest offset that a lost view needs. */
static int64_t settle(struct partition *p, const struct view_keys *debtors)
{
    int64_t start = p->start.asked_pos + 1;
    struct uncovered *u = NULL;
    struct uncovered *tmp = NULL;

    HASH_ITER(hh, p->start.uncovered, u, tmp)
    {
        bool busy = owes(debtors, u->workload);
        if (u->last <= p->start.asked_pos && !busy)
            drop(p, u); /* at rest, and its snapshot is acknowledged */
        else if (u->first == BEFORE && !busy)
            u->first = p->start.asked_pos + 1; /* at rest there; what was read since is not covered */
        else if (u->first < start)
            start = u->first;
    }
    return start;
}

static void on_debtors(void *self, uint64_t id, const struct view_keys *k)
{
    struct partition *p = self;

    if (id != p->start.asked)
        return;
    p->start.asked = 0;
    if (k->err.kind != ERR_NONE || !partition_leads(p))
        return; /* looked at again later */
    if (!p->start.looked)
        note_busy(p, k);
    int64_t start = settle(p, k);
    if (knows_all(p, k)) /* else only an earlier leader's start is known to be low enough */
        p->start.proposed = start;
}

void replay_beats(struct partition *p)
{
    p->start.beats = p->start.proposed != VIEW_NOT_KNOWN;
}

void replay_beaten(struct partition *p, bool ok)
{
    int64_t start = p->start.proposed;

    if (ok && !p->start.beats)
        return; /* it was sent before */
    p->start.beats = false;
    p->start.proposed = VIEW_NOT_KNOWN;
    if (ok)
        commit(p, start);
    else if (start != VIEW_NOT_KNOWN)
        p->start.changed = true; /* looked at again */
}

void replay_turn(struct partition *p)
{
    bool again =
        p->start.committed != VIEW_NOT_KNOWN && p->c->now_ms - p->start.committed_at_ms >= REPLAY_AGAIN_MS;

    if (!partition_leads(p) || p->start.asked || p->start.proposed != VIEW_NOT_KNOWN ||
        p->c->now_ms < p->start.due_ms || !(p->start.changed || again || !p->start.looked))
        return;
    p->start.due_ms = p->c->now_ms + REPLAY_LOOK_MS;
    p->start.asked_pos = p->tail.pos;
    p->start.asked = view_debtors(p->c->view, p->number, on_debtors, p);
}
