#include "core/lint.h"

#include "cli/arguments.h"
#include "cli/print.h"
#include "cli/specs.h"
#include "cli/verbs.h"
#include "core/schedule.h"

#include <stdio.h>
#include <string.h>

static void show_one(const struct finding *f, struct table *table, struct json *all)
{
    table_cell(table, severity_names[f->severity]);
    table_cell(table, f->row);
    table_cell(table, f->attribute);
    table_cell(table, f->message);
    json_push(all, json_encode(finding_fields, f));
}

static int show(const struct cli *c, const struct findings *f, size_t workloads, size_t schedules)
{
    static const char *const columns[] = {"SEVERITY", "ROW", "ATTRIBUTE", "WHAT", NULL};
    TABLE_CLEANUP struct table *table = table_new(columns);
    JSON_CLEANUP struct json *document = print_document();
    struct json *all = json_array();
    size_t errors = 0;

    for (size_t i = 0; i < f->n; i++) {
        show_one(&f->at[i], table, all);
        errors += f->at[i].severity == SEVERITY_ERROR;
    }
    json_add_int(document, "workloads", (int64_t)workloads);
    json_add_int(document, "schedules", (int64_t)schedules);
    json_add_int(document, "errors", (int64_t)errors);
    json_add(document, "findings", all);
    if (c->json) {
        print_json(document);
    } else {
        if (f->n)
            table_print(table);
        print_line("%zu workload%s, %zu schedule%s, %zu finding%s, %zu error%s", workloads,
                   workloads == 1 ? "" : "s", schedules, schedules == 1 ? "" : "s", f->n,
                   f->n == 1 ? "" : "s", errors, errors == 1 ? "" : "s");
    }
    return errors ? CLI_FAILED : CLI_OK;
}

static void lint_one(const struct cli *c, const char *name, const struct json *row, const struct json *tiers,
                     struct findings *f)
{
    struct spec spec = {0};

    if (!lint_workload(name, row, tiers, c->options->specs.strict, &spec, f))
        return;
    for (int action = ACTION_START; action <= ACTION_STOP; action++)
        (void)!lint_action(&spec, (enum action)action, &(struct strs){0}, f);
    spec_release(&spec);
}

int verb_lint(struct cli *c, const struct strs *words)
{
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};

    if (!arguments_read(words, &(struct argument){0}, 0, 1, &positional, &e))
        return cli_usage(c, "lint", e.msg);
    struct cli_rows rows = {0};
    if (!cli_rows(c, positional.n ? positional.at[0] : NULL, &rows, &e))
        return cli_fail(c, &e, NULL);
    const struct json *schedules = NULL;
    if (!cli_schedules(c, positional.n ? positional.at[0] : NULL, &schedules, &e))
        return cli_fail(c, &e, NULL);
    struct findings f = {0};
    if (positional.n)
        lint_one(c, positional.at[0], json_first(rows.workloads), rows.tiers, &f);
    for (const struct json *row = json_first(rows.workloads); row && !positional.n; row = json_next(row)) {
        struct str name = json_str_or_empty(json_get(row, "SpecName"));
        char text[IDS_WORKLOAD_MAX + 100];
        (void)snprintf(text, sizeof text, STR_FMT, STR_ARG(name));
        JSON_CLEANUP struct json *tiers = cli_rows_of(rows.tiers, name);
        lint_one(c, text, row, tiers, &f);
    }
    schedule_lint(schedules, rows.workloads, c->options->specs.strict, cli_zones(c), &f);
    int exit = show(c, &f, json_count(rows.workloads), json_count(schedules));
    findings_release(&f);
    return exit;
}
