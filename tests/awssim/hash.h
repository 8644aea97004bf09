#pragma once
/*
 * hash - uthash over base/mem: blocks are counted, and running out of memory aborts as everywhere.
 */
#include "base/err.h"
#include "base/mem.h"

#include <string.h>

#define uthash_malloc(n)  xmalloc(n)
#define uthash_free(p, n) xfree(p)
#define uthash_fatal(why) err_bug(__FILE__, __LINE__, why)
#include <uthash.h>
