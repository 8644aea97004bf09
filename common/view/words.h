#pragma once
/*
 * words - the words of one Redis command, owned.
 *
 * Zeroed it is valid and empty. Owner: the call that sends them, until its answer, since a script may have to
 * be sent anew.
 */
#include "base/str.h"

struct words {
    struct str *at; /* each owned */
    size_t n, cap;
};

void words_release(struct words *w);
void words_add(struct words *w, struct str s);   /* keeps a copy */
void words_adds(struct words *w, const char *s); /* NULL: an empty word */
void words_int(struct words *w, int64_t i);
void words_flag(struct words *w, bool yes);              /* "1" or an empty word */
void words_take(struct words *w, struct buf *b);         /* owns the buffer's bytes from now on */
void words_set(struct words *w, size_t i, struct str s); /* replaces the i-th */
