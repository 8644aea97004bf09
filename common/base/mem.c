#include "base/mem.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

struct block { /* before each block; keeps the alignment of malloc */
    struct mem_account *account;
    size_t bytes;
};

static struct mem_account
    *current; /* the one piece of state of its kind: an allocator has no caller to hand it down */

struct mem_account *mem_account_set(struct mem_account *account)
{
    struct mem_account *was = current;

    current = account;
    return was;
}

static void count(const struct block *b, int sign)
{
    if (!b->account)
        return;
    b->account->bytes += sign * (int64_t)b->bytes;
    b->account->blocks += sign;
}

static void *begin(struct block *b, size_t n, struct mem_account *account)
{
    BUG_IF(!b);
    b->account = account;
    b->bytes = n;
    count(b, 1);
    return b + 1;
}

void *xmalloc(size_t n)
{
    BUG_IF(n > SIZE_MAX / 2);
    return begin(malloc(sizeof(struct block) + n), n, current);
}

void *xcalloc(size_t n, size_t size)
{
    BUG_IF(size && n > SIZE_MAX / 2 / size);
    return begin(calloc(1, sizeof(struct block) + n * size), n * size, current);
}

void *xrealloc(void *p, size_t n)
{
    if (!p)
        return xmalloc(n);
    BUG_IF(n > SIZE_MAX / 2);
    struct block *b = (struct block *)p - 1;
    struct mem_account *account = b->account;

    count(b, -1);
    return begin(realloc(b, sizeof *b + n), n, account);
}

void xfree(void *p)
{
    if (!p)
        return;
    struct block *b = (struct block *)p - 1;

    count(b, -1);
    free(b);
}

char *xstrdup(const char *s)
{
    return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
    char *p = xmalloc(n + 1);

    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

void xfreep(char **p)
{
    xfree(*p);
    *p = NULL;
}
