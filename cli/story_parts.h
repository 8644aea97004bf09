#pragma once
/*
 * story_parts - what a story keeps of its run, for the files that hear, tell and print it. Internal.
 */
#include "base/hash.h"
#include "cli/story.h"

struct told_member {
    char *id, *tier, *detail, *from, *to;
    int64_t step, took_ms;
    int outcome, cause;
    UT_hash_handle hh; /* by id, in the order in which they were planned */
};

struct told_tier {
    char *name;
    size_t members, settled, failed, bypassed;
};

struct told_step {
    struct told_tier *tiers;
    size_t tier_count;
    bool planned, released, complete;
};

struct story {
    const struct cli *cli;
    char *workload, *run, *action;
    bool known, accepted, began;
    bool observe;        /* accepted by a fleet that changes nothing */
    int64_t accepted_at; /* offset */
    int64_t counted;
    struct told_step *steps;
    size_t step_count;
    struct told_member *members; /* a table */
    int result, cause;
    char *detail;
    struct counts counts;
    int64_t asked_ms, began_ms, ended_ms; /* of the records; 0: not heard */
    struct event_origin origin;           /* only who and reason are kept */
};

/* The names of a step's tiers, joined. */
void story_tiers(const struct told_step *s, struct buf *out);
