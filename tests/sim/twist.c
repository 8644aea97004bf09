#include "sim/twist.h"

#include <stdio.h>
#include <string.h>

enum {
    POISON_ONE_OF = 12, /* jobs of such a history */
    TICKS_MIN = 6,
    TICKS_MAX = 12,
    STORM_KINDS = 5,
    LONG_MS = 5000,
    STORM_TIMES = 4,
};

static const uint64_t apart = UINT64_C(0x7477697374656421);

static bool one_of(struct twist *t, int n)
{
    return chance_between(&t->chance, 1, n) == 1;
}

void twist_draw(struct twist *t, uint64_t seed, bool any)
{
    *t = (struct twist){.chance = {seed ^ apart}};
    t->salt = chance_next(&t->chance);
    t->fast = one_of(t, 3) && any;
    t->poison = one_of(t, 4) && any;
    t->echoes = one_of(t, 3) && any;
    t->clocks = one_of(t, 3) && any;
    t->bar = one_of(t, 12) && any;
    t->rush = one_of(t, 3) && any;
    t->storm = one_of(t, 3) && any;
}

void twist_faults(struct twist *t, struct swarm *s)
{
    static const struct {
        enum fault fault;
        double least, times;
    } more[] = {{FAULT_KILL, 5e-5, 4},
                {FAULT_STOP, 5e-5, 4},
                {FAULT_HTTP_DELAY, 0.05, 4},
                {FAULT_HTTP_REPLY_LOST, 0.02, 2}};

    for (int i = 0; t->storm && i < STORM_KINDS; i++)
        swarm_storm(s, (enum fault)chance_between(&t->chance, 0, FAULTS - 1), STORM_TIMES);
    for (size_t i = 0; t->rush && i < sizeof more / sizeof *more; i++) {
        double rate = s->rate[more[i].fault] * more[i].times;
        s->rate[more[i].fault] = rate > more[i].least ? rate : more[i].least;
    }
}

enum twist_blow twist_blow(struct twist *t, int64_t under_way_ms)
{
    if (!t->rush || under_way_ms < LONG_MS)
        return TWIST_NOTHING;
    switch (chance_between(&t->chance, 1, 6)) {
    case 1:
    case 2:
        return TWIST_KILL;
    case 3:
        return TWIST_STOP;
    case 4:
        return TWIST_LOSE_VIEW;
    default:
        return TWIST_NOTHING;
    }
}

void twist_guests(struct twist *t, struct estate *e)
{
    for (int i = 0; t->echoes && i < e->member_count; i++)
        e->members[i].echoes = e->members[i].keeps && one_of(t, 2);
}

void twist_people(struct twist *t, struct scheduler *s, struct people *p, int64_t span_us)
{
    int ticks = t->clocks ? (int)chance_between(&t->chance, TICKS_MIN, TICKS_MAX) : 0;

    for (int i = 0; i < ticks; i++)
        people_tick_at(p, scheduler_now(s) + chance_between(&t->chance, 0, span_us));
    if (t->rush)
        people_rush(p);
    if (t->bar)
        people_bar_at(p, scheduler_now(s) + chance_between(&t->chance, span_us / 2, span_us));
}

/* The note of a worker that has a job in hand: {"v":1,"hand":{...,"job":"JOB",...},...}. */
bool twist_kills(const struct twist *t, struct str note, char job[TWIST_JOB_MAX])
{
    static const uint64_t fnv_basis = UINT64_C(14695981039346656037), fnv_prime = UINT64_C(1099511628211);
    struct str hand, rest, name;
    uint64_t hash = fnv_basis ^ t->salt;
    size_t at = 0;

    if (!t->poison || !str_find(note, STR("\"hand\":{"), &at))
        return false;
    (void)str_cut(str_skip(note, at), '}', &hand, &rest);
    if (!str_find(hand, STR("\"job\":\""), &at))
        return false;
    (void)str_cut(str_skip(hand, at + sizeof "\"job\":\"" - 1), '"', &name, &rest);
    for (size_t i = 0; i < name.n; i++)
        hash = (hash ^ (unsigned char)name.p[i]) * fnv_prime;
    (void)snprintf(job, TWIST_JOB_MAX, STR_FMT, STR_ARG(name));
    return (hash >> 32) % POISON_ONE_OF == 0;
}
