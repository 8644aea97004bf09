#pragma once
/*
 * instances - the machines: their attributes and the state machine that StartInstances and StopInstances
 * drive.
 *
 *   stopped --start--> pending --start_ms--> running --stop--> stopping --stop_ms--> stopped
 *   shutting-down --stop_ms--> terminated --an hour--> gone
 *
 * A start may fall back (pending -> stopped or terminated, with a StateReason), a transition may be stuck,
 * capacity of an availability zone and type may be short, a member of an Auto Scaling group that leaves
 * `running` is terminated and replaced. What Describe shows is what was true describe_lag_ms ago. Every
 * change is told to the ledger at its moment. Durations are the scenario's divided by the time scale. Order
 * of listing: as loaded, then as launched.
 */
#include "awssim/chance.h"
#include "awssim/instance.h"
#include "awssim/ledger.h"

enum { INSTANCES_MAX = 1000000 };

struct instances; /* opaque */

struct instances_config {
    const struct json *instances, *fleets, *capacity, *defaults; /* NULL: none */
    const char *account, *region;
    int64_t time_scale;
};

struct instances *instances_new(const struct instances_config *config, struct instant now,
                                struct ledger *ledger, struct chance *chance, struct err *e);
void instances_free(struct instances *s);

struct instance *instances_find(const struct instances *s, struct str id); /* NULL: never was, or gone */
size_t instances_count(const struct instances *s);
struct instance *instances_at(const struct instances *s, size_t index); /* may be gone */

/* Who changes it: for the ledger. */
struct instance_cause {
    const char *what; /* "StopInstances", "time" … */
    const char *request_id, *run, *job, *attempt;
};

/* True if (az, type) has room for n more. */
bool instances_has_capacity(const struct instances *s, const struct instance *i, size_t n);
/* Both are for an instance whose state allows it (ec2_change.c decides). An instance that is there already
 * stays. */
void instances_start(struct instances *s, struct instance *i, struct instant now,
                     const struct instance_cause *cause);
void instances_stop(struct instances *s, struct instance *i, bool force, struct instant now,
                    const struct instance_cause *cause);
void instances_terminate(struct instances *s, struct instance *i, struct instant now,
                         const struct instance_cause *cause);
/* A person at the console: any state, at once. */
void instances_put(struct instances *s, struct instance *i, enum instance_state to, struct instant now);

int64_t instances_next(const struct instances *s); /* INT64_MAX: nothing under way */
void instances_advance(struct instances *s, struct instant now);
