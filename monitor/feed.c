#include "monitor/feed.h"

#include "base/err.h"
#include "base/mem.h"

struct feed {
    struct feed_record ring[FEED_RECORDS_MAX]; /* record n stands at n % FEED_RECORDS_MAX */
    uint64_t first, next;
    size_t bytes;
    int64_t *lost; /* by log partition: the highest offset that is not in the window */
    size_t partitions;
};

struct feed *feed_new(void)
{
    struct feed *f = xcalloc(1, sizeof *f);

    f->first = f->next = 1;
    return f;
}

static struct feed_record *slot(struct feed *f, uint64_t number)
{
    return &f->ring[number % FEED_RECORDS_MAX];
}

static void drop_first(struct feed *f)
{
    struct feed_record *r = slot(f, f->first++);

    if (!r->progress)
        f->lost[r->partition] = r->offset > f->lost[r->partition] ? r->offset : f->lost[r->partition];
    f->bytes -= r->size;
    xfree(r->workload);
    xfree(r->text);
    *r = (struct feed_record){0};
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    while (f->first < f->next)
        drop_first(f);
    xfree(f->lost);
    xfree(f);
}

static void know(struct feed *f, int partition)
{
    size_t n = (size_t)partition + 1;

    if (n <= f->partitions)
        return;
    f->lost = xrealloc(f->lost, n * sizeof *f->lost);
    for (size_t i = f->partitions; i < n; i++)
        f->lost[i] = INT64_MAX; /* it is not read */
    f->partitions = n;
}

void feed_begin(struct feed *f, int partition, int64_t offset)
{
    know(f, partition);
    f->lost[partition] = offset - 1;
}

void feed_add(struct feed *f, int partition, int64_t offset, const char *workload, struct str text,
              bool progress)
{
    BUG_IF(text.n > FEED_BYTES_MAX);
    know(f, partition);
    while (f->next - f->first == FEED_RECORDS_MAX || f->bytes + text.n > FEED_BYTES_MAX)
        drop_first(f);
    struct feed_record *r = slot(f, f->next++);
    *r = (struct feed_record){.partition = partition,
                              .offset = offset,
                              .workload = workload ? xstrdup(workload) : NULL,
                              .text = str_dup(text),
                              .size = text.n,
                              .progress = progress};
    for (size_t i = 0; i < r->size; i++) /* in a string of JSON none can stand as it is */
        if (r->text[i] == '\n' || r->text[i] == '\r')
            r->text[i] = ' ';
    f->bytes += r->size;
}

uint64_t feed_first(const struct feed *f)
{
    return f->first;
}

uint64_t feed_next(const struct feed *f)
{
    return f->next;
}

const struct feed_record *feed_at(const struct feed *f, uint64_t number)
{
    return number < f->first || number >= f->next ? NULL : &f->ring[number % FEED_RECORDS_MAX];
}

uint64_t feed_behind(const struct feed *f, int partition, int64_t offset)
{
    for (uint64_t n = f->next; n > f->first; n--) {
        const struct feed_record *r = feed_at(f, n - 1);
        if (!r->progress && r->partition == partition && r->offset == offset)
            return n;
    }
    return 0;
}

bool feed_covers(const struct feed *f, int partition, int64_t offset)
{
    return partition >= 0 && (size_t)partition < f->partitions && offset >= f->lost[partition];
}

size_t feed_bytes(const struct feed *f)
{
    return f->bytes;
}
