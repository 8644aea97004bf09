#pragma once
/*
 * hash - uthash over our own allocator.
 *
 * The one place that includes <uthash.h>: its tables then count in base/mem's accounts, and running out of
 * memory is the same abort as everywhere. Iteration (HASH_ITER) is in the order of insertion, so nothing
 * depends on addresses.
 */
#include "base/err.h"
#include "base/mem.h"

#define uthash_malloc(n)    xmalloc(n)
#define uthash_free(p, n)   xfree(p)
#define uthash_fatal(words) err_bug(__FILE__, __LINE__, words)
#include <uthash.h>

#ifdef __clang_analyzer__ /* of clang-tidy 14: it takes links for NULL where uthash knows that they are not */
#undef HASH_DEL
#undef HASH_DELETE
#define HASH_DEL(head, x)        ((head) = hash_without((head), (x)))
#define HASH_DELETE(hh, head, x) ((head) = hash_without((head), (x)))
void *hash_without(const void *head, const void *x);
#endif
