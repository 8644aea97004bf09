#include "aws/ec2.h"

#include "aws/ec2_decode.h"
#include "aws/list.h"
#include "base/mem.h"
#include "codec/form.h"

#include <stdio.h>
#include <string.h>

static const struct aws_service service = {"ec2", "ec2", "ec2", "EC2", AWS_EC2_QUERY, "2016-11-15", NULL};

/* clang-format off */
static const char *const instance_names[] = {
    "reservationSet", "instancesSet", "item", "nextToken", "instanceId", "instanceState", "code", "instanceType", "placement",
    "availabilityZone", "vpcId", "instanceLifecycle", "spotInstanceRequestId", "rootDeviceType", "platform", "stateReason",
    "message", "reason", "launchTime", "hibernationOptions", "configured", "operator", "managed", "tagSet", "key", "value", NULL,
};
static const struct aws_op describe_instances = {
    .service = &service, .action = "DescribeInstances", .page_in = "NextToken", .page_out = "nextToken", .names = instance_names,
    .reply_size = sizeof(struct ec2_instances), .list = "reservationSet", .item = ec2_decode_reservation, .decode = ec2_decode_instances, .release = ec2_free_instances,
};
static const struct aws_op start_instances = {
    .service = &service, .action = "StartInstances", .changes = true,
    .reply_size = sizeof(struct ec2_changes), .decode = ec2_decode_changes, .release = ec2_free_changes,
};
static const struct aws_op stop_instances = {
    .service = &service, .action = "StopInstances", .changes = true,
    .reply_size = sizeof(struct ec2_changes), .decode = ec2_decode_changes, .release = ec2_free_changes,
};
static const struct aws_op describe_status = {
    .service = &service, .action = "DescribeInstanceStatus", .page_in = "NextToken", .page_out = "nextToken",
    .reply_size = sizeof(struct ec2_statuses), .decode = ec2_decode_statuses, .release = ec2_free_statuses,
};
static const struct aws_op describe_spot = {
    .service = &service, .action = "DescribeSpotInstanceRequests", .page_in = "NextToken", .page_out = "nextToken",
    .reply_size = sizeof(struct ec2_spot_requests), .decode = ec2_decode_spot_requests, .release = ec2_free_spot_requests,
};
static const struct aws_op modify_attribute = {
    .service = &service, .action = "ModifyInstanceAttribute", .changes = true, .decode = ec2_decode_return,
};

/* With DryRun none of them changes anything, and none has a reply but an error. */
static const struct {
    const char *name;
    struct aws_op op;
    bool ids;
} dry_runs[EC2_ACTIONS] = {
    [EC2_DESCRIBE_INSTANCES] = {"ec2:DescribeInstances", {.service = &service, .action = "DescribeInstances"}, false},
    [EC2_DESCRIBE_STATUS] = {"ec2:DescribeInstanceStatus", {.service = &service, .action = "DescribeInstanceStatus"}, false},
    [EC2_DESCRIBE_SPOT] = {"ec2:DescribeSpotInstanceRequests", {.service = &service, .action = "DescribeSpotInstanceRequests"}, false},
    [EC2_START] = {"ec2:StartInstances", {.service = &service, .action = "StartInstances"}, true},
    [EC2_STOP] = {"ec2:StopInstances", {.service = &service, .action = "StopInstances"}, true},
};
/* clang-format on */

const char *ec2_state_name(int state)
{
    switch (state) {
    case EC2_PENDING:
        return "pending";
    case EC2_RUNNING:
        return "running";
    case EC2_SHUTTING_DOWN:
        return "shutting-down";
    case EC2_TERMINATED:
        return "terminated";
    case EC2_STOPPING:
        return "stopping";
    case EC2_STOPPED:
        return "stopped";
    default:
        return "unknown";
    }
}

void ec2_filter(struct ec2_filters *f, const char *name, struct str value)
{
    struct ec2_filter *x = NULL;

    for (size_t i = 0; i < f->n && !x; i++)
        if (strcmp(f->at[i].name, name) == 0)
            x = &f->at[i];
    if (!x) {
        x = list_add(&f->at, &f->n, sizeof *f->at);
        x->name = xstrdup(name);
    }
    strs_add(&x->values, value);
}

void ec2_filter_tag(struct ec2_filters *f, const char *key, struct str value)
{
    BUF_CLEANUP struct buf name = BUF_INIT(4096);

    buf_addf(&name, "tag:%s", key);
    BUG_IF(name.over); /* a key has 128 characters; rows are bounded */
    ec2_filter(f, buf_cstr(&name), value);
}

void ec2_filters_release(struct ec2_filters *f)
{
    for (size_t i = 0; i < f->n; i++) {
        xfree(f->at[i].name);
        strs_release(&f->at[i].values);
    }
    xfree(f->at);
    *f = (struct ec2_filters){0};
}

/* `*` and `?` are wildcards of EC2's, `\` takes that away from what follows: values are literal. */
static void escape(struct str value, struct buf *out)
{
    for (size_t i = 0; i < value.n; i++) {
        if (strchr("*?\\", value.p[i]) && value.p[i])
            buf_addc(out, '\\');
        buf_addc(out, value.p[i]);
    }
}

static bool too_many(const char *what, size_t n, size_t max, struct err *e)
{
    (void)err_set(e, ERR_INVALID, "%zu %s: between 1 and %zu may be asked for at once", n, what, max);
    return err_code(e, AWS_TOO_LARGE);
}

static bool add_filters(const struct ec2_filters *f, struct buf *body, struct err *e)
{
    if (f->n > EC2_FILTERS_MAX)
        return too_many("filters", f->n, EC2_FILTERS_MAX, e);
    for (size_t i = 0; i < f->n; i++) {
        const struct strs *values = &f->at[i].values;
        if (values->n > EC2_VALUES_MAX)
            return too_many("values of a filter", values->n, EC2_VALUES_MAX, e);
        form_addf(body, str_of(f->at[i].name), "Filter.%zu.Name", i + 1);
        for (size_t j = 0; j < values->n; j++) {
            BUF_CLEANUP struct buf value = BUF_INIT(AWS_BODY_MAX);
            escape(str_of(values->at[j]), &value);
            form_addf(body, buf_view(&value), "Filter.%zu.Value.%zu", i + 1, j + 1);
        }
    }
    return true;
}

static bool add_ids(const struct strs *ids, size_t max, struct buf *body, struct err *e)
{
    if (ids->n == 0 || ids->n > max) /* none would mean all of them to EC2 */
        return too_many("instances", ids->n, max, e);
    for (size_t i = 0; i < ids->n; i++)
        form_addf(body, str_of(ids->at[i]), "InstanceId.%zu", i + 1);
    return true;
}

static uint64_t describe(struct aws *a, const struct aws_op *op, const struct aws_where *w,
                         const struct ec2_filters *f, aws_page *page, aws_done *done, void *self)
{
    BUF_CLEANUP struct buf body = BUF_INIT(AWS_BODY_MAX);
    struct err e = {0};
    char results[16];

    (void)snprintf(results, sizeof results, "%d", EC2_PAGE);
    form_add(&body, "MaxResults", str_of(results)); /* a paged call has the larger bucket */
    (void)(add_filters(f, &body, &e) && buf_ok(&body, "filters", &e));
    const struct aws_call c = {.op = op,
                               .where = w,
                               .body = buf_view(&body),
                               .refused = &e,
                               .page = page,
                               .done = done,
                               .self = self};
    return aws_call(a, &c);
}

uint64_t ec2_describe_instances(struct aws *a, const struct aws_where *w, const struct ec2_filters *f,
                                aws_done *done, void *self)
{
    return describe(a, &describe_instances, w, f, NULL, done, self);
}

uint64_t ec2_walk_instances(struct aws *a, const struct aws_where *w, const struct ec2_filters *f,
                            aws_page *page, aws_done *done, void *self)
{
    return describe(a, &describe_instances, w, f, page, done, self);
}

uint64_t ec2_describe_spot_requests(struct aws *a, const struct aws_where *w, const struct ec2_filters *f,
                                    aws_done *done, void *self)
{
    return describe(a, &describe_spot, w, f, NULL, done, self);
}

static uint64_t change(struct aws *a, const struct aws_op *op, const struct aws_where *w,
                       const struct strs *ids, const struct ec2_stop *how, const struct instant *checked,
                       aws_done *done, void *self)
{
    BUF_CLEANUP struct buf body = BUF_INIT(AWS_BODY_MAX);
    struct err e = {0};

    (void)(add_ids(ids, EC2_IDS_MAX, &body, &e) && buf_ok(&body, "instances", &e));
    if (how && how->hibernate)
        form_add(&body, "Hibernate", STR("true"));
    if (how && how->force)
        form_add(&body, "Force", STR("true"));
    const struct aws_call c = {.op = op,
                               .where = w,
                               .checked = checked,
                               .resources = ids->n,
                               .body = buf_view(&body),
                               .refused = &e,
                               .done = done,
                               .self = self};
    return aws_call(a, &c);
}

uint64_t ec2_start_instances(struct aws *a, const struct aws_where *w, const struct strs *ids,
                             const struct instant *checked, aws_done *done, void *self)
{
    return change(a, &start_instances, w, ids, NULL, checked, done, self);
}

uint64_t ec2_stop_instances(struct aws *a, const struct aws_where *w, const struct strs *ids,
                            const struct ec2_stop *how, const struct instant *checked, aws_done *done,
                            void *self)
{
    return change(a, &stop_instances, w, ids, how, checked, done, self);
}

uint64_t ec2_describe_status(struct aws *a, const struct aws_where *w, const struct strs *ids, aws_done *done,
                             void *self)
{
    BUF_CLEANUP struct buf body = BUF_INIT(AWS_BODY_MAX);
    struct err e = {0};

    form_add(&body, "IncludeAllInstances", STR("true"));
    (void)(add_ids(ids, EC2_STATUS_IDS_MAX, &body, &e) && buf_ok(&body, "instances", &e));
    const struct aws_call c = {.op = &describe_status,
                               .where = w,
                               .body = buf_view(&body),
                               .refused = &e,
                               .done = done,
                               .self = self};
    return aws_call(a, &c);
}

uint64_t ec2_modify_type(struct aws *a, const struct aws_where *w, const char *id, const char *type,
                         const struct instant *checked, aws_done *done, void *self)
{
    BUF_CLEANUP struct buf body = BUF_INIT(AWS_BODY_MAX);
    struct err e = {0};

    form_add(&body, "InstanceId", str_of(id));
    form_add(&body, "InstanceType.Value", str_of(type));
    (void)!buf_ok(&body, "instance and type", &e);
    const struct aws_call c = {.op = &modify_attribute,
                               .where = w,
                               .checked = checked,
                               .resources = 1,
                               .body = buf_view(&body),
                               .refused = &e,
                               .done = done,
                               .self = self};
    return aws_call(a, &c);
}

const char *ec2_action_name(enum ec2_action what)
{
    return dry_runs[what].name;
}

uint64_t ec2_dry_run(struct aws *a, const struct aws_where *w, enum ec2_action what, const struct strs *ids,
                     aws_done *done, void *self)
{
    BUF_CLEANUP struct buf body = BUF_INIT(AWS_BODY_MAX);
    struct err e = {0};
    const struct strs none = {0};

    form_add(&body, "DryRun", STR("true"));
    if (dry_runs[what].ids)
        (void)add_ids(ids ? ids : &none, EC2_IDS_MAX, &body, &e);
    if (e.kind == ERR_NONE)
        (void)!buf_ok(&body, "instances", &e);
    const struct aws_call c = {.op = &dry_runs[what].op,
                               .where = w,
                               .body = buf_view(&body),
                               .refused = &e,
                               .done = done,
                               .self = self};
    return aws_call(a, &c);
}

enum ec2_right ec2_dry_run_answer(const struct aws_result *r)
{
    if (strcmp(r->err.code, "DryRunOperation") == 0)
        return EC2_RIGHT_ALLOWED;
    return strcmp(r->err.code, "UnauthorizedOperation") == 0 ? EC2_RIGHT_MISSING : EC2_RIGHT_UNKNOWN;
}
