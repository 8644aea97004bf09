#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/print.h"
#include "cli/specs.h"
#include "cli/state.h"
#include "cli/verbs.h"
#include "core/document.h"

/* One row at a time: what it is, and what happens on it as the view (or the log) knows; without both that
 * column says so. */
static void show_one(struct cli *c, const struct json *row, const struct cli_rows *rows, struct table *table,
                     struct json *out)
{
    struct spec spec = {0};
    struct findings f = {0};
    struct str own = json_str_or_empty(json_get(row, "SpecName"));
    char *name = str_dup(own);
    JSON_CLEANUP struct json *tiers = cli_rows_of(rows->tiers, own);
    bool valid =
        lint_workload(name, row, tiers, c->options->specs.strict, &spec, &f) && !cli_faulty(rows, own);
    struct cli_state now = {0};
    struct err e = {0};
    BUF_CLEANUP struct buf start = BUF_INIT(1000);
    bool known = cli_state(c, name, &now, &e);
    const char *state = valid && spec.disabled ? "switched off" : known ? now.state : "unknown";

    cli_state_start(&now, &start);
    bool runs = now.run[0] && now.result == RESULT_NONE;
    table_cell(table, name);
    table_cell(table, valid ? spec.region : "");
    table_cellf(table, "%zu", json_count(tiers));
    table_cell(table, valid ? state : "not valid: see `ec2sched lint`");
    table_cell(table, runs ? now.run : "");
    table_cellf(table, "%s%s%s%s%s", now.next_action, now.next_run[0] ? " " : "", now.next_run,
                start.n ? ": " : "", buf_cstr(&start));
    table_cellf(table, "%zu", now.hold_count);
    struct json *one = json_object();
    json_add_str(one, "workload", own);
    json_add_str(one, "region", str_of(valid ? spec.region : ""));
    json_add_int(one, "tiers", (int64_t)json_count(tiers));
    json_add_bool(one, "valid", valid);
    json_add_str(one, "state", str_of(state));
    json_add_str(one, "run", runs ? str_of(now.run) : STR(""));
    json_add_str(one, "next_run", str_of(now.next_run));
    json_add_str(one, "next_action", str_of(now.next_action));
    json_add_str(one, "start", buf_view(&start));
    json_add_int(one, "holds", (int64_t)now.hold_count);
    json_push(out, one);
    cli_state_release(&now);
    findings_release(&f);
    spec_release(&spec);
    xfree(name);
}

int verb_list(struct cli *c, const struct strs *words)
{
    static const char *const columns[] = {"WORKLOAD", "REGION", "TIERS", "STATE",
                                          "RUN",      "NEXT",   "HOLDS", NULL};
    struct err e = {0};
    struct cli_rows rows = {0};
    STRS_CLEANUP struct strs positional = {0};
    TABLE_CLEANUP struct table *table = table_new(columns);
    JSON_CLEANUP struct json *document = document_new();
    struct json *all = json_array();

    json_add(document, "workloads", all);
    if (!arguments_read(words, &(struct argument){0}, 0, 0, &positional, &e))
        return cli_usage(c, "list", e.msg);
    if (!cli_rows(c, NULL, &rows, &e))
        return cli_fail(c, &e, NULL);
    if (json_count(rows.faults) && !c->json)
        print_error_line(
            "ec2sched: warning: %zu of the rows or files could not be read: `ec2sched lint` names them",
            json_count(rows.faults));
    for (const struct json *row = json_first(rows.workloads); row; row = json_next(row))
        show_one(c, row, &rows, table, all);
    if (c->json)
        print_json(document);
    else
        table_print(table);
    if (c->kafka_lost.kind != ERR_NONE && !c->json)
        print_error_line("ec2sched: warning: %s: %s", c->kafka_lost.msg,
                         c->redis_lost.kind == ERR_NONE ? "states are what Redis holds"
                                                        : "states are unknown");
    return CLI_OK;
}
