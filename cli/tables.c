#include "specs/tables.h"

#include "aws/dynamodb.h"
#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/checks.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "core/document.h"

#include <stdio.h>
#include <string.h>

enum {
    AWS_WAIT_MS = 60000,
    PROVISIONED_READS = 5, /* a second, of 4 kB: a producer reads a workload's rows once a run */
    PROVISIONED_WRITES = 5,
};

struct asked_table {
    bool done;
    struct err err;
    struct dynamodb_table table;
};

static void on_table(void *self, uint64_t id, struct aws_result *r)
{
    struct asked_table *a = self;

    (void)id;
    a->err = r->err;
    if (r->err.kind == ERR_NONE)
        dynamodb_table_take(r, &a->table);
    a->done = true;
}

static struct asked_table *describe(struct cli *c, const struct aws_where *w, const char *name, struct err *e)
{
    struct asked_table *a = cli_keep(c, sizeof *a);

    (void)dynamodb_describe_table(c->aws, w, name, on_table, a);
    return cli_wait(c, &a->done, cli_now(c) + AWS_WAIT_MS, e) ? a : NULL;
}

static bool keys_fit(const struct dynamodb_table *t, enum spec_table which, struct err *e)
{
    const char *range = tables_range_key(which) ? tables_range_key(which) : "";

    if (strcmp(t->hash, tables_hash_key(which)) == 0 && strcmp(t->range, range) == 0)
        return true;
    return err_set(e, ERR_CONFIG,
                   "its keys are %s and '%s', wanted are %s and '%s': another table stands under this name",
                   t->hash, t->range, tables_hash_key(which), range);
}

static void row(struct table *t, struct json *all, const char *name, bool ok, const char *state,
                int64_t items)
{
    struct json *one = json_object();

    table_cell(t, name);
    table_cell(t, state);
    table_cellf(t, "%lld", (long long)items);
    json_add_str(one, "table", str_of(name));
    json_add_bool(one, "ok", ok);
    json_add_str(one, "state", str_of(state));
    json_add_int(one, "items", items);
    json_push(all, one);
}

/* One table, into the answer. False: it could not be asked for at all. */
static bool check_one(struct cli *c, const struct aws_where *w, enum spec_table t, struct table *table,
                      struct json *all, bool *good, struct err *e)
{
    char *name = tables_name(c->options->specs.tables_prefix, t);
    struct asked_table *a = describe(c, w, name, e);
    bool found = a && a->err.kind == ERR_NONE;

    if (a && !found)
        *e = a->err;
    if (found && keys_fit(&a->table, t, e))
        row(table, all, name, true, a->table.status, a->table.item_count);
    else if (found)
        row(table, all, name, false, e->msg, 0);
    else if (e->kind == ERR_NOT_FOUND)
        row(table, all, name, t == TABLE_SCHEDULES,
            t == TABLE_SCHEDULES ? "missing: there are no schedules; `ec2sched tables create` makes it"
                                 : "missing: `ec2sched tables create`",
            0);
    *good = *good && (e->kind == ERR_NONE || (e->kind == ERR_NOT_FOUND && t == TABLE_SCHEDULES));
    if (a)
        dynamodb_table_release(&a->table);
    xfree(name);
    return found || e->kind == ERR_NOT_FOUND;
}

static int check(struct cli *c, const struct aws_where *w)
{
    static const char *const columns[] = {"TABLE", "STATE", "ITEMS", NULL};
    TABLE_CLEANUP struct table *table = table_new(columns);
    JSON_CLEANUP struct json *document = document_new();
    struct json *all = json_array();
    bool good = true;

    json_add(document, "tables", all);
    for (int t = 0; t < TABLES; t++) {
        struct err e = {0};
        if (!check_one(c, w, (enum spec_table)t, table, all, &good, &e))
            return cli_fail(c, &e, "check the credentials, specs.region and AWS_REGION");
    }
    if (c->json)
        print_json(document);
    else
        table_print(table);
    return good ? CLI_OK : CLI_FAILED;
}

static void check_table(struct cli *c, struct checks *k, enum spec_table t)
{
    const struct aws_where w = {.region = c->options->specs.region};
    struct err e = {0};
    char *name = tables_name(c->options->specs.tables_prefix, t);
    struct asked_table *a = describe(c, &w, name, &e);

    if (a && a->err.kind != ERR_NONE)
        e = a->err;
    bool ok = a && e.kind == ERR_NONE && keys_fit(&a->table, t, &e);
    if (t == TABLE_SCHEDULES && e.kind == ERR_NOT_FOUND) {
        ok = true;
        (void)err_set(&e, ERR_NOT_FOUND, "missing, so there are no schedules");
    }
    checks_add(k, ok ? CHECK_OK : CHECK_FAIL, "table",
               ok ? NULL
                  : "`ec2sched tables create` makes what is missing; dynamodb:DescribeTable must be allowed",
               "%s%s%s", name, e.kind == ERR_NONE ? "" : ": ", e.msg);
    if (a)
        dynamodb_table_release(&a->table);
    xfree(name);
}

void checks_tables(struct cli *c, struct checks *k)
{
    for (int t = 0; t < TABLES; t++)
        check_table(c, k, (enum spec_table)t);
}

static bool create_one(struct cli *c, const struct aws_where *w, enum spec_table t, const char *name,
                       bool provisioned, struct err *e)
{
    struct asked_table *was = describe(c, w, name, e);
    struct instant now = clock_now(&c->ports->clock);

    if (!was)
        return false;
    bool there = was->err.kind == ERR_NONE;
    dynamodb_table_release(&was->table);
    if (there)
        return true;
    if (was->err.kind != ERR_NOT_FOUND) {
        *e = was->err;
        return false;
    }
    struct asked_table *a = cli_keep(c, sizeof *a);
    const struct dynamodb_wanted wanted = {.table = name,
                                           .hash = tables_hash_key(t),
                                           .range = tables_range_key(t),
                                           .read_units = provisioned ? PROVISIONED_READS : 0,
                                           .write_units = provisioned ? PROVISIONED_WRITES : 0};
    (void)dynamodb_create_table(c->aws, w, &wanted, &now, on_table, a);
    if (!cli_wait(c, &a->done, cli_now(c) + AWS_WAIT_MS, e))
        return false;
    dynamodb_table_release(&a->table);
    if (a->err.kind == ERR_NONE || a->err.kind == ERR_CONFLICT)
        return true;
    *e = a->err;
    return false;
}

static int create(struct cli *c, const struct aws_where *w, bool provisioned)
{
    for (int t = 0; t < TABLES; t++) {
        struct err e = {0};
        char *name = tables_name(c->options->specs.tables_prefix, (enum spec_table)t);
        bool ok = create_one(c, w, (enum spec_table)t, name, provisioned, &e);
        if (!ok)
            (void)err_wrap(&e, "table %s", name);
        xfree(name);
        if (!ok)
            return cli_fail(c, &e,
                            "check that these credentials allow dynamodb:CreateTable and DescribeTable "
                            "(deploy/iam/tables.json)");
    }
    return check(c, w);
}

int verb_tables(struct cli *c, const struct strs *words)
{
    static const char *const billings[] = {"on-demand", "provisioned", NULL};
    int billing = 0;
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {
        {"--billing", ARGUMENT_WORD, &billing, "MODE",
         "create: on-demand (default), or provisioned: 5 reads and 5 writes a second each", billings},
        {0}};

    if (!arguments_read(words, table, 1, 1, &positional, &e))
        return cli_usage(c, "tables", e.msg);
    struct aws_where w = {.region = c->options->specs.region};
    if (!cli_aws(c, &e))
        return cli_fail(c, &e, NULL);
    if (strcmp(positional.at[0], "create") == 0)
        return create(c, &w, billing != 0);
    if (strcmp(positional.at[0], "check") == 0)
        return check(c, &w);
    return cli_usage(c, "tables", "the word behind tables is create or check");
}
