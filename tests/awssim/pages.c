#include "awssim/pages.h"

#include <stdio.h>

bool page_begin(struct page *p, const struct awssim *sim, const char *token, size_t room)
{
    struct str rest = str_of(token);
    int64_t place;

    *p = (struct page){.room = room};
    if (sim->page_max && (size_t)sim->page_max < room)
        p->room = (size_t)sim->page_max;
    if (!token) {
        p->hollow = sim->empty_pages;
        return true;
    }
    if (!str_starts(rest, STR("page-")) || !str_to_i64(str_skip(rest, 5), &place) || place < 0)
        return false;
    p->begin = (size_t)place;
    return true;
}

bool page_take(struct page *p, size_t place)
{
    if (!p->hollow && p->room > 0) {
        p->room--;
        return true;
    }
    p->more = true;
    p->next = place;
    return false;
}

void page_token(const struct page *p, char out[PAGE_TOKEN_MAX])
{
    (void)snprintf(out, PAGE_TOKEN_MAX, "page-%zu", p->next);
}
