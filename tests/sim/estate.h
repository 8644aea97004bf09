#pragma once
/*
 * estate - what the simulated people own: workloads with their tiers, the machines in them, and the tables
 * that say so.
 *
 * Drawn from a seed: one to five steps, equal and sparse sequences, empty tiers, synchronous ones, tiers that
 * ask their guests before a stop, delays, both policies. Machines stay what they are for the whole history.
 * Owner: the fleet.
 */
#include "sim/swarm.h"

enum {
    ESTATE_WORKLOADS_MAX = 6,
    ESTATE_TIERS_MAX = 7,
    ESTATE_MEMBERS_MAX = 256,
    ESTATE_NAME_MAX = 24,
    ESTATE_ID_MAX = 20,
    ESTATE_SCHEDULES_MAX = 3,
};

struct estate_member {
    char id[ESTATE_ID_MAX];
    int workload, tier;
    const char *odd;         /* attributes of its own, JSON behind a comma; "": none */
    bool agent_odd, grouped; /* grouped: an Auto Scaling group's */
    bool keeps;              /* its guest has the override file: it is not to be stopped */
    bool running;
    bool echoes; /* and prints an answer to another question, that it may be */
};

struct estate_tier {
    char name[ESTATE_NAME_MAX];
    int stop, start; /* sequence numbers; -1: takes no part */
    int delay_s;
    bool sync, asks;
    bool ignores, status; /* IgnoreStop; ReadyCheck status-ok */
    int timeout_s;        /* 0: as usual */
    int count;
};

struct estate_workload {
    char name[ESTATE_NAME_MAX];
    bool goes_on;                    /* FailurePolicy continue */
    bool off, wrong;                 /* switched off; its row is not valid */
    int most;                        /* MaxInstances; 0: not said */
    int more;                        /* tiers without a machine: beyond what a workload may have */
    bool steps;                      /* each a step of its own */
    int ticks[ESTATE_SCHEDULES_MAX]; /* each so many minutes; 0: no such schedule */
    struct estate_tier tiers[ESTATE_TIERS_MAX];
    int tier_count;
};

struct estate {
    struct estate_workload workloads[ESTATE_WORKLOADS_MAX];
    int n;
    struct estate_member members[ESTATE_MEMBERS_MAX];
    int member_count;
};

/* Zones whose clocks change within the hour of faults, beside UTC: forwards and back. */
#define ESTATE_ZONES "/zones"
struct sim_disk;
void estate_zones(struct sim_disk *d);

#define ESTATE_REGION "eu-west-1"
#define ESTATE_KEY    "AKIASIMULATED0000001"
#define ESTATE_SECRET "simulated"

void estate_draw(struct estate *e, struct chance *c);
/* What is not as usual: machines by the swarm's kinds, rows, schedules. */
void estate_spice(struct estate *e, struct swarm *s, struct chance *c);
/* A scenario for AWS's simulator: machines, tables, and fault rules (JSON array text; empty: none). */
void estate_scenario(const struct estate *e, const char *faults, struct buf *out);
int estate_find(const struct estate *e, struct str id);        /* index of a member; -1: nobody's */
int estate_workload(const struct estate *e, const char *name); /* index; -1: not there */
