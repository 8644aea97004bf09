#include "producer/firing.h"

#include "base/crypto.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

void firing_free(struct firing *f)
{
    xfree(f->workload);
    xfree(f->entries);
    xfree(f->ticks);
    xfree(f);
}

void firing_add(struct firing *f, uint64_t entry)
{
    f->entries = xrealloc(f->entries, (f->n + 1) * sizeof *f->entries);
    f->entries[f->n++] = entry;
}

void firing_judge(struct firing *f, struct schedules *s, const struct options *o, int64_t now_ms)
{
    xfree(f->ticks);
    f->ticks = xcalloc(f->n * CATCHUP_KEEP + 1, sizeof *f->ticks);
    f->tick_count = f->at = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct entry *e = schedules_find(s, f->entries[i]);
        if (e)
            f->tick_count +=
                catchup_due(&e->s.cron, e->s.zone, e->considered_ms, now_ms, i, f->ticks + f->tick_count);
    }
    catchup_judge((enum catchup_policy)o->schedule.policy, o->schedule.catchup_ms, now_ms, f->ticks,
                  f->tick_count);
}

void firing_run_id(const struct entry *e, int64_t tick, char out[IDS_RUN_MAX + 1])
{
    enum { DIGITS = 12 };
    char key[SCHEDULE_KEY_MAX + 1];
    char hex[CRYPTO_SHA256_HEX + 1];

    schedule_key(&e->s, key);
    crypto_sha256_hex(str_of(key), hex);
    (void)snprintf(out, IDS_RUN_MAX + 1, "sched-%012lld-%.*s", (long long)tick, DIGITS, hex);
}

static void missed(const struct catchup_tick *t, const char *key, struct event *ev)
{
    ev->missed.schedule = xstrdup(key);
    ev->missed.tick = t->tick.number;
    ev->missed.why = (int)t->why;
    ev->missed.earlier = t->earlier;
}

static void requested(const struct catchup_tick *t, const struct entry *e, const char *key,
                      const struct options *o, struct event *ev)
{
    struct event_request *r = &ev->requested;
    BUF_CLEANUP struct buf who = BUF_INIT(300);

    buf_addf(&who, "schedule %s", e->s.name);
    r->origin.kind = ORIGIN_SCHEDULE;
    r->origin.who = buf_take(&who);
    r->origin.schedule = xstrdup(key);
    r->origin.tick = t->tick.number;
    r->profile = e->s.profile ? xstrdup(e->s.profile) : NULL;
    r->if_busy = IF_BUSY_QUEUE;
    r->not_after_ms = t->tick.at_ms + o->schedule.catchup_ms;
}

void firing_event(const struct firing *f, const struct entry *e, const struct options *o, int64_t wall_ms,
                  struct event *ev)
{
    const struct catchup_tick *t = &f->ticks[f->at];
    char key[SCHEDULE_KEY_MAX + 1];
    char run[IDS_RUN_MAX + 1];

    schedule_key(&e->s, key);
    firing_run_id(e, t->tick.number, run);
    event_init(ev, t->fires ? EVENT_RUN_REQUESTED : EVENT_SCHEDULE_MISSED, wall_ms, f->workload,
               t->fires ? run : NULL);
    ev->action = xstrdup(action_names[e->s.action]);
    if (t->fires)
        requested(t, e, key, o, ev);
    else
        missed(t, key, ev);
}
