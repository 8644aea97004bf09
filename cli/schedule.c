#include "core/schedule.h"

#include "base/mem.h"
#include "base/moment.h"
#include "cli/arguments.h"
#include "cli/print.h"
#include "cli/specs.h"
#include "cli/verbs.h"
#include "core/document.h"
#include "core/tick.h"
#include "specs/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAYS_MAX = 366, DAYS = 7, TICKS_MAX = 10000, WAIT_MS = 60000 };
#define DAY_MS INT64_C(86400000)

/* ---- list ---- */

static void add_next(const struct schedule *s, int64_t now_ms, struct table *table, struct json *out)
{
    struct tick next;
    char at[MOMENT_MAX];
    char local[TICK_TEXT_MAX] = "";

    if (s->enabled && tick_next(&s->cron, s->zone, now_ms, &next)) {
        moment_rfc3339(next.at_ms, at);
        tick_text(s->zone, next.at_ms, local);
        json_add_int(out, "next_tick", next.number);
        json_add_str(out, "next_at", str_of(at));
        json_add_str(out, "next_local", str_of(local));
    }
    table_cell(table, local);
}

/* A row that cannot be stands in the list with what is wrong in place of the next tick. */
static void list_one(struct cli *c, const struct json *row, struct table *table, struct json *all)
{
    static const char *const names[] = {"SpecName", "ScheduleName", "Action", "Cron", "TimeZone"};
    static const char *const keys[] = {"workload", "name", "action", "cron", "zone"};
    struct findings f = {0};
    struct schedule s;
    struct json *one = json_object();
    bool valid = schedule_read(row, c->options->specs.strict, cli_zones(c), &s, &f);
    const struct finding *wrong = findings_first_error(&f);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *text = str_dup(json_str_or_empty(json_get(row, names[i])));
        table_cell(table, text);
        json_add_str(one, keys[i], str_of(text));
        xfree(text);
    }
    json_add_bool(one, "valid", valid);
    json_add_bool(one, "enabled", valid && s.enabled);
    table_cell(table, !valid ? "stands still" : s.enabled ? "enabled" : "paused");
    if (valid) {
        add_next(&s, cli_wall(c), table, one);
        schedule_release(&s);
    } else {
        BUF_CLEANUP struct buf why = BUF_INIT(2 * FINDING_TEXT_MAX);
        buf_addf(&why, "%s: %s", wrong ? wrong->attribute : "", wrong ? wrong->message : "not valid");
        json_add_str(one, "error", buf_view(&why));
        table_cell(table, buf_cstr(&why));
    }
    json_push(all, one);
    findings_release(&f);
}

static int list(struct cli *c, const char *workload)
{
    static const char *const columns[] = {"WORKLOAD", "NAME",  "ACTION", "CRON",
                                          "ZONE",     "STATE", "NEXT",   NULL};
    struct err e = {0};
    const struct json *rows = NULL;
    TABLE_CLEANUP struct table *table = table_new(columns);
    JSON_CLEANUP struct json *document = document_new();
    struct json *all = json_array();

    json_add(document, "schedules", all);
    if (!cli_schedules(c, workload, &rows, &e))
        return cli_fail(c, &e, NULL);
    for (const struct json *row = json_first(rows); row; row = json_next(row))
        list_one(c, row, table, all);
    if (c->json)
        print_json(document);
    else
        table_print(table);
    return CLI_OK;
}

/* ---- next ---- */

struct coming {
    struct tick tick;
    size_t schedule;
};

struct agenda {
    struct schedule *at;
    size_t n, invalid;
    struct coming *ticks;
    size_t count;
    bool more; /* than TICKS_MAX of one schedule, or in all */
};

static void agenda_release(struct agenda *a)
{
    for (size_t i = 0; i < a->n; i++)
        schedule_release(&a->at[i]);
    xfree(a->at);
    xfree(a->ticks);
}

static void add_schedule(struct cli *c, struct agenda *a, const struct json *row, int64_t until_ms)
{
    struct findings f = {0};
    struct schedule s;
    struct tick t = {.at_ms = cli_wall(c)};

    if (!schedule_read(row, c->options->specs.strict, cli_zones(c), &s, &f)) {
        a->invalid++;
    } else if (!s.enabled) {
        schedule_release(&s);
    } else {
        a->at[a->n] = s;
        for (int n = 0; tick_next(&s.cron, s.zone, t.at_ms, &t) && t.at_ms <= until_ms; n++) {
            a->more = a->more || n == TICKS_MAX;
            if (n == TICKS_MAX)
                break;
            a->ticks = xrealloc(a->ticks, (a->count + 1) * sizeof *a->ticks);
            a->ticks[a->count++] = (struct coming){t, a->n};
        }
        a->n++;
    }
    findings_release(&f);
}

static int by_moment(const void *a, const void *b)
{
    const struct coming *x = a;
    const struct coming *y = b;

    if (x->tick.at_ms != y->tick.at_ms)
        return x->tick.at_ms < y->tick.at_ms ? -1 : 1;
    return (x->schedule > y->schedule) - (x->schedule < y->schedule);
}

static void show_coming(const struct agenda *a, const struct coming *k, struct table *table, struct json *all)
{
    const struct schedule *s = &a->at[k->schedule];
    struct json *one = json_object();
    char at[MOMENT_MAX];
    char local[TICK_TEXT_MAX];

    moment_rfc3339(k->tick.at_ms, at);
    tick_text(s->zone, k->tick.at_ms, local);
    table_cell(table, local);
    table_cell(table, s->zone_name);
    table_cell(table, s->workload);
    table_cell(table, action_names[s->action]);
    table_cell(table, s->name);
    json_add_str(one, "at", str_of(at));
    json_add_str(one, "local", str_of(local));
    json_add_int(one, "tick", k->tick.number);
    json_add_str(one, "workload", str_of(s->workload));
    json_add_str(one, "action", str_of(action_names[s->action]));
    json_add_str(one, "name", str_of(s->name));
    json_add_str(one, "zone", str_of(s->zone_name));
    json_push(all, one);
}

static void show_agenda(const struct cli *c, struct agenda *a)
{
    static const char *const columns[] = {"WHEN", "ZONE", "WORKLOAD", "ACTION", "NAME", NULL};
    TABLE_CLEANUP struct table *table = table_new(columns);
    JSON_CLEANUP struct json *document = document_new();
    struct json *all = json_array();

    if (a->count > 1)
        qsort(a->ticks, a->count, sizeof *a->ticks, by_moment);
    for (size_t i = 0; i < a->count && i < TICKS_MAX; i++)
        show_coming(a, &a->ticks[i], table, all);
    a->more = a->more || a->count > TICKS_MAX;
    json_add(document, "ticks", all);
    json_add_bool(document, "more", a->more);
    json_add_int(document, "invalid", (int64_t)a->invalid);
    if (c->json) {
        print_json(document);
        return;
    }
    table_print(table);
    if (a->more)
        print_line("and more: fewer --days, or one workload, shows all");
    if (a->invalid)
        print_line("%zu schedule%s still: see `ec2sched lint`", a->invalid,
                   a->invalid == 1 ? " stands" : "s stand");
}

static int next(struct cli *c, const char *workload, int64_t days)
{
    struct err e = {0};
    struct agenda a = {0};
    const struct json *rows = NULL;

    if (!cli_schedules(c, workload, &rows, &e))
        return cli_fail(c, &e, NULL);
    a.at = xcalloc(json_count(rows) + 1, sizeof *a.at);
    for (const struct json *row = json_first(rows); row; row = json_next(row))
        add_schedule(c, &a, row, cli_wall(c) + days * DAY_MS);
    show_agenda(c, &a);
    agenda_release(&a);
    return CLI_OK;
}

/* ---- pause, resume ---- */

struct asked {
    bool done;
    struct err err;
};

static void on_enabled(void *self, uint64_t id, const struct source_rows *r)
{
    struct asked *a = self;

    (void)id;
    a->err = r->err;
    a->done = true;
}

static int said(const struct cli *c, const struct source_key *key, bool enabled)
{
    JSON_CLEANUP struct json *document = document_new();

    json_add_str(document, "workload", str_of(key->workload));
    json_add_str(document, "name", str_of(key->schedule));
    json_add_bool(document, "enabled", enabled);
    if (c->json)
        print_json(document);
    else if (enabled)
        print_line("%s %s is resumed: its ticks fire again within %lld s; those of the pause never do",
                   key->workload, key->schedule, (long long)(c->options->schedule.refresh_ms / 1000));
    else
        print_line("%s %s is paused: no tick of it fires from now on", key->workload, key->schedule);
    return CLI_OK;
}

static int unknown(const struct cli *c, const struct source_key *key)
{
    BUF_CLEANUP struct buf what = BUF_INIT(600);

    buf_addf(&what, "%.200s %.200s", key->workload, key->schedule);
    return cli_refuse(c, buf_cstr(&what), "there is no such schedule",
                      "`ec2sched schedule list` shows those that there are");
}

static bool is_there(const struct json *rows, const char *name)
{
    for (const struct json *row = json_first(rows); row; row = json_next(row))
        if (str_is(json_str_or_empty(json_get(row, "ScheduleName")), name))
            return true;
    return false;
}

/* The row is read first: AWS's clock has to be known before anything is changed. */
static int enable(struct cli *c, const struct source_key *key, bool enabled)
{
    struct err e = {0};
    struct asked *a = cli_keep(c, sizeof *a);
    const struct json *rows = NULL;

    if (!cli_schedules(c, key->workload, &rows, &e))
        return cli_fail(c, &e, NULL);
    if (!is_there(rows, key->schedule))
        return unknown(c, key);
    struct instant now = clock_now(&c->ports->clock);
    (void)source_enable(c->source, key, enabled, &now, on_enabled, a);
    if (!cli_wait(c, &a->done, cli_now(c) + WAIT_MS, &e))
        return cli_fail(c, &e, "whether the row has changed is not known: `ec2sched schedule list` shows it");
    if (a->err.kind == ERR_CONFLICT)
        return unknown(c, key); /* deleted in between */
    if (a->err.kind != ERR_NONE)
        return cli_fail(c, &a->err, NULL);
    return said(c, key, enabled);
}

int verb_schedule(struct cli *c, const struct strs *words)
{
    int64_t days = DAYS;
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {
        {"--days", ARGUMENT_NUMBER, &days, "N", "next: how far to look ahead (7)", NULL, 1, DAYS_MAX}, {0}};

    if (!arguments_read(words, table, 1, 3, &positional, &e))
        return cli_usage(c, "schedule", e.msg);
    const char *word = positional.at[0];
    const char *workload = positional.n > 1 ? positional.at[1] : NULL;
    bool pause = strcmp(word, "pause") == 0;
    if (pause || strcmp(word, "resume") == 0) {
        if (positional.n != 3)
            return cli_usage(c, "schedule", "pause and resume need WORKLOAD and NAME");
        return enable(c, &(struct source_key){workload, positional.at[2]}, !pause);
    }
    if (positional.n == 3)
        return cli_usage(c, "schedule", "list and next know a WORKLOAD and nothing more");
    if (strcmp(word, "list") == 0)
        return list(c, workload);
    if (strcmp(word, "next") == 0)
        return next(c, workload, days);
    return cli_usage(c, "schedule", "the word behind schedule is list, next, pause or resume");
}
