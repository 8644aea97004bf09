#include "specs/source.h"

#include "aws/dynamodb.h"
#include "base/mem.h"
#include "specs/folder.h"
#include "specs/row.h"
#include "specs/tables.h"

#include "base/hash.h"
#include <string.h>

struct reading { /* one question until its completion */
    uint64_t id;
    char *workload; /* NULL: all */
    source_done *done;
    void *self;
    struct err err;
    struct json *workloads, *tiers; /* plain rows, as they arrive */
    struct json *faults;            /* of a folder */
    uint64_t calls[2];              /* AWS calls that have not come back: workload row(s), tier rows */
    bool ready;
    UT_hash_handle hh;
};

struct source {
    const struct ports *ports;
    struct aws *aws;
    char *folder; /* NULL: the tables */
    char *tables[2];
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
    for (int i = 0; i < 2; i++)
        s->tables[i] = tables_name(o->specs.tables_prefix, i ? TABLE_TIERS : TABLE_WORKLOADS);
    return s;
}

static void reading_free(struct source *s, struct reading *r)
{
    for (int i = 0; i < 2; i++)
        if (r->calls[i])
            aws_cancel(s->aws, r->calls[i]);
    HASH_DEL(s->readings, r);
    json_free(r->workloads);
    json_free(r->tiers);
    json_free(r->faults);
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
    xfree(s->tables[0]);
    xfree(s->tables[1]);
    xfree(s);
}

static struct reading *by_call(struct source *s, uint64_t call, int *which)
{
    for (struct reading *r = s->readings; r; r = r->hh.next) {
        for (int i = 0; i < 2; i++) {
            if (r->calls[i] == call) {
                *which = i;
                return r;
            }
        }
    }
    return NULL;
}

static void fail(struct reading *r, const struct err *e)
{
    if (r->err.kind == ERR_NONE)
        r->err = *e;
}

static void take_items(struct source *s, struct reading *r, int which, const struct json *items)
{
    struct json *rows = json_array();
    struct err e = {0};
    size_t n = 0;

    for (const struct json *item = json_first(items); item; item = json_next(item)) {
        struct json *plain = row_plain(item, &e);
        if (!plain) {
            (void)err_wrap(&e, "table %s: a row", s->tables[which]);
            fail(r, &e);
            break;
        }
        json_push(rows, plain);
        if (++n <= SOURCE_ROWS_MAX)
            continue;
        (void)err_set(&e, ERR_INVALID, "table %s: over %d rows", s->tables[which], SOURCE_ROWS_MAX);
        fail(r, &e);
        break;
    }
    if (which)
        r->tiers = rows;
    else
        r->workloads = rows;
}

static void items_done(void *self, uint64_t id, struct aws_result *result)
{
    struct source *s = self;
    int which = 0;
    struct reading *r = by_call(s, id, &which);

    if (!r)
        return;
    r->calls[which] = 0;
    if (result->err.kind == ERR_NONE) {
        take_items(s, r, which, ((const struct dynamodb_items *)result->reply)->items);
    } else {
        (void)err_wrap(&result->err, "table %s", s->tables[which]);
        if (result->err.kind == ERR_NOT_FOUND)
            (void)err_wrap(
                &result->err,
                "create it with `ec2sched tables create`, or set specs.tables.prefix or specs.region");
        fail(r, &result->err);
    }
    r->ready = !r->calls[0] && !r->calls[1];
}

static void ask_tables(struct source *s, struct reading *r)
{
    struct aws_where where = {.region = s->region};

    if (!r->workload) {
        r->calls[0] = dynamodb_scan(s->aws, &where, s->tables[0], items_done, s);
        r->calls[1] = dynamodb_scan(s->aws, &where, s->tables[1], items_done, s);
        return;
    }
    JSON_CLEANUP struct json *key = json_object();
    struct json *value = json_object();
    json_add_str(value, "S", str_of(r->workload));
    json_add(key, "SpecName", value);
    r->calls[0] = dynamodb_get_item(s->aws, &where, s->tables[0], key, items_done, s);
    r->calls[1] =
        dynamodb_query(s->aws, &where, s->tables[1], "SpecName", str_of(r->workload), items_done, s);
}

static uint64_t begin(struct source *s, const char *workload, source_done *done, void *self)
{
    struct reading *r = xcalloc(1, sizeof *r);

    r->id = ++s->last;
    r->workload = workload ? xstrdup(workload) : NULL;
    r->done = done;
    r->self = self;
    HASH_ADD(hh, s->readings, id, sizeof r->id, r);
    if (s->folder)
        r->ready = true; /* read when it is handed out: never from within the question */
    else
        ask_tables(s, r);
    return r->id;
}

uint64_t source_read(struct source *s, const char *workload, source_done *done, void *self)
{
    return begin(s, workload, done, self);
}

uint64_t source_list(struct source *s, source_done *done, void *self)
{
    return begin(s, NULL, done, self);
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

/* The first fault that may concern the workload: its rows may be not whole, or not its own. */
static void fail_by_faults(struct reading *r)
{
    struct err e = {0};

    for (const struct json *f = json_first(r->faults); f; f = json_next(f)) {
        const struct json *whose = json_get(f, "workload");
        if (whose && !str_is(json_str_or_empty(whose), r->workload))
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

    r->workloads = rows.workloads;
    r->tiers = rows.tiers;
    r->faults = rows.faults;
    if (!ok) {
        fail(r, &e);
        return;
    }
    r->workloads = only(r->workloads, r->workload);
    r->tiers = only(r->tiers, r->workload);
    if (r->workload)
        fail_by_faults(r);
}

static void deliver(struct source *s, struct reading *r)
{
    if (s->folder)
        read_folder(s, r);
    struct source_rows rows = {
        .err = r->err, .workloads = r->workloads, .tiers = r->tiers, .faults = r->faults};
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
