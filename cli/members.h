#pragma once
/*
 * members - whom an action would touch, as EC2 and SSM tell it now: what `plan` shows and what `stop` asks
 * about.
 *
 * Reads only: DescribeInstances, DescribeSpotInstanceRequests for Spot members, and for a stop with override
 * files DescribeInstanceInformation. Nothing is sent to a guest. Who is a member, who is left alone and what
 * is too much is asked of the producer's own functions (specs/members, core/plan).
 */
#include "cli/state.h"
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
    /* members of all tiers, also of those that take no part: what MaxInstances bounds */
    size_t counted;
    enum cause refused;        /* CAUSE_NONE: the run would be admitted */
    char detail[ERR_MSG_MAX];  /* of the refusal */
    char unknown[ERR_MSG_MAX]; /* why holds and the current run could not be asked for; "" */
    char spot[ERR_MSG_MAX];    /* why Spot requests could not be asked for: such members are left alone; "" */
    struct json *shared; /* tiers whose members another workload selects as well (cli_shared); may be NULL */
};

/* `now`: whose holds count; NULL: none. */
MUST_CHECK bool cli_members(struct cli *c, const struct spec *spec, enum action action,
                            const struct strs *only_tiers, const struct cli_state *now,
                            struct cli_members *out, struct err *e);
void cli_members_release(struct cli_members *m);
/* The same, with what stands in the way now: holds and, unless `if_busy` says to wait for it or to take its
 * place, a run under way. When neither Redis nor Kafka can be asked, `unknown` says so. */
MUST_CHECK bool cli_foresee(struct cli *c, const struct spec *spec, enum action action,
                            const struct strs *only_tiers, int if_busy, struct cli_members *out,
                            struct err *e);

/* What `plan` and --dry-run say: the exit code. */
int cli_plan(struct cli *c, const struct spec *spec, enum action action, const struct strs *tiers,
             int if_busy);
/* The plan, as a table or a document. CLI_OK, or CLI_REFUSED when the run would be refused. */
int cli_members_print(const struct cli *c, const struct spec *spec, enum action action,
                      const struct cli_members *m);
/* What to do about a refusal with this cause and text. */
const char *cli_refusal_remedy(enum cause why, const char *detail);
/* On stderr: that nobody would be acted on, since none of `counted` members takes part. */
void cli_members_none(const struct spec *spec, size_t counted);
/* On stderr: the members whose override could not be proven. */
void cli_members_doubts(const struct cli_members *m);
