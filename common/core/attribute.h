#pragma once
/*
 * attribute - one attribute of a person's row: its names in both generations, what its value may be, where it
 * goes.
 *
 * A table of these reads a row, or a section of a row, into a struct; every deviation becomes a finding that
 * names the row, the attribute, the value and the remedy. Value types are interchangeable as DynamoDB's users
 * have them: "2", 2; "1", 1, true. Used by lint alone. Pure.
 */
#include "core/lint.h"

enum attribute_kind {
    ATTRIBUTE_TEXT,    /* char *: a string; an empty one is absent                       */
    ATTRIBUTE_TEXTS,   /* struct strs: one string or a list of them                      */
    ATTRIBUTE_FLAG,    /* bool: true/false in any case, 1/0                              */
    ATTRIBUTE_NUMBER,  /* int64_t: a whole number in min..max                            */
    ATTRIBUTE_WORD,    /* int: index into words, case as written                         */
    ATTRIBUTE_SECTION, /* a nested map, read by `fields`; sets the bool at `present`     */
    ATTRIBUTE_KEY,     /* the row's own key: looked at by the caller                     */
    ATTRIBUTE_UNBUILT, /* known to the contract, not to this build: refuses the run      */
};

struct attribute {
    const char *name; /* NULL ends the table */
    enum attribute_kind kind;
    const char *older;
    bool required;
    size_t offset, present;
    int64_t min, max;
    const char *const *words;
    const struct attribute *fields;
    const char *const *reserved; /* words, NULL at the end, that the contract keeps for later builds */
    const char *reserved_map;    /* the same for a map in the value's place: what to say of it */
    const char *help;            /* for the message of a missing one: what it is */
};

struct attribute_reader {
    const char *row;    /* for findings */
    const char *prefix; /* "TierStop." or "" */
    bool strict;
    struct findings *findings;
};

/* A value that stands for none: absent, null, an empty string. */
bool attribute_is_empty(const struct json *value);

/* True when nothing in `object` was an error. */
MUST_CHECK bool attributes_read(const struct attribute_reader *r, const struct json *object,
                                const struct attribute *fields, void *out);
