#include "producer/leader.h"

#include "base/mem.h"
#include "producer/journal.h"
#include "producer/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MARKS_FRESH_MS = 500, MARKS_AHEAD_MS = 300 /* before the beat that needs them */ };

/* ---- the lock ---- */

static void on_unlocked(void *self, uint64_t id, const struct view_said *s)
{
    (void)self; /* taken with the next asking, or removed again */
    (void)id;
    (void)s;
}

static void on_lead(void *self, uint64_t id, const struct view_said *s)
{
    struct partition *p = self;

    if (id != p->lock.asked)
        return;
    p->lock.asked = 0;
    if (s->err.kind == ERR_INVALID) { /* it would never run out, and nobody would ever lead */
        log_error(p->c->ports->log, "leader.lock_unreadable", fi("partition", p->number), fe(&s->err),
                  fs("remedy", "removed; find who else writes under this redis.prefix"));
        (void)view_unlock(p->c->view, p->number, on_unlocked, p);
    }
    if (s->err.kind != ERR_NONE)
        return; /* what we hold runs out by itself */
    p->lock.held_until_ms = s->yes ? p->lock.due_ms - LEADER_RENEW_MS + LEADER_TTL_MS : INT64_MIN;
}

void leader_lock(struct partition *p)
{
    if (p->lock.asked || p->c->now_ms < p->lock.due_ms)
        return;
    p->lock.due_ms = p->c->now_ms + LEADER_RENEW_MS; /* held from the moment of asking, not of the answer */
    p->lock.asked = view_lead(p->c->view, p->number, p->c->id, LEADER_TTL_MS, on_lead, p);
}

bool leader_held(const struct partition *p)
{
    return p->lock.held_until_ms > p->c->now_ms;
}

/* ---- watermarks ---- */

static void on_marks(void *self, uint64_t id, const struct kafka_watermarks *w)
{
    struct partition *p = self;

    if (id != p->beat.marks_asked)
        return;
    p->beat.marks_asked = 0;
    if (w->err.kind != ERR_NONE || w->n != 1 || w->high[0] < 0)
        return; /* asked again next turn; without it no heartbeat, so no lease */
    p->beat.low = w->low[0];
    p->beat.high = w->high[0];
    p->beat.high_at_ms = w->asked_boot_ms;
}

void leader_marks(struct partition *p)
{
    const struct kafka *k = &p->c->ports->kafka;

    if (p->beat.marks_asked ||
        (p->beat.high_at_ms != INT64_MIN && p->c->now_ms - p->beat.high_at_ms < MARKS_FRESH_MS))
        return;
    if (p->state == PARTITION_LEAD && p->c->now_ms < p->beat.due_ms - MARKS_AHEAD_MS)
        return;
    p->beat.marks_asked = k->ops->watermarks(k->port, p->c->events, &p->number, 1, on_marks, p);
}

/* ---- the heartbeat ---- */

static void beat_gap(struct partition *p, int64_t applied)
{
    log_warn(p->c->ports->log, "view.gap", fi("partition", p->number), fi("applied", applied),
             fi("pos", p->tail.pos));
    if (applied < p->tail.pos)
        p->must_open = true; /* it went back: leases may be gone */
    partition_trouble(p, TROUBLE_LOCATE);
}

static void beat_ok(struct partition *p)
{
    if (!p->beat.open)
        p->beat.open_since_ms = p->c->now_ms;
    p->beat.open = true;
    p->beat.confirmed_ms = p->c->now_ms;
}

static void on_beat(void *self, uint64_t id, const struct view_beaten *b)
{
    struct partition *p = self;

    if (id != p->beat.asked)
        return;
    p->beat.asked = 0;
    if (b->err.kind != ERR_NONE) {
        p->c->counters.view_failures++;
        partition_trouble(p, b->err.kind == ERR_INVALID ? TROUBLE_REBUILD : TROUBLE_LOCATE);
        return;
    }
    replay_beaten(p, b->answer == VIEW_BEAT_OK);
    if (b->answer != VIEW_BEAT_OK && b->answer != VIEW_BEAT_BASE)
        p->beat.open = false;
    switch (b->answer) {
    case VIEW_BEAT_OK:
        beat_ok(p);
        break;
    case VIEW_BEAT_BASE:
        p->beat.due_ms = 0; /* the first of a leader: at once again */
        break;
    case VIEW_BEAT_JUMP:
        log_warn(p->c->ports->log, "redis.clock.jump", fi("partition", p->number));
        break;
    case VIEW_BEAT_BEHIND:
        break; /* the tail is at it */
    case VIEW_BEAT_INC:
        leader_open(p);
        break;
    case VIEW_BEAT_GAP:
        beat_gap(p, b->n);
        break;
    case VIEW_BEAT_NOVIEW:
    case VIEW_BEAT_OTHERFV:
        partition_trouble(p, TROUBLE_LOCATE);
        break;
    }
}

static bool beat_due(const struct partition *p)
{
    return p->state == PARTITION_LEAD && !p->beat.asked && p->c->now_ms >= p->beat.due_ms;
}

bool leader_waits(const struct partition *p)
{
    return beat_due(p) && p->beat.high_at_ms != INT64_MIN;
}

void leader_beat(struct partition *p)
{
    if (!leader_waits(p) || p->tail.n > 0)
        return;
    p->beat.due_ms = p->c->now_ms + BEAT_MS;
    struct view_pulse pulse = {
        .leader = p->c->id,
        .pos = p->tail.pos,
        .high = p->beat.high,
        .age_ms = p->c->now_ms - p->beat.high_at_ms,
        .boot_ms = p->c->now_ms,
    };
    replay_beats(p);
    p->beat.asked = view_beat(p->c->view, p->number, &pulse, on_beat, p);
}

/* ---- opening ---- */

static void on_opened(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct partition *p = self;

    (void)id;
    p->beat.opening = false;
    if (a->err.kind == ERR_NONE)
        p->must_open = false;
    else
        p->beat.opened_at_ms = INT64_MIN; /* may or may not be there: a second one is harmless */
}

void leader_open(struct partition *p)
{
    struct context *c = p->c;
    struct redis_state state = {0};
    struct event ev;
    struct err e = {0};

    if (p->beat.opening ||
        (p->beat.opened_at_ms != INT64_MIN && c->now_ms - p->beat.opened_at_ms < OPEN_AGAIN_MS))
        return;
    redis_state(&c->ports->redis, &state);
    if (!state.connected || strcmp(state.run_id, p->run_id) != 0)
        return; /* another server: it is located first */
    event_init(&ev, EVENT_VIEW_OPENED, context_wall_ms(c), NULL, NULL);
    ev.view.inc = xstrdup(state.run_id);
    ev.view.ttl_ms = c->options->lease.ttl_ms;
    ev.view.taws_ms = c->options->fence.window_ms;
    p->beat.opening = true;
    p->beat.opened_at_ms = c->now_ms;
    c->counters.openings++;
    log_info(c->ports->log, "view.open", fi("partition", p->number), fs("inc", state.run_id));
    BUG_IF(!journal_event(c, p->number, &ev, on_opened, p, &e)); /* it has a few small fields */
    event_release(&ev);
}
