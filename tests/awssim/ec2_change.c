/* Start, Stop and Modify: atomic, so everything that could refuse one instance is asked of all before
 * anything is done. */
#include "awssim/ec2.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Asked after the permission (core.c) and the ids, before the state: it proves no more than EC2 does. */
static bool dry(struct call *c)
{
    return params_flag(&c->params, "DryRun") &&
           !call_fail(c, 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
}

static bool names_given(struct awssim *sim, struct call *c, struct named *out)
{
    if (c->ids.n)
        return ec2_named(sim, c, out);
    (void)call_fail(c, 400, "MissingParameter", "The request must contain the parameter InstanceId");
    return false;
}

static struct instance_cause cause_of(const struct call *c)
{
    return (struct instance_cause){c->operation, c->request_id, c->run, c->job, c->attempt};
}

static bool may_start(struct call *c, const struct instance *i)
{
    switch (i->state) {
    case INSTANCE_STOPPED:
        if (i->market != MARKET_ON_DEMAND && !i->by_user)
            return call_fail(c, 400, "IncorrectSpotRequestState",
                             "You can't start the Spot Instance '%s' because the associated Spot Instance "
                             "request is not in an "
                             "appropriate state to support start.",
                             i->id);
        return true;
    case INSTANCE_PENDING:
    case INSTANCE_RUNNING:
        return true;
    default:
        return call_fail(c, 400, "IncorrectInstanceState",
                         "The instance '%s' is not in a state from which it can be started.", i->id);
    }
}

static bool may_stop_kind(struct call *c, const struct instance *i)
{
    if (!i->ebs_root)
        return call_fail(c, 400, "UnsupportedOperation",
                         "The instance '%s' does not have an 'ebs' root device type and cannot be stopped.",
                         i->id);
    if (i->market == MARKET_SPOT_ONE_TIME)
        return call_fail(
            c, 400, "UnsupportedOperation",
            "You can't stop the Spot Instance '%s' because it is associated with a one-time Spot Instance "
            "request. "
            "You can only stop Spot Instances associated with persistent Spot Instance requests.",
            i->id);
    if (i->stop_protected)
        return call_fail(c, 400, "OperationNotPermitted",
                         "The instance '%s' may not be stopped. Modify its 'disableApiStop' instance "
                         "attribute and try again.",
                         i->id);
    if (i->managed)
        return call_fail(c, 400, "OperationNotPermitted",
                         "The instance '%s' is managed by a service and may not be stopped.", i->id);
    if (params_flag(&c->params, "Hibernate") && !i->hibernation)
        return call_fail(c, 400, "UnsupportedHibernationConfiguration",
                         "Hibernation is not enabled for the following instances: %s", i->id);
    return true;
}

static bool may_stop(struct call *c, const struct instance *i)
{
    bool force = params_flag(&c->params, "Force");

    if (i->state == INSTANCE_TERMINATED || i->state == INSTANCE_SHUTTING_DOWN ||
        (i->state == INSTANCE_PENDING && !force))
        return call_fail(c, 400, "IncorrectInstanceState",
                         "This instance '%s' is not in a state from which it can be stopped.", i->id);
    return i->state == INSTANCE_STOPPED || i->state == INSTANCE_STOPPING || may_stop_kind(c, i);
}

static bool has_capacity(struct awssim *sim, struct call *c, const struct named *names)
{
    for (size_t k = 0; k < names->n; k++) {
        const struct instance *i = names->at[k];
        size_t same = 0;
        for (size_t m = 0; m < names->n; m++)
            if (names->at[m]->state == INSTANCE_STOPPED && !strcmp(names->at[m]->az, i->az) &&
                !strcmp(names->at[m]->type, i->type))
                same++;
        if (same && !instances_has_capacity(sim->instances, i, same))
            return call_fail(c, 500, "InsufficientInstanceCapacity", "Insufficient capacity.");
    }
    return true;
}

static void write_change(struct call *c, const struct instance *i, enum instance_state before)
{
    markup_open(&c->body, "item");
    markup_text(&c->body, "instanceId", i->id);
    ec2_write_state(&c->body, "currentState", i->state);
    ec2_write_state(&c->body, "previousState", before);
    markup_close(&c->body, "item");
}

static bool all_may(struct call *c, const struct named *names,
                    bool (*may)(struct call *c, const struct instance *i))
{
    for (size_t k = 0; k < names->n; k++)
        if (!may(c, names->at[k]))
            return false;
    return true;
}

bool ec2_start(struct awssim *sim, struct call *c)
{
    struct instance_cause cause = cause_of(c);
    struct named names = {0};

    if (!names_given(sim, c, &names))
        return false;
    bool ok = !dry(c) && all_may(c, &names, may_start) && has_capacity(sim, c, &names);
    if (ok) {
        markup_open(&c->body, "instancesSet");
        for (size_t k = 0; k < names.n; k++) {
            enum instance_state before = names.at[k]->state;
            instances_start(sim->instances, names.at[k], c->now, &cause);
            write_change(c, names.at[k], before);
        }
        markup_close(&c->body, "instancesSet");
    }
    xfree(names.at);
    return ok;
}

bool ec2_stop(struct awssim *sim, struct call *c)
{
    struct instance_cause cause = cause_of(c);
    struct named names = {0};

    if (!names_given(sim, c, &names))
        return false;
    bool ok = !dry(c) && all_may(c, &names, may_stop);
    if (ok) {
        markup_open(&c->body, "instancesSet");
        for (size_t k = 0; k < names.n; k++) {
            enum instance_state before = names.at[k]->state;
            instances_stop(sim->instances, names.at[k], params_flag(&c->params, "Force"), c->now, &cause);
            write_change(c, names.at[k], before);
        }
        markup_close(&c->body, "instancesSet");
    }
    xfree(names.at);
    return ok;
}

/* m5.large: a family, a dot, a size. What else there is, the scenario's people know better. */
static bool is_type(struct str type)
{
    struct str family, size;

    return str_cut(type, '.', &family, &size) && family.n >= 2 && size.n >= 4;
}

static bool modify_type(struct call *c, struct instance *i, const char *type)
{
    if (i->state != INSTANCE_STOPPED)
        return call_fail(c, 400, "IncorrectInstanceState", "The instance '%s' is not in the 'stopped' state.",
                         i->id);
    if (i->market != MARKET_ON_DEMAND)
        return call_fail(c, 400, "UnsupportedOperation",
                         "The type of the Spot Instance '%s' cannot be changed.", i->id);
    if (!is_type(str_of(type)))
        return call_fail(c, 400, "InvalidInstanceAttributeValue", "Invalid value '%s' for InstanceType.",
                         type);
    xfree(i->type);
    i->type = xstrdup(type);
    return true;
}

bool ec2_modify(struct awssim *sim, struct call *c)
{
    const char *type = params_get(&c->params, "InstanceType.Value");
    const char *protect = params_get(&c->params, "DisableApiStop.Value");
    struct named names = {0};

    if (!names_given(sim, c, &names))
        return false;
    bool ok = !dry(c);
    if (!ok)
        ; /* said */
    else if (type && protect)
        ok =
            call_fail(c, 400, "InvalidParameterCombination", "Fields for multiple attribute types specified");
    else if (type)
        ok = modify_type(c, names.at[0], type);
    else if (protect)
        names.at[0]->stop_protected = str_is(str_of(protect), "true");
    else
        ok = call_fail(c, 400, "InvalidParameterCombination", "No attributes specified.");
    xfree(names.at);
    if (ok)
        markup_bool(&c->body, "return", true);
    return ok;
}

static bool is_burstable(const struct instance *i)
{
    return strncmp(i->type, "t2.", 3) == 0 || strncmp(i->type, "t3.", 3) == 0 ||
           strncmp(i->type, "t3a.", 4) == 0 || strncmp(i->type, "t4g.", 4) == 0;
}

/* The one change here that succeeds in part (ModifyInstanceCreditSpecification). */
bool ec2_credits(struct awssim *sim, struct call *c)
{
    BUF_CLEANUP struct buf bad = BUF_INIT(CALL_REPLY_MAX);
    const char *name;
    char key[64];

    if (dry(c))
        return false;
    markup_open(&c->body, "successfulInstanceCreditSpecificationSet");
    for (size_t k = 1; k <= 1000; k++) {
        (void)snprintf(key, sizeof key, "InstanceCreditSpecification.%zu.InstanceId", k);
        if (!(name = params_get(&c->params, key)))
            break;
        struct instance *i = instances_find(sim->instances, str_of(name));
        bool seen = i && sim_sees(c, i->account, i->region);
        struct buf *out = seen && is_burstable(i) ? &c->body : &bad;
        markup_open(out, "item");
        markup_text(out, "instanceId", name);
        if (out == &bad)
            buf_addf(out, "<error><code>%s</code><message>%s</message></error>",
                     seen ? "InstanceCreditSpecification.NotSupported" : "InvalidInstanceID.NotFound",
                     seen ? "not a burstable type" : "does not exist");
        markup_close(out, "item");
    }
    markup_close(&c->body, "successfulInstanceCreditSpecificationSet");
    markup_open(&c->body, "unsuccessfulInstanceCreditSpecificationSet");
    buf_add(&c->body, buf_view(&bad));
    markup_close(&c->body, "unsuccessfulInstanceCreditSpecificationSet");
    return true;
}
