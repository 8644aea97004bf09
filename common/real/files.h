#pragma once
/*
 * files - small files and folders, whole and bounded. Internal to real/; the process port hands these out.
 */
#include "base/err.h"
#include "base/str.h"

enum { FILES_NAMES_MAX = 100000 /* in one folder */ };

MUST_CHECK bool files_read(const char *path, struct buf *out, struct err *e); /* out->max is the bound */
MUST_CHECK bool files_list(const char *path, struct strs *names, struct err *e);
MUST_CHECK bool files_write(const char *path, struct str data,
                            struct err *e); /* beside it, then renamed; mode 0600 */
