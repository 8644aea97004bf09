#include "specs/members.h"

#include "base/mem.h"

#include <string.h>

static const char *const states[] = {"pending", "running", "stopping", "stopped"};

static struct aws_where where_of(const struct spec *s, const char *run)
{
    return (struct aws_where){
        .region = s->region,
        .role_arn = s->role,
        .external_id = s->external_id,
        .workload = s->workload,
        .run = run,
    };
}

uint64_t members_ask(struct aws *a, const struct spec *s, const char *run, aws_done *done, void *self)
{
    struct ec2_filters f = {0};
    struct aws_where where = where_of(s, run);

    ec2_filter_tag(&f, s->filter_key, str_of(s->filter_value));
    for (size_t i = 0; i < s->vpcs.n; i++)
        ec2_filter(&f, "vpc-id", str_of(s->vpcs.at[i]));
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        ec2_filter(&f, "instance-state-name", str_of(states[i]));
    uint64_t id = ec2_describe_instances(a, &where, &f, done, self);
    ec2_filters_release(&f);
    return id;
}

static bool state_ok(int state)
{
    return state == EC2_PENDING || state == EC2_RUNNING || state == EC2_STOPPING || state == EC2_STOPPED;
}

static const char *tier_of(const struct ec2_instance *i, const struct spec *s)
{
    const char *value = ec2_tag_value(i, s->filter_key);
    const char *tier = ec2_tag_value(i, s->tier_key);

    if (!value || strcmp(value, s->filter_value) != 0 || !tier || !state_ok(i->state))
        return NULL;
    if (s->vpcs.n && !strs_has(&s->vpcs, str_of(i->vpc)))
        return NULL;
    for (size_t t = 0; t < s->tiers.n; t++)
        if (strcmp(s->tiers.at[t].name, tier) == 0)
            return tier;
    return NULL;
}

void members_take(struct aws_result *r, const struct spec *s, struct members *out)
{
    struct ec2_instances list = {0};

    ec2_instances_take(r, &list);
    members_narrow(&list, s, out);
}

void members_narrow(struct ec2_instances *list, const struct spec *s, struct members *out)
{
    *out = (struct members){.list = *list};
    *list = (struct ec2_instances){0};
    out->at = xcalloc(out->list.n + 1, sizeof *out->at);
    out->spot_requests = xcalloc(out->list.n + 1, sizeof *out->spot_requests);
    for (size_t i = 0; i < out->list.n; i++) {
        const struct ec2_instance *in = &out->list.at[i];
        const char *tier = tier_of(in, s);
        if (!tier)
            continue;
        bool spot = strcmp(in->lifecycle, "spot") == 0;
        out->spot_requests[out->n] = spot ? in->spot_request : NULL;
        out->at[out->n++] = (struct plan_member){
            .id = str_of(in->id),
            .state = str_of(ec2_state_name(in->state)),
            .tier = str_of(tier),
            .asg_member = ec2_tag_value(in, "aws:autoscaling:groupName") != NULL,
            .spot_one_time = spot && in->spot_request[0] == 0,
            .instance_store = strcmp(in->root_device, "instance-store") == 0,
        };
    }
}

void members_release(struct members *m)
{
    ec2_instances_release(&m->list);
    xfree(m->at);
    xfree(m->spot_requests);
    *m = (struct members){0};
}

size_t members_spot(const struct members *m, size_t from, struct ec2_filters *out, size_t *next)
{
    size_t n = 0;
    size_t i = from;

    for (; i < m->n && n < EC2_VALUES_MAX; i++) {
        if (!m->spot_requests[i] || !m->spot_requests[i][0])
            continue;
        ec2_filter(out, "spot-instance-request-id", str_of(m->spot_requests[i]));
        n++;
    }
    *next = i;
    return n;
}

static bool is_persistent(const struct ec2_spot_requests *known, const char *request)
{
    for (size_t i = 0; i < known->n; i++)
        if (strcmp(known->at[i].id, request) == 0)
            return strcmp(known->at[i].type, "persistent") == 0;
    return false;
}

void members_mark_spot(struct members *m, size_t from, size_t to, const struct ec2_spot_requests *known)
{
    for (size_t i = from; i < to && i < m->n; i++)
        if (m->spot_requests[i] && m->spot_requests[i][0])
            m->at[i].spot_one_time = !is_persistent(known, m->spot_requests[i]);
}
