#include "sim/people.h"

#include "base/mem.h"
#include "model/event.h"
#include "model/member.h"

#include <stdio.h>
#include <utlist.h>

enum {
    AGAIN_US = 3000000,
    TRIES_MAX = 20,
    LANDED_US = 300 * 1000000, /* a record that is late comes before that */
    ID_BYTES = 40,
    OTHERS_PER_RUN = 1,
    STIRS_PER_RUN = 1, /* acts that wait for a record */
    STIR_ONE_OF = 12,
    FLOOD = 24,
    FLOODS_ONE_OF = 8,   /* histories */
    NOWHERE_ONE_OF = 60, /* a workload that is not there */
    PROFILE_ONE_OF = 40,
    RUSH_STIRS = 2,
    STIR_MAX_US = 4000000,
    HOLD_MAX_MS = 30 * 60 * 1000,
    EXPIRES_MS = 600000,
    TICK_WITHIN_US = 3000000,
};

static const int64_t first_tick = 202606010000;

struct note { /* a record on its way to the log */
    struct people *p;
    char *text;
    int partition, tries;
    char key[ESTATE_NAME_MAX], what[200];
    struct note *prev, *next;
};

struct asked {
    char id[ID_BYTES];
    int workload;
    enum action action;
    bool paused;
};

struct held {
    char id[ID_BYTES];
    int workload;
};

struct tick { /* of somebody's clock */
    struct people *p;
    int workload;
    enum action action;
    int64_t number;
};

struct people {
    struct people_world w;
    struct chance chance;
    uint64_t owner;
    struct machine machine;
    struct sim_kafka_client *client;
    struct note *notes;
    struct asked runs[PEOPLE_RUNS_MAX];
    int run_count, wanted, stirs;
    struct held holds[PEOPLE_HOLDS_MAX];
    int hold_count;
    uint64_t ids;
    int64_t ticks;
    bool rush;
};

static int draw(struct people *p, int low, int high)
{
    return (int)chance_between(&p->chance, low, high);
}

static int64_t wall_ms(const struct people *p)
{
    return machine_true_wall_ms(scheduler_now(p->w.s));
}

/* ---- into the log ---- */

static void note_free(struct note *n)
{
    DL_DELETE(n->p->notes, n);
    xfree(n->text);
    xfree(n);
}

static void append(void *self);

static void appended(void *self, uint64_t id, const struct kafka_appended *a)
{
    struct note *n = self;
    struct people *p = n->p;

    (void)id;
    if (a->err.kind != ERR_NONE && ++n->tries < TRIES_MAX) {
        trace_line(p->w.trace, "people", "%s: %s", n->what, a->err.msg);
        (void)scheduler_after(p->w.s, AGAIN_US,
                              &(struct completion){p->owner, "people.again", append, NULL, n});
        return;
    }
    note_free(n);
}

static void append(void *self)
{
    struct note *n = self;
    struct kafka k = sim_kafka_port(n->p->client);
    const struct kafka_append a = {.lane = KAFKA_LANE_EVENTS,
                                   .topic = n->p->w.topic,
                                   .partition = n->partition,
                                   .key = str_of(n->key),
                                   .value = str_of(n->text)};

    (void)k.ops->append(k.port, &a, appended, n);
}

/* Releases the event. */
static void say(struct people *p, struct event *ev, const char *what)
{
    struct note *n = xcalloc(1, sizeof *n);
    struct buf text = BUF_INIT(EVENT_TEXT_MAX);

    event_print(ev, &text);
    n->p = p;
    n->text = buf_take(&text);
    n->partition = ids_partition(str_of(ev->workload), p->w.partitions);
    (void)snprintf(n->key, sizeof n->key, "%s", ev->workload);
    (void)snprintf(n->what, sizeof n->what, "%s %s %s", what, ev->workload, ev->run ? ev->run : "");
    trace_line(p->w.trace, "people", "%s", n->what);
    event_release(ev);
    DL_APPEND(p->notes, n);
    append(n);
}

static char *new_id(struct people *p, const char *kind)
{
    char id[ID_BYTES];

    (void)snprintf(id, sizeof id, "%s%llu", kind, (unsigned long long)++p->ids);
    return xstrdup(id);
}

/* ---- what they do ---- */

static void request(struct people *p, int workload, enum action action, const struct asked *again)
{
    struct event ev;
    struct event_request *r = &ev.requested;
    const struct estate_workload *w = &p->w.estate->workloads[workload];
    char *id = new_id(p, "r");

    if (p->run_count < PEOPLE_RUNS_MAX) {
        struct asked *a = &p->runs[p->run_count++];
        *a = (struct asked){.workload = workload, .action = action};
        (void)snprintf(a->id, sizeof a->id, "%s", id);
    }
    bool wrong = draw(p, 1, NOWHERE_ONE_OF) == 1;
    event_init(&ev, EVENT_RUN_REQUESTED, wall_ms(p), wrong ? "nowhere" : w->name, id);
    ev.action = xstrdup(action_names[action]);
    r->origin.who = xstrdup("people@sim");
    r->origin.kind = again ? ORIGIN_RETRY : ORIGIN_CLI;
    r->origin.of = again ? xstrdup(again->id) : NULL;
    r->if_busy = draw(p, 0, 2);
    r->not_after_ms = wall_ms(p) + EXPIRES_MS * (int64_t)draw(p, 1, 6);
    if (draw(p, 1, PROFILE_ONE_OF) == 1)
        r->profile = xstrdup("large");
    if (draw(p, 1, 6) == 1)
        r->on_failure = xstrdup(draw(p, 0, 1) ? "continue" : "halt");
    if (draw(p, 1, 8) == 1)
        strs_add(&r->tiers, str_of(w->tiers[draw(p, 0, w->tier_count - 1)].name));
    xfree(id);
    say(p, &ev, action_names[action]);
}

static void contradict(struct people *p)
{
    enum action last = p->run_count ? p->runs[p->run_count - 1].action : ACTION_START;

    request(p, 0, last == ACTION_START ? ACTION_STOP : ACTION_START, NULL);
}

static void control(struct people *p, struct asked *a, enum event_type type, const char *what)
{
    struct event ev;

    event_init(&ev, type, wall_ms(p), p->w.estate->workloads[a->workload].name, a->id);
    ev.control.id = new_id(p, "c");
    ev.control.who = xstrdup("people@sim");
    if (type == EVENT_CANCEL)
        ev.control.cause = CAUSE_CANCELLED;
    a->paused = a->paused || type == EVENT_PAUSE; /* for good: a pause may land behind what takes it back */
    say(p, &ev, what);
}

static void hold(struct people *p)
{
    struct event ev;
    int workload = draw(p, 0, p->w.estate->n - 1);
    const struct estate_workload *w = &p->w.estate->workloads[workload];
    struct held *h = &p->holds[p->hold_count];

    if (p->hold_count == PEOPLE_HOLDS_MAX)
        return;
    p->hold_count++;
    event_init(&ev, EVENT_HOLD_SET, wall_ms(p), w->name, NULL);
    ev.hold.id = new_id(p, "c");
    ev.hold.hold = new_id(p, "h");
    ev.hold.until_ms = wall_ms(p) + chance_between(&p->chance, 1, HOLD_MAX_MS);
    *h = (struct held){.workload = workload};
    (void)snprintf(h->id, sizeof h->id, "%s", ev.hold.hold);
    int of = draw(p, 0, p->w.estate->member_count);
    if (draw(p, 1, 3) == 1)
        ev.hold.scope.tier = xstrdup(w->tiers[draw(p, 0, w->tier_count - 1)].name);
    else if (of < p->w.estate->member_count && p->w.estate->members[of].workload == workload)
        ev.hold.scope.instance = xstrdup(p->w.estate->members[of].id);
    say(p, &ev, "hold");
}

static void let_go(struct people *p, int index)
{
    struct event ev;
    struct held h = p->holds[index];

    p->holds[index] = p->holds[--p->hold_count];
    event_init(&ev, EVENT_HOLD_CLEARED, wall_ms(p), p->w.estate->workloads[h.workload].name, NULL);
    ev.hold.id = new_id(p, "c");
    ev.hold.hold = xstrdup(h.id);
    say(p, &ev, "clear");
}

/* One request for a tick, under a name of its own, as by another program's clock. */
static void ask_by_clock(void *self)
{
    struct tick *t = self;
    struct people *p = t->p;
    struct event ev;
    char *id = new_id(p, "tick");

    event_init(&ev, EVENT_RUN_REQUESTED, wall_ms(p), p->w.estate->workloads[t->workload].name, id);
    ev.action = xstrdup(action_names[t->action]);
    ev.requested.origin.who = xstrdup("clock@sim");
    ev.requested.origin.kind = ORIGIN_SCHEDULE;
    ev.requested.origin.schedule = xstrdup(t->action == ACTION_STOP ? "night|stop|UTC" : "day|start|UTC");
    ev.requested.origin.tick = t->number;
    ev.requested.if_busy = IF_BUSY_QUEUE;
    ev.requested.not_after_ms = wall_ms(p) + EXPIRES_MS;
    xfree(id);
    say(p, &ev, "tick");
    xfree(t);
}

static void tick(void *self)
{
    struct people *p = self;
    int64_t last = p->ticks++, number = first_tick + (draw(p, 1, 4) == 1 ? last / 2 : last);
    int workload = draw(p, 0, p->w.estate->n - 1);
    enum action action = draw(p, 0, 1) ? ACTION_START : ACTION_STOP;

    for (int n = draw(p, 1, 3); n > 0; n--) {
        struct tick *t = xcalloc(1, sizeof *t);
        *t = (struct tick){p, workload, action, number};
        (void)scheduler_after(p->w.s, chance_between(&p->chance, 0, TICK_WITHIN_US),
                              &(struct completion){p->owner, "people.tick", ask_by_clock, xfree, t});
    }
}

void people_tick_at(struct people *p, int64_t at_us)
{
    (void)scheduler_after(p->w.s, at_us - scheduler_now(p->w.s),
                          &(struct completion){p->owner, "people.clock", tick, NULL, p});
}

static void bar(void *self)
{
    struct people *p = self;
    struct event ev;
    int workload = draw(p, 0, p->w.estate->n - 1);

    event_init(&ev, EVENT_OTHER, wall_ms(p), p->w.estate->workloads[workload].name, NULL);
    xfree(ev.type_name);
    ev.type_name = xstrdup("WorkloadMoved");
    ev.must = true;
    say(p, &ev, "what nobody knows");
    request(p, workload, ACTION_STOP, NULL);
}

void people_rush(struct people *p)
{
    p->rush = true;
    p->stirs *= RUSH_STIRS;
}

static void contradicted(void *self)
{
    struct people *p = self;

    if (p->run_count < PEOPLE_RUNS_MAX)
        contradict(p);
}

void people_contradict_at(struct people *p, int64_t at_us)
{
    (void)scheduler_after(p->w.s, at_us - scheduler_now(p->w.s),
                          &(struct completion){p->owner, "people.contradict", contradicted, NULL, p});
}

void people_bar_at(struct people *p, int64_t at_us)
{
    (void)scheduler_after(p->w.s, at_us - scheduler_now(p->w.s),
                          &(struct completion){p->owner, "people.bar", bar, NULL, p});
}

/* One of the last: the others are over, or will be. */
static struct asked *recent(struct people *p)
{
    int back = draw(p, 1, 4);

    return p->run_count >= back ? &p->runs[p->run_count - back] : NULL;
}

static void meddle(struct people *p)
{
    struct asked *a = recent(p);

    switch (draw(p, 1, 6)) {
    case 1:
        if (a)
            control(p, a, EVENT_PAUSE, "pause");
        break;
    case 2:
        if (a)
            control(p, a, EVENT_RESUME, "resume");
        break;
    case 3:
        if (a)
            control(p, a, EVENT_CANCEL, "cancel");
        break;
    case 4:
        hold(p);
        break;
    case 5:
        if (p->hold_count)
            let_go(p, draw(p, 0, p->hold_count - 1));
        break;
    default:
        if (a && p->run_count < PEOPLE_RUNS_MAX)
            request(p, a->workload, a->action, a);
        break;
    }
}

static void act(void *self)
{
    struct people *p = self;

    if (p->wanted > 0 && draw(p, 0, OTHERS_PER_RUN) == 0) {
        p->wanted--;
        if (p->rush) {
            contradict(p);
            return;
        }
        int workload = draw(p, 0, p->w.estate->n - 1);
        request(p, workload, draw(p, 0, 1) ? ACTION_START : ACTION_STOP, NULL);
        return;
    }
    meddle(p);
}

/* Somebody's script has gone wrong: more at once than a workload lets wait. */
static void flood(void *self)
{
    struct people *p = self;
    int workload = draw(p, 0, p->w.estate->n - 1);

    for (int i = 0; i < FLOOD; i++)
        request(p, workload, draw(p, 0, 1) ? ACTION_START : ACTION_STOP, NULL);
}

static void stirred(void *self)
{
    struct people *p = self;

    if (p->rush && draw(p, 0, 1) && p->run_count < PEOPLE_RUNS_MAX)
        contradict(p);
    else
        meddle(p);
}

void people_stir(struct people *p)
{
    if (p->stirs <= 0 || draw(p, 1, STIR_ONE_OF) > 1)
        return;
    p->stirs--;
    (void)scheduler_after(p->w.s, chance_between(&p->chance, 0, STIR_MAX_US),
                          &(struct completion){p->owner, "people.stirred", stirred, NULL, p});
}

struct people *people_new(const struct people_world *w, uint64_t seed, int runs, int64_t span_us)
{
    struct people *p = xcalloc(1, sizeof *p);

    *p = (struct people){.w = *w, .chance = {seed}, .wanted = runs, .stirs = runs * STIRS_PER_RUN};
    p->owner = scheduler_owner(w->s);
    p->client = sim_kafka_client_new(w->kafka, p->owner, &p->machine);
    for (int i = 0; i < runs * (OTHERS_PER_RUN + 1); i++)
        (void)scheduler_after(w->s, chance_between(&p->chance, 0, span_us),
                              &(struct completion){p->owner, "people.act", act, NULL, p});
    if (draw(p, 1, FLOODS_ONE_OF) == 1)
        (void)scheduler_after(w->s, chance_between(&p->chance, 0, span_us),
                              &(struct completion){p->owner, "people.flood", flood, NULL, p});
    return p;
}

void people_free(struct people *p)
{
    if (!p)
        return;
    scheduler_end(p->w.s, p->owner);
    sim_kafka_client_free(p->client);
    while (p->notes)
        note_free(p->notes);
    xfree(p);
}

static void resume_all(void *self)
{
    struct people *p = self;

    for (int i = 0; i < p->run_count; i++)
        if (p->runs[i].paused)
            control(p, &p->runs[i], EVENT_RESUME, "resume");
}

/* And once more when all has landed that was on its way. */
void people_give_way(struct people *p)
{
    p->stirs = 0;
    resume_all(p);
    (void)scheduler_after(p->w.s, LANDED_US,
                          &(struct completion){p->owner, "people.resume", resume_all, NULL, p});
    while (p->hold_count)
        let_go(p, p->hold_count - 1);
}

bool people_busy(const struct people *p)
{
    return p->notes != NULL;
}
