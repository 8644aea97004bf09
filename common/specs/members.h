#pragma once
/*
 * members - a workload's instances as DescribeInstances shows them, narrowed byte for byte, in the form that
 * core/plan takes. The producer plans with it, the command line shows with it: who is a member is decided
 * here.
 *
 * The question filters by the workload's tag, the VPCs and the states; the reply's tags are compared again,
 * exactly. Only members of tiers that the specification has are kept.
 */
#include "aws/ec2.h"
#include "core/plan.h"

struct members {
    struct ec2_instances list;
    struct plan_member *at; /* borrowed texts of list */
    char **spot_requests;   /* of the i-th member, borrowed; "" or NULL: not Spot */
    size_t n;
};

/* Completes with the reply that members_take wants. */
uint64_t members_ask(struct aws *a, const struct spec *s, const char *run, aws_done *done, void *self);
void members_take(struct aws_result *r, const struct spec *s, struct members *out);
/* The same in two steps: the list moves into *out (it is empty then). */
void members_narrow(struct ec2_instances *list, const struct spec *s, struct members *out);
void members_release(struct members *m);

/* Spot requests whose kind has to be known, from the i-th member on: at most EC2_VALUES_MAX, *next is where
 * to go on. */
size_t members_spot(const struct members *m, size_t from, struct ec2_filters *out, size_t *next);
/* Marks one-time requests. A Spot member whose request is not among `known` is marked too: unproven is left
 * alone. */
void members_mark_spot(struct members *m, size_t from, size_t to, const struct ec2_spot_requests *known);
