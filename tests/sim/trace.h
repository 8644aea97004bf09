#pragma once
/*
 * trace - what happened in a simulation, one line an event, in order; and a digest of all lines, so that two
 * histories can be told apart without keeping either.
 *
 *   12.003417 w2 kafka.fetched
 *
 * A line is the moment in seconds, who, and what. Owner: the fleet.
 */
#include "base/compiler.h"
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>

struct scheduler;

enum { TRACE_LINE_MAX = 2000, TRACE_KEPT = 200 };

struct trace {
    const struct scheduler *s;
    FILE *out;       /* NULL: lines are counted, not printed */
    uint64_t digest; /* FNV-1a of all lines */
    uint64_t lines;
    char (*kept)[TRACE_LINE_MAX]; /* the last TRACE_KEPT; NULL: none are kept */
    size_t next;
};

/* The last lines of `who`, of all when NULL: those that are kept. Calls nothing that may wait. */
void trace_last(const struct trace *t, const char *who, void (*line)(const char *text));
void trace_init(struct trace *t, const struct scheduler *s, FILE *out);
/* Control characters and line ends are told as spaces; what is too long is cut. */
void trace_line(struct trace *t, const char *who, const char *fmt, ...) PRINTF_LIKE(3, 4);
