#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/print.h"
#include "cli/specs.h"
#include "cli/verbs.h"
#include "view/view.h"

#include <stdio.h>

enum { VIEW_WAIT_MS = 3000 };

struct asked_state {
    bool done;
    struct err err;
    bool there;
    char state[16], run[IDS_RUN_MAX + 1];
    size_t holds, waiting;
};

static void on_peek(void *self, uint64_t id, const struct view_peeked *p)
{
    struct asked_state *a = self;
    struct view_hold holds[VIEW_HOLDS_MAX];

    (void)id;
    a->err = p->err;
    a->done = true;
    if (p->err.kind != ERR_NONE)
        return;
    a->there = p->there;
    (void)snprintf(a->state, sizeof a->state, STR_FMT, STR_ARG(view_pairs_get(&p->workload, "st")));
    (void)snprintf(a->run, sizeof a->run, STR_FMT, STR_ARG(view_pairs_get(&p->workload, "run")));
    if (!view_holds_of(&p->workload, holds, &a->holds, &a->err))
        return;
    a->waiting = p->waiting_count;
}

static const char *word_of(const char *state)
{
    switch (state[0]) {
    case 'R':
        return "running";
    case 'P':
        return "paused";
    case 'D':
        return "draining";
    default:
        return "idle";
    }
}

/* One row at a time: what it is, and what happens on it as the view knows; without Redis that column says
 * so. */
static void show_one(struct cli *c, const struct json *row, const struct json *all_tiers, int partitions,
                     struct table *table, struct json *out)
{
    struct spec spec = {0};
    struct findings f = {0};
    struct str own = json_str_or_empty(json_get(row, "SpecName"));
    char *name = str_dup(own);
    JSON_CLEANUP struct json *tiers = cli_rows_of(all_tiers, own);
    bool valid = lint_workload(name, row, tiers, c->options->specs.strict, &spec, &f);
    struct asked_state *a = cli_keep(c, sizeof *a);
    struct err e = {0};
    const char *state = "unknown";

    if (partitions && view_peek(cli_view(c), ids_partition(own, partitions), name, on_peek, a) &&
        cli_wait(c, &a->done, cli_now(c) + VIEW_WAIT_MS, &e) && a->err.kind == ERR_NONE)
        state = word_of(a->state);
    if (valid && spec.disabled)
        state = "switched off";
    table_cell(table, name);
    table_cell(table, valid ? spec.region : "");
    table_cellf(table, "%zu", json_count(tiers));
    table_cell(table, valid ? state : "not valid: see `ec2sched lint`");
    table_cell(table, a->run);
    table_cellf(table, "%zu", a->holds);
    struct json *one = json_object();
    json_add_str(one, "workload", own);
    json_add_str(one, "region", str_of(valid ? spec.region : ""));
    json_add_int(one, "tiers", (int64_t)json_count(tiers));
    json_add_bool(one, "valid", valid);
    json_add_str(one, "state", str_of(state));
    json_add_str(one, "run", str_of(a->run));
    json_add_int(one, "holds", (int64_t)a->holds);
    json_push(out, one);
    findings_release(&f);
    spec_release(&spec);
    xfree(name);
}

int verb_list(struct cli *c, const struct strs *words)
{
    static const char *const columns[] = {"WORKLOAD", "REGION", "TIERS", "STATE", "RUN", "HOLDS", NULL};
    struct err e = {0};
    int partitions = 0;
    struct cli_rows rows;
    STRS_CLEANUP struct strs positional = {0};
    TABLE_CLEANUP struct table *table = table_new(columns);
    JSON_CLEANUP struct json *document = print_document();
    struct json *all = json_array();

    json_add(document, "workloads", all);
    if (!arguments_read(words, &(struct argument){0}, 0, 0, &positional, &e))
        return cli_usage(c, "list", e.msg);
    if (!cli_rows(c, NULL, &rows, &e))
        return cli_fail(c, &e, NULL);
    if (!cli_log_partitions(c, &partitions, &e))
        (void)fprintf(stderr, "ec2sched: warning: %s: states are unknown\n", e.msg);
    for (const struct json *row = json_first(rows.workloads); row; row = json_next(row))
        show_one(c, row, rows.tiers, partitions, table, all);
    if (c->json)
        print_json(document);
    else
        table_print(table);
    return CLI_OK;
}
