#include "cli/members.h"

#include "aws/ssm.h"
#include "base/mem.h"
#include "cli/print.h"
#include "core/document.h"
#include "core/plan.h"
#include "specs/members.h"

#include <stdio.h>
#include <string.h>

enum { AWS_WAIT_MS = 120000 };

struct asked_instances {
    bool done;
    struct err err;
    struct ec2_instances instances;
};

static void on_instances(void *self, uint64_t id, struct aws_result *r)
{
    struct asked_instances *a = self;

    (void)id;
    a->err = r->err;
    if (r->err.kind == ERR_NONE)
        ec2_instances_take(r, &a->instances);
    a->done = true;
}

static struct aws_where where_of(const struct spec *s)
{
    return (struct aws_where){
        .region = s->region, .role_arn = s->role, .external_id = s->external_id, .workload = s->workload};
}

static bool describe(struct cli *c, const struct spec *s, struct members *out, struct err *e)
{
    struct asked_instances *a = cli_keep(c, sizeof *a);
    struct aws *aws = cli_aws(c, e);

    if (!aws)
        return false;
    (void)members_ask(aws, s, NULL, on_instances, a);
    if (!cli_wait(c, &a->done, cli_now(c) + AWS_WAIT_MS, e))
        return err_wrap(e, "ec2 in %s", s->region);
    if (a->err.kind != ERR_NONE) {
        *e = a->err;
        return err_wrap(e, "ec2 in %s", s->region);
    }
    members_narrow(&a->instances, s, out);
    return true;
}

/* ---- Spot: a one-time request cannot be stopped ---- */

struct asked_spot {
    bool done;
    struct err err;
    struct ec2_spot_requests known;
};

static void on_spot(void *self, uint64_t id, struct aws_result *r)
{
    struct asked_spot *a = self;

    (void)id;
    a->err = r->err;
    if (r->err.kind == ERR_NONE)
        ec2_spot_requests_take(r, &a->known);
    a->done = true;
}

/* A person may lack the permission that the producer has: nothing is proven then, and no plan is spoilt. */
static bool mark_spot(struct cli *c, const struct spec *s, struct members *m, char why[ERR_MSG_MAX],
                      struct err *e)
{
    struct aws_where where = where_of(s);
    bool ok = true;

    for (size_t from = 0, next = 0; ok && from < m->n; from = next) {
        struct asked_spot *a = cli_keep(c, sizeof *a);
        struct ec2_filters f = {0};
        if (members_spot(m, from, &f, &next)) {
            (void)ec2_describe_spot_requests(c->aws, &where, &f, on_spot, a);
            if ((ok = cli_wait(c, &a->done, cli_now(c) + AWS_WAIT_MS, e)) && a->err.kind == ERR_DENIED)
                (void)snprintf(why, ERR_MSG_MAX, "%s", a->err.msg);
            else if (ok && a->err.kind != ERR_NONE) {
                *e = a->err;
                ok = false;
            }
            if (ok)
                members_mark_spot(m, from, next, &a->known);
            ec2_spot_requests_release(&a->known);
        }
        ec2_filters_release(&f);
    }
    return ok || err_wrap(e, "ec2 in %s", s->region);
}

/* ---- who takes part, and what would become of them ---- */

/* The step of a tier in this action; -1: it takes no part. */
static int64_t step_of(const struct event_steps *steps, struct str tier)
{
    for (size_t i = 0; i < steps->n; i++)
        if (strs_has(&steps->at[i].tiers, tier))
            return (int64_t)i;
    return -1;
}

static const struct tier *tier_of(const struct spec *s, const char *name)
{
    for (size_t i = 0; i < s->tiers.n; i++)
        if (strcmp(s->tiers.at[i].name, name) == 0)
            return &s->tiers.at[i];
    return NULL;
}

static struct plan_hold hold_of(const struct cli_hold *h)
{
    return (struct plan_hold){
        .tier = str_of(h->tier), .instance = str_of(h->instance), .until_ms = h->until_ms};
}

static bool is_held(const struct cli_state *now, const struct plan_member *m)
{
    for (size_t i = 0; now && i < now->hold_count; i++) {
        const struct plan_hold h = hold_of(&now->holds[i]);
        if (plan_held(&h, 1, now->now_ms, m))
            return true;
    }
    return false;
}

/* What is certain before anything is asked of a guest; the planner and the worker decide anew when the step
 * begins. */
static void foresee(const struct tier *t, enum action action, const struct plan_member *i,
                    const struct cli_state *now, struct cli_member *m)
{
    const char *there = ec2_state_name(action == ACTION_START ? EC2_RUNNING : EC2_STOPPED);

    m->cause = (int)plan_left_out(action, t, i);
    if (m->cause == CAUSE_NONE && is_held(now, i))
        m->cause = CAUSE_HELD;
    if (m->cause != CAUSE_NONE)
        m->outcome = OUTCOME_BYPASSED;
    else
        m->outcome = str_is(i->state, there) ? OUTCOME_UNCHANGED : OUTCOME_NONE;
}

static void add(struct cli_members *out, const struct spec *s, enum action action,
                const struct cli_state *now, const struct plan_member *i)
{
    int64_t step = step_of(&out->steps, i->tier);

    if (step < 0)
        return;
    struct cli_member *m = &out->at[out->n++];
    *m = (struct cli_member){
        .id = str_dup(i->id), .tier = str_dup(i->tier), .state = str_dup(i->state), .step = step};
    foresee(tier_of(s, m->tier), action, i, now, m);
    out->to_act += m->outcome == OUTCOME_NONE;
}

static int by_step(const void *a, const void *b)
{
    const struct cli_member *x = a;
    const struct cli_member *y = b;
    int tier = strcmp(x->tier, y->tier);

    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    return tier ? tier : strcmp(x->id, y->id);
}

/* ---- agents: a member with an override file whose guest cannot be asked would be left alone ---- */

struct asked_nodes {
    bool done;
    struct err err;
    struct ssm_nodes nodes;
};

static void on_nodes(void *self, uint64_t id, struct aws_result *r)
{
    struct asked_nodes *a = self;

    (void)id;
    a->err = r->err;
    if (r->err.kind == ERR_NONE)
        ssm_nodes_take(r, &a->nodes);
    a->done = true;
}

static bool is_asked(const struct spec *s, const struct cli_member *m)
{
    return m->outcome == OUTCOME_NONE && strcmp(m->state, "running") == 0 &&
           tier_of(s, m->tier)->override_file;
}

static bool ask_agents(struct cli *c, const struct spec *s, const struct strs *ids, struct cli_members *m,
                       struct err *e)
{
    struct asked_nodes *a = cli_keep(c, sizeof *a);
    struct aws_where where = where_of(s);

    (void)ssm_describe_nodes(c->aws, &where, ids, on_nodes, a);
    if (!cli_wait(c, &a->done, cli_now(c) + AWS_WAIT_MS, e))
        return err_wrap(e, "ssm in %s", s->region);
    if (a->err.kind != ERR_NONE) {
        *e = a->err;
        return err_wrap(e, "ssm in %s", s->region);
    }
    for (size_t i = 0; i < m->n; i++) {
        if (!strs_has(ids, str_of(m->at[i].id)))
            continue;
        const struct ssm_node *node = ssm_nodes_find(&a->nodes, m->at[i].id);
        m->at[i].doubt = !node || strcmp(node->ping, "Online") != 0;
        m->doubts += m->at[i].doubt;
    }
    ssm_nodes_release(&a->nodes);
    return true;
}

static bool find_doubts(struct cli *c, const struct spec *s, struct cli_members *m, struct err *e)
{
    STRS_CLEANUP struct strs ids = {0};
    bool ok = true;

    for (size_t i = 0; i < m->n && ok; i++) {
        if (is_asked(s, &m->at[i]))
            strs_add(&ids, str_of(m->at[i].id));
        if (ids.n == SSM_IDS_MAX || (ids.n && i + 1 == m->n)) {
            ok = ask_agents(c, s, &ids, m, e);
            strs_release(&ids);
        }
    }
    return ok;
}

static bool holds_all(const struct cli_state *now)
{
    for (size_t i = 0; now && i < now->hold_count; i++)
        if (!now->holds[i].tier[0] && !now->holds[i].instance[0])
            return true;
    return false;
}

/*
 * The producer's own questions before it admits a run, in its order: it does not know of Spot requests then.
 * Whether a run is under way is the caller's to judge: it knows what is to become of that one.
 */
static void ask_admission(const struct spec *s, enum action action, const struct members *all,
                          const struct cli_state *now, struct cli_members *out)
{
    /* lent, not released: what they hold is the specification's, and the members' */
    const struct event accepted = {
        .type = EVENT_RUN_ACCEPTED,
        .workload = s->workload,
        .accepted = {.spec = *s, .steps = out->steps, .on_failure = s->on_failure}};
    struct err why = {0};

    if (holds_all(now)) {
        out->refused = CAUSE_HELD;
        (void)err_set(&why, ERR_INVALID, "a hold covers the whole workload");
    } else if (plan_whole(&accepted.accepted, action, all->at, all->n, &out->refused, &why) &&
               !plan_record_fits(&accepted, &why))
        out->refused = CAUSE_TOO_LARGE;
    (void)snprintf(out->detail, sizeof out->detail, "%s", why.msg);
}

bool cli_members(struct cli *c, const struct spec *spec, enum action action, const struct strs *only_tiers,
                 const struct cli_state *now, struct cli_members *out, struct err *e)
{
    struct members all = {0};

    if (!describe(c, spec, &all, e))
        return false;
    *out = (struct cli_members){.at = xcalloc(all.n + 1, sizeof *out->at), .counted = all.n};
    plan_steps(spec, action, only_tiers, &out->steps);
    ask_admission(spec, action, &all, now, out);
    bool ok = mark_spot(c, spec, &all, out->spot, e);
    for (size_t i = 0; i < all.n; i++)
        add(out, spec, action, now, &all.at[i]);
    members_release(&all);
    if (out->n)
        qsort(out->at, out->n, sizeof *out->at, by_step);
    return ok && (action == ACTION_START || find_doubts(c, spec, out, e));
}

void cli_members_release(struct cli_members *m)
{
    for (size_t i = 0; i < m->n; i++) {
        xfree(m->at[i].id);
        xfree(m->at[i].tier);
        xfree(m->at[i].state);
    }
    for (size_t i = 0; i < m->steps.n; i++)
        strs_release(&m->steps.at[i].tiers);
    xfree(m->steps.at);
    xfree(m->at);
    json_free(m->shared);
    *m = (struct cli_members){0};
}

static const char *foreseen(const struct spec *s, enum action action, const struct cli_member *m)
{
    if (m->doubt)
        return "left alone unless its override file can be asked for: its agent is not online";
    if (m->outcome == OUTCOME_UNCHANGED)
        return "unchanged: it is there already";
    if (m->outcome == OUTCOME_BYPASSED)
        return cause_sentence((enum cause)m->cause);
    if (action == ACTION_STOP && tier_of(s, m->tier)->override_file)
        return "stop, unless its override file is there";
    return action == ACTION_STOP ? "stop" : "start";
}

static struct json *member_json(const struct spec *s, enum action action, const struct cli_member *m)
{
    struct json *o = json_object();

    json_add_int(o, "step", m->step);
    json_add_str(o, "tier", str_of(m->tier));
    json_add_str(o, "id", str_of(m->id));
    json_add_str(o, "state", str_of(m->state));
    json_add_str(o, "outcome", str_of(outcome_names[m->outcome]));
    json_add_str(o, "cause", str_of(cause_names[m->cause]));
    json_add_bool(o, "doubt", m->doubt);
    json_add_str(o, "would", str_of(foreseen(s, action, m)));
    return o;
}

static void print_document_of(const struct spec *s, enum action action, const struct cli_members *m)
{
    JSON_CLEANUP struct json *document = document_new();
    struct json *members = json_array();

    json_add_str(document, "workload", str_of(s->workload));
    json_add_str(document, "action", str_of(action_names[action]));
    json_add_int(document, "steps", (int64_t)m->steps.n);
    json_add_int(document, "to_act", (int64_t)m->to_act);
    json_add_int(document, "doubts", (int64_t)m->doubts);
    json_add_int(document, "counted", (int64_t)m->counted);
    json_add_str(document, "refused", str_of(cause_names[m->refused]));
    json_add_str(document, "detail", str_of(m->detail));
    json_add_str(document, "unknown", str_of(m->unknown));
    for (size_t i = 0; i < m->n; i++)
        json_push(members, member_json(s, action, &m->at[i]));
    json_add(document, "members", members);
    if (m->shared)
        json_add(document, "shared", json_copy(m->shared));
    print_json(document);
}

static void warn(const struct spec *spec, const struct cli_members *m)
{
    if (m->unknown[0])
        print_error_line(
            "ec2sched: warning: whether a hold or another run stands in the way is not known: %s",
            m->unknown);
    if (m->spot[0])
        print_error_line(
            "ec2sched: warning: Spot members are left alone here, since their requests cannot be "
            "asked for: %s: allow ec2:DescribeSpotInstanceRequests (deploy/iam/person.json)",
            m->spot);
    if (!m->n)
        cli_members_none(spec, m->counted);
}

void cli_members_none(const struct spec *spec, size_t counted)
{
    if (counted)
        print_error_line("ec2sched: warning: %s: none of its %zu instances belongs to a tier that takes part",
                         spec->workload, counted);
    else
        print_error_line(
            "ec2sched: warning: %s: no instance in %s carries %s=%s and a tier's name in %s: check "
            "their spelling, the region and VPC_ID",
            spec->workload, spec->region, spec->filter_key, spec->filter_value, spec->tier_key);
}

static void print_shared(const struct cli_members *m)
{
    for (const struct json *x = json_first(m->shared); x; x = json_next(x)) {
        struct str tier = json_str_or_empty(json_get(x, "tier"));
        size_t n = 0;
        for (size_t i = 0; i < m->n; i++)
            n += str_is(tier, m->at[i].tier);
        if (n)
            print_line("warning: tier " STR_FMT ": its %zu members belong to workload " STR_FMT
                       " as well: nothing keeps the runs of two workloads apart",
                       STR_ARG(tier), n, STR_ARG(json_str_or_empty(json_get(x, "workload"))));
    }
}

int cli_members_print(const struct cli *c, const struct spec *spec, enum action action,
                      const struct cli_members *m)
{
    static const char *const columns[] = {"STEP", "TIER", "INSTANCE", "STATE", "WOULD", NULL};
    TABLE_CLEANUP struct table *table = table_new(columns);
    char why[ERR_MSG_MAX + 200];

    if (c->json) {
        print_document_of(spec, action, m);
        return m->refused ? CLI_REFUSED : CLI_OK;
    }
    for (size_t i = 0; i < m->n; i++) {
        table_cellf(table, "%lld", (long long)m->at[i].step);
        table_cell(table, m->at[i].tier);
        table_cell(table, m->at[i].id);
        table_cell(table, m->at[i].state);
        table_cell(table, foreseen(spec, action, &m->at[i]));
    }
    table_print(table);
    print_line("%s %s: %zu steps, %zu members, %zu to act on%s", action_names[action], spec->workload,
               m->steps.n, m->n, m->to_act, m->doubts ? ", some in doubt" : "");
    print_shared(m);
    warn(spec, m);
    if (!m->refused)
        return CLI_OK;
    (void)snprintf(why, sizeof why, "%s: %s", cause_sentence(m->refused), m->detail);
    return cli_refuse(c, spec->workload, why, cli_refusal_remedy(m->refused, m->detail));
}

void cli_members_doubts(const struct cli_members *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->at[i].doubt)
            print_error_line(
                "%s (%s): its override file cannot be asked for now, its agent is not online: it "
                "would be left alone",
                m->at[i].id, m->at[i].tier);
}
