#pragma once
/*
 * options_table - the rows behind options.h: what each option is called, holds, allows and means. For conf/
 * alone.
 *
 * Everything else (flags, variables, the file, --help, docs/configuration.md, the start-up log, release) is a
 * walk over these rows: a new option is a field in struct options and a row here.
 */
#include "conf/options.h"

enum option_kind {
    OPTION_STR,      /* char *                                                          */
    OPTION_SECRET,   /* char *; @/path is read, never shown                             */
    OPTION_URL,      /* char *; shown without its user part                             */
    OPTION_INT,      /* int64_t, min to max                                             */
    OPTION_DURATION, /* int64_t milliseconds, min to max                                */
    OPTION_BOOL,     /* bool; the flag alone means true                                 */
    OPTION_ENUM,     /* int: index into `words`                                         */
};

struct option {
    const char *name; /* NULL ends the table */
    enum option_kind kind;
    size_t offset;
    const char *value;   /* what --help calls the value: "HOST:PORT,…" */
    const char *initial; /* the default as text; NULL: none, the field stays NULL */
    const char *implied; /* how --help words a default that is not a constant; may be NULL */
    int64_t min, max;
    const char *const *words;        /* ENUM */
    bool (*check)(struct str value); /* STR, URL; may be NULL */
    const char *must;                /* what check() wants, in words: "must be …" */
    const char *help;
};

extern const struct option option_table[];

enum { OPTION_VARIABLE_MAX = 160, OPTION_SECRET_MAX = 65536 };

/* The row of that name, or NULL. */
const struct option *option_find(struct str name);

/* The known name that is closest to this one, or NULL if none is close. */
const char *option_nearest(struct str name);

/* kafka.brokers -> EC2SCHED_KAFKA_BROKERS. */
void option_variable(struct str name, char out[OPTION_VARIABLE_MAX]);

/*
 * Reads the text into the row's field of o (freeing what was there). ERR_CONFIG, worded to follow "name
 * (where): ".
 */
MUST_CHECK bool option_set(struct options *o, const struct option *row, struct str text,
                           const struct process *process, struct err *e);

/* The field as text; a secret as ***. */
void option_show(const struct options *o, const struct option *row, struct buf *out);

/* Frees the row's field and zeroes it. */
void option_release(struct options *o, const struct option *row);

/* The value of a secret: @/path is read, anything else is the value itself. */
MUST_CHECK bool option_secret(struct str text, const struct process *process, char **out, struct err *e);
void option_wipe(char **secret);

/* "10m": the largest unit that divides it. */
void option_show_duration(int64_t ms, struct buf *out);
