#pragma once
/*
 * members - whom an action would touch, as EC2 and SSM tell it now: what `plan` shows and what `stop` asks
 * about.
 *
 * Reads only: DescribeInstances, and for a stop with override files DescribeInstanceInformation. Nothing is
 * sent to a guest.
 */
#include "cli/cli.h"
#include "model/event.h"

struct cli_member {
    char *id, *tier, *state;
    int64_t step;
    int outcome,
        /* as far as it is certain already: unchanged, or bypassed on purpose; OUTCOME_NONE: it would be acted
         * on */
        cause;
    bool doubt; /* its override file could not be asked for now: not managed, or offline */
};

struct cli_members {
    struct event_steps steps;
    struct cli_member *at;
    size_t n, to_act, doubts;
    struct json *shared; /* tiers whose members another workload selects as well (cli_shared); may be NULL */
};

MUST_CHECK bool cli_members(struct cli *c, const struct spec *spec, enum action action,
                            const struct strs *only_tiers, struct cli_members *out, struct err *e);
void cli_members_release(struct cli_members *m);

/* The plan, as a table or a document. CLI_OK, or CLI_REFUSED when the run would be refused (MaxInstances). */
int cli_members_print(const struct cli *c, const struct spec *spec, enum action action,
                      const struct cli_members *m);
/* On stderr: the members whose override could not be proven. */
void cli_members_doubts(const struct cli_members *m);
