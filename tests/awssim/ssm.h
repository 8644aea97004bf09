#pragma once
/*
 * ssm - the commands that were sent, and how they go at each of their instances.
 *
 * An invocation is Pending, then InProgress, then ended by its agent after latency_ms, or by its timeouts.
 * What it finds is what is in the guest at the moment it runs. It is not to be seen before visible_after_ms
 * (ListCommandInvocations gives an empty list, GetCommandInvocation InvocationDoesNotExist), as AWS's is not.
 * Source: Systems Manager API reference and user guide. Bound: the newest COMMANDS_MAX commands are kept.
 */
#include "awssim/sim.h"

enum { COMMANDS_MAX = 100000, COMMAND_INSTANCES_MAX = 50 };

struct invocation {
    struct instance *instance;
    bool ended, delayed;
    bool delivers;              /* the agent will run it at ends_ms */
    int64_t begins_ms, ends_ms; /* boot clock */
    const char *status, *details;
    int response_code;
    char *out, *err;
};

struct command {
    char id[CHANCE_UUID_BYTES];
    uint64_t seq;
    char *document, *comment, *script, *account, *region;
    int64_t timeout_ms; /* of delivery and execution together */
    struct instant requested;
    int64_t visible_ms;
    struct invocation *at;
    size_t n;
};

struct commands *commands_new(const struct json *settings, int64_t time_scale, struct err *e);
void commands_free(struct commands *s);
/* Takes the command (all set but id, seq, visible_ms and the invocations' fates). */
const struct command *commands_add(struct awssim *sim, struct command *taken);
const struct command *commands_find(const struct awssim *sim, struct str id); /* NULL: none, or forgotten */
/* 0: the newest; NULL: no more */
const struct command *commands_newest(const struct awssim *sim, size_t back);
/* false: the scenario says it is missing */
bool commands_knows_bucket(const struct awssim *sim, struct str bucket);
bool commands_knows_document(const struct awssim *sim, struct str name);
int64_t commands_scale(const struct awssim *sim);
int64_t commands_next(const struct commands *s);
void commands_advance(struct awssim *sim, struct instant now);

const char *invocation_status(const struct invocation *v, int64_t now_ms);
const char *invocation_details(const struct invocation *v, int64_t now_ms);

/* Registered with SSM at this moment: an agent that is installed, and its instance running for boot_ms. */
bool ssm_is_managed(const struct instance *i, int64_t now_ms);

bool ssm_send(struct awssim *sim, struct call *c);
bool sim_list_invocations(struct awssim *sim, struct call *c);
bool ssm_get_invocation(struct awssim *sim, struct call *c);
bool ssm_list_commands(struct awssim *sim, struct call *c);
bool ssm_describe_instances(struct awssim *sim, struct call *c);
