#include "base/metrics.h"

#include "base/hash.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MS_PER_S = 1000, KEY_MAX = METRICS_LABELS_MAX * (METRICS_VALUE_MAX + 1) };

static const char other[] = "other"; /* where there is no room for a series of its own */

const char *const metric_type_names[] = {"counter", "gauge", "histogram", NULL};

struct series {
    char *key;       /* the label values, each with its end */
    size_t n;        /* bytes of it */
    int64_t value;   /* a histogram's: the sum of what was observed */
    int64_t *counts; /* a histogram's: of each bucket by itself, the last one without a bound */
    UT_hash_handle hh;
};

struct metrics {
    const struct metric *table;
    size_t n;
    unsigned program;
    struct series **series; /* one table a row */
    int64_t dropped;
};

struct metrics *metrics_new(const struct metric *table, size_t n, unsigned program)
{
    struct metrics *m = xcalloc(1, sizeof *m);

    *m = (struct metrics){.table = table, .n = n, .program = program};
    m->series = xcalloc(n, sizeof(struct series *));
    return m;
}

void metrics_clear(struct metrics *m, size_t id)
{
    struct series *s = NULL;
    struct series *next = NULL;

    HASH_ITER(hh, m->series[id], s, next)
    {
        HASH_DEL(m->series[id], s);
        xfree(s->key);
        xfree(s->counts);
        xfree(s);
    }
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++)
        metrics_clear(m, i);
    xfree(m->series);
    xfree(m);
}

int64_t metrics_dropped(const struct metrics *m)
{
    return m->dropped;
}

/* ---- series ---- */

static size_t bucket_count(const struct metric *row)
{
    size_t n = 0;

    while (row->buckets && row->buckets[n])
        n++;
    return n;
}

static size_t key_of(const struct metric *row, const char *const *labels, char out[KEY_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < METRICS_LABELS_MAX && row->labels[i]; i++) {
        const char *value = labels && labels[i] ? labels[i] : "";
        size_t length = strlen(value);
        if (length > METRICS_VALUE_MAX)
            length = METRICS_VALUE_MAX;
        memcpy(out + n, value, length);
        out[n + length] = '\0';
        n += length + 1;
    }
    return n;
}

static struct series *find(const struct metrics *m, size_t id, const char *key, size_t n)
{
    struct series *s = NULL;

    HASH_FIND(hh, m->series[id], key, n, s);
    return s;
}

static struct series *make(struct metrics *m, size_t id, const char *key, size_t n)
{
    struct series *s = xcalloc(1, sizeof *s);

    s->key = xmalloc(n + 1);
    memcpy(s->key, key, n);
    s->n = n;
    if (m->table[id].type == METRIC_HISTOGRAM)
        s->counts = xcalloc(bucket_count(&m->table[id]) + 1, sizeof *s->counts);
    HASH_ADD_KEYPTR(hh, m->series[id], s->key, s->n, s);
    return s;
}

static bool has_room(const struct metrics *m, size_t id)
{
    size_t max = m->table[id].series_max ? m->table[id].series_max : METRICS_SERIES_MAX;

    return HASH_COUNT(m->series[id]) < max;
}

/* NULL: there is no room for it, and it may not be summed up with others. */
static struct series *series_of(struct metrics *m, size_t id, const char *const *labels)
{
    static const char *const others[METRICS_LABELS_MAX] = {other, other, other, other};
    char key[KEY_MAX];

    BUG_IF(id >= m->n || !(m->table[id].programs & m->program));
    size_t n = key_of(&m->table[id], labels, key);
    struct series *s = find(m, id, key, n);
    if (s)
        return s;
    if (has_room(m, id))
        return make(m, id, key, n);
    m->dropped++;
    if (m->table[id].type == METRIC_GAUGE)
        return NULL;
    n = key_of(&m->table[id], others, key);
    s = find(m, id, key, n);
    return s ? s : make(m, id, key, n);
}

void metrics_add(struct metrics *m, size_t id, int64_t by, const char *const *labels)
{
    struct series *s = series_of(m, id, labels);

    BUG_IF(m->table[id].type == METRIC_HISTOGRAM || (m->table[id].type == METRIC_COUNTER && by < 0));
    if (s)
        s->value += by;
}

void metrics_set(struct metrics *m, size_t id, int64_t value, const char *const *labels)
{
    struct series *s = series_of(m, id, labels);

    BUG_IF(m->table[id].type == METRIC_HISTOGRAM);
    if (s)
        s->value = value;
}

void metrics_observe(struct metrics *m, size_t id, int64_t ms, const char *const *labels)
{
    const struct metric *row = &m->table[id];
    struct series *s = series_of(m, id, labels);
    size_t i = 0;

    BUG_IF(row->type != METRIC_HISTOGRAM || !s);
    while (row->buckets[i] && ms > row->buckets[i])
        i++;
    s->counts[i]++;
    s->value += ms;
}

/* ---- the text ---- */

static void print_escaped(const char *value, struct buf *out)
{
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            buf_addc(out, '\\');
        if (*value == '\n')
            buf_adds(out, "\\n");
        else
            buf_addc(out, *value);
    }
}

/* {a="x",le="1"}; nothing where there is no label. */
static void print_labels(const struct metric *row, const struct series *s, const char *le, struct buf *out)
{
    const char *value = s->key;
    const char *before = "{";

    for (size_t i = 0; i < METRICS_LABELS_MAX && row->labels[i]; i++) {
        buf_addf(out, "%s%s=\"", before, row->labels[i]);
        print_escaped(value, out);
        buf_addc(out, '"');
        value += strlen(value) + 1;
        before = ",";
    }
    if (le)
        buf_addf(out, "%sle=\"%s\"", before, le);
    if (le || row->labels[0])
        buf_addc(out, '}');
}

static void print_number(bool ms, int64_t value, char *out, size_t size)
{
    int64_t part = value % MS_PER_S;

    if (!ms)
        (void)snprintf(out, size, "%" PRId64, value);
    else if (part == 0)
        (void)snprintf(out, size, "%" PRId64, value / MS_PER_S);
    else
        (void)snprintf(out, size, "%s%" PRId64 ".%03d", value < 0 ? "-" : "",
                       value < 0 ? -(value / MS_PER_S) : value / MS_PER_S, (int)(part < 0 ? -part : part));
}

static void print_sample(const struct metric *row, const char *suffix, const struct series *s, const char *le,
                         const char *value, struct buf *out)
{
    buf_addf(out, METRICS_PREFIX "%s%s", row->name, suffix);
    print_labels(row, s, le, out);
    buf_addf(out, " %s\n", value);
}

enum { NUMBER_MAX = 32 };

static void print_histogram(const struct metric *row, const struct series *s, struct buf *out)
{
    char text[NUMBER_MAX];
    char le[NUMBER_MAX];
    int64_t sum = 0;

    for (size_t i = 0; i <= bucket_count(row); i++) {
        sum += s->counts[i];
        (void)snprintf(le, sizeof le, "+Inf");
        if (row->buckets[i])
            print_number(row->ms, row->buckets[i], le, sizeof le);
        (void)snprintf(text, sizeof text, "%" PRId64, sum);
        print_sample(row, "_bucket", s, le, text, out);
    }
    print_sample(row, "_count", s, NULL, text, out);
    print_number(row->ms, s->value, text, sizeof text);
    print_sample(row, "_sum", s, NULL, text, out);
}

static void print_row(const struct metric *row, const struct series *first, struct buf *out)
{
    char text[NUMBER_MAX];

    buf_addf(out, "# HELP " METRICS_PREFIX "%s %s\n# TYPE " METRICS_PREFIX "%s %s\n", row->name, row->help,
             row->name, metric_type_names[row->type]);
    for (const struct series *s = first; s; s = s->hh.next) {
        if (row->type == METRIC_HISTOGRAM) {
            print_histogram(row, s, out);
            continue;
        }
        print_number(row->ms, s->value, text, sizeof text);
        print_sample(row, "", s, NULL, text, out);
    }
}

void metrics_print(const struct metrics *m, struct buf *out)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->table[i].programs & m->program)
            print_row(&m->table[i], m->series[i], out);
}
