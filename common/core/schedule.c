#include "core/schedule.h"

#include "base/hash.h"
#include "core/attribute.h"

#include <stdio.h>
#include <string.h>

static const char *const schedule_actions[] = {"start", "stop", NULL}; /* enum action */

/* clang-format off */
static const struct attribute schedule_attributes[] = {
    {"SpecName", ATTRIBUTE_TEXT, NULL, true, offsetof(struct schedule, workload), .help = "the workload's name"},
    {"ScheduleName", ATTRIBUTE_TEXT, NULL, true, offsetof(struct schedule, name), .help = "the schedule's name, unique in its workload"},
    {"Action", ATTRIBUTE_WORD, NULL, true, offsetof(struct schedule, action), .words = schedule_actions, .help = "start or stop"},
    {"Cron", ATTRIBUTE_TEXT, NULL, true, offsetof(struct schedule, expression), .help = "five fields: minute, hour, day of month, month, day of week"},
    {"TimeZone", ATTRIBUTE_TEXT, NULL, true, offsetof(struct schedule, zone_name), .help = "the zone that the times are meant in, e.g. Europe/Berlin; there is no default"},
    {"Enabled", ATTRIBUTE_FLAG, .offset = offsetof(struct schedule, enabled)},
    {"Profile", ATTRIBUTE_TEXT, .offset = offsetof(struct schedule, profile)},
    {0},
};
/* clang-format on */

void schedule_row_name(const struct json *row, char out[SCHEDULE_ROW_MAX])
{
    struct str workload = json_str_or_empty(json_get(row, "SpecName"));
    struct str name = json_str_or_empty(json_get(row, "ScheduleName"));

    (void)snprintf(out, SCHEDULE_ROW_MAX, "ScheduleSpecification " STR_FMT "/" STR_FMT, STR_ARG(workload),
                   STR_ARG(name));
}

static bool wrong(struct findings *f, const char *row, const char *attribute, const char *what)
{
    findings_add(f, SEVERITY_ERROR, CAUSE_INVALID, row, attribute, "%s", what);
    return false;
}

static bool check_name(const char *row, const char *attribute, const char *name, struct findings *f)
{
    return !name || ids_workload_ok(str_of(name)) ||
           wrong(f, row, attribute,
                 "is not a valid name: 1 to 200 bytes of UTF-8 without control characters and '|'");
}

static bool check(const char *row, struct schedule *s, struct zones *zones, struct findings *f)
{
    bool ok = check_name(row, "SpecName", s->workload, f);
    struct err e = {0};

    ok = check_name(row, "ScheduleName", s->name, f) && ok;
    if (s->profile && strlen(s->profile) > SCHEDULE_PROFILE_MAX)
        ok = wrong(f, row, "Profile", "has over 100 bytes");
    if (s->expression && !cron_parse(str_of(s->expression), &s->cron, &e))
        ok = wrong(f, row, "Cron", e.msg);
    e = (struct err){0};
    s->zone = s->zone_name ? zones_get(zones, s->zone_name, &e) : NULL;
    if (s->zone_name && !s->zone)
        ok = wrong(f, row, "TimeZone", e.msg);
    return ok;
}

bool schedule_read(const struct json *row, bool strict, struct zones *zones, struct schedule *out,
                   struct findings *f)
{
    char name[SCHEDULE_ROW_MAX];
    struct attribute_reader r = {.row = name, .prefix = "", .strict = strict, .findings = f};

    schedule_row_name(row, name);
    *out = (struct schedule){.enabled = true};
    bool ok = attributes_read(&r, row, schedule_attributes, out);
    ok = check(name, out, zones, f) && ok;
    if (!ok)
        schedule_release(out);
    return ok;
}

void schedule_release(struct schedule *s)
{
    xfree(s->workload);
    xfree(s->name);
    xfree(s->expression);
    xfree(s->zone_name);
    xfree(s->profile);
    *s = (struct schedule){0};
}

void schedule_key(const struct schedule *s, char out[SCHEDULE_KEY_MAX + 1])
{
    (void)snprintf(out, SCHEDULE_KEY_MAX + 1, "%s|%s|%s", s->name, action_names[s->action], s->zone_name);
}

bool schedule_same(const struct schedule *a, const struct schedule *b)
{
    return strcmp(a->workload, b->workload) == 0 && strcmp(a->name, b->name) == 0 && a->action == b->action &&
           strcmp(a->zone_name, b->zone_name) == 0 && strcmp(a->expression, b->expression) == 0;
}

bool schedule_says(const struct schedule *s, const struct json *row)
{
    const struct {
        const char *name, *value;
    } texts[] = {{"SpecName", s->workload}, {"ScheduleName", s->name},  {"Action", action_names[s->action]},
                 {"Cron", s->expression},   {"TimeZone", s->zone_name}, {"Profile", s->profile}};
    const struct json *enabled = json_get(row, "Enabled");
    bool on = true;
    size_t known = enabled != NULL;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct json *value = json_get(row, texts[i].name);
        struct str text;
        if (!value && !texts[i].value)
            continue;
        if (!texts[i].value || !json_str(value, &text) || !str_is(text, texts[i].value))
            return false;
        known++;
    }
    return json_count(row) == known && (!enabled || (json_bool(enabled, &on) && on));
}

/* ---- all rows together ---- */

struct name { /* a workload, or a workload's schedule */
    UT_hash_handle hh;
    char text[];
};

/* False: it was there already. */
static bool add_name(struct name **all, const char *text)
{
    struct name *n = NULL;
    size_t bytes = strlen(text);

    HASH_FIND(hh, *all, text, bytes, n);
    if (n)
        return false;
    n = xcalloc(1, sizeof *n + bytes + 1);
    memcpy(n->text, text, bytes);
    HASH_ADD(hh, *all, text, bytes, n);
    return true;
}

static void free_names(struct name *all)
{
    struct name *n = NULL;
    struct name *next = NULL;

    HASH_ITER(hh, all, n, next)
    {
        HASH_DEL(all, n);
        xfree(n);
    }
}

static struct name *names_of(const struct json *workloads)
{
    struct name *all = NULL;

    for (const struct json *w = json_first(workloads); w; w = json_next(w)) {
        char *text = str_dup(json_str_or_empty(json_get(w, "SpecName")));
        (void)add_name(&all, text);
        xfree(text);
    }
    return all;
}

static void lint_one(const struct json *row, struct name *const *workloads, struct findings *f)
{
    char name[SCHEDULE_ROW_MAX];
    struct name *found = NULL;
    struct str workload = json_str_or_empty(json_get(row, "SpecName"));

    schedule_row_name(row, name);
    HASH_FIND(hh, *workloads, workload.p, workload.n, found);
    if (workload.n && !found)
        (void)wrong(f, name, "SpecName",
                    "there is no such workload: its ticks will be refused; `ec2sched list` shows those that "
                    "there are");
}

void schedule_lint(const struct json *rows, const struct json *workloads, bool strict, struct zones *zones,
                   struct findings *f)
{
    struct name *known = names_of(workloads);
    struct name *seen = NULL;
    char name[SCHEDULE_ROW_MAX];

    for (const struct json *row = json_first(rows); row; row = json_next(row)) {
        struct schedule s;
        schedule_row_name(row, name);
        if (!add_name(&seen, name))
            (void)wrong(f, name, "ScheduleName", "stands twice: keep one row");
        if (schedule_read(row, strict, zones, &s, f))
            schedule_release(&s);
        if (workloads)
            lint_one(row, &known, f);
    }
    free_names(known);
    free_names(seen);
}
