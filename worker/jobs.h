#pragma once
/*
 * jobs - steps the jobs in hand: asks core/job_step what is next and has it done.
 *
 * No policy here: a command goes to guests, acts, report or the view, and what they learn goes back into the
 * job_step, which wakes the work. Each stepping is noted in hand before and cleared after.
 *
 * Owner: the worker's loop.
 */
#include "worker/acts.h"
#include "worker/guests.h"
#include "worker/inhand.h"
#include "worker/leases.h"
#include "worker/report.h"
#include "worker/states.h"

enum { JOBS_STEPS_MAX = 500 /* works stepped in one turn */ };

struct jobs; /* opaque */

struct jobs_parts { /* borrowed, all */
    struct works *works;
    struct view *view;
    struct states *states;
    struct guests *guests;
    struct acts *acts;
    struct report *report;
    struct inhand *inhand;
    const struct ports *ports;
};

struct jobs *jobs_new(const struct jobs_parts *parts);
void jobs_free(struct jobs *j);

void jobs_drain(struct jobs *j); /* every job begins nothing more and goes back */
int64_t jobs_turn(struct jobs *j, int64_t now_ms);

struct jobs_counts {
    int64_t reported, released, dropped;
};
struct jobs_counts jobs_counts(const struct jobs *j);
