#include "aws/ssm_decode.h"

#include "aws/list.h"
#include "base/mem.h"
#include "codec/json.h"

#include <math.h>
#include <string.h>

static char *text(const struct json *j, const char *name)
{
    return str_dup(json_str_or_empty(json_get(j, name)));
}

void ssm_sent_release(struct ssm_sent *s)
{
    xfree(s->command_id);
    xfree(s->status);
    *s = (struct ssm_sent){0};
}

void ssm_free_sent(void *reply)
{
    ssm_sent_release(reply);
}

void ssm_sent_take(struct aws_result *r, struct ssm_sent *out)
{
    struct ssm_sent *have = r->reply;

    *out = *have;
    *have = (struct ssm_sent){0};
}

bool ssm_decode_sent(const struct aws_body *b, void *reply, struct err *e)
{
    const struct json *command = json_get(b->json, "Command");
    struct ssm_sent *s = reply;

    if (!json_str_or_empty(json_get(command, "CommandId")).n)
        return err_set(e, ERR_INVALID, "a command without an id");
    ssm_sent_release(s);
    s->command_id = text(command, "CommandId");
    s->status = text(command, "Status");
    return true;
}

static void invocation_release(struct ssm_invocation *i)
{
    xfree(i->instance);
    xfree(i->status);
    xfree(i->details);
    xfree(i->output);
}

void ssm_invocations_release(struct ssm_invocations *l)
{
    for (size_t i = 0; i < l->n; i++)
        invocation_release(&l->at[i]);
    xfree(l->at);
    *l = (struct ssm_invocations){0};
}

void ssm_free_invocations(void *reply)
{
    ssm_invocations_release(reply);
}

void ssm_invocations_take(struct aws_result *r, struct ssm_invocations *out)
{
    struct ssm_invocations *have = r->reply;

    *out = *have;
    *have = (struct ssm_invocations){0};
}

const struct ssm_invocation *ssm_invocations_find(const struct ssm_invocations *l, const char *instance)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->at[i].instance, instance) == 0)
            return &l->at[i];
    return NULL;
}

bool ssm_decode_invocations(const struct aws_body *b, void *reply, struct err *e)
{
    struct ssm_invocations *l = reply;
    struct ssm_invocations page = {0};
    const struct json *list = json_get(b->json, "CommandInvocations");

    if (json_type(list) != JSON_ARRAY)
        return err_set(e, ERR_INVALID, "no CommandInvocations");
    for (const struct json *j = json_first(list); j; j = json_next(j)) {
        const struct json *plugin = json_first(json_get(j, "CommandPlugins"));
        struct ssm_invocation *i = list_add(&page.at, &page.n, sizeof *page.at);
        i->instance = text(j, "InstanceId");
        i->status = text(j, "Status");
        i->details = text(j, "StatusDetails");
        i->output = text(plugin, "Output");
        if (!json_int(json_get(plugin, "ResponseCode"), &i->response_code))
            i->response_code = -1;
        if (i->instance[0] && i->status[0])
            continue;
        ssm_invocations_release(&page);
        return err_set(e, ERR_INVALID, "an invocation without an instance or a status");
    }
    list_append(&l->at, &l->n, page.at, page.n, sizeof *page.at);
    return true;
}

void ssm_nodes_release(struct ssm_nodes *l)
{
    for (size_t i = 0; i < l->n; i++) {
        xfree(l->at[i].instance);
        xfree(l->at[i].ping);
        xfree(l->at[i].platform);
        xfree(l->at[i].agent);
    }
    xfree(l->at);
    *l = (struct ssm_nodes){0};
}

void ssm_free_nodes(void *reply)
{
    ssm_nodes_release(reply);
}

void ssm_nodes_take(struct aws_result *r, struct ssm_nodes *out)
{
    struct ssm_nodes *have = r->reply;

    *out = *have;
    *have = (struct ssm_nodes){0};
}

const struct ssm_node *ssm_nodes_find(const struct ssm_nodes *l, const char *instance)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->at[i].instance, instance) == 0)
            return &l->at[i];
    return NULL;
}

/* Epoch seconds with a fraction; what is no moment of ours is 0. */
static int64_t moment(const struct json *j)
{
    const double latest_s = 253402300799.0; /* the year 9999 */
    double seconds = 0;

    if (!json_number(j, &seconds) || !(seconds > 0) || seconds > latest_s)
        return 0;
    return (int64_t)llround(seconds * 1000.0);
}

bool ssm_decode_nodes(const struct aws_body *b, void *reply, struct err *e)
{
    struct ssm_nodes *l = reply;
    struct ssm_nodes page = {0};
    const struct json *list = json_get(b->json, "InstanceInformationList");

    if (json_type(list) != JSON_ARRAY)
        return err_set(e, ERR_INVALID, "no InstanceInformationList");
    for (const struct json *j = json_first(list); j; j = json_next(j)) {
        struct ssm_node *n = list_add(&page.at, &page.n, sizeof *page.at);
        n->instance = text(j, "InstanceId");
        n->ping = text(j, "PingStatus");
        n->platform = text(j, "PlatformType");
        n->agent = text(j, "AgentVersion");
        n->last_ping_ms = moment(json_get(j, "LastPingDateTime"));
        if (n->instance[0])
            continue;
        ssm_nodes_release(&page);
        return err_set(e, ERR_INVALID, "a node without an instance");
    }
    list_append(&l->at, &l->n, page.at, page.n, sizeof *page.at);
    return true;
}
