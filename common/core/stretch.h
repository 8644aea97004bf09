#pragma once
/*
 * stretch - which part of a log partition is read to know what happened since a moment. For readers.
 *
 * The broker is asked where the records of that moment begin, and for the partition's first and next offset.
 * "No record is that young" may also be the answer of a broker that does not know of times (ports/kafka.h,
 * K5: librdkafka's mock, in the demo): then the last record's stamp tells, and a log whose last record is
 * young is read from its beginning. Pure.
 */
#include <stdbool.h>
#include <stdint.h>

struct stretch { /* offsets from..until - 1; until INT64_MAX: as long as there are more */
    int partition;
    int64_t from, until;
};

/* since: as the broker says; -1: none. False: the record at until - 1 has to be looked at: stretch_last(). */
bool stretch_begin(struct stretch *s, int64_t low, int64_t high, int64_t since);
void stretch_last(struct stretch *s, int64_t stamp_ms, int64_t since_ms);
