#pragma once
/*
 * agent - the SSM agent of one instance, and the files of its guest.
 *
 * An agent is `online`, `offline` (listed as ConnectionLost; commands are never delivered), `stale` (listed
 * Online, does not answer) or `none` (not registered). It answers a command after latency_ms; `behaviour`
 * says how.
 */
#include "base/str.h"
#include "codec/json.h"

#include <stdint.h>

enum agent_state { AGENT_ONLINE, AGENT_OFFLINE, AGENT_STALE, AGENT_NONE };
enum agent_os { AGENT_LINUX, AGENT_WINDOWS };
enum agent_behaviour {
    AGENT_ANSWERS,
    AGENT_FAILS,          /* Failed, exit_code (1 if 0)           */
    AGENT_UNDELIVERABLE,  /* TimedOut, "Undeliverable"            */
    AGENT_DELAYED,        /* Delayed until the timeout, then TimedOut */
    AGENT_TIMES_OUT,      /* TimedOut, "ExecutionTimedOut"        */
    AGENT_TERMINATED,     /* Cancelled by MaxErrors: "Terminated" */
    AGENT_WRONG_PLATFORM, /* Failed, "InvalidPlatform"            */
    AGENT_DENIED,         /* Failed, "AccessDenied"               */
    AGENT_SILENT,         /* Success without any output           */
};

struct agent {
    int state, os, behaviour;
    int64_t latency_ms, boot_ms; /* until it answers; after `running`, until it is registered */
    struct strs files;           /* paths that exist, links and folders among them */
    struct strs folders;         /* folders that exist; empty: all */
    char *stdout_text;           /* what is printed in place of the script's answer; NULL: the answer */
    char *stdout_before, *stdout_after, *stderr_text; /* around it; NULL: nothing */
    int64_t exit_code;
};

struct agent *agent_new(int64_t time_scale);
void agent_free(struct agent *a);                /* NULL is fine */
struct agent *agent_copy(const struct agent *a); /* NULL of NULL */
/* Changes what the object names, the rest stays. Durations are divided by time_scale. */
MUST_CHECK bool agent_set(struct agent *a, const struct json *settings, int64_t time_scale, struct err *e);
