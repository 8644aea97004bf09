#include "support/engine.h"

#include "base/mem.h"
#include "support/weigh.h"

#include <stdio.h>

void seen_done(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    s->count++;
    s->id = id;
    s->r = *r;
    s->named = r->named.n;
    if (r->named.n)
        (void)snprintf(s->first_named, sizeof s->first_named, "%s", r->named.at[0]);
}

void seen_instances(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    seen_done(self, id, r);
    if (r->err.kind == ERR_NONE)
        ec2_instances_take(r, &s->instances);
}

void seen_changes(void *self, uint64_t id, struct aws_result *r)
{
    struct seen *s = self;

    seen_done(self, id, r);
    if (r->err.kind == ERR_NONE)
        s->changes = ((const struct ec2_changes *)r->reply)->n;
}

struct aws *engine_new(struct fake_world *f, const struct pacer *pacer)
{
    const struct aws_options o = {"ec2sched-worker/0.1.0", "eu-west-1", pacer};
    struct err e = {0};
    struct aws *a = NULL;

    if (!f->env_count) {
        fake_env(f, "AWS_ACCESS_KEY_ID", "AKIDHOME");
        fake_env(f, "AWS_SECRET_ACCESS_KEY", "secret");
    }
    a = aws_new(&f->ports, &o, &e);
    if (!a)
        fail_msg("%s", e.msg);
    return a;
}

const struct aws_where engine_home = {.run = "r 1", .job = "s1-t1-b1", .att = "2"};

void engine_describe(struct aws *a, struct seen *s)
{
    struct ec2_filters f = {0};

    ec2_filter(&f, "instance-state-name", STR("running"));
    s->id = ec2_describe_instances(a, &engine_home, &f, seen_instances, s);
    ec2_filters_release(&f);
}

void engine_stop(struct aws *a, struct fake_world *f, struct seen *s)
{
    STRS_CLEANUP struct strs ids = {0};

    strs_add(&ids, STR("i-1"));
    s->id = ec2_stop_instances(a, &engine_home, &ids, NULL, &f->now, seen_changes, s);
}

void engine_warm(struct aws *a, struct fake_world *f, int64_t ahead_ms)
{
    struct seen s = {0};
    const struct fake_answer answer = {.status = 200, .body = EC2_NONE, .ahead_ms = ahead_ms};

    engine_describe(a, &s);
    (void)aws_turn(a, f->now.boot_ms);
    fake_answer(f, &answer);
    (void)aws_turn(a, f->now.boot_ms);
    assert_int_equal(s.count, 1);
    ec2_instances_release(&s.instances);
}

void engine_turn(struct aws *a, struct fake_world *f)
{
    (void)aws_turn(a, f->now.boot_ms);
}

int64_t gate_ask(void *self, const struct pace *p)
{
    struct gate *g = self;

    g->asked++;
    g->last = *p;
    (void)snprintf(g->account, sizeof g->account, "%s", p->account);
    (void)snprintf(g->api, sizeof g->api, "%s", p->api);
    (void)snprintf(g->who, sizeof g->who, "%s", p->who);
    return g->wait_ms;
}

void gate_throttled(void *self, const struct pace *p)
{
    (void)p;
    ((struct gate *)self)->throttled++;
}
