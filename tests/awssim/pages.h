#pragma once
/*
 * pages - one page of a list: where it begins by its token, how much it may hold, the token of the next.
 *
 * A token is ours to read: the place in the whole list, so entries that come or go meanwhile shift nothing
 * that was shown. With empty_pages the first page of a list that has more is empty and still has a token, as
 * AWS reserves the right to do.
 */
#include "awssim/sim.h"

enum { PAGE_TOKEN_MAX = 48 };

struct page {
    size_t begin, room; /* the place to go on from; how many entries may be added */
    bool hollow;        /* this page stays empty on purpose */
    bool more;          /* something is left: next_token is to be sent */
    size_t next;
};

/* `token` NULL: the first. False: not a token of ours. */
MUST_CHECK bool page_begin(struct page *p, const struct awssim *sim, const char *token, size_t room);
/* An entry at `place` is to be shown: false if the page is full (then it is where the next one begins). */
bool page_take(struct page *p, size_t place);
void page_token(const struct page *p, char out[PAGE_TOKEN_MAX]);
