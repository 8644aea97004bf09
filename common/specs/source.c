#include "specs/source.h"

#include "aws/dynamodb.h"
#include "base/mem.h"
#include "specs/folder.h"
#include "specs/row.h"
#include "specs/tables.h"

#include "base/hash.h"
#include <string.h>

struct asked {     /* an AWS call that has not come back */
    uint64_t call; /* 0: it has */
    enum spec_table table;
};

struct reading { /* one question until its completion */
    uint64_t id;
    char *workload;    /* NULL: all */
    bool schedules;    /* asked for, in place of workloads and tiers */
    bool changes;      /* a row is changed, none is read */
    source_page *page; /* NULL: all rows stand here until the completion */
    source_done *done;
    void *self;
    struct err err;
    struct json *rows[TABLES]; /* plain rows, as they arrive */
    size_t count[TABLES];      /* of them, those included that were handed over */
    struct json *faults;       /* of a folder */
    struct asked *calls;
    size_t call_count;
    bool ready;
    UT_hash_handle hh;
};

struct source {
    const struct ports *ports;
    struct aws *aws;
    char *folder; /* NULL: the tables */
    char *tables[TABLES];
    char *region; /* NULL: the SDK's */
    struct reading *readings;
    uint64_t last;
};

static const char folder_scheme[] = "dir:";

struct source *source_new(const struct options *o, const struct ports *p, struct aws *aws, struct err *e)
{
    struct str kind = str_of(o->specs.source);
    bool is_folder = str_starts(kind, str_of(folder_scheme));

    if (!is_folder && !str_is(kind, "dynamodb")) {
        (void)err_set(e, ERR_CONFIG, "specs.source: '%.100s' is neither dynamodb nor dir:PATH",
                      o->specs.source);
        return NULL;
    }
    BUG_IF(!is_folder && !aws);
    struct source *s = xcalloc(1, sizeof *s);
    s->ports = p;
    s->aws = aws;
    s->folder = is_folder ? str_dup(str_skip(kind, strlen(folder_scheme))) : NULL;
    s->region = o->specs.region && o->specs.region[0] ? xstrdup(o->specs.region) : NULL;
    for (int i = 0; i < TABLES; i++)
        s->tables[i] = tables_name(o->specs.tables_prefix, (enum spec_table)i);
    return s;
}

static void reading_free(struct source *s, struct reading *r)
{
    for (size_t i = 0; i < r->call_count; i++)
        if (r->calls[i].call)
            aws_cancel(s->aws, r->calls[i].call);
    HASH_DEL(s->readings, r);
    for (int i = 0; i < TABLES; i++)
        json_free(r->rows[i]);
    json_free(r->faults);
    xfree(r->calls);
    xfree(r->workload);
    xfree(r);
}

void source_free(struct source *s)
{
    if (!s)
        return;
    while (s->readings)
        reading_free(s, s->readings);
    xfree(s->folder);
    xfree(s->region);
    for (int i = 0; i < TABLES; i++)
        xfree(s->tables[i]);
    xfree(s);
}

static struct reading *by_call(struct source *s, uint64_t call, struct asked **which)
{
    for (struct reading *r = s->readings; r; r = r->hh.next) {
        for (size_t i = 0; i < r->call_count; i++) {
            if (r->calls[i].call == call) {
                *which = &r->calls[i];
                return r;
            }
        }
    }
    return NULL;
}

static void called(struct reading *r, enum spec_table table, uint64_t call)
{
    r->calls = xrealloc(r->calls, (r->call_count + 1) * sizeof *r->calls);
    r->calls[r->call_count++] = (struct asked){call, table};
}

static bool is_whole(const struct reading *r)
{
    for (size_t i = 0; i < r->call_count; i++)
        if (r->calls[i].call)
            return false;
    return true;
}

static void fail(struct reading *r, const struct err *e)
{
    if (r->err.kind == ERR_NONE)
        r->err = *e;
}

static void take_items(struct source *s, struct reading *r, enum spec_table which, const struct json *items)
{
    struct json *rows = r->rows[which] ? r->rows[which] : json_array();
    struct err e = {0};

    r->rows[which] = rows;

    for (const struct json *item = json_first(items); item; item = json_next(item)) {
        struct json *plain = row_plain(item, &e);
        if (!plain) {
            (void)err_wrap(&e, "table %s: a row", s->tables[which]);
            fail(r, &e);
            break;
        }
        json_push(rows, plain);
        if (++r->count[which] <= SOURCE_ROWS_MAX)
            continue;
        (void)err_set(&e, ERR_INVALID, "table %s: over %d rows", s->tables[which], SOURCE_ROWS_MAX);
        fail(r, &e);
        break;
    }
}

/* The table of schedules may be absent: there are none then. */
static void take_failure(struct source *s, struct reading *r, enum spec_table which, struct err *e)
{
    if (which == TABLE_SCHEDULES && e->kind == ERR_NOT_FOUND && !r->changes)
        return;
    (void)err_wrap(e, "table %s", s->tables[which]);
    fail(r, e);
}

static void hand_over(struct reading *r, enum spec_table which)
{
    struct json *rows = r->rows[which];

    if (rows && r->err.kind == ERR_NONE)
        r->page(r->self, rows);
    json_free(rows);
    r->rows[which] = NULL;
}

static void items_page(void *self, uint64_t id, void *reply)
{
    struct source *s = self;
    const struct dynamodb_items *page = reply;
    struct asked *which = NULL;
    struct reading *r = by_call(s, id, &which);

    if (!r || r->err.kind != ERR_NONE)
        return;
    take_items(s, r, which->table, page->items);
    hand_over(r, which->table);
}

static void items_done(void *self, uint64_t id, struct aws_result *result)
{
    struct source *s = self;
    struct asked *which = NULL;
    struct reading *r = by_call(s, id, &which);

    if (!r)
        return;
    which->call = 0;
    if (result->err.kind != ERR_NONE)
        take_failure(s, r, which->table, &result->err);
    else if (!r->changes && !r->page)
        take_items(s, r, which->table, ((const struct dynamodb_items *)result->reply)->items);
    r->ready = is_whole(r);
}

static struct json *typed(const char *value)
{
    struct json *j = json_object();

    json_add_str(j, "S", str_of(value));
    return j;
}

static void ask_tables(struct source *s, struct reading *r)
{
    struct aws_where where = {.region = s->region};
    enum spec_table rest = r->schedules ? TABLE_SCHEDULES : TABLE_TIERS;

    if (!r->workload && !r->schedules)
        called(r, TABLE_WORKLOADS, dynamodb_scan(s->aws, &where, s->tables[TABLE_WORKLOADS], items_done, s));
    if (r->page) {
        called(r, rest, dynamodb_scan_pages(s->aws, &where, s->tables[rest], items_page, items_done, s));
        return;
    }
    if (!r->workload) {
        called(r, rest, dynamodb_scan(s->aws, &where, s->tables[rest], items_done, s));
        return;
    }
    JSON_CLEANUP struct json *key = json_object();
    json_add(key, "SpecName", typed(r->workload));
    if (!r->schedules)
        called(r, TABLE_WORKLOADS,
               dynamodb_get_item(s->aws, &where, s->tables[TABLE_WORKLOADS], key, items_done, s));
    called(r, rest,
           dynamodb_query(s->aws, &where, s->tables[rest], "SpecName", str_of(r->workload), items_done, s));
}

static struct reading *begin(struct source *s, const char *workload, source_done *done, void *self)
{
    struct reading *r = xcalloc(1, sizeof *r);

    r->id = ++s->last;
    r->workload = workload ? xstrdup(workload) : NULL;
    r->done = done;
    r->self = self;
    HASH_ADD(hh, s->readings, id, sizeof r->id, r);
    r->ready = s->folder != NULL; /* read when it is handed out: never from within the question */
    return r;
}

static uint64_t ask(struct source *s, struct reading *r)
{
    if (!s->folder)
        ask_tables(s, r);
    return r->id;
}

uint64_t source_read(struct source *s, const char *workload, source_done *done, void *self)
{
    return ask(s, begin(s, workload, done, self));
}

uint64_t source_list(struct source *s, source_done *done, void *self)
{
    return ask(s, begin(s, NULL, done, self));
}

uint64_t source_schedules(struct source *s, const char *workload, source_done *done, void *self)
{
    struct reading *r = begin(s, workload, done, self);

    r->schedules = true;
    return ask(s, r);
}

uint64_t source_schedules_by_page(struct source *s, source_page *page, source_done *done, void *self)
{
    struct reading *r = begin(s, NULL, done, self);

    r->schedules = true;
    r->page = page;
    return ask(s, r);
}

bool source_is_folder(const struct source *s)
{
    return s->folder != NULL;
}

static struct json *key_of(const struct source_key *k)
{
    struct json *key = json_object();

    json_add(key, tables_hash_key(TABLE_SCHEDULES), typed(k->workload));
    json_add(key, tables_range_key(TABLE_SCHEDULES), typed(k->schedule));
    return key;
}

uint64_t source_check(struct source *s, const struct source_key *keys, size_t n, source_done *done,
                      void *self)
{
    struct aws_where where = {.region = s->region};
    struct reading *r = begin(s, NULL, done, self);

    r->schedules = true;
    for (size_t i = 0; i < n && !s->folder; i += SOURCE_CHECK_MAX) {
        struct json *some = json_array();
        for (size_t k = i; k < n && k < i + SOURCE_CHECK_MAX; k++)
            json_push(some, key_of(&keys[k]));
        called(r, TABLE_SCHEDULES,
               dynamodb_batch_get(s->aws, &where, s->tables[TABLE_SCHEDULES], some, items_done, s));
    }
    r->ready = r->ready || n == 0;
    return r->id;
}

uint64_t source_enable(struct source *s, const struct source_key *key, bool enabled,
                       const struct instant *checked, source_done *done, void *self)
{
    struct aws_where where = {.region = s->region};
    struct reading *r = begin(s, key->workload, done, self);

    r->schedules = r->changes = true;
    if (s->folder) {
        (void)err_set(&r->err, ERR_CONFIG,
                      "specs.source is a folder, whose files are yours: set Enabled in %.200s", s->folder);
        return r->id;
    }
    JSON_CLEANUP struct json *place = key_of(key);
    JSON_CLEANUP struct json *values = json_object();
    struct json *value = json_object();
    json_add_bool(value, "BOOL", enabled);
    json_add(values, "Enabled", value);
    called(r, TABLE_SCHEDULES,
           dynamodb_update_item(s->aws, &where, s->tables[TABLE_SCHEDULES], place, values,
                                tables_hash_key(TABLE_SCHEDULES), checked, items_done, s));
    return r->id;
}

/* The rows of one workload among all of a folder; NULL keeps all. */
static struct json *only(struct json *rows, const char *workload)
{
    if (!workload)
        return rows;
    struct json *kept = json_array();
    for (const struct json *row = json_first(rows); row; row = json_next(row))
        if (str_is(json_str_or_empty(json_get(row, "SpecName")), workload))
            json_push(kept, json_copy(row));
    json_free(rows);
    return kept;
}

/* The first fault that may concern what was asked for: those rows may be not whole, or not its own. */
static void fail_by_faults(struct reading *r)
{
    struct err e = {0};

    for (const struct json *f = json_first(r->faults); f; f = json_next(f)) {
        const struct json *whose = json_get(f, "workload");
        if (whose && (!r->workload || !str_is(json_str_or_empty(whose), r->workload)))
            continue;
        struct str attribute = json_str_or_empty(json_get(f, "attribute"));
        (void)err_set(&e, ERR_INVALID, STR_FMT "%s" STR_FMT ": " STR_FMT,
                      STR_ARG(json_str_or_empty(json_get(f, "row"))), attribute.n ? " " : "",
                      STR_ARG(attribute), STR_ARG(json_str_or_empty(json_get(f, "message"))));
        fail(r, &e);
        return;
    }
}

static void read_folder(struct source *s, struct reading *r)
{
    struct err e = {0};
    struct folder_rows rows;
    bool ok = folder_read(&s->ports->process, s->folder, &rows, &e);

    for (int i = 0; i < TABLES; i++)
        r->rows[i] = rows.tables[i];
    r->faults = rows.faults;
    if (!ok) {
        fail(r, &e);
        return;
    }
    for (int i = 0; i < TABLES; i++)
        r->rows[i] = only(r->rows[i], r->workload);
    if (r->workload || r->schedules)
        fail_by_faults(r);
}

static void deliver(struct source *s, struct reading *r)
{
    if (s->folder && !r->changes)
        read_folder(s, r);
    if (r->page)
        hand_over(r, TABLE_SCHEDULES);
    struct source_rows rows = {.err = r->err,
                               .workloads = r->rows[TABLE_WORKLOADS],
                               .tiers = r->rows[TABLE_TIERS],
                               .schedules = r->schedules ? r->rows[TABLE_SCHEDULES] : NULL,
                               .faults = r->faults};
    r->done(r->self, r->id, &rows);
    reading_free(s, r);
}

int64_t source_turn(struct source *s, int64_t now_ms)
{
    struct reading *r = NULL;
    struct reading *next = NULL;
    int64_t again = INT64_MAX;

    HASH_ITER(hh, s->readings, r, next)
    {
        if (r->ready)
            deliver(s, r);
    }
    for (r = s->readings; r; r = r->hh.next) /* asked from within a completion */
        again = r->ready ? now_ms : again;
    return again;
}
