#include "cli/permissions.h"

#include "aws/dynamodb.h"
#include "aws/ec2.h"
#include "aws/ssm.h"
#include "base/mem.h"
#include "specs/tables.h"

#include <stdio.h>
#include <string.h>

enum { AWS_WAIT_MS = 60000, RIGHTS_MAX = 16, WHY_MAX = 300 };

/* No command has it: SSM answers with an empty list, or that it does not know it. */
#define NO_COMMAND "00000000-0000-4000-8000-000000000000"
/* No workload is called so: a name holds no control character. */
#define NO_NAME "\x01"

struct asked {
    bool done;
    struct err err;
    enum ec2_right right;
    bool dry;
};

static bool is_any(const char *code, const char *const *codes)
{
    for (size_t i = 0; codes[i]; i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

/* Of a reading call: SSM and DynamoDB look at permissions first, so an answer about the thing asked for is a
 * yes. */
static enum ec2_right right_of_read(const struct err *e)
{
    static const char *const yes[] = {"InvalidCommandId", "InvalidInstanceId",
                                      "InvalidInstanceInformationFilterValue", "InvalidFilterValue", NULL};
    static const char *const no[] = {"AccessDeniedException", "AccessDenied", NULL};

    if (e->kind == ERR_NONE || is_any(e->code, yes))
        return EC2_RIGHT_ALLOWED;
    return is_any(e->code, no) ? EC2_RIGHT_MISSING : EC2_RIGHT_UNKNOWN;
}

static void on_answer(void *self, uint64_t id, struct aws_result *r)
{
    struct asked *a = self;

    (void)id;
    a->err = r->err;
    a->right = a->dry ? ec2_dry_run_answer(r) : right_of_read(&r->err);
    a->done = true;
}

/* ---- the answers, kept until all are there: what one of them means depends on the others ---- */

struct right {
    const char *action; /* as IAM calls it */
    const char *policy; /* file in deploy/iam */
    bool person;        /* person.json grants it, too */
    enum ec2_right is;
    char why[WHY_MAX]; /* it cannot be checked */
};

struct rights {
    struct cli *cli;
    const char *subject; /* whose: a workload, or a table */
    bool home;           /* asked with home credentials, not those of a role */
    struct right at[RIGHTS_MAX];
    size_t n;
};

static struct right *add(struct rights *all, const char *action, const char *policy, bool person)
{
    BUG_IF(all->n == RIGHTS_MAX);
    struct right *r = &all->at[all->n++];
    *r = (struct right){.action = action, .policy = policy, .person = person};
    return r;
}

static void unchecked(struct right *r, const char *why)
{
    r->is = EC2_RIGHT_UNKNOWN;
    (void)snprintf(r->why, sizeof r->why, "%.*s", WHY_MAX - 1, why);
}

static void take(struct rights *all, struct asked *a, struct right *r)
{
    struct err e = {0};

    if (!cli_wait(all->cli, &a->done, cli_now(all->cli) + AWS_WAIT_MS, &e)) {
        unchecked(r, e.msg);
        return;
    }
    r->is = a->right;
    if (r->is == EC2_RIGHT_UNKNOWN)
        unchecked(r, a->err.kind == ERR_NONE ? "it was not answered as a dry run" : a->err.msg);
}

static bool are_a_persons(const struct rights *all)
{
    bool missing = false;

    for (size_t i = 0; i < all->n; i++) {
        const struct right *r = &all->at[i];
        if (!r->person && r->is == EC2_RIGHT_ALLOWED)
            return false;
        missing |= !r->person && r->is == EC2_RIGHT_MISSING;
    }
    return missing && all->home;
}

static void say_missing(const struct rights *all, struct checks *k, const struct right *r)
{
    bool persons = !r->person && are_a_persons(all);
    char remedy[WHY_MAX];

    if (persons)
        (void)snprintf(remedy, sizeof remedy,
                       "right for a person's credentials; the worker needs it (deploy/iam/%s): ask again "
                       "with its credentials",
                       r->policy);
    else
        (void)snprintf(remedy, sizeof remedy, "allow %s: deploy/iam/%s", r->action, r->policy);
    checks_add(k, persons ? CHECK_WARN : CHECK_FAIL, "permission", remedy, "%s: %s is missing", all->subject,
               r->action);
}

static void say(const struct rights *all, struct checks *k)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct right *r = &all->at[i];
        char remedy[WHY_MAX];
        if (r->is == EC2_RIGHT_ALLOWED) {
            checks_add(k, CHECK_OK, "permission", NULL, "%s: %s is allowed", all->subject, r->action);
        } else if (r->is == EC2_RIGHT_MISSING) {
            say_missing(all, k, r);
        } else {
            (void)snprintf(remedy, sizeof remedy, "see that %s is allowed as in deploy/iam/%s", r->action,
                           r->policy);
            checks_add(k, CHECK_WARN, "permission", remedy, "%s: %s cannot be checked: %s", all->subject,
                       r->action, r->why);
        }
    }
}

/* ---- EC2 ---- */

static void ask_ec2(struct rights *all, const struct aws_where *w, enum ec2_action what,
                    const struct strs *ids, struct right *r)
{
    struct asked *a = cli_keep(all->cli, sizeof *a);

    if (ids && !ids->n) {
        unchecked(r, "there is no instance to ask about");
        return;
    }
    a->dry = true;
    (void)ec2_dry_run(all->cli->aws, w, what, ids, on_answer, a);
    take(all, a, r);
}

static void ask_all_of_ec2(struct rights *all, const struct aws_where *w, const struct strs *ids)
{
    static const struct {
        enum ec2_action what;
        const char *policy;
        bool person, ids;
    } needed[] = {
        {EC2_DESCRIBE_INSTANCES, "worker.json", true, false},
        {EC2_DESCRIBE_STATUS, "worker.json", false, false},
        {EC2_DESCRIBE_SPOT, "producer.json", false, false},
        {EC2_START, "worker.json", false, true},
        {EC2_STOP, "worker.json", false, true},
    };

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        struct right *r = add(all, ec2_action_name(needed[i].what), needed[i].policy, needed[i].person);
        ask_ec2(all, w, needed[i].what, needed[i].ids ? ids : NULL, r);
    }
}

/* ---- SSM ---- */

static void ask_ssm(struct rights *all, const struct aws_where *w, const struct strs *ids)
{
    struct right *nodes = add(all, "ssm:DescribeInstanceInformation", "worker.json", true);
    struct right *list = add(all, "ssm:ListCommandInvocations", "worker.json", false);
    struct right *send = add(all, "ssm:SendCommand", "worker.json", false);
    struct asked *a = cli_keep(all->cli, sizeof *a);
    STRS_CLEANUP struct strs first = {0};

    (void)ssm_list_invocations(all->cli->aws, w, NO_COMMAND, on_answer, a);
    take(all, a, list);
    unchecked(send, "SSM has no dry run, and the doctor sends no command");
    if (!ids->n) {
        unchecked(nodes, "there is no instance to ask about");
        return;
    }
    strs_add(&first, str_of(ids->at[0]));
    a = cli_keep(all->cli, sizeof *a);
    (void)ssm_describe_nodes(all->cli->aws, w, &first, on_answer, a);
    take(all, a, nodes);
}

static bool asks_guests(const struct spec *s)
{
    for (size_t i = 0; i < s->tiers.n; i++)
        if (s->tiers.at[i].override_file)
            return true;
    return false;
}

void permissions_workload(struct cli *c, struct checks *k, const struct spec *spec,
                          const struct cli_members *m)
{
    struct rights all = {.cli = c, .subject = spec->workload, .home = !spec->role};
    const struct aws_where w = {.region = spec->region,
                                .role_arn = spec->role,
                                .external_id = spec->external_id,
                                .workload = spec->workload};
    STRS_CLEANUP struct strs ids = {0};

    for (size_t i = 0; i < m->n && ids.n < EC2_IDS_MAX; i++)
        strs_add(&ids, str_of(m->at[i].id));
    ask_all_of_ec2(&all, &w, &ids);
    if (asks_guests(spec))
        ask_ssm(&all, &w, &ids);
    say(&all, k);
}

/* ---- DynamoDB ---- */

static void ask_item(struct rights *all, const struct aws_where *w, const char *table)
{
    struct asked *a = cli_keep(all->cli, sizeof *a);
    JSON_CLEANUP struct json *key = json_object();
    struct json *value = json_object();

    json_add_str(value, "S", STR(NO_NAME));
    json_add(key, tables_hash_key(TABLE_WORKLOADS), value);
    (void)dynamodb_get_item(all->cli->aws, w, table, key, on_answer, a);
    take(all, a, add(all, "dynamodb:GetItem", "producer.json", true));
}

static void ask_tiers(struct rights *all, const struct aws_where *w, const char *table)
{
    struct asked *a = cli_keep(all->cli, sizeof *a);

    (void)dynamodb_query(all->cli->aws, w, table, tables_hash_key(TABLE_TIERS), STR(NO_NAME), on_answer, a);
    take(all, a, add(all, "dynamodb:Query", "producer.json", true));
}

static void ask_batch(struct rights *all, const struct aws_where *w, const char *table)
{
    struct asked *a = cli_keep(all->cli, sizeof *a);
    struct json *keys = json_array();
    struct json *key = json_object();

    for (int range = 0; range < 2; range++) {
        struct json *value = json_object();
        json_add_str(value, "S", STR(NO_NAME));
        json_add(key, range ? tables_range_key(TABLE_SCHEDULES) : tables_hash_key(TABLE_SCHEDULES), value);
    }
    json_push(keys, key);
    (void)dynamodb_batch_get(all->cli->aws, w, table, keys, on_answer, a);
    take(all, a, add(all, "dynamodb:BatchGetItem", "producer.json", true));
}

static void ask_scan(struct rights *all, const struct aws_where *w, const char *table)
{
    struct asked *a = cli_keep(all->cli, sizeof *a);

    (void)dynamodb_scan(all->cli->aws, w, table, on_answer, a);
    take(all, a, add(all, "dynamodb:Scan", "producer.json", true));
}

void permissions_tables(struct cli *c, struct checks *k, const struct aws_where *home)
{
    for (int t = 0; t < TABLES; t++) {
        char *name = tables_name(c->options->specs.tables_prefix, (enum spec_table)t);
        struct rights all = {.cli = c, .subject = name, .home = true};
        if (t == TABLE_WORKLOADS)
            ask_item(&all, home, name);
        else if (t == TABLE_TIERS)
            ask_tiers(&all, home, name);
        else
            ask_batch(&all, home, name);
        ask_scan(&all, home, name);
        say(&all, k);
        xfree(name);
    }
}
