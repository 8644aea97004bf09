#include "aws/greeting.h"

#include "aws/sts.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct greeting {
    const struct ports *ports;
    struct aws *aws; /* NULL: answered */
    int64_t due_ms;
    bool asked, answered;
    char told[ERR_MSG_MAX]; /* the last failure that was logged */
};

struct greeting *greeting_new(const struct ports *ports, const char *program, struct err *e)
{
    struct greeting *g = xcalloc(1, sizeof *g);

    g->ports = ports;
    g->due_ms = INT64_MIN;
    g->aws = aws_new(ports, &(struct aws_options){.program = program}, e);
    if (g->aws)
        return g;
    greeting_free(g);
    return NULL;
}

void greeting_free(struct greeting *g)
{
    if (!g)
        return;
    aws_free(g->aws);
    xfree(g);
}

static const char *remedy(const struct err *e)
{
    switch (e->kind) {
    case ERR_CONFIG:
        return "set AWS_REGION, and AWS_PROFILE or keys as the AWS SDKs read them";
    case ERR_DENIED:
        return "check the credentials: keys, AWS_PROFILE, or the role of this machine";
    default:
        return "check the credentials, AWS_REGION, and the way to AWS from here: proxy, endpoint, name "
               "server";
    }
}

static void complain(struct greeting *g, const struct err *e)
{
    const char *region = aws_region(g->aws);

    if (strcmp(g->told, e->msg) == 0)
        return;
    (void)snprintf(g->told, sizeof g->told, "%s", e->msg);
    log_error(g->ports->log, "aws.unusable", fs("region", region), fe(e), fs("remedy", remedy(e)));
}

static void on_identity(void *self, uint64_t id, struct aws_result *r)
{
    struct greeting *g = self;
    struct sts_identity who;

    (void)id;
    g->asked = false;
    if (r->err.kind != ERR_NONE) {
        complain(g, &r->err);
        return;
    }
    sts_identity_take(r, &who);
    log_info(g->ports->log, "aws.ready", fs("region", aws_region(g->aws)), fs("account", who.account),
             fs("arn", who.arn));
    sts_identity_release(&who);
    g->answered = true;
}

int64_t greeting_turn(struct greeting *g, int64_t now_ms)
{
    if (!g->aws)
        return INT64_MAX;
    if (!g->asked && now_ms >= g->due_ms) {
        g->asked = true;
        g->due_ms = now_ms + GREETING_AGAIN_MS;
        (void)sts_get_caller_identity(g->aws, &(struct aws_where){0}, on_identity, g);
    }
    int64_t next_ms = aws_turn(g->aws, now_ms);
    if (g->answered) {
        aws_free(g->aws);
        g->aws = NULL;
        return INT64_MAX;
    }
    return next_ms < g->due_ms || g->asked ? next_ms : g->due_ms;
}
