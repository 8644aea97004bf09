#include "model/member.h"

#include "model/ids.h"

const char *const action_names[] = {"start", "stop", NULL};
const char *const outcome_names[] = {"", "done", "unchanged", "bypassed", "failed", NULL};
const char *const result_names[] = {"",         "succeeded",  "partial", "failed",  "halted", "cancelled",
                                    "deadline", "superseded", "refused", "expired", NULL};
const char *const on_failure_names[] = {"halt", "continue", NULL};

const char *const cause_names[] = {
    [CAUSE_NONE] = "",
    [CAUSE_OVERRIDE_PRESENT] = "override-present",
    [CAUSE_HELD] = "held",
    [CAUSE_OBSERVE] = "observe",
    [CAUSE_IGNORE_STOP] = "ignore-stop",
    [CAUSE_ASG_MEMBER] = "asg-member",
    [CAUSE_SPOT_ONE_TIME] = "spot-one-time",
    [CAUSE_INSTANCE_STORE] = "instance-store",
    [CAUSE_OVERRIDE_UNKNOWN] = "override-unknown",
    [CAUSE_EARLIER_ATTEMPT] = "earlier-attempt",
    [CAUSE_NOT_ATTEMPTED] = "not-attempted",
    [CAUSE_NOT_FOUND] = "not-found",
    [CAUSE_NOT_READY] = "not-ready",
    [CAUSE_TIMED_OUT] = "timed-out",
    [CAUSE_FELL_BACK] = "fell-back",
    [CAUSE_TERMINATED] = "terminated",
    [CAUSE_WRONG_STATE] = "wrong-state",
    [CAUSE_STOP_PROTECTED] = "stop-protected",
    [CAUSE_NOT_SUPPORTED] = "not-supported",
    [CAUSE_CAPACITY] = "capacity",
    [CAUSE_LIMIT] = "limit",
    [CAUSE_DENIED] = "denied",
    [CAUSE_THROTTLED] = "throttled",
    [CAUSE_UNAVAILABLE] = "unavailable",
    [CAUSE_REFUSED_BY_EC2] = "refused-by-ec2",
    [CAUSE_TAGS_CHANGED] = "tags-changed",
    [CAUSE_POISON] = "poison",
    [CAUSE_UNCLAIMED] = "unclaimed",
    [CAUSE_INVALID] = "invalid",
    [CAUSE_UNKNOWN_WORKLOAD] = "unknown-workload",
    [CAUSE_SWITCHED_OFF] = "switched-off",
    [CAUSE_TOO_MANY] = "too-many",
    [CAUSE_TOO_MANY_STEPS] = "too-many-steps",
    [CAUSE_TOO_MANY_TIERS] = "too-many-tiers",
    [CAUSE_TOO_LARGE] = "too-large",
    [CAUSE_BUSY] = "busy",
    [CAUSE_EXPIRED] = "expired",
    [CAUSE_CANCELLED] = "cancelled",
    [CAUSE_DEADLINE] = "deadline",
    [CAUSE_SUPERSEDED] = "superseded",
    [CAUSE_MEMBER_FAILED] = "member-failed",
    [CAUSE_QUEUE_FULL] = "queue-full",
    [CAUSE_SPECS_UNREACHABLE] = "specs-unreachable",
    [CAUSE_COUNT] = NULL,
};

static const char *const sentences[CAUSE_COUNT] = {
    [CAUSE_NONE] = "",
    [CAUSE_OVERRIDE_PRESENT] = "its owner left an override file in the guest",
    [CAUSE_HELD] = "a person's hold covers it",
    [CAUSE_OBSERVE] = "the fleet only observes: it decides and reports, and changes nothing",
    [CAUSE_IGNORE_STOP] = "its tier says IgnoreStop",
    [CAUSE_ASG_MEMBER] = "an Auto Scaling group would replace it: schedule the group instead",
    [CAUSE_SPOT_ONE_TIME] = "a one-time Spot instance cannot be stopped",
    [CAUSE_INSTANCE_STORE] = "an instance with an instance-store root cannot be stopped",
    [CAUSE_OVERRIDE_UNKNOWN] = "the absence of its override file could not be proven",
    [CAUSE_EARLIER_ATTEMPT] = "an earlier attempt of this run had already acted on it",
    [CAUSE_NOT_ATTEMPTED] = "an earlier member of its synchronous tier failed",
    [CAUSE_NOT_FOUND] = "EC2 no longer lists it",
    [CAUSE_NOT_READY] = "it runs, but did not become ready in time",
    [CAUSE_TIMED_OUT] = "it did not reach its state in time",
    [CAUSE_FELL_BACK] = "EC2 accepted the start and the instance fell back to stopped",
    [CAUSE_TERMINATED] = "it was terminated",
    [CAUSE_WRONG_STATE] = "it is not in a state that allows the action",
    [CAUSE_STOP_PROTECTED] = "stop protection is on",
    [CAUSE_NOT_SUPPORTED] =
        "EC2 does not support the action for it, or this build does not know an attribute",
    [CAUSE_CAPACITY] = "EC2 has no capacity for its type in its zone",
    [CAUSE_LIMIT] = "an account limit was reached",
    [CAUSE_DENIED] = "our credentials do not allow it",
    [CAUSE_THROTTLED] = "AWS kept asking us to slow down",
    [CAUSE_UNAVAILABLE] = "AWS could not be reached, or did not answer",
    [CAUSE_REFUSED_BY_EC2] = "EC2 refused it for a reason given in the detail",
    [CAUSE_TAGS_CHANGED] = "its tags no longer make it a member of the tier",
    [CAUSE_POISON] = "its job killed the workers that took it",
    [CAUSE_UNCLAIMED] = "its job was delivered again and again and nobody could take it",
    [CAUSE_INVALID] = "the specification is not valid",
    [CAUSE_UNKNOWN_WORKLOAD] = "there is no such workload",
    [CAUSE_SWITCHED_OFF] = "DisableAllSchedulingActions is set",
    [CAUSE_TOO_MANY] = "it has more members than a bound allows",
    [CAUSE_TOO_MANY_STEPS] = "it has more than 200 steps",
    [CAUSE_TOO_MANY_TIERS] = "it has more than 500 tiers",
    [CAUSE_TOO_LARGE] = "its record would be larger than the log takes",
    [CAUSE_BUSY] = "another run of the workload is in progress",
    [CAUSE_EXPIRED] = "its time had passed before it could begin",
    [CAUSE_CANCELLED] = "a person cancelled it",
    [CAUSE_DEADLINE] = "it ran past its deadline",
    [CAUSE_SUPERSEDED] = "a newer run took its place",
    [CAUSE_MEMBER_FAILED] = "a member failed, and the failure policy is to halt",
    [CAUSE_QUEUE_FULL] = "too many requests were waiting",
    [CAUSE_SPECS_UNREACHABLE] = "the specifications could not be read",
};

const char *cause_sentence(enum cause c)
{
    return (unsigned)c < CAUSE_COUNT ? sentences[c] : "";
}

bool cause_of(struct str word, enum cause *out)
{
    for (int c = 0; c < CAUSE_COUNT; c++) {
        if (str_is(word, cause_names[c])) {
            *out = (enum cause)c;
            return true;
        }
    }
    return false;
}

bool member_unsettled(enum outcome o, enum cause c)
{
    if (o == OUTCOME_FAILED)
        return true;
    return o == OUTCOME_BYPASSED && c != CAUSE_IGNORE_STOP && c != CAUSE_ASG_MEMBER &&
           c != CAUSE_SPOT_ONE_TIME && c != CAUSE_INSTANCE_STORE;
}

/* clang-format off */
const struct json_field member_outcome_fields[] = {
    {"id",      JSON_F_STR,  offsetof(struct member_outcome, id), .required = true, .max = 32, .help = "instance id", .pattern = IDS_INSTANCE_PATTERN},
    {"outcome", JSON_F_ENUM, offsetof(struct member_outcome, outcome), .required = true, .names = outcome_names, .help = "what became of it"},
    {"cause",   JSON_F_ENUM, offsetof(struct member_outcome, cause), .names = cause_names, .help = "why"},
    {"from",    JSON_F_STR,  offsetof(struct member_outcome, from), .max = 32, .help = "EC2's state before"},
    {"to",      JSON_F_STR,  offsetof(struct member_outcome, to), .max = 32, .help = "EC2's state at the end, as DescribeInstances said"},
    {"took_ms", JSON_F_INT,  offsetof(struct member_outcome, took_ms), .help = "from the accepted call to the state"},
    {"detail",  JSON_F_STR,  offsetof(struct member_outcome, detail), .max = 400, .help = "AWS's own words"},
    {0},
};

const struct json_field counts_fields[] = {
    {"done",      JSON_F_INT, offsetof(struct counts, done)},
    {"unchanged", JSON_F_INT, offsetof(struct counts, unchanged)},
    {"bypassed",  JSON_F_INT, offsetof(struct counts, bypassed)},
    {"failed",    JSON_F_INT, offsetof(struct counts, failed)},
    {"doubt",     JSON_F_INT, offsetof(struct counts, doubt), .help = "of the bypassed: override-unknown"},
    {"unsettled", JSON_F_INT, offsetof(struct counts, unsettled), .help = "of all: may still be moving"},
    {0},
};
/* clang-format on */

void counts_add(struct counts *c, enum outcome o, enum cause why)
{
    c->done += o == OUTCOME_DONE;
    c->unchanged += o == OUTCOME_UNCHANGED;
    c->bypassed += o == OUTCOME_BYPASSED;
    c->failed += o == OUTCOME_FAILED;
    c->doubt += o == OUTCOME_BYPASSED && why == CAUSE_OVERRIDE_UNKNOWN;
    c->unsettled += member_unsettled(o, why);
}

void counts_sum(struct counts *to, const struct counts *from)
{
    to->done += from->done;
    to->unchanged += from->unchanged;
    to->bypassed += from->bypassed;
    to->failed += from->failed;
    to->doubt += from->doubt;
    to->unsettled += from->unsettled;
}

struct counts counts_of(const struct member_outcomes *members)
{
    struct counts c = {0};

    for (size_t i = 0; i < members->n; i++)
        counts_add(&c, (enum outcome)members->at[i].outcome, (enum cause)members->at[i].cause);
    return c;
}

enum result result_of_counts(const struct counts *c)
{
    if (c->failed > 0 && c->done == 0)
        return RESULT_FAILED;
    return c->failed > 0 || c->doubt > 0 ? RESULT_PARTIAL : RESULT_SUCCEEDED;
}

bool result_halts(const struct counts *c, enum action action, enum on_failure policy)
{
    return policy == ON_FAILURE_HALT && (c->failed > 0 || (action == ACTION_STOP && c->doubt > 0));
}
