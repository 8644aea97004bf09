#pragma once
/*
 * firing - the ticks of one workload that are due: judged together, appended one after the other.
 *
 * WAIT for the check of their rows → CHECK → APPEND, one record at a time, each acknowledged before the next;
 * what fails goes back to WAIT and is judged anew. Ends when no tick is left. One a workload, so that its
 * ticks stand in the log in their order. Owner: the trigger, which looks it up by id in its completions.
 */
#include "core/catchup.h"
#include "producer/schedules.h"

enum firing_state { FIRING_WAIT, FIRING_CHECK, FIRING_APPEND };

struct firing {
    uint64_t id;
    enum firing_state state;
    char *workload;
    int partition;
    uint64_t *entries;
    size_t n, checked;          /* entries; of them, those whose rows are asked for or were read */
    struct catchup_tick *ticks; /* judged; `schedule` is an index into entries */
    size_t tick_count, at;
    int64_t retry_ms; /* boot clock; WAIT: not before */
    int tries;
    UT_hash_handle hh, hh_workload;
};

void firing_free(struct firing *f);
void firing_add(struct firing *f, uint64_t entry);
/* Judges the ticks of all its entries up to now. */
void firing_judge(struct firing *f, struct schedules *s, const struct options *o, int64_t now_ms);
/* The id of a tick's run: the same, whoever fires it. */
void firing_run_id(const struct entry *e, int64_t tick, char out[IDS_RUN_MAX + 1]);
/* The record of its tick `at`. NULL entry: it is gone. Owned by the caller. */
void firing_event(const struct firing *f, const struct entry *e, const struct options *o, int64_t wall_ms,
                  struct event *ev);
