#pragma once
/*
 * metadata - where a worker on EC2, ECS or EKS gets its credentials: the instance metadata service, version
 * 2, and the container endpoint, both below /_/ so that one port serves all.
 *
 *   PUT  /_/imds/latest/api/token                                       a token (header
 *        X-aws-ec2-metadata-token-ttl-seconds)
 *   GET  /_/imds/latest/meta-data/iam/security-credentials/[ROLE]       with X-aws-ec2-metadata-token; 401
 *        without or too old
 *   GET  /_/imds/latest/meta-data/placement/region
 *   GET  /_/container/credentials                                       with Authorization, if the scenario
 *        names one
 *
 * Settings: {"role": ARN of "roles", "imds": true, "container_token": "…", "session_s": …}. Without a role:
 * 404, as on an instance without a profile. Source: "Use the Instance Metadata Service", EC2 user guide; ECS
 * and EKS container credentials.
 */
#include "awssim/core.h"
#include "codec/json.h"

struct metadata; /* opaque */

struct metadata *metadata_new(const struct json *settings, const char *region, struct err *e);
void metadata_free(struct metadata *m);
/* True if the path is one of these: the reply is whole. */
bool metadata_answer(struct awssim *sim, const struct awssim_request *request, struct awssim_reply *reply);
