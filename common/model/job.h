#pragma once
/*
 * job - the unit on the jobs topic: a chunk of one tier's members, with all that a worker needs to act on it.
 *
 * Self-contained: a worker never reads the tables. Made by the fold's caller from a TierPlanned record
 * (job_options are the tier's, the members the job's) and kept as JSON text in the view, so that the pump can
 * deliver it again and again, always the same bytes. Bounds: JOB_MEMBERS_MAX members; with an override
 * question JOB_GUESTS_MAX (SSM's bound of a command).
 */
#include "model/ids.h"
#include "model/member.h"
#include "model/spec.h"

enum { JOB_MEMBERS_MAX = 1000, JOB_MEMBERS_PLAIN = 200, JOB_GUESTS_MAX = 50, JOB_TEXT_MAX = 64 * 1024 };

struct job_options { /* of a tier in an action: stands once in the plan, and in every job of the tier */
    char *region, *role, *external_id;
    char *filter_key, *filter_value,
        *tier_key; /* compared byte for byte with each member's tags before acting */
    struct strs vpcs;
    bool sync;
    int on_failure;      /* enum on_failure: whether a synchronous tier goes on after a failed member */
    int64_t timeout_s;   /* of one member, from its accepted call */
    int ready;           /* start: enum ready_check */
    char *override_file; /* stop: NULL = no question */
    int override_os;     /* enum guest_os */
    char *output_bucket, *output_prefix;
    bool observe;
    int64_t
        /* wall time of the run's admission: what reached its state since then is this run's work */
        accepted_ms;
};
extern const struct json_field job_options_fields[];

struct job {
    int64_t v;                    /* 1 */
    char *workload, *run, *epoch; /* epoch: G:partition:offset */
    int action;                   /* enum action */
    int64_t step;
    char *tier, *job; /* job: its id */
    struct job_options options;
    struct strs members; /* instance ids, in order */
};
extern const struct json_field job_fields[];

MUST_CHECK bool job_parse(struct str text, struct job *out, struct err *e); /* validates bounds and ids too */
void job_print(const struct job *j, struct buf *out);
void job_release(struct job *j);
