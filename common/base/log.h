#pragma once
/*
 * log - one line an event, typed fields, for people and for machines.
 *
 *   log_info(l, "batch.done", fs("job", job->id), fi("instances", n));
 *   -> ts=2026-05-01T10:00:00.123Z level=info event=batch.done job=a1-t2-b07 instances=50
 *
 * Events are constants, values are fields. Programs log; libraries (common/) stay at debug. A failure is
 * logged once, where it is handled. Secrets have no constructor. The writer and the clock are handed in: this
 * module touches neither. A line is given to the writer whole, with its newline; over LOG_LINE_MAX bytes it
 * is cut and says so.
 */
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };
enum { LOG_LINE_MAX = 8192 };

struct log {
    enum log_level level; /* lines below it are not written */
    enum log_format format;
    int64_t (*wall_ms)(void *self);             /* milliseconds since 1970, UTC */
    void (*write)(void *self, struct str line); /* one whole line */
    void *self;
};

enum log_field_kind { LOG_STR, LOG_INT, LOG_BOOL };

struct log_field {
    const char *name; /* NULL ends the list */
    enum log_field_kind kind;
    struct str s;
    int64_t i;
};

struct log_field fs(const char *name, const char *value); /* NULL value: empty */
struct log_field fv(const char *name, struct str value);
struct log_field fi(const char *name, int64_t value);
struct log_field fb(const char *name, bool value);
struct log_field fe(const struct err *e); /* error="…"; borrowed until the line is written */

/* (log, event, field …): the event is a constant, at least one field follows it. */
#define log_debug(l, event, ...)                                                                             \
    log_write((l), LOG_DEBUG, (event), (const struct log_field[]){__VA_ARGS__, {0}})
#define log_info(l, event, ...)                                                                              \
    log_write((l), LOG_INFO, (event), (const struct log_field[]){__VA_ARGS__, {0}})
#define log_warn(l, event, ...)                                                                              \
    log_write((l), LOG_WARN, (event), (const struct log_field[]){__VA_ARGS__, {0}})
#define log_error(l, event, ...)                                                                             \
    log_write((l), LOG_ERROR, (event), (const struct log_field[]){__VA_ARGS__, {0}})

/* What the macros call. A NULL log writes nothing. */
void log_write(const struct log *l, enum log_level level, const char *event, const struct log_field *fields);
