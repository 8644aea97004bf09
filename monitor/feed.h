#pragma once
/*
 * feed - the last records of the log and of the progress topic, in the order in which they were heard: what
 * streams hand on and resume in.
 *
 * Records are numbered from 1, without gaps; the window is the last of them that keep its bounds. Two
 * monitors hear the partitions' records in different mixtures, so a number means nothing to another one.
 * Pure. Owner: the monitor; records are borrowed until the next feed_add().
 */
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum { FEED_RECORDS_MAX = 4096, FEED_BYTES_MAX = 16 * 1024 * 1024 /* of texts */ };

struct feed_record {
    int partition;
    int64_t offset;
    char *workload; /* NULL: of none */
    char *text;     /* one line of JSON */
    size_t size;
    bool progress; /* of the progress topic: it passes, and is not told again */
};

struct feed; /* opaque */

struct feed *feed_new(void);
void feed_free(struct feed *f); /* NULL is fine */

/* Reading of a log partition begins, or begins anew, at this offset. */
void feed_begin(struct feed *f, int partition, int64_t offset);
/* `text`: JSON; line breaks between its tokens become spaces. At most FEED_BYTES_MAX bytes. */
void feed_add(struct feed *f, int partition, int64_t offset, const char *workload, struct str text,
              bool progress);

uint64_t feed_first(const struct feed *f); /* number of the oldest in the window */
uint64_t feed_next(const struct feed *f);  /* number of the next to come */
const struct feed_record *feed_at(const struct feed *f, uint64_t number); /* NULL: not in the window */
/* The number behind that record of the log; 0: it is not in the window. */
uint64_t feed_behind(const struct feed *f, int partition, int64_t offset);
/* Every record of the log partition behind that offset, as far as it was read, is in the window. */
bool feed_covers(const struct feed *f, int partition, int64_t offset);
size_t feed_bytes(const struct feed *f);
