#include "awssim/ec2.h"

#include "base/mem.h"

#include <inttypes.h>
#include <string.h>

const struct operation ec2_operations[] = {
    {"DescribeInstances", sim_describe_instances},
    {"DescribeInstanceStatus", sim_describe_status},
    {"DescribeSpotInstanceRequests", ec2_describe_spot},
    {"DescribeTags", ec2_describe_tags},
    {"StartInstances", ec2_start, .resources = "ec2:StartInstances/resources", .changes = true},
    {"StopInstances", ec2_stop, .resources = "ec2:StopInstances/resources", .changes = true},
    {"ModifyInstanceAttribute", ec2_modify, .changes = true},
    {"ModifyInstanceCreditSpecification", ec2_credits, .changes = true},
    {0},
};

/* i- and 8 or 17 digits */
static bool well_formed(struct str id)
{
    if (!str_starts(id, STR("i-")) || (id.n != 10 && id.n != 19))
        return false;
    for (size_t k = 2; k < id.n; k++)
        if (!strchr("0123456789abcdef", id.p[k]))
            return false;
    return true;
}

static bool none_like(struct call *c, const char *id)
{
    (void)call_fail(c, 400, "InvalidInstanceID.Malformed", "Invalid id: \"%s\"", id);
    return false;
}

static bool none_of(struct call *c, const struct strs *missing)
{
    BUF_CLEANUP struct buf list = BUF_INIT(CALL_MESSAGE_MAX);

    for (size_t k = 0; k < missing->n; k++)
        buf_addf(&list, "%s%s", k ? ", " : "", missing->at[k]);
    if (missing->n == 1)
        (void)call_fail(c, 400, "InvalidInstanceID.NotFound", "The instance ID '%s' does not exist",
                        buf_cstr(&list));
    else
        (void)call_fail(c, 400, "InvalidInstanceID.NotFound", "The instance IDs '%s' do not exist",
                        buf_cstr(&list));
    return false;
}

static bool is_among(const struct named *names, const struct instance *i)
{
    for (size_t k = 0; k < names->n; k++)
        if (names->at[k] == i)
            return true;
    return false;
}

bool ec2_named(struct awssim *sim, struct call *c, struct named *out)
{
    STRS_CLEANUP struct strs missing = {0};

    *out = (struct named){0};
    for (size_t k = 0; k < c->ids.n; k++)
        if (!well_formed(str_of(c->ids.at[k])))
            return none_like(c, c->ids.at[k]);
    out->at = xcalloc(c->ids.n + 1, sizeof(struct instance *));
    for (size_t k = 0; k < c->ids.n; k++) {
        struct instance *i = instances_find(sim->instances, str_of(c->ids.at[k]));
        if (!i || !sim_sees(c, i->account, i->region))
            strs_add(&missing, str_of(c->ids.at[k]));
        else if (!is_among(out, i))
            out->at[out->n++] = i;
    }
    if (!missing.n)
        return true;
    xfree(out->at);
    *out = (struct named){0};
    return none_of(c, &missing);
}

bool ec2_max_results(struct call *c, size_t low, size_t high, size_t absent, size_t *out)
{
    const char *text = params_get(&c->params, "MaxResults");
    int64_t value;

    *out = absent;
    if (!text)
        return true;
    if (!str_to_i64(str_of(text), &value) || value < (int64_t)low || value > (int64_t)high)
        return call_fail(
            c, 400, "InvalidParameterValue",
            "Value ( %s ) for parameter maxResults is invalid. Expecting a value between %zu and %zu.", text,
            low, high);
    *out = (size_t)value;
    return true;
}

void ec2_write_state(struct buf *out, const char *name, enum instance_state state)
{
    markup_open(out, name);
    markup_int(out, "code", state);
    markup_text(out, "name", instance_state_name(state));
    markup_close(out, name);
}

static void write_tags(struct buf *out, const struct instance *i)
{
    if (!i->tags.n)
        return;
    markup_open(out, "tagSet");
    for (size_t k = 0; k < i->tags.n; k++) {
        markup_open(out, "item");
        markup_text(out, "key", i->tags.at[k].key);
        markup_text(out, "value", i->tags.at[k].value);
        markup_close(out, "item");
    }
    markup_close(out, "tagSet");
}

static void write_place(struct buf *out, const struct instance *i)
{
    markup_open(out, "placement");
    markup_text(out, "availabilityZone", i->az);
    markup_text(out, "groupName", "");
    markup_text(out, "tenancy", "default");
    markup_close(out, "placement");
    markup_text(out, "vpcId", i->vpc);
    markup_text(out, "platform", i->platform);
    markup_text(out, "platformDetails", i->platform ? "Windows" : "Linux/UNIX");
}

static void write_reason(struct buf *out, const struct instance *i, int64_t now_ms)
{
    if (instance_past(i, now_ms) != &i->history[i->history_count - 1]) {
        markup_text(out, "reason", ""); /* of a state before, it is not known any more */
        return;
    }
    markup_text(out, "reason", i->transition_reason ? i->transition_reason : "");
    if (!i->reason_code)
        return;
    markup_open(out, "stateReason");
    markup_text(out, "code", i->reason_code);
    markup_text(out, "message", i->reason_text);
    markup_close(out, "stateReason");
}

static void write_kind(struct buf *out, const struct instance *i)
{
    if (i->market != MARKET_ON_DEMAND) {
        markup_text(out, "instanceLifecycle", "spot");
        buf_addf(out, "<spotInstanceRequestId>sir-%s</spotInstanceRequestId>", i->id + 2);
    }
    markup_text(out, "rootDeviceType", i->ebs_root ? "ebs" : "instance-store");
    markup_text(out, "rootDeviceName", "/dev/xvda");
    markup_open(out, "hibernationOptions");
    markup_bool(out, "configured", i->hibernation);
    markup_close(out, "hibernationOptions");
    markup_open(out, "operator");
    markup_bool(out, "managed", i->managed);
    markup_close(out, "operator");
}

void ec2_write_reservation(struct buf *out, const struct instance *i, int64_t now_ms)
{
    buf_addf(out, "<item><reservationId>r-%s</reservationId>", i->id + 2);
    markup_text(out, "ownerId", i->account);
    buf_adds(out, "<groupSet/><instancesSet><item>");
    markup_text(out, "instanceId", i->id);
    markup_text(out, "imageId", i->image ? i->image : "ami-00000000000000000");
    ec2_write_state(out, "instanceState", instance_shown(i, now_ms));
    markup_text(out, "instanceType", i->type);
    markup_moment(out, "launchTime", instance_past(i, now_ms)->launch_wall_ms);
    write_place(out, i);
    write_reason(out, i, now_ms);
    write_kind(out, i);
    markup_text(out, "architecture", "x86_64");
    markup_text(out, "virtualizationType", "hvm");
    markup_text(out, "hypervisor", "xen");
    buf_adds(out, "<amiLaunchIndex>0</amiLaunchIndex><ebsOptimized>false</ebsOptimized>");
    write_tags(out, i);
    buf_adds(out, "</item></instancesSet></item>");
}
