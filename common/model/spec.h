#pragma once
/*
 * spec - a workload's specification, typed and validated: what core/lint makes of a person's rows, what
 * RunAccepted freezes.
 *
 * The meaning of each attribute is the configuration contract (docs/contract.md). Owner: whoever decoded or
 * parsed it; release it.
 */
#include "model/member.h"

enum {
    SPEC_TIERS_MAX = 500,
    SPEC_STEPS_MAX = 200,
    SPEC_SYNC_MEMBERS_MAX = 1000,
    SPEC_TIMEOUT_DEFAULT_S = 600
};

enum guest_os { GUEST_NONE, GUEST_LINUX, GUEST_WINDOWS };
extern const char *const guest_os_names[]; /* "", "Linux", "Windows", NULL */

enum ready_check { READY_STATE, READY_STATUS_OK };
extern const char *const ready_check_names[]; /* "state", "status-ok", NULL */

struct tier_action {
    bool present; /* the tier takes part in the action */
    int64_t sequence;
    bool sync; /* one member after the other */
    int64_t delay_s;
};

struct tier {
    char *name; /* the tag value */
    struct tier_action start, stop;
    char *override_file; /* NULL: no override question */
    int override_os;     /* enum guest_os */
    bool ignore_stop;
    int ready;         /* enum ready_check */
    int64_t timeout_s; /* of one member, from its accepted call */
};

struct tiers {
    struct tier *at;
    size_t n;
};

struct spec {
    char *workload;
    char *filter_key, *filter_value; /* the tag that marks membership, exactly */
    char *tier_key;                  /* the tag that holds the tier's name */
    char *region;
    struct strs vpcs;
    char *role, *external_id; /* NULL: our own credentials */
    char *output_bucket, *output_prefix;
    char *sns_topic;
    char *owner, *description;
    bool disabled;
    int on_failure;        /* enum on_failure */
    int64_t max_instances; /* 0: no bound */
    struct tiers tiers;
};

extern const struct json_field spec_fields[];
void spec_release(struct spec *s);
const struct tier_action *tier_in(const struct tier *t, enum action action);
