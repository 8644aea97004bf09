#include "core/together.h"

#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/print.h"
#include "cli/specs.h"
#include "cli/verbs.h"
#include "core/document.h"
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
    JSON_CLEANUP struct json *document = document_new();
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

/* The specs that are valid, to be looked at beside each other. */
struct valid {
    struct spec **at;
    size_t n;
};

static void lint_one(const struct cli *c, const char *name, const struct json *row, const struct json *tiers,
                     struct valid *valid, struct findings *f)
{
    struct spec *spec = xcalloc(1, sizeof *spec);

    if (!lint_workload(name, row, tiers, c->options->specs.strict, spec, f)) {
        xfree(spec);
        return;
    }
    for (int action = ACTION_START; action <= ACTION_STOP; action++)
        (void)!lint_action(spec, (enum action)action, &(struct strs){0}, f);
    valid->at = xrealloc(valid->at, (valid->n + 1) * sizeof(struct spec *));
    valid->at[valid->n++] = spec;
}

/* Of one workload, those that may be about it as well; NULL: all. */
static void lint_faults(const struct cli_rows *rows, const char *only, struct findings *f)
{
    for (const struct json *x = json_first(rows->faults); x; x = json_next(x)) {
        const struct json *whose = json_get(x, "workload");
        if (only && whose && !str_is(json_str_or_empty(whose), only))
            continue;
        char *text[3];
        static const char *const names[] = {"row", "attribute", "message"};
        for (int i = 0; i < 3; i++)
            text[i] = str_dup(json_str_or_empty(json_get(x, names[i])));
        findings_add(f, SEVERITY_ERROR, CAUSE_INVALID, text[0], text[1], "%s", text[2]);
        for (int i = 0; i < 3; i++)
            xfree(text[i]);
    }
}

static void lint_all(const struct cli *c, const struct cli_rows *rows, struct findings *f)
{
    struct valid valid = {0};

    lint_faults(rows, NULL, f);
    for (const struct json *row = json_first(rows->workloads); row; row = json_next(row)) {
        struct str own = json_str_or_empty(json_get(row, "SpecName"));
        char *name = str_dup(own);
        JSON_CLEANUP struct json *tiers = cli_rows_of(rows->tiers, own);
        lint_one(c, name, row, tiers, &valid, f);
        xfree(name);
    }
    together_lint((const struct spec *const *)valid.at, valid.n, rows->workloads, rows->tiers, f);
    for (size_t i = 0; i < valid.n; i++) {
        spec_release(valid.at[i]);
        xfree(valid.at[i]);
    }
    xfree(valid.at);
}

static const struct json *row_of(const struct json *rows, const char *name)
{
    for (const struct json *row = json_first(rows); row; row = json_next(row))
        if (str_is(json_str_or_empty(json_get(row, "SpecName")), name))
            return row;
    return NULL;
}

/* One workload, and what another has in common with it; `all`: the rows hold the others, too. */
static void lint_named(const struct cli *c, const char *name, const struct cli_rows *rows, bool all,
                       struct findings *f)
{
    struct valid valid = {0};
    const struct json *row = row_of(rows->workloads, name);
    JSON_CLEANUP struct json *tiers = cli_rows_of(rows->tiers, str_of(name));
    struct json *shared = NULL;
    char text[FINDING_TEXT_MAX];

    if (row || !cli_faulty(rows, str_of(name)))
        lint_one(c, name, row, tiers, &valid, f);
    if (all && valid.n)
        shared = cli_shared(rows, valid.at[0]);
    for (const struct json *x = json_first(shared); x; x = json_next(x)) {
        (void)snprintf(text, sizeof text, "TierSpecification %.200s/" STR_FMT, name,
                       STR_ARG(json_str_or_empty(json_get(x, "tier"))));
        findings_add(f, SEVERITY_WARNING, CAUSE_NONE, text, "TierTagValue", TOGETHER_SHARED,
                     STR_ARG(json_str_or_empty(json_get(x, "workload"))));
    }
    json_free(shared);
    for (size_t i = 0; i < valid.n; i++) {
        spec_release(valid.at[i]);
        xfree(valid.at[i]);
    }
    xfree(valid.at);
}

int verb_lint(struct cli *c, const struct strs *words)
{
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};

    if (!arguments_read(words, &(struct argument){0}, 0, 1, &positional, &e))
        return cli_usage(c, "lint", e.msg);
    struct cli_rows rows = {0};
    const char *only = positional.n ? positional.at[0] : NULL;
    bool all = cli_name_ok(only, &e) && cli_rows(c, NULL, &rows, &e);
    if (!all && (!only || e.kind != ERR_DENIED || !cli_rows(c, only, &rows, &e)))
        return cli_fail(c, &e, cli_remedy(&e) ? cli_remedy(&e) : "`ec2sched doctor` looks at each part");
    size_t workloads = only ? row_of(rows.workloads, only) != NULL : json_count(rows.workloads);
    struct findings f = {0};
    if (only) {
        lint_faults(&rows, only, &f);
        lint_named(c, only, &rows, all, &f);
    } else {
        lint_all(c, &rows, &f);
    }
    const struct json *schedules = NULL;
    if (!cli_schedules(c, only, &schedules, &e) && !json_count(rows.faults)) { /* told already */
        findings_release(&f);
        return cli_fail(c, &e, cli_remedy(&e) ? cli_remedy(&e) : "`ec2sched doctor` looks at each part");
    }
    schedule_lint(schedules, rows.workloads, c->options->specs.strict, cli_zones(c), &f);
    int exit = show(c, &f, workloads, json_count(schedules));
    findings_release(&f);
    return exit;
}
