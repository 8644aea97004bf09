#include "producer/schedules.h"

#include "base/hash.h"
#include "base/timers.h"
#include "specs/zonefile.h"

#include <stdio.h>
#include <string.h>

struct invalid { /* a row that stands still, as it was told */
    char *row, *why;
    bool seen;
    UT_hash_handle hh;
};

struct schedules {
    struct context *c;
    struct zonefile files;
    struct zones *zones;
    struct zones *were; /* of the last whole load, while the next goes on: entries borrow from both */
    struct entry *by_id, *by_name;
    struct invalid *invalid;
    struct timers *due;
    bool *known;     /* one a partition */
    uint64_t *dirty; /* entries whose marks the view is to be told */
    size_t dirty_count;
    uint64_t last;
};

struct schedules *schedules_new(struct context *c)
{
    struct schedules *s = xcalloc(1, sizeof *s);

    s->c = c;
    s->files = (struct zonefile){.process = &c->ports->process, .folder = c->options->schedule.zoneinfo};
    s->due = timers_new();
    s->known = xcalloc((size_t)c->partitions, sizeof *s->known);
    return s;
}

static void entry_free(struct schedules *s, struct entry *e)
{
    timers_clear(s->due, e->id);
    HASH_DELETE(hh, s->by_id, e);
    HASH_DELETE(hh_name, s->by_name, e);
    schedule_release(&e->s);
    xfree(e->name);
    xfree(e);
}

static void invalid_free(struct schedules *s, struct invalid *i)
{
    HASH_DELETE(hh, s->invalid, i);
    xfree(i->row);
    xfree(i->why);
    xfree(i);
}

void schedules_free(struct schedules *s)
{
    if (!s)
        return;
    while (s->by_id)
        entry_free(s, s->by_id);
    while (s->invalid)
        invalid_free(s, s->invalid);
    zones_free(s->zones);
    zones_free(s->were);
    timers_free(s->due);
    xfree(s->known);
    xfree(s->dirty);
    xfree(s);
}

/* ---- what the view remembers ---- */

void schedules_mark(const struct entry *e, char out[SCHEDULES_MARK_MAX])
{
    char key[SCHEDULE_KEY_MAX + 1];

    schedule_key(&e->s, key);
    (void)snprintf(out, SCHEDULES_MARK_MAX, "%s|%s|%s", e->s.workload, key, e->s.expression);
}

static void on_marked(void *self, uint64_t id, const struct view_said *said)
{
    struct context *c = self;

    (void)id;
    if (said->err.kind == ERR_NONE)
        return;
    c->counters.view_failures++; /* it is only ever asked for by the next leader, which then asks the fold */
    log_warn(c->ports->log, "schedule.unmarked", fe(&said->err));
}

static void forget(struct schedules *s, const struct entry *e)
{
    char mark[SCHEDULES_MARK_MAX];
    struct str name;

    if (!s->known[e->partition])
        return; /* its leader's business */
    schedules_mark(e, mark);
    name = str_of(mark);
    (void)view_unconsider(s->c->view, e->partition, &name, 1, on_marked, s->c);
}

static void remember(struct schedules *s, struct entry *e)
{
    if (e->dirty)
        return;
    e->dirty = true;
    s->dirty = xrealloc(s->dirty, (s->dirty_count + 1) * sizeof *s->dirty);
    s->dirty[s->dirty_count++] = e->id;
}

/* Up to VIEW_CONSIDER_MAX marks of one partition, from *at on in the dirty list. */
static void flush_some(struct schedules *s, int partition, size_t *at)
{
    struct view_consider set[VIEW_CONSIDER_MAX];
    STRS_CLEANUP struct strs marks = {0};
    size_t n = 0;

    for (; *at < s->dirty_count && n < VIEW_CONSIDER_MAX; (*at)++) {
        char mark[SCHEDULES_MARK_MAX];
        struct entry *e = schedules_find(s, s->dirty[*at]);
        if (!e || e->partition != partition || e->considered_ms == SCHEDULES_UNKNOWN)
            continue;
        schedules_mark(e, mark);
        strs_add(&marks, str_of(mark));
        set[n] = (struct view_consider){str_of(marks.at[n]), e->considered_ms};
        n++;
    }
    if (n)
        (void)view_consider(s->c->view, partition, set, n, on_marked, s->c);
}

void schedules_flush(struct schedules *s)
{
    for (int p = 0; s->dirty_count && p < s->c->partitions; p++) {
        for (size_t at = 0; at < s->dirty_count;)
            flush_some(s, p, &at);
    }
    for (size_t i = 0; i < s->dirty_count; i++) {
        struct entry *e = schedules_find(s, s->dirty[i]);
        if (e)
            e->dirty = false;
    }
    s->dirty_count = 0;
}

/* ---- when ---- */

static void plan(struct schedules *s, struct entry *e)
{
    if (e->busy || e->considered_ms == SCHEDULES_UNKNOWN)
        return;
    if (tick_next(&e->s.cron, e->s.zone, e->considered_ms, &e->next))
        timers_set(s->due, e->id, e->next.at_ms);
    else
        timers_clear(s->due, e->id);
}

void schedules_know(struct schedules *s, struct entry *e, int64_t considered_ms)
{
    e->considered_ms = considered_ms;
    plan(s, e);
}

void schedules_consider(struct schedules *s, struct entry *e, int64_t considered_ms)
{
    schedules_know(s, e, considered_ms);
    remember(s, e);
}

void schedules_led(struct schedules *s, int partition, bool known)
{
    struct entry *e = NULL;
    struct entry *next = NULL;

    s->known[partition] = known;
    HASH_ITER(hh, s->by_id, e, next)
    {
        if (known || e->partition != partition)
            continue;
        timers_clear(s->due, e->id);
        e->considered_ms = SCHEDULES_UNKNOWN;
        e->busy = false;
    }
}

struct entry *schedules_take(struct schedules *s, int64_t now_ms)
{
    uint64_t id = 0;

    if (!timers_take(s->due, now_ms, &id))
        return NULL;
    struct entry *e = schedules_find(s, id);
    BUG_IF(!e);
    e->busy = true;
    return e;
}

void schedules_put(struct schedules *s, struct entry *e)
{
    e->busy = false;
    plan(s, e);
}

int64_t schedules_next(const struct schedules *s)
{
    return timers_next(s->due);
}

/* ---- entries ---- */

struct entry *schedules_find(struct schedules *s, uint64_t id)
{
    struct entry *e = NULL;

    HASH_FIND(hh, s->by_id, &id, sizeof id, e);
    return e;
}

size_t schedules_count(const struct schedules *s)
{
    return HASH_CNT(hh, s->by_id);
}

size_t schedules_invalid(const struct schedules *s)
{
    return HASH_CNT(hh, s->invalid);
}

void schedules_each(struct schedules *s, int partition, void (*each)(void *self, struct entry *e), void *self)
{
    struct entry *e = NULL;
    struct entry *next = NULL;

    HASH_ITER(hh, s->by_id, e, next)
    {
        if (e->partition == partition)
            each(self, e);
    }
}

static struct entry *by_name(struct schedules *s, const char *workload, const char *name)
{
    char text[2 * IDS_WORKLOAD_MAX + 2];
    struct entry *e = NULL;

    (void)snprintf(text, sizeof text, "%s|%s", workload, name);
    HASH_FIND(hh_name, s->by_name, text, str_of(text).n, e);
    return e;
}

/* Takes *one. */
static struct entry *add(struct schedules *s, struct schedule *one, int64_t begin_ms)
{
    struct entry *e = xcalloc(1, sizeof *e);
    BUF_CLEANUP struct buf name = BUF_INIT(2 * IDS_WORKLOAD_MAX + 2);

    buf_addf(&name, "%s|%s", one->workload, one->name);
    *e = (struct entry){.id = ++s->last,
                        .s = *one,
                        .partition = ids_partition(str_of(one->workload), s->c->partitions),
                        .considered_ms = SCHEDULES_UNKNOWN,
                        .seen = true,
                        .name = buf_take(&name)};
    *one = (struct schedule){0};
    HASH_ADD(hh, s->by_id, id, sizeof e->id, e);
    HASH_ADD_KEYPTR(hh_name, s->by_name, e->name, str_of(e->name).n, e);
    if (s->known[e->partition])
        schedules_consider(s, e, begin_ms);
    return e;
}

static void drop(struct schedules *s, struct entry *e)
{
    forget(s, e);
    entry_free(s, e);
}

/* Of the same ticks: what else the row says. Takes *one. */
static void refresh(struct schedules *s, struct entry *e, struct schedule *one)
{
    struct schedule was = e->s;

    e->s = *one;
    e->seen = true;
    schedule_release(&was);
    *one = (struct schedule){0};
    plan(s, e);
}

/* Takes *one. */
static struct entry *put_row(struct schedules *s, struct schedule *one, int64_t begin_ms)
{
    struct entry *e = by_name(s, one->workload, one->name);

    if (e && schedule_same(&e->s, one)) {
        refresh(s, e, one);
        return e;
    }
    if (e)
        drop(s, e);
    return add(s, one, begin_ms);
}

/* ---- rows ---- */

static void stand_still(struct schedules *s, const struct json *row, const char *why)
{
    char name[SCHEDULE_ROW_MAX];
    struct invalid *i = NULL;

    schedule_row_name(row, name);
    HASH_FIND_STR(s->invalid, name, i);
    if (i && strcmp(i->why, why) == 0) {
        i->seen = true;
        return;
    }
    if (i)
        invalid_free(s, i);
    i = xcalloc(1, sizeof *i);
    *i = (struct invalid){.row = xstrdup(name), .why = xstrdup(why), .seen = true};
    HASH_ADD_KEYPTR(hh, s->invalid, i->row, str_of(i->row).n, i);
    log_error(s->c->ports->log, "schedule.invalid", fs("row", name), fs("why", why),
              fs("remedy", "it stands still until the row is put right; see `ec2sched lint`"));
}

/* False: it cannot be, and says so. */
static bool read_row(struct schedules *s, const struct json *row, struct schedule *out)
{
    struct findings f = {0};
    char why[FINDING_TEXT_MAX + 60];
    bool ok = schedule_read(row, s->c->options->specs.strict, s->zones, out, &f);
    const struct finding *first = findings_first_error(&f);

    if (!ok) {
        (void)snprintf(why, sizeof why, "%.40s: %s", first ? first->attribute : "",
                       first ? first->message : "not valid");
        stand_still(s, row, why);
    }
    findings_release(&f);
    return ok;
}

static struct entry *entry_of(struct schedules *s, const struct json *row)
{
    char name[2 * IDS_WORKLOAD_MAX + 2];
    struct entry *e = NULL;
    int n = snprintf(name, sizeof name, STR_FMT "|" STR_FMT,
                     STR_ARG(json_str_or_empty(json_get(row, "SpecName"))),
                     STR_ARG(json_str_or_empty(json_get(row, "ScheduleName"))));

    if (n > 0 && (size_t)n < sizeof name)
        HASH_FIND(hh_name, s->by_name, name, (size_t)n, e);
    return e;
}

/* The row says what it said when it was read last: nothing but the zone's data may be new. */
static bool still_stands(struct schedules *s, struct entry *e, const struct json *row)
{
    struct err err = {0};
    const struct zone *zone =
        e && !e->listed && schedule_says(&e->s, row) ? zones_get(s->zones, e->s.zone_name, &err) : NULL;

    if (!zone)
        return false;
    e->s.zone = zone;
    e->seen = e->listed = true;
    plan(s, e);
    return true;
}

static void load_row(struct schedules *s, const struct json *row, int64_t now_ms)
{
    struct schedule one = {0};
    struct entry *e = NULL;

    if (still_stands(s, entry_of(s, row), row) || !read_row(s, row, &one))
        return;
    e = by_name(s, one.workload, one.name);
    if (e && e->listed) {
        stand_still(s, row, "ScheduleName: stands twice: keep one row");
        drop(s, e);
    } else if (one.enabled) {
        put_row(s, &one, now_ms)->listed = true;
    }
    schedule_release(&one); /* what was not taken */
}

void schedules_load_begin(struct schedules *s)
{
    struct entry *e = NULL;
    struct entry *next = NULL;
    struct invalid *i = NULL;
    struct invalid *after = NULL;

    if (!s->were) {
        s->were = s->zones;
        s->zones = zones_new(zonefile_load, &s->files);
    }
    HASH_ITER(hh, s->by_id, e, next)
    e->seen = e->listed = false;
    HASH_ITER(hh, s->invalid, i, after)
    i->seen = false;
}

void schedules_load_rows(struct schedules *s, const struct json *rows, int64_t now_ms)
{
    for (const struct json *row = json_first(rows); row; row = json_next(row))
        load_row(s, row, now_ms);
}

void schedules_load_end(struct schedules *s)
{
    struct entry *e = NULL;
    struct entry *next = NULL;
    struct invalid *i = NULL;
    struct invalid *after = NULL;

    HASH_ITER(hh, s->by_id, e, next)
    {
        if (!e->seen)
            drop(s, e);
    }
    HASH_ITER(hh, s->invalid, i, after)
    {
        if (!i->seen)
            invalid_free(s, i);
    }
    zones_free(s->were); /* no entry borrows from it any more */
    s->were = NULL;
}

bool schedules_row(struct schedules *s, struct entry *e, const struct json *row, int64_t begin_ms)
{
    struct schedule one = {0};
    uint64_t id = e->id;

    if (row && schedule_says(&e->s, row))
        return true;
    if (!row || !read_row(s, row, &one) || !one.enabled) {
        schedule_release(&one);
        drop(s, e);
        return false;
    }
    return put_row(s, &one, begin_ms)->id == id;
}
