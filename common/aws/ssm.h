#pragma once
/*
 * ssm - commands in guests: one call for up to 50 of them, and what came of it.
 *
 * Nothing here judges an answer: "Success" is not proof that a command ran, an empty list right after sending
 * is usual, and an agent that is "Online" may have been dead for minutes. Texts of a reply are owned by it
 * and never NULL. Source: AWS Systems Manager API reference, 2014-11-06.
 */
#include "aws/call.h"

enum {
    SSM_IDS_MAX = 50,
    SSM_COMMENT_MAX = 100,
    SSM_OUTPUT_MAX = 2500, /* AWS's own bound of a listed invocation's output */
    SSM_TIMEOUT_MIN_S = 30,
    SSM_EXECUTION_MIN_S = 5,
};

struct ssm_command {             /* borrowed */
    const struct strs *ids;      /* 1 .. SSM_IDS_MAX */
    const char *document;        /* "AWS-RunShellScript", "AWS-RunPowerShellScript", or our own */
    const struct strs *commands; /* Parameters.commands: the lines */
    const char *comment;         /* at most SSM_COMMENT_MAX bytes; holds the nonce */
    int64_t timeout_s;           /* to begin: >= SSM_TIMEOUT_MIN_S */
    int64_t execution_s;         /* to run: >= SSM_EXECUTION_MIN_S */
    const char *bucket, *prefix; /* output also goes there; NULL: nowhere */
};

struct ssm_sent { /* reply */
    char *command_id, *status;
};
void ssm_sent_release(struct ssm_sent *s);
void ssm_sent_take(struct aws_result *r, struct ssm_sent *out);

/*
 * SendCommand: a changing call (it is not idempotent), resources: the number of ids. One bad id fails it
 * whole (InvalidInstanceId, ERR_CONFLICT, the ids in `named`); a retired bucket too (InvalidOutputFolder).
 */
uint64_t ssm_send_command(struct aws *a, const struct aws_where *w, const struct ssm_command *c,
                          const struct instant *checked, aws_done *done, void *self);

struct ssm_invocations { /* reply; may be empty for seconds after the sending */
    struct ssm_invocation {
        char *instance;
        char *status;          /* "Pending", "InProgress", "Delayed", "Success", "Failed", "TimedOut" … */
        char *details;         /* StatusDetails: compare without case and blanks */
        char *output;          /* of the first plugin: stdout, cut by AWS at SSM_OUTPUT_MAX characters */
        int64_t response_code; /* -1: it has not begun, or no plugin is listed */
    } * at;
    size_t n;
};
void ssm_invocations_release(struct ssm_invocations *l);
void ssm_invocations_take(struct aws_result *r, struct ssm_invocations *out);
/* The invocation of an instance; NULL: not listed (yet). */
const struct ssm_invocation *ssm_invocations_find(const struct ssm_invocations *l, const char *instance);

/* ListCommandInvocations of one command with details, all pages. */
uint64_t ssm_list_invocations(struct aws *a, const struct aws_where *w, const char *command_id,
                              aws_done *done, void *self);

struct ssm_nodes { /* reply; nodes that are stopped, terminated or not managed are not listed */
    struct ssm_node {
        char *instance;
        char *ping;           /* "Online", "ConnectionLost", "Inactive" */
        char *platform;       /* "Linux", "Windows", "MacOS" */
        char *agent;          /* version */
        int64_t last_ping_ms; /* wall clock; 0: unknown */
    } * at;
    size_t n;
};
void ssm_nodes_release(struct ssm_nodes *l);
void ssm_nodes_take(struct aws_result *r, struct ssm_nodes *out);
const struct ssm_node *ssm_nodes_find(const struct ssm_nodes *l, const char *instance);

/* DescribeInstanceInformation of 1 .. SSM_IDS_MAX ids, all pages. */
uint64_t ssm_describe_nodes(struct aws *a, const struct aws_where *w, const struct strs *ids, aws_done *done,
                            void *self);
