#include "producer/partition.h"

#include "producer/backlog.h"
#include "producer/leader.h"
#include "producer/notices.h"
#include "producer/owed.h"
#include "producer/pump.h"
#include "producer/replay.h"
#include "producer/seed.h"
#include "producer/tail.h"
#include "producer/tally.h"

#include <stdio.h>
#include <string.h>

const char *const partition_state_names[] = {"standby", "locate", "seed", "replay", "lead", "halt", NULL};

void partition_init(struct partition *p, struct context *c, int number)
{
    *p = (struct partition){.c = c, .number = number};
    p->tail.bad_offset = VIEW_NOT_KNOWN;
    p->tail.pos = VIEW_NOT_KNOWN;
    p->lock.held_until_ms = INT64_MIN;
    p->beat.high_at_ms = INT64_MIN;
    p->beat.opened_at_ms = INT64_MIN;
    p->tally.from = TALLY_NOTHING;
    replay_reset(p);
}

void partition_release(struct partition *p)
{
    tally_stop(p);
    tail_stop(p);
    seed_stop(p);
    owed_drop(p);
    pump_drop(p);
    backlog_drop(p);
    notices_drop(p);
    foresight_forget(&p->foresight);
    replay_reset(p);
}

bool partition_leads(const struct partition *p)
{
    return p->state == PARTITION_LEAD && p->trouble == TROUBLE_NONE && leader_held(p);
}

void partition_trouble(struct partition *p, enum partition_trouble t)
{
    log_debug(p->c->ports->log, "partition.trouble", fi("partition", p->number), fi("kind", (int64_t)t));
    if (t > p->trouble)
        p->trouble = t;
}

void partition_halt(struct partition *p, const char *why, const char *detail)
{
    log_error(p->c->ports->log, "partition.halt", fi("partition", p->number), fs("why", why),
              fs("detail", detail), fs("remedy", "look at the log; see `ec2sched recover`"));
    (void)snprintf(p->halted, sizeof p->halted, "%s", why);
    partition_enter(p, PARTITION_HALT);
}

/* ---- where the view stands ---- */

static void on_where(void *self, uint64_t id, const struct view_place *place)
{
    struct partition *p = self;

    if (id != p->locate.where)
        return;
    p->locate.where = 0;
    if (place->err.kind == ERR_INVALID) {
        p->force = true;
        p->locate.place = (struct view_place){.ttl_ms = VIEW_NOT_KNOWN, .taws_ms = VIEW_NOT_KNOWN};
        p->locate.placed = true;
        return;
    }
    if (place->err.kind != ERR_NONE)
        return; /* asked again */
    p->locate.place = *place;
    p->locate.place.inc = STR(""); /* borrowed: not kept */
    p->locate.open_here = place->open_here;
    p->locate.placed = true;
}

static void on_committed(void *self, uint64_t id, const struct kafka_committed *k)
{
    struct partition *p = self;

    if (id != p->locate.committed)
        return;
    p->locate.committed = 0;
    if (k->err.kind != ERR_NONE || k->n <= (size_t)p->number)
        return;
    p->locate.start = k->offset[p->number];
    p->locate.started = true;
}

static void begin_locate(struct partition *p)
{
    struct redis_state state = {0};

    redis_state(&p->c->ports->redis, &state);
    (void)snprintf(p->run_id, sizeof p->run_id, "%s", state.run_id);
    p->locate.where = p->locate.committed = 0;
    p->locate.placed = p->locate.started = false;
    p->beat.marks_asked = 0;
    p->beat.high_at_ms = INT64_MIN; /* asked anew: what was appended before is covered (A4) */
    p->beat.open = false;
    p->look_ms = p->c->now_ms;
}

/* This producer's settings are not the fleet's: it does not lead. */
static bool settings_differ(struct partition *p)
{
    const struct view_place *v = &p->locate.place;
    const struct options *o = p->c->options;

    if ((v->ttl_ms == VIEW_NOT_KNOWN || v->ttl_ms == o->lease.ttl_ms) &&
        (v->taws_ms == VIEW_NOT_KNOWN || v->taws_ms == o->fence.window_ms))
        return false;
    log_error(p->c->ports->log, "settings.differ", fi("partition", p->number), fi("lease_ttl_ms", v->ttl_ms),
              fi("fence_window_ms", v->taws_ms),
              fs("remedy", "lease.ttl and fence.window are the fleet's: see `ec2sched topics settings`"));
    (void)snprintf(p->halted, sizeof p->halted, "SETTINGS_DIFFER");
    partition_enter(p, PARTITION_HALT);
    return true;
}

static void found(struct partition *p)
{
    const struct view_place *v = &p->locate.place;

    if (v->fv > VIEW_FV) {
        partition_halt(p, "UPGRADE_NEEDED", "the view is folded by newer rules than this build knows");
        return;
    }
    if (settings_differ(p))
        return;
    if (v->fv < VIEW_FV) {
        p->force = true;
        partition_enter(p, PARTITION_SEED);
        return;
    }
    if (v->applied + 1 > p->beat.high || v->applied + 1 < p->beat.low) {
        partition_halt(p, "LOG_TRUNCATED", "the view stands outside of what the log holds");
        return;
    }
    if (p->tail.pos != VIEW_NOT_KNOWN && v->applied < p->tail.pos)
        p->must_open = true; /* it went back since we folded last */
    p->generation = v->generation;
    p->replay_to = p->beat.high;
    tally_from(p, p->beat.high);
    tail_start(p, v->applied + 1);
    partition_enter(p, PARTITION_REPLAY);
}

static void locate_ask(struct partition *p)
{
    const struct kafka *k = &p->c->ports->kafka;

    leader_marks(p);
    if (p->c->now_ms < p->look_ms)
        return;
    p->look_ms = p->c->now_ms + BACKOFF_MS;
    if (!p->locate.placed && !p->locate.where)
        p->locate.where = view_where(p->c->view, p->number, on_where, p);
    if (!p->locate.started && !p->locate.committed)
        p->locate.committed =
            k->ops->committed(k->port, p->c->coord, p->c->events, p->c->partitions, on_committed, p);
}

static void locate_turn(struct partition *p)
{
    locate_ask(p);
    if (!p->locate.placed || !p->locate.started || p->beat.high_at_ms == INT64_MIN)
        return;
    if (p->force || !p->locate.place.there)
        partition_enter(p, PARTITION_SEED);
    else
        found(p);
}

/* ---- the turn ---- */

static void replay_done(struct partition *p)
{
    if (p->tail.pos + 1 < p->replay_to)
        return;
    if (!p->locate.open_here)
        p->must_open = true;
    partition_enter(p, PARTITION_LEAD);
}

/* Returns when to call again at the latest. */
static int64_t lead_turn(struct partition *p)
{
    int64_t pump_ms = 0;
    int64_t notices_ms = 0;

    if (p->must_open)
        leader_open(p);
    leader_marks(p);
    tail_turn(p);
    leader_beat(p);
    if (!partition_leads(p))
        return INT64_MAX;
    owed_turn(p);
    pump_ms = pump_turn(p);
    replay_turn(p);
    backlog_turn(p);
    notices_ms = notices_turn(p);
    return pump_ms < notices_ms ? pump_ms : notices_ms;
}

static void take_trouble(struct partition *p)
{
    enum partition_trouble t = p->trouble;

    p->trouble = TROUBLE_NONE;
    if (t == TROUBLE_NONE || p->state == PARTITION_STANDBY || p->state == PARTITION_HALT)
        return;
    if (t == TROUBLE_REBUILD)
        p->force = true;
    partition_enter(p, PARTITION_LOCATE);
    p->look_ms = p->c->now_ms + BACKOFF_MS; /* a view that keeps failing is not asked in a tight loop */
}

/* The server behind the port is another one, or the same one started anew: what is known of the view may be
 * wrong. */
static void watch_server(struct partition *p)
{
    struct redis_state state = {0};

    redis_state(&p->c->ports->redis, &state);
    if (state.connected && strcmp(state.run_id, p->run_id) != 0 && p->state > PARTITION_LOCATE &&
        p->state != PARTITION_HALT)
        partition_trouble(p, TROUBLE_LOCATE);
    if (state.connected && p->state == PARTITION_LOCATE && strcmp(state.run_id, p->run_id) != 0)
        begin_locate(p);
}

static void follow_lock(struct partition *p)
{
    leader_lock(p);
    if (leader_held(p) && p->state == PARTITION_STANDBY)
        partition_enter(p, PARTITION_LOCATE);
    else if (!leader_held(p) && p->state != PARTITION_STANDBY && p->state != PARTITION_HALT)
        partition_enter(p, PARTITION_STANDBY);
}

int64_t partition_turn(struct partition *p)
{
    int64_t next = INT64_MAX;

    if (p->state != PARTITION_HALT) {
        follow_lock(p);
        watch_server(p);
        take_trouble(p);
    } else if (p->c->now_ms >= p->look_ms) {
        partition_enter(p, PARTITION_STANDBY); /* a person may have put it right: looked at anew */
    }
    switch (p->state) {
    case PARTITION_LOCATE:
        locate_turn(p);
        break;
    case PARTITION_SEED:
        seed_turn(p);
        break;
    case PARTITION_REPLAY:
        tail_turn(p);
        replay_done(p);
        break;
    case PARTITION_LEAD:
        next = lead_turn(p);
        break;
    case PARTITION_STANDBY:
    case PARTITION_HALT:
        break;
    }
    int64_t look =
        p->c->now_ms + (p->state == PARTITION_STANDBY || p->state == PARTITION_HALT ? BACKOFF_MS : SWEEP_MS);
    return look < next ? look : next;
}

void partition_enter(struct partition *p, enum partition_state to)
{
    enum partition_state from = p->state;

    log_info(p->c->ports->log, "partition.state", fi("partition", p->number),
             fs("from", partition_state_names[from]), fs("to", partition_state_names[to]),
             fi("pos", p->tail.pos));
    if (from == PARTITION_LEAD)
        notices_say(p);
    p->state = to;
    p->since_ms = p->c->now_ms;
    if (to != PARTITION_SEED)
        seed_stop(p);
    switch (to) {
    case PARTITION_STANDBY:
        p->must_open = p->force = false;
        p->halted[0] = 0;
        /* fall through */
    case PARTITION_HALT:
        p->look_ms = p->c->now_ms + HALT_LOOK_MS;
        p->trouble = TROUBLE_NONE;
        p->beat.open = false;
        tally_stop(p);
        tail_stop(p);
        owed_drop(p);
        pump_drop(p);
        backlog_drop(p);
        break;
    case PARTITION_LOCATE:
        tail_stop(p);
        owed_drop(p);
        pump_drop(p);
        foresight_forget(&p->foresight);
        backlog_again(p);
        replay_reset(p);
        begin_locate(p);
        break;
    case PARTITION_SEED:
        seed_start(p);
        break;
    case PARTITION_REPLAY:
        break;
    case PARTITION_LEAD:
        p->halted[0] = 0;
        p->beat.confirmed_ms = p->c->now_ms;
        p->beat.due_ms = p->owed.due_ms = p->pump.due_ms = p->c->now_ms;
        p->owed.seen = p->pump.seen = VIEW_NOT_KNOWN;
        break;
    }
}

static void on_left(void *self, uint64_t id, const struct view_said *s)
{
    (void)self; /* whatever it says: the lock runs out by itself */
    (void)id;
    (void)s;
}

void partition_leave(struct partition *p)
{
    if (p->state != PARTITION_STANDBY)
        partition_enter(p, PARTITION_STANDBY);
    if (leader_held(p))
        (void)view_unlead(p->c->view, p->number, p->c->id, on_left, NULL);
    p->lock.held_until_ms = INT64_MIN;
}
