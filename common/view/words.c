#include "view/words.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

void words_release(struct words *w)
{
    for (size_t i = 0; i < w->n; i++)
        xfree((char *)w->at[i].p);
    xfree(w->at);
    *w = (struct words){0};
}

static void push(struct words *w, char *p, size_t n)
{
    if (w->n == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 16;
        w->at = xrealloc(w->at, w->cap * sizeof *w->at);
    }
    w->at[w->n++] = str_n(p, n);
}

void words_add(struct words *w, struct str s)
{
    push(w, str_dup(s), s.n);
}

void words_adds(struct words *w, const char *s)
{
    words_add(w, str_of(s));
}

void words_int(struct words *w, int64_t i)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRId64, i);

    words_add(w, str_n(text, (size_t)n));
}

void words_flag(struct words *w, bool yes)
{
    words_add(w, yes ? STR("1") : STR(""));
}

void words_take(struct words *w, struct buf *b)
{
    size_t n = b->n;

    push(w, buf_take(b), n);
}

void words_set(struct words *w, size_t i, struct str s)
{
    xfree((char *)w->at[i].p);
    w->at[i] = str_n(str_dup(s), s.n);
}
