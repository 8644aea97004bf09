#include "cli/specs.h"

#include "base/mem.h"
#include "core/together.h"
#include "core/zones.h"
#include "specs/source.h"
#include "specs/zonefile.h"

#include <stdio.h>

enum { SPECS_WAIT_MS = 60000 };
enum { ROWS_WORKLOADS, ROWS_TIERS, ROWS_SCHEDULES, ROWS_FAULTS, ROWS }; /* cli.rows */

struct asked_rows {
    bool done;
    struct err err;
    struct cli *cli;
};

static void on_rows(void *self, uint64_t id, const struct source_rows *r)
{
    struct asked_rows *a = self;

    (void)id;
    a->err = r->err;
    a->done = true;
    if (r->err.kind != ERR_NONE)
        return;
    const struct json *found[] = {r->workloads, r->tiers, NULL, r->faults};
    for (int i = 0; i < ROWS; i++) {
        if (i == ROWS_SCHEDULES)
            continue;
        json_free(a->cli->rows[i]);
        a->cli->rows[i] = found[i] ? json_copy(found[i]) : NULL;
    }
}

bool cli_name_ok(const char *workload, struct err *e)
{
    return !workload || ids_workload_ok(str_of(workload)) ||
           err_set(e, ERR_CONFIG,
                   "'%.200s' cannot be a workload's name: 1 to 200 bytes without | and control "
                   "characters",
                   workload) ||
           err_code(e, CLI_NO_NAME);
}

bool cli_rows(struct cli *c, const char *workload, struct cli_rows *out, struct err *e)
{
    if (!cli_name_ok(workload, e))
        return false;
    struct source *s = cli_source(c, e);
    struct asked_rows *a = cli_keep(c, sizeof *a);

    if (!s)
        return false;
    a->cli = c;
    if (workload)
        (void)source_read(s, workload, on_rows, a);
    else
        (void)source_list(s, on_rows, a);
    if (!cli_wait(c, &a->done, cli_now(c) + SPECS_WAIT_MS, e))
        return err_wrap(e, "specifications");
    if (a->err.kind != ERR_NONE) {
        *e = a->err;
        return false;
    }
    *out = (struct cli_rows){
        .workloads = c->rows[ROWS_WORKLOADS], .tiers = c->rows[ROWS_TIERS], .faults = c->rows[ROWS_FAULTS]};
    return true;
}

static void on_schedules(void *self, uint64_t id, const struct source_rows *r)
{
    struct asked_rows *a = self;

    (void)id;
    a->err = r->err;
    a->done = true;
    json_free(a->cli->rows[ROWS_SCHEDULES]);
    a->cli->rows[ROWS_SCHEDULES] =
        r->err.kind == ERR_NONE && r->schedules ? json_copy(r->schedules) : json_array();
}

bool cli_schedules(struct cli *c, const char *workload, const struct json **out, struct err *e)
{
    struct source *s = cli_source(c, e);
    struct asked_rows *a = cli_keep(c, sizeof *a);

    if (!s)
        return false;
    a->cli = c;
    (void)source_schedules(s, workload, on_schedules, a);
    if (!cli_wait(c, &a->done, cli_now(c) + SPECS_WAIT_MS, e))
        return err_wrap(e, "schedules");
    if (a->err.kind != ERR_NONE) {
        *e = a->err;
        return false;
    }
    *out = c->rows[ROWS_SCHEDULES];
    return true;
}

struct zones *cli_zones(struct cli *c)
{
    if (!c->zones) {
        struct zonefile *z = cli_keep(c, sizeof *z);
        *z = (struct zonefile){.process = &c->ports->process, .folder = c->options->schedule.zoneinfo};
        c->zones = zones_new(zonefile_load, z);
    }
    return c->zones;
}

struct json *cli_rows_of(const struct json *rows, struct str name)
{
    struct json *out = json_array();

    for (const struct json *row = json_first(rows); row; row = json_next(row))
        if (str_eq(json_str_or_empty(json_get(row, "SpecName")), name))
            json_push(out, json_copy(row));
    return out;
}

bool cli_faulty(const struct cli_rows *rows, struct str workload)
{
    for (const struct json *f = json_first(rows->faults); f; f = json_next(f))
        if (str_eq(json_str_or_empty(json_get(f, "workload")), workload))
            return true;
    return false;
}

static bool has_filter(const struct json *row, const struct spec *spec)
{
    static const char *const names[] = {"WorkloadFilterTagValue", "EnvFilterTagValue"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is(json_str_or_empty(json_get(row, names[i])), spec->filter_value))
            return true;
    return false;
}

static void add_shared(const struct spec *spec, const struct json *row, const struct json *all_tiers,
                       struct json *out)
{
    struct spec other = {0};
    struct findings f = {0};
    STRS_CLEANUP struct strs tiers = {0};
    struct str own = json_str_or_empty(json_get(row, "SpecName"));
    char *name = str_dup(own);
    JSON_CLEANUP struct json *rows = cli_rows_of(all_tiers, own);

    if (lint_workload(name, row, rows, false, &other, &f))
        together_shared(spec, &other, &tiers);
    for (size_t i = 0; i < tiers.n; i++) {
        struct json *one = json_object();
        json_add_str(one, "tier", str_of(tiers.at[i]));
        json_add_str(one, "workload", own);
        json_push(out, one);
    }
    findings_release(&f);
    spec_release(&other);
    xfree(name);
}

struct json *cli_shared(const struct cli_rows *all, const struct spec *spec)
{
    struct json *out = json_array();

    for (const struct json *row = json_first(all->workloads); row; row = json_next(row))
        if (has_filter(row, spec))
            add_shared(spec, row, all->tiers, out);
    return out;
}

static int refuse(const struct cli *c, const char *workload, const struct findings *f)
{
    const struct finding *first = findings_first_error(f);
    char what[FINDING_TEXT_MAX];
    size_t errors = 0;

    for (size_t i = 0; i < f->n; i++)
        errors += f->at[i].severity == SEVERITY_ERROR;
    (void)snprintf(what, sizeof what, "%.200s%s%s", first->row, first->attribute[0] ? " " : "",
                   first->attribute);
    char remedy[400];
    (void)snprintf(remedy, sizeof remedy, "nothing was started%s; `ec2sched lint %.200s` shows all",
                   errors > 1 ? ", and there are more errors" : "", workload);
    return cli_refuse(c, what, first->message, remedy);
}

static int unread(const struct cli *c, const char *workload, const struct err *e)
{
    char remedy[400];
    const char *own = cli_remedy(e);

    if (e->kind == ERR_INVALID)
        return cli_refuse(c, workload, e->msg, "nothing was started");
    (void)snprintf(remedy, sizeof remedy, "nothing was started; %s",
                   own ? own : "check specs.source, the credentials and the region");
    return cli_fail(c, e, remedy);
}

bool cli_spec(struct cli *c, const char *workload, enum action action, const struct strs *only_tiers,
              struct spec *out, int *exit)
{
    struct err e = {0};
    struct findings f = {0};
    struct cli_rows rows = {0};

    if (!cli_rows(c, workload, &rows, &e)) {
        *exit = unread(c, workload, &e);
        return false;
    }
    bool ok =
        lint_workload(workload, json_first(rows.workloads), rows.tiers, c->options->specs.strict, out, &f);
    if (ok && !lint_action(out, action, only_tiers, &f)) {
        spec_release(out);
        ok = false;
    }
    if (!ok)
        *exit = refuse(c, workload, &f);
    findings_release(&f);
    return ok;
}
