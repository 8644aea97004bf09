#pragma once
/*
 * people - who asks for runs, and changes their mind: random workloads started and stopped, queued,
 * superseded, paused, resumed, cancelled, held and retried, at random moments.
 *
 * They append what the command line appends (model/event), with ids of their own, and ask again with the same
 * id when Kafka did not say that the record is there. At the end of a history they take back what would keep
 * a run from its end: pauses and holds.
 *
 * Owner: the fleet. Their completions are their own owner's.
 */
#include "sim/estate.h"
#include "sim/sim_kafka.h"
#include "sim/trace.h"

enum { PEOPLE_RUNS_MAX = 64, PEOPLE_HOLDS_MAX = 32 };

struct people; /* opaque */

struct people_world {
    struct scheduler *s;
    struct sim_kafka *kafka;
    struct trace *trace;
    const struct estate *estate;
    const char *topic; /* of the log */
    int partitions;
};

/* `runs` requests, spread over `span_us`, and other acts between them. */
struct people *people_new(const struct people_world *w, uint64_t seed, int runs, int64_t span_us);
void people_free(struct people *p);
/* Something has just happened in the log: the worst moment to change one's mind. */
void people_stir(struct people *p);
/* By somebody's clock: one tick, asked for several times under other names; or one that is over. */
void people_tick_at(struct people *p, int64_t at_us);
/* From now on they all want one workload, now up, now down. */
void people_rush(struct people *p);
/* They want the contrary of what they wanted last: in a rush, when something went wrong. */
void people_contradict_at(struct people *p, int64_t at_us);
/* A record that must be understood and that this build does not know, and a request behind it. */
void people_bar_at(struct people *p, int64_t at_us);
void people_give_way(struct people *p);   /* resumes what they have paused, clears what they hold */
bool people_busy(const struct people *p); /* something that they do is not acknowledged yet */
