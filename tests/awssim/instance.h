#pragma once
/*
 * instance - one machine: what the scenario says of it, and what has become of it.
 *
 * Its state is changed by instances.c alone; this is its data, its names and what of it is to be seen.
 */
#include "awssim/agent.h"
#include "base/str.h"
#include "codec/json.h"

enum instance_state { /* EC2's codes */
                      INSTANCE_PENDING = 0,
                      INSTANCE_RUNNING = 16,
                      INSTANCE_SHUTTING_DOWN = 32,
                      INSTANCE_TERMINATED = 48,
                      INSTANCE_STOPPING = 64,
                      INSTANCE_STOPPED = 80,
};

enum instance_market { MARKET_ON_DEMAND, MARKET_SPOT_ONE_TIME, MARKET_SPOT_PERSISTENT };
enum { INSTANCE_HISTORY = 6 };

struct tag {
    char *key, *value;
};

struct tags {
    struct tag *at;
    size_t n;
};

struct instance_past {
    int64_t at_ms;
    enum instance_state state;
    int64_t launch_wall_ms;
};

struct instance {
    /* what the scenario says */
    char *id, *account, *region, *az, *type, *vpc, *platform /* "windows" or NULL */, *image;
    struct tags tags;
    int market; /* enum instance_market */
    int64_t start_ms, stop_ms, lag_ms, status_ms /* after running, until both status checks pass */;
    bool ebs_root, stop_protected, hibernation, managed, stuck_pending, stuck_stopping;
    /* how starts end: "stopped" or "terminated", and why; NULL: well */
    char *fall_to, *fall_code, *fall_text;
    int64_t fall_times; /* how many starts end so; 0: all */
    /* Auto Scaling group: after how long it is terminated and replaced */
    int64_t replace_ms;
    /* what has become of it */
    enum instance_state state;
    struct instance_past history[INSTANCE_HISTORY]; /* the newest last */
    size_t history_count;
    int64_t launch_wall_ms, running_since_ms;
    char *reason_code, *reason_text; /* stateReason */
    char *transition_reason;         /* "User initiated (2026-05-01 10:00:00 GMT)" */
    bool gone, by_user;              /* not shown any more; stopped by a call of ours */
    struct agent *agent;             /* SSM's; NULL: none is installed */
    size_t index;
};

/*
 * Zeroed but for defaults; owned by the caller. `attributes` of the scenario may be set again while it runs.
 * A duration is divided by time_scale.
 */
struct instance *instance_new(int64_t time_scale);
void instance_free(struct instance *i); /* NULL is fine */
MUST_CHECK bool instance_set(struct instance *i, const struct json *attributes, int64_t time_scale,
                             struct err *e);
/* a new member of its Auto Scaling group */
struct instance *instance_like(const struct instance *model, const char *id);

const char *instance_state_name(enum instance_state state);
bool instance_state_named(struct str name, enum instance_state *out);
/* What Describe tells of: all of it is as old as its state. */
const struct instance_past *instance_past(const struct instance *i, int64_t now_ms);
enum instance_state instance_shown(const struct instance *i, int64_t now_ms); /* what Describe says */
/* it is in this state from now on */
void instance_saw(struct instance *i, enum instance_state state, int64_t at_ms);
void instance_reason(struct instance *i, const char *code, const char *text); /* NULL: no stateReason */

const char *instance_tag(const struct instance *i, const char *key);           /* NULL: no such tag */
void instance_set_tag(struct instance *i, const char *key, const char *value); /* value NULL: takes it away */
MUST_CHECK bool instance_set_tags(struct instance *i, const struct json *tags, struct err *e);
