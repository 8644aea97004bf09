#pragma once
/*
 * redis_resp - RESP2: the bytes that a Redis answers with, and is asked with.
 *
 * Commands write their replies as these bytes; whoever wants values (the port, a script) reads them back, so
 * that there is one form, and it is the one that the referee compares.
 */
#include "base/str.h"
#include "ports/redis.h"

enum { REDIS_RESP_DEPTH_MAX = 32, REDIS_RESP_MAX = 512 * 1024 * 1024 };

void redis_resp_int(struct buf *out, int64_t n);
void redis_resp_bulk(struct buf *out, struct str s);
void redis_resp_score(struct buf *out, double score);
void redis_resp_nil(struct buf *out);
void redis_resp_status(struct buf *out, const char *word);
void redis_resp_list(struct buf *out, size_t n);         /* then n replies */
void redis_resp_error(struct buf *out, struct str text); /* "ERR value is …", on one line */

/* One part of a reply. A list is its head alone: its n parts follow. */
struct redis_resp_part {
    enum redis_type type;
    struct str s;
    int64_t i;
    size_t n;
};
/* Takes the next part off `wire`; false: it is not whole yet. What is no RESP is a bug. */
MUST_CHECK bool redis_resp_next(struct str *wire, struct redis_resp_part *out);
/* How many bytes the first whole reply takes; 0: it is not whole yet. */
size_t redis_resp_length(struct str wire);

/* A reply as values; they borrow from `wire`. Owner: the caller, redis_resp_tree_release. */
struct redis_resp_tree {
    struct redis_value *values; /* the first is the root */
    size_t n, cap;
};
void redis_resp_tree_read(struct redis_resp_tree *t, struct str wire);
void redis_resp_tree_release(struct redis_resp_tree *t);

/* A command as its words: a list of bulk strings. False: not whole yet. The words borrow from `wire`; *words
 * is the caller's to xfree. */
MUST_CHECK bool redis_resp_command(struct str *wire, struct str **words, size_t *n);
