#pragma once
/*
 * json - JSON text, values, and records by table. cJSON's only home.
 *
 * Two ways in, for two needs: `struct json_field` tables turn a record into a struct, back, and free it (one
 * table gives decode, encode, release, fuzz target and round trip); the walking functions read what has no
 * fixed shape (rows, AWS replies).
 *
 * Numbers: records hold integers only, |n| < 2^53 (at 2^53 a double no longer tells neighbours apart); ids
 * are strings. Bounds: text `max` bytes, JSON_DEPTH_MAX levels. Refused: anything after the value, a repeated
 * name in one object, \u0000 in a string, invalid UTF-8, and whatever else RFC 8259 does not allow
 * (json_check.h).
 */
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_DEPTH_MAX = 24, JSON_LIST_MAX = 100000 };

enum json_type {
    JSON_NONE /* no such value */,
    JSON_NULL,
    JSON_TRUE_FALSE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json; /* opaque */
#define JSON_CLEANUP CLEANUP(json_freep)

struct json *json_parse(struct str text, size_t max,
                        struct err *e); /* NULL: ERR_INVALID, message says where */
void json_free(struct json *j);
void json_freep(struct json **j);

/*
 * Walking: borrowed, valid as long as the root. All take NULL (type JSON_NONE) so that paths can be chained.
 */
enum json_type json_type(const struct json *j);
const struct json *json_get(const struct json *object,
                            const char *name);               /* exact case; NULL if absent or not an object */
const struct json *json_first(const struct json *container); /* of an array or object */
const struct json *json_next(const struct json *member);
size_t json_count(const struct json *container);
const char *json_name(const struct json *member); /* of an object's member */
bool json_str(const struct json *j, struct str *out);
bool json_int(const struct json *j, int64_t *out);   /* false for fractions and |n| >= 2^53 */
bool json_number(const struct json *j, double *out); /* timestamps that come with a fraction */
bool json_bool(const struct json *j, bool *out);
struct str json_str_or_empty(const struct json *j);

/*
 * Building: `value` is taken. Names must not repeat: nobody looks, and what is printed could not be read
 * back. What JSON cannot carry in a string (NUL, bytes that are not UTF-8) becomes U+FFFD. An integer of 2^53
 * or more is a bug.
 */
struct json *json_object(void);
struct json *json_array(void);
struct json *json_new_str(struct str s);
struct json *json_new_int(int64_t i);
struct json *json_new_bool(bool b);
struct json *json_copy(const struct json *j);
void json_add(struct json *object, const char *name, struct json *value);
void json_add_str(struct json *object, const char *name, struct str s);
void json_add_int(struct json *object, const char *name, int64_t i);
void json_add_bool(struct json *object, const char *name, bool b);
void json_push(struct json *array, struct json *value);
/* Takes a member out of an object: it is the caller's. NULL: there is none of this name. */
struct json *json_take(struct json *object, const char *name);
/* Moves all elements of one array behind those of another. */
void json_move(struct json *from, struct json *to);
void json_push_str(struct json *array, struct str s);
void json_print(const struct json *j,
                struct buf *out); /* compact, names in the order they were added; fractions to 17 digits */
void json_print_pretty(const struct json *j, struct buf *out); /* two spaces a level */
void json_quote(struct str s, struct buf *out);                /* one string with its quotes */

/* ---- records by table ---- */
enum json_kind {
    JSON_F_STR,    /* char *, owned                                                              */
    JSON_F_INT,    /* int64_t                                                                    */
    JSON_F_BOOL,   /* bool                                                                       */
    JSON_F_ENUM,   /* int: index into `names` (NULL-terminated)                                  */
    JSON_F_STRS,   /* struct strs                                                                */
    JSON_F_OBJECT, /* a struct in place, by `fields`                                             */
    JSON_F_LIST,   /* struct json_list of structs of `size` bytes, each by `fields`              */
    JSON_F_RAW,    /* char *, owned: any value, kept as compact JSON text                        */
};

struct json_list { /* the layout of every typed list: {struct x *at; size_t n;} */
    void *at;
    size_t n;
};

/*
 * An optional field is left out of the text at its zero value (NULL, 0, false, first enum word, empty list),
 * and absent text leaves the zero value: where zero must be told from absent, make it required or give the
 * zero another meaning. A null in the text of an optional field is the same as no field (but for RAW, which
 * keeps it).
 */
struct json_field {
    const char *name; /* NULL ends the table */
    enum json_kind kind;
    size_t offset;
    bool required;
    /* ENUM; STR: the words that are written. For the schema alone: any text is read */
    const char *const *names;
    const struct json_field *fields; /* OBJECT, LIST */
    size_t size;                     /* LIST: of an element */
    size_t max; /* STR, RAW: bytes; STRS, LIST: elements; 0: no bound but the text's (LIST: JSON_LIST_MAX) */
    const char *help;    /* one line for the generated schema and docs; may be NULL */
    const char *pattern; /* STR, STRS: what is written matches it. For the schema alone */
};

/*
 * Fills *out (zeroed by the caller) from an object. Unknown names are ignored, wrong types are errors: "field
 * 'x': …". On failure *out is released. json_encode never fails: a RAW field must hold what JSON text is,
 * anything else is a bug. json_release frees what decode made and zeroes the fields of the table.
 */
MUST_CHECK bool json_decode(const struct json *j, const struct json_field *fields, void *out, struct err *e);
struct json *json_encode(const struct json_field *fields, const void *in);
void json_encode_into(struct json *object, const struct json_field *fields, const void *in);
void json_release(const struct json_field *fields, void *out);
