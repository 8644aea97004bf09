#include "aws/s3.h"
#include "aws/sts.h"
#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/checks.h"
#include "cli/members.h"
#include "cli/permissions.h"
#include "cli/print.h"
#include "cli/specs.h"
#include "cli/state.h"
#include "cli/verbs.h"
#include "view/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REDIS_WAIT_MS = 5000,
    AWS_WAIT_MS = 60000,
    OFFSET_WARN_MS = 1000, /* signatures are corrected; the worker's own checks are not */
    REDIS_MAJOR_MIN = 6,   /* the scripts' commands */
};

/* ---- Redis ---- */

struct asked_info {
    bool done;
    struct err err;
    char version[32], policy[32], role[16], used[32], max[32];
};

static void line_value(struct str text, const char *name, char *out, size_t n)
{
    struct str line;

    while (text.n) {
        (void)str_cut(text, '\n', &line, &text);
        struct str key;
        struct str value;
        if (str_cut(line, ':', &key, &value) && str_is(key, name))
            (void)snprintf(out, n, STR_FMT, STR_ARG(str_trim(value)));
    }
}

static void on_info(void *self, uint64_t id, const struct redis_reply *r)
{
    struct asked_info *a = self;

    (void)id;
    a->err = r->err;
    a->done = true;
    if (r->err.kind == ERR_NONE && r->value.type == REDIS_ERROR)
        (void)err_set(&a->err, ERR_DENIED, STR_FMT, STR_ARG(r->value.s));
    if (a->err.kind != ERR_NONE)
        return;
    line_value(r->value.s, "redis_version", a->version, sizeof a->version);
    line_value(r->value.s, "maxmemory_policy", a->policy, sizeof a->policy);
    line_value(r->value.s, "used_memory", a->used, sizeof a->used);
    line_value(r->value.s, "maxmemory", a->max, sizeof a->max);
    line_value(r->value.s, "role", a->role, sizeof a->role);
}

struct asked_write {
    bool done;
    struct err err;
};

static void on_written(void *self, uint64_t id, const struct view_said *s)
{
    struct asked_write *a = self;

    (void)id;
    a->err = s->err;
    a->done = true;
}

/* Reading works as ever on a server that takes no writes: only a write tells. */
static void check_room(struct cli *c, struct checks *k, const struct asked_info *info)
{
    enum { NEARLY_FULL = 90 };
    struct err e = {0};
    char text[ERR_MSG_MAX];
    struct asked_write *a = cli_keep(c, sizeof *a);
    int64_t used = 0;
    int64_t max = 0;

    (void)view_try(cli_view(c), on_written, a);
    if (!cli_wait(c, &a->done, cli_now(c) + REDIS_WAIT_MS, &e))
        a->err = e;
    bool known = str_to_i64(str_of(info->used), &used) && str_to_i64(str_of(info->max), &max);
    if (a->err.kind != ERR_NONE)
        checks_add(k, CHECK_FAIL, "redis", "until it takes writes nothing moves, and nothing is lost",
                   "%s (memory: %s of maxmemory %s bytes)",
                   room_words(&a->err, text, sizeof text) ? text : a->err.msg, info->used, info->max);
    else if (known && max > 0 && used / (max / 100 + 1) >= NEARLY_FULL)
        checks_add(k, CHECK_WARN, "redis", "raise maxmemory, or take away what else it holds",
                   "its memory is nearly full: %s of maxmemory %s bytes", info->used, info->max);
    else
        checks_add(k, CHECK_OK, "redis", NULL, "it takes writes");
}

static void check_redis(struct cli *c, struct checks *k)
{
    struct err e = {0};
    const struct str command[] = {STR("INFO")};
    struct asked_info *a = cli_keep(c, sizeof *a);

    (void)redis_send(&c->ports->redis, command, 1, on_info, a);
    if (!cli_wait(c, &a->done, cli_now(c) + REDIS_WAIT_MS, &e))
        a->err = e;
    if (a->err.kind != ERR_NONE) {
        checks_add(k, CHECK_FAIL, "redis", "check redis.url, redis.username and redis.password", "%s: %s",
                   cli_redis(c, (char[CLI_REDIS_MAX]){0}), a->err.msg);
        return;
    }
    bool old = strtol(a->version, NULL, 10) < REDIS_MAJOR_MIN;
    checks_add(k, old ? CHECK_FAIL : CHECK_OK, "redis", old ? "the scripts need version 6.2 or later" : NULL,
               "version %s at %s", a->version, cli_redis(c, (char[CLI_REDIS_MAX]){0}));
    if (strcmp(a->role, "master") != 0)
        checks_add(k, CHECK_FAIL, "redis", "redis.url must name the primary", "this server is a %s", a->role);
    if (strcmp(a->policy, "noeviction") != 0)
        checks_add(k, CHECK_FAIL, "redis", "CONFIG SET maxmemory-policy noeviction",
                   "maxmemory-policy is %s: a full server would drop parts of the barrier", a->policy);
    else
        checks_add(k, CHECK_OK, "redis", NULL, "maxmemory-policy noeviction");
    check_room(c, k, a);
}

/* ---- the fleet: does a leader confirm each partition's view? ---- */

struct asked_place {
    bool done;
    struct err err;
    bool there, open;
};

static void on_place(void *self, uint64_t id, const struct view_place *p)
{
    struct asked_place *a = self;

    (void)id;
    a->err = p->err;
    a->there = p->err.kind == ERR_NONE && p->there;
    a->open = a->there && p->open_here;
    a->done = true;
}

static void check_views(struct cli *c, struct checks *k)
{
    struct err e = {0};
    int partitions = 0;
    int open = 0;

    if (!cli_log_partitions(c, &partitions, &e)) {
        checks_add(k, CHECK_FAIL, "producers",
                   e.kind == ERR_CONFIG ? "`ec2sched topics create`"
                                        : "check kafka.brokers, and that the cluster is up",
                   "%s", e.msg);
        return;
    }
    for (int p = 0; p < partitions; p++) {
        struct asked_place *a = cli_keep(c, sizeof *a);
        (void)view_where(cli_view(c), p, on_place, a);
        if (!cli_wait(c, &a->done, cli_now(c) + REDIS_WAIT_MS, &e) || a->err.kind != ERR_NONE) {
            checks_add(k, CHECK_FAIL, "producers", "check redis.url", "the view cannot be read: %s",
                       a->done ? a->err.msg : e.msg);
            return;
        }
        open += a->open;
    }
    checks_add(k, open == partitions ? CHECK_OK : CHECK_FAIL, "producers",
               open == partitions ? NULL : "start a producer, and see its /readyz",
               "%d of %d log partitions are led", open, partitions);
}

/* ---- the workers: they are in nobody's book; what they hold is ---- */

struct asked_jobs {
    struct view *view;
    bool done;
    struct err err;
    size_t left; /* answers that are to come */
    int64_t pending, leased;
};

static void on_counted(struct asked_jobs *a, const struct view_said *s, int64_t *sum)
{
    if (s->err.kind != ERR_NONE)
        a->err = s->err;
    *sum += s->n;
    a->done = --a->left == 0;
}

static void on_pending(void *self, uint64_t id, const struct view_said *s)
{
    struct asked_jobs *a = self;

    (void)id;
    on_counted(a, s, &a->pending);
}

static void on_leased(void *self, uint64_t id, const struct view_said *s)
{
    struct asked_jobs *a = self;

    (void)id;
    on_counted(a, s, &a->leased);
}

static void on_gates(void *self, uint64_t id, const struct view_gates *g)
{
    struct asked_jobs *a = self;

    (void)id;
    a->err = g->err;
    a->left = g->err.kind == ERR_NONE ? 2 * g->n : 0;
    a->done = a->left == 0;
    for (size_t i = 0; a->left && i < g->n; i++) {
        (void)view_pending(a->view, &g->at[i], on_pending, a);
        (void)view_leased(a->view, &g->at[i], on_leased, a);
    }
}

/* Behind check_views: what cannot be asked was told there. */
static void check_workers(struct cli *c, struct checks *k)
{
    struct err e = {0};
    int64_t pending = 0;
    int64_t leased = 0;
    int partitions = 0;

    if (!cli_log_partitions(c, &partitions, &e))
        return;
    for (int p = 0; p < partitions; p++) {
        struct asked_jobs *a = cli_keep(c, sizeof *a);
        a->view = cli_view(c);
        (void)view_gates(a->view, p, on_gates, a);
        if (!cli_wait(c, &a->done, cli_now(c) + REDIS_WAIT_MS, &e) || a->err.kind != ERR_NONE)
            return;
        pending += a->pending;
        leased += a->leased;
    }
    bool idle = pending > 0 && leased == 0;
    checks_add(k, idle ? CHECK_FAIL : CHECK_OK, "workers",
               idle ? "start a worker, and see its /readyz; right behind a step's release ask again" : NULL,
               "of %lld jobs that are not done workers hold %lld", (long long)pending, (long long)leased);
}

/* ---- AWS ---- */

struct asked_identity {
    bool done;
    struct err err;
    char arn[256];
};

static void on_identity(void *self, uint64_t id, struct aws_result *r)
{
    struct asked_identity *a = self;
    struct sts_identity who;

    (void)id;
    a->err = r->err;
    a->done = true;
    if (r->err.kind != ERR_NONE)
        return;
    sts_identity_take(r, &who);
    (void)snprintf(a->arn, sizeof a->arn, "%s", who.arn);
    sts_identity_release(&who);
}

static bool check_identity(struct cli *c, struct checks *k, const struct aws_where *w, const char *whose)
{
    struct err e = {0};
    struct asked_identity *a = cli_keep(c, sizeof *a);

    if (!cli_aws(c, &e))
        a->err = e;
    else
        (void)sts_get_caller_identity(c->aws, w, on_identity, a);
    if (a->err.kind == ERR_NONE && !cli_wait(c, &a->done, cli_now(c) + AWS_WAIT_MS, &e))
        a->err = e;
    if (a->err.kind != ERR_NONE) {
        checks_add(k, CHECK_FAIL, "credentials",
                   "check AWS_PROFILE or the keys, AWS_REGION, and the role that they may assume", "%s: %s",
                   whose, a->err.msg);
        return false;
    }
    checks_add(k, CHECK_OK, "credentials", NULL, "%s: %s", whose, a->arn);
    return true;
}

static void check_clock(const struct cli *c, struct checks *k)
{
    int64_t offset = 0;

    if (!aws_offset(c->aws, &offset)) {
        checks_add(k, CHECK_WARN, "clock", "ask again", "AWS's clock is not known");
        return;
    }
    bool far = llabs(offset) > OFFSET_WARN_MS;
    checks_add(k, far ? CHECK_WARN : CHECK_OK, "clock",
               far ? "run an NTP client here: AWS refuses signatures that are 5 minutes off" : NULL,
               "AWS's clock is %.1f s from ours", (double)offset / 1000);
}

/* ---- one workload ---- */

static bool check_rows(const struct cli *c, struct checks *k, const char *name, const struct json *row,
                       const struct json *tiers, struct spec *spec)
{
    struct findings f = {0};
    size_t warnings = 0;
    bool ok = lint_workload(name, row, tiers, c->options->specs.strict, spec, &f);

    for (int action = ACTION_START; ok && action <= ACTION_STOP; action++)
        ok = lint_action(spec, (enum action)action, &(struct strs){0}, &f);
    for (size_t i = 0; i < f.n; i++)
        warnings += f.at[i].severity == SEVERITY_WARNING;
    const struct finding *first = findings_first_error(&f);
    if (first)
        checks_add(k, CHECK_FAIL, "rows", "`ec2sched lint` shows all", "%s %s: %s", first->row,
                   first->attribute, first->message);
    else
        checks_add(k, warnings ? CHECK_WARN : CHECK_OK, "rows",
                   warnings ? "`ec2sched lint` shows them" : NULL, "%s: %zu tiers, %zu warning%s", name,
                   spec->tiers.n, warnings, warnings == 1 ? "" : "s");
    findings_release(&f);
    return ok;
}

static void check_members(struct cli *c, struct checks *k, const struct spec *spec)
{
    struct err e = {0};
    struct cli_members m = {0};
    size_t asked = 0;

    if (!cli_members(c, spec, ACTION_STOP, &(struct strs){0}, NULL, &m, &e)) {
        checks_add(k, CHECK_FAIL, "members",
                   "ec2:DescribeInstances and ssm:DescribeInstanceInformation must be allowed", "%s: %s",
                   spec->workload, e.msg);
        permissions_workload(c, k, spec, &m); /* says which */
        cli_members_release(&m);
        return;
    }
    checks_add(k, m.n ? CHECK_OK : CHECK_WARN, "members",
               m.n ? NULL : "no instance carries both tags: check their spelling, the region and VPC_ID",
               "%s: %zu instances in %zu steps", spec->workload, m.n, m.steps.n);
    for (size_t i = 0; i < spec->tiers.n; i++)
        asked += spec->tiers.at[i].override_file != NULL;
    if (asked)
        checks_add(k, m.doubts ? CHECK_WARN : CHECK_OK, "agents",
                   m.doubts ? "they would not be stopped: check the SSM agent and its instance profile"
                            : NULL,
                   "%s: %zu members with an override file have no agent online", spec->workload, m.doubts);
    permissions_workload(c, k, spec, &m);
    cli_members_release(&m);
}

/* SSM puts what guests say there, too; the answer is read from SSM, so a lost bucket changes no decision. */
static void check_bucket(struct cli *c, struct checks *k, const struct spec *spec)
{
    struct err e = {0};
    const char *name = spec->output_bucket;
    struct s3_asked *a = cli_keep(c, sizeof *a);

    if (!name || !name[0])
        return;
    s3_ask_bucket(c->ports, spec->region, name, a);
    if (!cli_wait(c, &a->done, cli_now(c) + S3_TIMEOUT_MS, &e))
        a->err = e;
    if (a->bucket == S3_THERE)
        checks_add(k, CHECK_OK, "bucket", NULL,
                   "%s: %s is there; whether instances may write to it is their profile's business",
                   spec->workload, name);
    else if (a->bucket == S3_MISSING)
        checks_add(k, CHECK_WARN, "bucket",
                   "make it, or take SSMS3BucketName out of the row: until then commands are sent without it",
                   "%s: there is no bucket %s", spec->workload, name);
    else if (a->bucket == S3_ELSEWHERE)
        checks_add(k, CHECK_WARN, "bucket", "name one in the workload's region, or none",
                   "%s: bucket %s is not in %s: SSM may not write to it", spec->workload, name, spec->region);
    else
        checks_add(k, CHECK_WARN, "bucket", "no decision depends on it; see that it exists",
                   "%s: bucket %s cannot be checked: %s", spec->workload, name, a->err.msg);
}

static bool asks_windows(const struct spec *spec)
{
    for (size_t i = 0; i < spec->tiers.n; i++)
        if (spec->tiers.at[i].override_file && spec->tiers.at[i].override_os == GUEST_WINDOWS)
            return true;
    return false;
}

static void check_workload(struct cli *c, struct checks *k, const char *name, const struct json *row,
                           const struct json *tiers)
{
    struct spec spec = {0};

    if (!check_rows(c, k, name, row, tiers, &spec))
        return;
    const struct aws_where w = {.region = spec.region,
                                .role_arn = spec.role,
                                .external_id = spec.external_id,
                                .workload = spec.workload};
    if (!spec.role || check_identity(c, k, &w, name))
        check_members(c, k, &spec);
    check_bucket(c, k, &spec);
    if (asks_windows(&spec))
        checks_add(k, CHECK_WARN, "powershell", "try a tier of one instance first",
                   "%s: the question for Windows guests has never been run on Windows", name);
    spec_release(&spec);
}

static void check_workloads(struct cli *c, struct checks *k, const char *only)
{
    struct err e = {0};
    struct cli_rows rows = {0};

    if (!cli_rows(c, only, &rows, &e)) {
        checks_add(k, CHECK_FAIL, "rows",
                   "check specs.source; dynamodb:Scan, GetItem and Query must be allowed", "%s", e.msg);
        return;
    }
    if (!json_count(rows.workloads))
        checks_add(k, only ? CHECK_FAIL : CHECK_WARN, "rows", "`ec2sched list` names the workloads", "%s",
                   only ? "there is no such workload" : "there are no workloads");
    for (const struct json *row = json_first(rows.workloads); row; row = json_next(row)) {
        struct str own = json_str_or_empty(json_get(row, "SpecName"));
        char *name = str_dup(own);
        JSON_CLEANUP struct json *tiers = cli_rows_of(rows.tiers, own);
        check_workload(c, k, name, row, tiers);
        xfree(name);
    }
}

int verb_doctor(struct cli *c, const struct strs *words)
{
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};
    CHECKS_CLEANUP struct checks *k = checks_new(c);

    if (!arguments_read(words, &(struct argument){0}, 0, 1, &positional, &e))
        return cli_usage(c, "doctor", e.msg);
    checks_topics(c, k);
    check_redis(c, k);
    check_views(c, k);
    check_workers(c, k);
    const struct aws_where home = {.region = c->options->specs.region};
    bool aws = check_identity(c, k, &home, "home");
    if (aws) {
        check_clock(c, k);
        if (!str_starts(str_of(c->options->specs.source), STR("dir:"))) {
            checks_tables(c, k);
            permissions_tables(c, k, &home);
        }
        check_workloads(c, k, positional.n ? positional.at[0] : NULL);
    }
    return checks_end(k);
}
