#pragma once
/*
 * ec2 - what EC2's operations share: which instances a call names, and how an instance looks in a reply.
 *
 * ec2_describe.c reads, ec2_change.c changes; both are rows of ec2_operations (ec2.c).
 */
#include "awssim/markup.h"
#include "awssim/sim.h"

struct named { /* the instances of InstanceId.N, in their order, each once; release with xfree(at) */
    struct instance **at;
    size_t n;
};

/* False: InvalidInstanceID.Malformed or .NotFound, and nothing is left to release. */
MUST_CHECK bool ec2_named(struct awssim *sim, struct call *c, struct named *out);

/* Parses MaxResults; false: the call has failed. Absent: `absent`. */
MUST_CHECK bool ec2_max_results(struct call *c, size_t low, size_t high, size_t absent, size_t *out);

void ec2_write_state(struct buf *out, const char *name, enum instance_state state);
void ec2_write_reservation(struct buf *out, const struct instance *i, int64_t now_ms);

bool sim_describe_instances(struct awssim *sim, struct call *c);
bool sim_describe_status(struct awssim *sim, struct call *c);
bool ec2_describe_spot(struct awssim *sim, struct call *c);
bool ec2_describe_tags(struct awssim *sim, struct call *c);
bool ec2_start(struct awssim *sim, struct call *c);
bool ec2_stop(struct awssim *sim, struct call *c);
bool ec2_modify(struct awssim *sim, struct call *c);
bool ec2_credits(struct awssim *sim, struct call *c);
