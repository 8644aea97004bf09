#pragma once
/*
 * str - bytes: a borrowed view, an owned buffer with a bound, a list of owned strings.
 *
 * struct str   borrowed; never freed, never kept across a turn of the loop. Need not end in NUL.
 * struct buf   owned; `max` is a promise, not a hint: appends return nothing, the first byte over it sets
 *              `over`, which sticks and is looked at once, by buf_ok(). Zeroed it is valid and of no size:
 *              start from BUF_INIT.
 * struct strs  owned strings in order. Zeroed it is valid and empty.
 */
#include "base/compiler.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *p;
    size_t n;
};

struct buf {
    char *p; /* NUL-terminated whenever it is not NULL */
    size_t n, cap, max;
    bool over;
};

struct strs {
    char **at;
    size_t n, cap;
};

#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
#define STR_FMT      "%.*s" /* printf("x=" STR_FMT, STR_ARG(s)) */
#define STR_ARG(s)   ((int)((s).n > 2000000000 ? 2000000000 : (s).n)), ((s).p ? (s).p : "")
#define BUF_INIT(max_)                                                                                       \
    {                                                                                                        \
        .max = (max_)                                                                                        \
    }
#define BUF_CLEANUP     CLEANUP(buf_release)
#define STRS_CLEANUP    CLEANUP(strs_release)
#define STR_REPLACEMENT STR("\xef\xbf\xbd") /* U+FFFD, for what cannot be shown */

struct str str_of(const char *s); /* NULL is the empty view */
struct str str_n(const char *p, size_t n);
bool str_eq(struct str a, struct str b); /* byte for byte */
bool str_is(struct str a, const char *b);
bool str_is_nocase(struct str a, const char *b); /* ASCII letters only */
int str_cmp(struct str a, struct str b);         /* bytes as unsigned, a prefix first: < 0, 0, > 0 */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_has_control(struct str s);          /* a byte below 0x20, or 0x7f */
struct str str_trim(struct str s);           /* without spaces, tabs, CR and LF at both ends */
struct str str_skip(struct str s, size_t n); /* without its first n bytes */
bool str_find(struct str s, struct str what, size_t *at);
/*
 * Cuts at the first `sep`: the part before it, and *rest behind it. False (all in *head, *rest empty) if
 * there is none.
 */
bool str_cut(struct str s, char sep, struct str *head, struct str *rest);
char *str_dup(struct str s); /* owned by the caller: xfree */
/* A whole decimal number, sign allowed, nothing else around it. */
MUST_CHECK bool str_to_i64(struct str s, int64_t *out);
/* How many insertions, deletions and changes of one byte lead from a to b: for "did you mean". */
size_t str_distance(struct str a, struct str b);
/*
 * How many bytes the character at the beginning takes; 0 if they are not UTF-8 (RFC 3629: shortest form, no
 * surrogates) or s is empty.
 */
size_t str_utf8(struct str s);

void buf_release(struct buf *b); /* leaves it empty, with its max */
void buf_clear(struct buf *b);   /* n = 0 and not over; keeps the memory */
void buf_add(struct buf *b, struct str s);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_add_utf8(struct buf *b, struct str s); /* U+FFFD for each NUL and each byte that is not UTF-8 */
struct str buf_view(const struct buf *b);
const char *buf_cstr(const struct buf *b); /* never NULL */
/* False, with ERR_INVALID and "`what`: over N bytes", if an append did not fit. */
MUST_CHECK bool buf_ok(const struct buf *b, const char *what, struct err *e);
char *buf_take(struct buf *b); /* owned by the caller: xfree; the buffer becomes empty. Never NULL */

void strs_release(struct strs *l);
void strs_add(struct strs *l, struct str s);              /* keeps a copy */
void strs_take(struct strs *l, char *s);                  /* owns s from now on */
void strs_copy(struct strs *to, const struct strs *from); /* appends copies */
bool strs_has(const struct strs *l, struct str s);
void strs_sort(struct strs *l); /* by bytes */
