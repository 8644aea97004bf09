#include "aws/list.h"

#include "base/mem.h"

#include <string.h>

/* Capacity is the next power of two: it need not be kept. */
static void *room(void *p, size_t n, size_t size)
{
    if (n & (n - 1))
        return p;
    BUG_IF(n > SIZE_MAX / 4 / size);
    return xrealloc(p, (n ? 2 * n : 1) * size);
}

void *list_add(void *at, size_t *n, size_t size)
{
    void *p = NULL;

    memcpy(&p, at, sizeof p);
    p = room(p, *n, size);
    memcpy(at, &p, sizeof p);
    char *element = (char *)p + *n * size;
    memset(element, 0, size);
    ++*n;
    return element;
}

void list_append(void *at, size_t *n, void *from, size_t from_n, size_t size)
{
    for (size_t i = 0; i < from_n; i++)
        memcpy(list_add(at, n, size), (char *)from + i * size, size);
    xfree(from);
}
