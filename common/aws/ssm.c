#include "aws/ssm.h"

#include "aws/json_call.h"
#include "aws/ssm_decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct aws_service service = {"ssm", "ssm", "ssm", "SSM", AWS_JSON, "1.1", "AmazonSSM"};

/* clang-format off */
static const struct aws_op send_command = {
    .service = &service, .action = "SendCommand", .changes = true,
    .reply_size = sizeof(struct ssm_sent), .decode = ssm_decode_sent, .release = ssm_free_sent,
};
static const struct aws_op list_invocations = {
    .service = &service, .action = "ListCommandInvocations", .page_in = "NextToken", .page_out = "NextToken",
    .reply_size = sizeof(struct ssm_invocations), .decode = ssm_decode_invocations, .release = ssm_free_invocations,
};
static const struct aws_op describe_nodes = {
    .service = &service, .action = "DescribeInstanceInformation", .page_in = "NextToken", .page_out = "NextToken",
    .reply_size = sizeof(struct ssm_nodes), .decode = ssm_decode_nodes, .release = ssm_free_nodes,
};
/* clang-format on */

enum { PAGE = 50 };

static struct json *array_of(const struct strs *l)
{
    struct json *array = json_array();

    for (size_t i = 0; i < l->n; i++)
        json_push_str(array, str_of(l->at[i]));
    return array;
}

static void check_ids(const struct strs *ids, struct err *e)
{
    if (ids->n > 0 && ids->n <= SSM_IDS_MAX)
        return;
    (void)err_set(e, ERR_INVALID, "%zu instances: between 1 and %d may be asked at once", ids->n,
                  SSM_IDS_MAX);
    (void)err_code(e, AWS_TOO_LARGE);
}

static void check_command(const struct ssm_command *c, struct err *e)
{
    check_ids(c->ids, e);
    if (c->comment && strlen(c->comment) > SSM_COMMENT_MAX)
        (void)err_set(e, ERR_INVALID, "the comment has more than %d bytes", SSM_COMMENT_MAX);
    if (c->timeout_s < SSM_TIMEOUT_MIN_S || c->execution_s < SSM_EXECUTION_MIN_S)
        (void)err_set(e, ERR_INVALID, "time limits of %" PRId64 " s and %" PRId64 " s: at least %d and %d",
                      c->timeout_s, c->execution_s, SSM_TIMEOUT_MIN_S, SSM_EXECUTION_MIN_S);
}

/* Every value of Parameters is a list of texts. */
static struct json *parameters_of(const struct ssm_command *c)
{
    struct json *parameters = json_object();
    struct json *limit = json_array();
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, c->execution_s);
    json_push_str(limit, str_of(text));
    json_add(parameters, "commands", array_of(c->commands));
    json_add(parameters, "executionTimeout", limit);
    return parameters;
}

uint64_t ssm_send_command(struct aws *a, const struct aws_where *w, const struct ssm_command *c,
                          const struct instant *checked, aws_done *done, void *self)
{
    struct json *body = json_object();
    struct err e = {0};

    check_command(c, &e);
    json_add_str(body, "DocumentName", str_of(c->document));
    json_add(body, "InstanceIds", array_of(c->ids));
    json_add(body, "Parameters", parameters_of(c));
    json_add_int(body, "TimeoutSeconds", c->timeout_s);
    json_add_str(body, "MaxConcurrency", STR("100%")); /* the default would hold some back, */
    json_add_str(body, "MaxErrors", STR("100%"));      /* and end the rest after the first that fails */
    if (c->comment && c->comment[0])
        json_add_str(body, "Comment", str_of(c->comment));
    if (c->bucket && c->bucket[0])
        json_add_str(body, "OutputS3BucketName", str_of(c->bucket));
    if (c->bucket && c->bucket[0] && c->prefix && c->prefix[0])
        json_add_str(body, "OutputS3KeyPrefix", str_of(c->prefix));
    const struct json_call q = {&send_command, w, checked, c->ids->n, body, &e, done, self};
    return json_call(a, &q);
}

uint64_t ssm_list_invocations(struct aws *a, const struct aws_where *w, const char *command_id,
                              aws_done *done, void *self)
{
    struct json *body = json_object();

    json_add_str(body, "CommandId", str_of(command_id));
    json_add_bool(body, "Details", true);
    json_add_int(body, "MaxResults", PAGE);
    const struct json_call q = {&list_invocations, w, NULL, 0, body, NULL, done, self};
    return json_call(a, &q);
}

uint64_t ssm_describe_nodes(struct aws *a, const struct aws_where *w, const struct strs *ids, aws_done *done,
                            void *self)
{
    struct json *body = json_object();
    struct json *filter = json_object();
    struct json *filters = json_array();
    struct err e = {0};

    check_ids(ids, &e);
    json_add_str(filter, "Key", STR("InstanceIds"));
    json_add(filter, "Values", array_of(ids));
    json_push(filters, filter);
    json_add(body, "Filters", filters);
    json_add_int(body, "MaxResults", PAGE);
    const struct json_call q = {&describe_nodes, w, NULL, 0, body, &e, done, self};
    return json_call(a, &q);
}
