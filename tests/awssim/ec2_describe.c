#include "awssim/ec2.h"
#include "awssim/filters.h"
#include "awssim/pages.h"
#include "base/mem.h"

#include <string.h>

enum { EVERYTHING = 1000000, PAGE_LOW = 5, PAGE_HIGH = 1000 };

static void write_token(struct call *c, const struct page *p)
{
    char token[PAGE_TOKEN_MAX];

    if (!p->more)
        return;
    page_token(p, token);
    markup_text(&c->body, "nextToken", token);
}

static bool begin(struct awssim *sim, struct call *c, size_t low, struct page *p)
{
    const char *token = params_get(&c->params, "NextToken");
    size_t max;

    if (!ec2_max_results(c, low, PAGE_HIGH, EVERYTHING, &max))
        return false;
    if (token && !token[0])
        token = NULL;
    if (max == EVERYTHING && !token) { /* the old way: everything at once */
        *p = (struct page){.room = EVERYTHING};
        return true;
    }
    return page_begin(p, sim, token, max) ||
           call_fail(c, 400, "InvalidParameterValue", "Unable to parse pagination token");
}

static bool dry(struct call *c)
{
    return params_flag(&c->params, "DryRun") &&
           !call_fail(c, 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
}

static bool describe_named(struct awssim *sim, struct call *c, const struct filters *f)
{
    struct named names = {0};

    if (params_get(&c->params, "MaxResults"))
        return call_fail(c, 400, "InvalidParameterCombination",
                         "The parameter instancesSet cannot be used with the parameter maxResults");
    if (!ec2_named(sim, c, &names))
        return false;
    for (size_t k = 0; k < names.n; k++)
        if (filters_match(f, names.at[k], c->now.boot_ms))
            ec2_write_reservation(&c->body, names.at[k], c->now.boot_ms);
    xfree(names.at);
    return true;
}

/* Which instance stands at `place` of the candidates: all there are, or those that an instance-id filter
 * names. */
static const struct instance *candidate(const struct awssim *sim, const struct strs *ids, size_t place)
{
    if (ids)
        return instances_find(sim->instances, str_of(ids->at[place]));
    const struct instance *i = instances_at(sim->instances, place);
    return i->gone ? NULL : i;
}

static bool describe_filtered(struct awssim *sim, struct call *c, const struct filters *f)
{
    const struct strs *ids = filters_plain(f, "instance-id");
    size_t total = ids ? ids->n : instances_count(sim->instances);
    struct page p = {0};

    if (!begin(sim, c, PAGE_LOW, &p))
        return false;
    for (size_t place = p.begin; place < total && !p.more; place++) {
        const struct instance *i = candidate(sim, ids, place);
        if (i && sim_sees(c, i->account, i->region) && filters_match(f, i, c->now.boot_ms) &&
            page_take(&p, place))
            ec2_write_reservation(&c->body, i, c->now.boot_ms);
    }
    markup_close(&c->body, "reservationSet");
    write_token(c, &p);
    return true;
}

bool sim_describe_instances(struct awssim *sim, struct call *c)
{
    struct filters f = {0};
    bool ok = filters_read(&f, c) && !dry(c);

    if (ok) {
        markup_open(&c->body, "reservationSet");
        if (c->ids.n) {
            ok = describe_named(sim, c, &f);
            markup_close(&c->body, "reservationSet");
        } else {
            ok = describe_filtered(sim, c, &f);
        }
    }
    filters_release(&f);
    return ok;
}

static void write_check(struct buf *out, const char *name, const char *status)
{
    markup_open(out, name);
    markup_text(out, "status", status);
    buf_adds(out, "<details><item><name>reachability</name>");
    markup_text(out, "status", strcmp(status, "ok") == 0 ? "passed" : status);
    buf_adds(out, "</item></details>");
    markup_close(out, name);
}

static void write_status(struct call *c, const struct instance *i)
{
    enum instance_state state = instance_shown(i, c->now.boot_ms);
    const char *status = state != INSTANCE_RUNNING                             ? "not-applicable"
                         : c->now.boot_ms - i->running_since_ms < i->status_ms ? "initializing"
                                                                               : "ok";

    markup_open(&c->body, "item");
    markup_text(&c->body, "instanceId", i->id);
    markup_text(&c->body, "availabilityZone", i->az);
    ec2_write_state(&c->body, "instanceState", state);
    write_check(&c->body, "systemStatus", status);
    write_check(&c->body, "instanceStatus", status);
    markup_close(&c->body, "item");
}

bool sim_describe_status(struct awssim *sim, struct call *c)
{
    enum { IDS_MAX = 100 };
    bool all = params_flag(&c->params, "IncludeAllInstances");
    struct named names = {0};
    struct filters f = {0};
    struct page p = {.room = EVERYTHING};

    if (c->ids.n > IDS_MAX)
        return call_fail(c, 400, "InvalidParameterValue", "At most %d instance ids", IDS_MAX);
    bool ok = filters_read(&f, c) && !dry(c) &&
              (c->ids.n ? ec2_named(sim, c, &names) : begin(sim, c, PAGE_LOW, &p));
    if (ok)
        markup_open(&c->body, "instanceStatusSet");
    size_t total = names.at ? names.n : instances_count(sim->instances);
    for (size_t place = p.begin; ok && place < total && !p.more; place++) {
        const struct instance *i = names.at ? names.at[place] : instances_at(sim->instances, place);
        if (i->gone || !sim_sees(c, i->account, i->region) || !filters_match(&f, i, c->now.boot_ms) ||
            (!all && instance_shown(i, c->now.boot_ms) != INSTANCE_RUNNING))
            continue;
        if (page_take(&p, place))
            write_status(c, i);
    }
    if (ok) {
        markup_close(&c->body, "instanceStatusSet");
        write_token(c, &p);
    }
    xfree(names.at);
    filters_release(&f);
    return ok;
}

static void write_spot(struct call *c, const struct instance *i)
{
    bool persistent = i->market == MARKET_SPOT_PERSISTENT;
    bool stopped = i->state == INSTANCE_STOPPED || i->state == INSTANCE_STOPPING;

    markup_open(&c->body, "item");
    buf_addf(&c->body, "<spotInstanceRequestId>sir-%s</spotInstanceRequestId>", i->id + 2);
    markup_text(&c->body, "type", persistent ? "persistent" : "one-time");
    markup_text(&c->body, "state", stopped ? "disabled" : "active");
    markup_open(&c->body, "status");
    markup_text(&c->body, "code", stopped ? "instance-stopped-by-user" : "fulfilled");
    markup_close(&c->body, "status");
    markup_text(&c->body, "instanceId", i->id);
    markup_moment(&c->body, "createTime", i->launch_wall_ms);
    markup_close(&c->body, "item");
}

bool ec2_describe_spot(struct awssim *sim, struct call *c)
{
    struct filters f = {0};
    struct page p = {0};
    bool ok = filters_read(&f, c) && !dry(c) && begin(sim, c, PAGE_LOW, &p);

    if (ok) {
        markup_open(&c->body, "spotInstanceRequestSet");
        for (size_t place = p.begin; place < instances_count(sim->instances) && !p.more; place++) {
            const struct instance *i = instances_at(sim->instances, place);
            if (!i->gone && i->market != MARKET_ON_DEMAND && sim_sees(c, i->account, i->region) &&
                filters_match(&f, i, c->now.boot_ms) && page_take(&p, place))
                write_spot(c, i);
        }
        markup_close(&c->body, "spotInstanceRequestSet");
        write_token(c, &p);
    }
    filters_release(&f);
    return ok;
}

/* Filters of DescribeTags have names of their own: those that tools ask with. */
static bool tag_wanted(const struct instance *i, const struct tag *t, const struct strs *ids,
                       const struct strs *keys)
{
    bool id_ok = !ids->n, key_ok = !keys->n;

    for (size_t k = 0; k < ids->n; k++)
        id_ok = id_ok || filter_like(str_of(ids->at[k]), str_of(i->id));
    for (size_t k = 0; k < keys->n; k++)
        key_ok = key_ok || filter_like(str_of(keys->at[k]), str_of(t->key));
    return id_ok && key_ok;
}

static bool read_tag_filters(struct call *c, struct strs *ids, struct strs *keys)
{
    static const char *const names[] = {"Filter.1.Name", "Filter.2.Name", "Filter.3.Name"};
    static const char *const values[] = {"Filter.1.Value", "Filter.2.Value", "Filter.3.Value"};

    for (size_t k = 0; k < 3; k++) {
        const char *name = params_get(&c->params, names[k]);
        if (name && strcmp(name, "resource-id") == 0)
            params_list(&c->params, values[k], ids);
        else if (name && strcmp(name, "key") == 0)
            params_list(&c->params, values[k], keys);
        else if (name && strcmp(name, "resource-type") != 0)
            return call_fail(c, 400, "InvalidParameterValue", "The filter '%s' is invalid", name);
    }
    return true;
}

static void write_tag(struct call *c, const struct instance *i, const struct tag *t)
{
    markup_open(&c->body, "item");
    markup_text(&c->body, "resourceId", i->id);
    markup_text(&c->body, "resourceType", "instance");
    markup_text(&c->body, "key", t->key);
    markup_text(&c->body, "value", t->value);
    markup_close(&c->body, "item");
}

bool ec2_describe_tags(struct awssim *sim, struct call *c)
{
    STRS_CLEANUP struct strs ids = {0};
    STRS_CLEANUP struct strs keys = {0};
    struct page p = {0};

    if (!read_tag_filters(c, &ids, &keys) || dry(c) || !begin(sim, c, PAGE_LOW, &p))
        return false;
    markup_open(&c->body, "tagSet");
    for (size_t place = p.begin; place < instances_count(sim->instances) && !p.more; place++) {
        const struct instance *i = instances_at(sim->instances, place);
        if (i->gone || !sim_sees(c, i->account, i->region) || !page_take(&p, place))
            continue;
        for (size_t k = 0; k < i->tags.n; k++)
            if (tag_wanted(i, &i->tags.at[k], &ids, &keys))
                write_tag(c, i, &i->tags.at[k]);
    }
    markup_close(&c->body, "tagSet");
    write_token(c, &p);
    return true;
}
