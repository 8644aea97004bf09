#pragma once
/*
 * twist - what is special about one history beyond its faults, drawn apart from them: each in one of a few.
 *
 *   fast    fence.window is 30 s, and nothing is longer on the way to AWS than that allows
 *   poison  some jobs kill every worker that has them in hand
 *   echoes  guests that keep their machine print an answer to somebody else's question, that it may go
 *   clocks  somebody's clocks ask for runs by tick, several times each, and again for ticks that are over
 *   rush    everybody wants something of one workload, again and again, and its workers die, stop and wait
 *           for AWS more than elsewhere; above all while a call of theirs is long on its way
 *   storm   a few kinds of faults strike several times as often as elsewhere
 *   bar     a record that must be understood, and that this build does not know
 *
 * Owner: the fleet.
 */
#include "sim/people.h"
#include "sim/swarm.h"

struct twist {
    struct chance chance;
    uint64_t salt;
    bool fast, poison, echoes, clocks, rush, storm, bar;
};

enum { TWIST_FAST_DELAY_MS = 25000, TWIST_JOB_MAX = 100 };
#define TWIST_FAST_FLAG "--fence.window=30s"

void twist_draw(struct twist *t, uint64_t seed, bool any);
void twist_faults(struct twist *t, struct swarm *s);
/* What befalls the sender of a request that is so long on its way. */
enum twist_blow { TWIST_NOTHING, TWIST_KILL, TWIST_STOP, TWIST_LOSE_VIEW };
enum twist_blow twist_blow(struct twist *t, int64_t under_way_ms);
void twist_guests(struct twist *t, struct estate *e);
/* Plans what people's clocks, and the record that nobody knows, add within span_us. */
void twist_people(struct twist *t, struct scheduler *s, struct people *p, int64_t span_us);
/* Whether this in-hand note is of a job that kills; job: which. */
bool twist_kills(const struct twist *t, struct str note, char job[TWIST_JOB_MAX]);
