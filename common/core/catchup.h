#pragma once
/*
 * catchup - which of the ticks that are due fire, and which are reported as missed.
 *
 * Normally one tick is due and fires. After nobody was there, the ticks of a workload's schedules are looked
 * at together, in the order of their moments (docs/protocol.md 4.9): beyond the window none fires; within it
 * the policy says. Pure. Source: docs/operations.md, "Schedules".
 */
#include "core/tick.h"
#include "model/event.h"

enum catchup_policy {
    CATCHUP_LATEST, /* those of the latest moment fire, older ones are reported */
    CATCHUP_ALL,    /* all fire, in their order */
    CATCHUP_NONE,   /* those that are over CATCHUP_ON_TIME_MS late are reported */
};

enum {
    CATCHUP_ON_TIME_MS = 60 * 1000,
    CATCHUP_KEEP = 16,    /* ticks of one schedule that are looked at singly: its latest ones */
    CATCHUP_STEPS = 3000, /* ticks of one schedule that are counted */
};

struct catchup_tick {
    struct tick tick;
    size_t schedule; /* the caller's number of it */
    int64_t earlier; /* so many of its ticks before this one are not looked at */
    bool fires;
    enum missed_why why; /* when it does not */
};

/* The ticks of one schedule after after_ms up to now_ms: the latest CATCHUP_KEEP of them, in order. How
 * many. */
size_t catchup_due(const struct cron *c, const struct zone *z, int64_t after_ms, int64_t now_ms,
                   size_t schedule, struct catchup_tick out[CATCHUP_KEEP]);

/* Puts all due ticks of one workload in order and judges each. */
void catchup_judge(enum catchup_policy policy, int64_t window_ms, int64_t now_ms, struct catchup_tick *at,
                   size_t n);
