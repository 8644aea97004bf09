#pragma once
/*
 * engine - AWS's call engine over a fake world, and what a test sees of its calls.
 *
 * Callbacks write into a struct seen; a struct gate is a pacer that waits as long as the test says.
 */
#include "aws/call.h"
#include "aws/ec2.h"
#include "support/fake_world.h"

/* Replies as AWS gives them. */
#define EC2_NONE "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"
#define STOPPED                                                                                              \
    "<StopInstancesResponse><instancesSet><item><instanceId>i-1</instanceId><currentState><code>64</code>"   \
    "</currentState><previousState><code>16</code></previousState></item></instancesSet></"                  \
    "StopInstancesResponse>"
#define EC2_ERROR(code, message)                                                                             \
    "<Response><Errors><Error><Code>" code "</Code><Message>" message                                        \
    "</Message></Error></Errors><RequestID>r-9</RequestID></Response>"
#define PAGE(id, token)                                                                                      \
    "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>" id                   \
    "</instanceId><instanceState><code>"                                                                     \
    "16</code></instanceState></item></instancesSet></item></reservationSet>" token                          \
    "</DescribeInstancesResponse>"
#define ROLE "arn:aws:iam::210987654321:role/Stop"
#define ASSUMED                                                                                              \
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</"                             \
    "AccessKeyId><SecretAccessKey>rs</SecretAccessKey>"                                                      \
    "<SessionToken>role-token</SessionToken><Expiration>2026-05-01T11:00:00Z</Expiration></"                 \
    "Credentials><AssumedRoleUser><Arn>"                                                                     \
    "arn:aws:sts::210987654321:assumed-role/Stop/ec2sched</Arn></AssumedRoleUser></AssumeRoleResult></"      \
    "AssumeRoleResponse>"

struct seen {
    size_t count;
    uint64_t id;
    struct aws_result r; /* without `named` and `reply` */
    size_t named;
    char first_named[32];
    struct ec2_instances instances;
    size_t changes;
};

struct gate {
    int64_t wait_ms;
    size_t asked, throttled;
    struct pace last;
    char account[32], api[64], who[64];
};

extern const struct aws_where engine_home; /* home's credentials, with a run, a job and an attempt */

void seen_done(void *self, uint64_t id, struct aws_result *r);
void seen_instances(void *self, uint64_t id, struct aws_result *r);
void seen_changes(void *self, uint64_t id, struct aws_result *r);
struct aws *engine_new(struct fake_world *f, const struct pacer *pacer);
void engine_describe(struct aws *a, struct seen *s);
void engine_stop(struct aws *a, struct fake_world *f, struct seen *s);
void engine_warm(struct aws *a, struct fake_world *f, int64_t ahead_ms);
void engine_turn(struct aws *a, struct fake_world *f);
int64_t gate_ask(void *self, const struct pace *p);
void gate_throttled(void *self, const struct pace *p);
