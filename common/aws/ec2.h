#pragma once
/*
 * ec2 - instances: what they are, and the two words that change them.
 *
 * Every function returns the call's id at once; see aws/call.h for how it completes. Filter values are
 * literal: `*`, `?` and `\` are escaped here, so that the tag value ENV* never reaches ENV-PROD. A filter
 * only narrows: compare the tags of the reply byte for byte. Texts of a reply are owned by it and never NULL:
 * empty when EC2 leaves them out. Source: Amazon EC2 API reference, 2016-11-15.
 */
#include "aws/call.h"

enum {
    EC2_FILTERS_MAX = 50,
    EC2_VALUES_MAX = 200,
    EC2_IDS_MAX = 1000,
    EC2_STATUS_IDS_MAX = 100,
    EC2_PAGE = 1000
};

/* The low byte of the state code; the high one is EC2's own business. */
enum ec2_state {
    EC2_PENDING = 0,
    EC2_RUNNING = 16,
    EC2_SHUTTING_DOWN = 32,
    EC2_TERMINATED = 48,
    EC2_STOPPING = 64,
    EC2_STOPPED = 80,
};
const char *ec2_state_name(int state); /* "running"; "unknown" for a code that is not of these */

/* Filters of a Describe. Zeroed: none. Values of one name are alternatives, names must all hold. */
struct ec2_filters {
    struct ec2_filter {
        char *name;
        struct strs values;
    } * at;
    size_t n;
};
void ec2_filter(struct ec2_filters *f, const char *name,
                struct str value); /* adds an alternative to the name's values */
void ec2_filter_tag(struct ec2_filters *f, const char *key, struct str value); /* "tag:key" */
void ec2_filters_release(struct ec2_filters *f);

struct ec2_tag {
    char *key, *value;
};

struct ec2_instance {
    char *texts; /* all that follow point into it, and the tags */
    char *id;
    int state; /* enum ec2_state, or a code that we do not know */
    char *type, *az, *vpc;
    char *lifecycle;       /* "" on demand, "spot", "scheduled", "capacity-block" */
    char *spot_request;    /* sir-… */
    char *root_device;     /* "ebs", "instance-store" */
    char *platform;        /* "windows", else "" */
    char *reason_code;     /* stateReason/code: "Server.InsufficientInstanceCapacity" */
    char *reason;          /* stateReason/message */
    char *transition;      /* StateTransitionReason: "User initiated (2026-05-01 10:00:00 GMT)" */
    int64_t transition_ms; /* the time in it; 0: none */
    int64_t launch_ms;     /* of the last start; 0: none */
    bool hibernation;      /* configured for it */
    bool managed;          /* by a service (operator/managed): it refuses us */
    struct ec2_tag *tags;  /* its texts are in `texts` */
    size_t tag_count;
};
/* The value of a tag by its exact key; NULL: it has none. */
const char *ec2_tag_value(const struct ec2_instance *i, const char *key);

struct ec2_instances { /* reply; sorted by id, each id once */
    struct ec2_instance *at;
    size_t n;
    size_t sorted; /* the decoder's: behind these stands the page that is being read */
};
void ec2_instances_release(struct ec2_instances *l);
void ec2_instances_take(struct aws_result *r,
                        struct ec2_instances *out); /* moves it out of a successful result */
const struct ec2_instance *ec2_instances_find(const struct ec2_instances *l,
                                              const char *id); /* NULL: not there */

/*
 * DescribeInstances, all pages. By tag, by "instance-id" values, by "vpc-id", "instance-state-name" …; never
 * by InstanceId.N.
 */
uint64_t ec2_describe_instances(struct aws *a, const struct aws_where *w, const struct ec2_filters *f,
                                aws_done *done, void *self);
/* The same, page by page: ten thousand instances take the memory of one page. An instance that stands in two
 * pages (they may shift) is told twice. */
uint64_t ec2_walk_instances(struct aws *a, const struct aws_where *w, const struct ec2_filters *f,
                            aws_page *page, aws_done *done, void *self);

struct ec2_changes { /* reply of start and stop; order as EC2 gave it */
    struct ec2_change {
        char *id;
        int current, previous; /* states */
    } * at;
    size_t n;
};
void ec2_changes_release(struct ec2_changes *l);
void ec2_changes_take(struct aws_result *r, struct ec2_changes *out);

/*
 * Changing calls: at most EC2_IDS_MAX ids, all or none takes effect. resources for the pacer: the number of
 * ids.
 */
uint64_t ec2_start_instances(struct aws *a, const struct aws_where *w, const struct strs *ids,
                             const struct instant *checked, aws_done *done, void *self);
struct ec2_stop {
    bool force, hibernate;
};
uint64_t ec2_stop_instances(struct aws *a, const struct aws_where *w, const struct strs *ids,
                            const struct ec2_stop *how, const struct instant *checked, aws_done *done,
                            void *self);

/*
 * The same operations with DryRun: EC2 says whether these credentials may, and does nothing. So it is a
 * reading call: no lease check, asked again when it fails. It proves the permission alone, not the state, nor
 * the capacity. `ids`: those that a rule on resources or tags would be about; the changing ones need at least
 * one and take EC2_IDS_MAX, the others take none (NULL). Such a call never succeeds: see ec2_dry_run_answer.
 */
enum ec2_action {
    EC2_DESCRIBE_INSTANCES,
    EC2_DESCRIBE_STATUS,
    EC2_DESCRIBE_SPOT,
    EC2_START,
    EC2_STOP,
    EC2_ACTIONS
};
const char *ec2_action_name(enum ec2_action what); /* as IAM calls it: "ec2:StopInstances" */
uint64_t ec2_dry_run(struct aws *a, const struct aws_where *w, enum ec2_action what, const struct strs *ids,
                     aws_done *done, void *self);

/* UNKNOWN: any other word of EC2's, no answer, or one that says that the call was made. */
enum ec2_right { EC2_RIGHT_UNKNOWN, EC2_RIGHT_ALLOWED, EC2_RIGHT_MISSING };
enum ec2_right ec2_dry_run_answer(const struct aws_result *r);

struct ec2_statuses { /* reply; an id that EC2 does not list has no checks yet */
    struct ec2_status {
        char *id;
        int state;
        char *system, *instance; /* "ok", "impaired", "initializing", "insufficient-data", "not-applicable" */
    } * at;
    size_t n;
};
void ec2_statuses_release(struct ec2_statuses *l);
void ec2_statuses_take(struct aws_result *r, struct ec2_statuses *out);
bool ec2_status_ok(const struct ec2_statuses *l, const char *id); /* running, and both checks "ok" */

/*
 * DescribeInstanceStatus of at most EC2_STATUS_IDS_MAX ids, those not running included. An unknown id fails
 * the call.
 */
uint64_t ec2_describe_status(struct aws *a, const struct aws_where *w, const struct strs *ids, aws_done *done,
                             void *self);

struct ec2_spot_requests {
    struct ec2_spot_request {
        char *id, *instance;           /* sir-…, i-… */
        char *type;                    /* "one-time", "persistent" */
        char *state, *status;          /* "active", "disabled" …; status/code: "instance-stopped-by-user" */
        char *launch_group, *az_group; /* either set: it cannot be stopped */
        char *interruption;            /* "terminate", "stop", "hibernate" */
    } * at;
    size_t n;
};
void ec2_spot_requests_release(struct ec2_spot_requests *l);
void ec2_spot_requests_take(struct aws_result *r, struct ec2_spot_requests *out);
/* By "spot-instance-request-id", "instance-id" …; all pages. */
uint64_t ec2_describe_spot_requests(struct aws *a, const struct aws_where *w, const struct ec2_filters *f,
                                    aws_done *done, void *self);

/* ModifyInstanceAttribute, the type alone; the instance must be stopped. Reply: none (NULL). */
uint64_t ec2_modify_type(struct aws *a, const struct aws_where *w, const char *id, const char *type,
                         const struct instant *checked, aws_done *done, void *self);
