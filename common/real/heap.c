#include "real/heap.h"

#include <malloc.h>

void heap_settle(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, HEAP_MAPPED_BYTES); /* refused: it works, with more memory */
}

void heap_trim(void)
{
    (void)malloc_trim(0); /* 0: there was nothing to give back */
}
