#pragma once
/*
 * arguments - the words behind a verb: its own flags by table, and its positional words.
 */
#include "base/str.h"

#include <stdint.h>

enum arguments_kind {
    ARGUMENT_SWITCH,   /* bool *                                 */
    ARGUMENT_TEXT,     /* const char **, borrowed from argv      */
    ARGUMENT_TEXTS,    /* struct strs *: may be given repeatedly */
    ARGUMENT_NUMBER,   /* int64_t *, min..max                    */
    ARGUMENT_DURATION, /* int64_t * in ms: "10m"                 */
    ARGUMENT_WORD,     /* int *: index into words                */
};

struct argument {     /* a table of these, ended by a NULL flag */
    const char *flag; /* "--if-busy" */
    enum arguments_kind kind;
    void *at;
    const char *value; /* what stands for it in the help: "MODE" */
    const char *help;
    const char *const *words;
    int64_t min, max;
};

/*
 * Reads `words` (flags anywhere, "--flag value" or "--flag=value", "--" ends the flags). Positional words go
 * to `positional`, between `least` and `most` of them. On failure ERR_CONFIG with the nearest known flag.
 * --help prints the flags: false, with ERR_NONE and an empty message, for which cli_usage() gives CLI_OK.
 */
MUST_CHECK bool arguments_read(const struct strs *words, const struct argument *table, size_t least,
                               size_t most, struct strs *positional, struct err *e);
void arguments_help(const struct argument *table, struct buf *out);
