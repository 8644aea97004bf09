#include "aws/ec2_decode.h"

#include "aws/list.h"
#include "base/mem.h"
#include "base/moment.h"
#include "codec/xml.h"

#include <stdlib.h>
#include <string.h>

static char *text(const struct xml *x, const char *path)
{
    return str_dup(xml_at(x, path));
}

static bool flag(const struct xml *x, const char *path)
{
    return str_is(xml_at(x, path), "true");
}

/* The low byte of a state's code; without one, there is no answer. */
static bool state(const struct xml *x, const char *path, int *out)
{
    enum { LOW_BYTE = 0xff };
    int64_t code = 0;

    if (!str_to_i64(xml_at(x, path), &code) || code < 0 || code > UINT16_MAX)
        return false;
    *out = (int)(code & LOW_BYTE);
    return true;
}

/* "User initiated (2026-05-01 10:00:00 GMT)" */
static int64_t transition_time(struct str reason)
{
    struct str before, inside, rest;
    int64_t wall_ms = 0;

    if (!str_cut(reason, '(', &before, &inside) || !str_cut(inside, ')', &inside, &rest) ||
        !moment_parse(str_trim(inside), &wall_ms))
        return 0;
    return wall_ms;
}

static void instance_release(struct ec2_instance *i)
{
    xfree(i->texts);
    xfree(i->tags);
}

void ec2_instances_release(struct ec2_instances *l)
{
    for (size_t i = 0; i < l->n; i++)
        instance_release(&l->at[i]);
    xfree(l->at);
    *l = (struct ec2_instances){0};
}

void ec2_free_instances(void *reply)
{
    ec2_instances_release(reply);
}

/* Moves the text to the end of the instance's own block; with a NULL block it is only counted. */
static char *put(struct ec2_instance *i, size_t *used, struct str s)
{
    char *to = i->texts ? i->texts + *used : NULL;

    if (to && s.n)
        memcpy(to, s.p, s.n);
    if (to)
        to[s.n] = '\0';
    *used += s.n + 1;
    return to;
}

/* All texts of an instance in one block: ten thousand instances in a reply are as many blocks, not twenty
 * times that. */
static size_t put_texts(const struct xml *x, struct ec2_instance *i)
{
    const struct {
        char **to;
        const char *path;
    } texts[] = {
        {&i->id, "instanceId"},
        {&i->type, "instanceType"},
        {&i->az, "placement/availabilityZone"},
        {&i->vpc, "vpcId"},
        {&i->lifecycle, "instanceLifecycle"},
        {&i->spot_request, "spotInstanceRequestId"},
        {&i->root_device, "rootDeviceType"},
        {&i->platform, "platform"},
        {&i->reason_code, "stateReason/code"},
        {&i->reason, "stateReason/message"},
        {&i->transition, "reason"},
    };
    size_t used = 0;
    size_t tag = 0;

    for (size_t j = 0; j < sizeof texts / sizeof *texts; j++)
        *texts[j].to = put(i, &used, xml_at(x, texts[j].path));
    for (const struct xml *t = xml_first(xml_child(x, "tagSet")); t; t = xml_next(t), tag++) {
        char *key = put(i, &used, xml_at(t, "key"));
        char *value = put(i, &used, xml_at(t, "value"));
        if (i->tags)
            i->tags[tag] = (struct ec2_tag){key, value};
    }
    i->tag_count = tag;
    return used;
}

static bool add_instance(const struct xml *x, struct ec2_instances *page)
{
    struct str id = xml_at(x, "instanceId");
    struct ec2_instance *i = NULL;
    int code = 0;

    if (!id.n || !state(x, "instanceState/code", &code))
        return false;
    i = list_add(&page->at, &page->n, sizeof *page->at);
    i->state = code;
    size_t bytes = put_texts(x, i);
    i->texts = xmalloc(bytes);
    i->tags = i->tag_count ? xcalloc(i->tag_count, sizeof *i->tags) : NULL;
    (void)put_texts(x, i);
    i->transition_ms = transition_time(str_of(i->transition));
    if (!moment_parse(xml_at(x, "launchTime"), &i->launch_ms))
        i->launch_ms = 0;
    i->hibernation = flag(x, "hibernationOptions/configured");
    i->managed = flag(x, "operator/managed");
    return true;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct ec2_instance *)a)->id, ((const struct ec2_instance *)b)->id);
}

/* Each id of the page once, and all of them after what is there: the usual case. */
static bool follows(const struct ec2_instances *l)
{
    for (size_t j = l->sorted ? l->sorted : 1; j < l->n; j++)
        if (by_id(&l->at[j - 1], &l->at[j]) >= 0)
            return false;
    return true;
}

static void add(struct ec2_instances *out, struct ec2_instance *i)
{
    if (out->n && by_id(&out->at[out->n - 1], i) == 0)
        instance_release(i);
    else
        *(struct ec2_instance *)list_add(&out->at, &out->n, sizeof *out->at) = *i;
}

/* The page, sorted, and those before it as one list; of an instance that stands in both (pages may shift) the
 * later word counts. */
static void merge(struct ec2_instances *l)
{
    struct ec2_instances out = {0};
    size_t i = 0, j = l->sorted;

    while (i < l->sorted || j < l->n) {
        int c = i == l->sorted ? 1 : j == l->n ? -1 : by_id(&l->at[i], &l->at[j]);
        if (c == 0)
            instance_release(&l->at[i++]);
        else
            add(&out, c < 0 ? &l->at[i++] : &l->at[j++]);
    }
    xfree(l->at);
    *l = out;
}

static void forget_page(struct ec2_instances *l)
{
    while (l->n > l->sorted)
        instance_release(&l->at[--l->n]);
    if (!l->n)
        ec2_instances_release(l);
}

bool ec2_decode_reservation(void *reply, const struct xml *x, struct err *e)
{
    for (const struct xml *i = xml_first(xml_child(x, "instancesSet")); i; i = xml_next(i))
        if (!add_instance(i, reply))
            return err_set(e, ERR_INVALID, "an instance without an id or a state code");
    return true;
}

bool ec2_decode_instances(const struct aws_body *b, void *reply, struct err *e)
{
    struct ec2_instances *l = reply;
    const struct xml *set = xml_child(b->xml, "reservationSet");
    bool ok = set || err_set(e, ERR_INVALID, "no reservationSet");

    for (const struct xml *r = xml_first(set); r && ok; r = xml_next(r))
        ok = ec2_decode_reservation(l, r, e);
    if (!ok) {
        forget_page(l);
        return false;
    }
    if (l->n > l->sorted)
        qsort(l->at + l->sorted, l->n - l->sorted, sizeof *l->at, by_id);
    if (!follows(l))
        merge(l);
    l->sorted = l->n;
    return true;
}

void ec2_instances_take(struct aws_result *r, struct ec2_instances *out)
{
    struct ec2_instances *have = r->reply;

    *out = *have;
    *have = (struct ec2_instances){0};
}

const struct ec2_instance *ec2_instances_find(const struct ec2_instances *l, const char *id)
{
    size_t low = 0, high = l->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = strcmp(l->at[middle].id, id);
        if (c == 0)
            return &l->at[middle];
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const char *ec2_tag_value(const struct ec2_instance *i, const char *key)
{
    for (size_t j = 0; j < i->tag_count; j++)
        if (strcmp(i->tags[j].key, key) == 0)
            return i->tags[j].value;
    return NULL;
}

void ec2_changes_release(struct ec2_changes *l)
{
    for (size_t i = 0; i < l->n; i++)
        xfree(l->at[i].id);
    xfree(l->at);
    *l = (struct ec2_changes){0};
}

void ec2_free_changes(void *reply)
{
    ec2_changes_release(reply);
}

void ec2_changes_take(struct aws_result *r, struct ec2_changes *out)
{
    struct ec2_changes *have = r->reply;

    *out = *have;
    *have = (struct ec2_changes){0};
}

bool ec2_decode_changes(const struct aws_body *b, void *reply, struct err *e)
{
    struct ec2_changes *l = reply;
    struct ec2_changes page = {0};

    if (!xml_child(b->xml, "instancesSet"))
        return err_set(e, ERR_INVALID, "no instancesSet");
    for (const struct xml *x = xml_first(xml_child(b->xml, "instancesSet")); x; x = xml_next(x)) {
        struct ec2_change c = {.id = text(x, "instanceId")};
        bool ok = c.id[0] && state(x, "currentState/code", &c.current) &&
                  state(x, "previousState/code", &c.previous);
        *(struct ec2_change *)list_add(&page.at, &page.n, sizeof *page.at) = c;
        if (ok)
            continue;
        ec2_changes_release(&page);
        return err_set(e, ERR_INVALID, "a change without an id or a state code");
    }
    list_append(&l->at, &l->n, page.at, page.n, sizeof *page.at);
    return true;
}

void ec2_statuses_release(struct ec2_statuses *l)
{
    for (size_t i = 0; i < l->n; i++) {
        xfree(l->at[i].id);
        xfree(l->at[i].system);
        xfree(l->at[i].instance);
    }
    xfree(l->at);
    *l = (struct ec2_statuses){0};
}

void ec2_free_statuses(void *reply)
{
    ec2_statuses_release(reply);
}

void ec2_statuses_take(struct aws_result *r, struct ec2_statuses *out)
{
    struct ec2_statuses *have = r->reply;

    *out = *have;
    *have = (struct ec2_statuses){0};
}

bool ec2_status_ok(const struct ec2_statuses *l, const char *id)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->at[i].id, id) == 0)
            return l->at[i].state == EC2_RUNNING && strcmp(l->at[i].system, "ok") == 0 &&
                   strcmp(l->at[i].instance, "ok") == 0;
    return false;
}

bool ec2_decode_statuses(const struct aws_body *b, void *reply, struct err *e)
{
    struct ec2_statuses *l = reply;
    struct ec2_statuses page = {0};

    if (!xml_child(b->xml, "instanceStatusSet"))
        return err_set(e, ERR_INVALID, "no instanceStatusSet");
    for (const struct xml *x = xml_first(xml_child(b->xml, "instanceStatusSet")); x; x = xml_next(x)) {
        struct ec2_status s = {.id = text(x, "instanceId"),
                               .system = text(x, "systemStatus/status"),
                               .instance = text(x, "instanceStatus/status")};
        bool ok = s.id[0] && state(x, "instanceState/code", &s.state);
        *(struct ec2_status *)list_add(&page.at, &page.n, sizeof *page.at) = s;
        if (ok)
            continue;
        ec2_statuses_release(&page);
        return err_set(e, ERR_INVALID, "a status without an id or a state code");
    }
    list_append(&l->at, &l->n, page.at, page.n, sizeof *page.at);
    return true;
}

static void spot_request_release(struct ec2_spot_request *s)
{
    char *const owned[] = {s->id,     s->instance,     s->type,     s->state,
                           s->status, s->launch_group, s->az_group, s->interruption};

    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        xfree(owned[i]);
}

void ec2_spot_requests_release(struct ec2_spot_requests *l)
{
    for (size_t i = 0; i < l->n; i++)
        spot_request_release(&l->at[i]);
    xfree(l->at);
    *l = (struct ec2_spot_requests){0};
}

void ec2_free_spot_requests(void *reply)
{
    ec2_spot_requests_release(reply);
}

void ec2_spot_requests_take(struct aws_result *r, struct ec2_spot_requests *out)
{
    struct ec2_spot_requests *have = r->reply;

    *out = *have;
    *have = (struct ec2_spot_requests){0};
}

bool ec2_decode_spot_requests(const struct aws_body *b, void *reply, struct err *e)
{
    struct ec2_spot_requests *l = reply;
    struct ec2_spot_requests page = {0};

    if (!xml_child(b->xml, "spotInstanceRequestSet"))
        return err_set(e, ERR_INVALID, "no spotInstanceRequestSet");
    for (const struct xml *x = xml_first(xml_child(b->xml, "spotInstanceRequestSet")); x; x = xml_next(x)) {
        struct ec2_spot_request *s = list_add(&page.at, &page.n, sizeof *page.at);
        s->id = text(x, "spotInstanceRequestId");
        s->instance = text(x, "instanceId");
        s->type = text(x, "type");
        s->state = text(x, "state");
        s->status = text(x, "status/code");
        s->launch_group = text(x, "launchGroup");
        s->az_group = text(x, "availabilityZoneGroup");
        s->interruption = text(x, "instanceInterruptionBehavior");
        if (s->id[0] && s->type[0])
            continue;
        ec2_spot_requests_release(&page);
        return err_set(e, ERR_INVALID, "a spot request without an id or a type");
    }
    list_append(&l->at, &l->n, page.at, page.n, sizeof *page.at);
    return true;
}

bool ec2_decode_return(const struct aws_body *b, void *reply, struct err *e)
{
    (void)reply;
    return str_is(xml_at(b->xml, "return"), "true") ||
           err_set(e, ERR_INVALID, "it does not say that it was done");
}
