#include "real/heap.h"

#include <malloc.h>

void heap_settle(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, HEAP_MAPPED_BYTES); /* refused: it works, with more memory */
}
