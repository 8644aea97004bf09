#pragma once
/*
 * permissions - the doctor's lines about IAM: each permission that the fleet needs is allowed, missing, or
 * cannot be checked.
 *
 * EC2's are asked by DryRun, over the workload's own instances, because a rule may hold for some of them
 * only. SSM and DynamoDB have no DryRun: what reads there is called with a key that nothing has, and
 * SendCommand cannot be checked without sending one. Nothing is changed and nothing is sent to a guest.
 *
 * Whose: the credentials that this command line has, or the workload's role. A missing one fails, with one
 * exception: home credentials that lack everything which only the worker needs are a person's (person.json),
 * and that is a warning: the worker's own have not been looked at.
 */
#include "cli/checks.h"
#include "cli/members.h"

struct aws_where;

/* Of one workload: EC2's, and SSM's if a tier has an override file. `m`: its instances, of any tier. */
void permissions_workload(struct cli *c, struct checks *k, const struct spec *spec,
                          const struct cli_members *m);
/* Of the specifications' tables. */
void permissions_tables(struct cli *c, struct checks *k, const struct aws_where *home);
