#pragma once
/*
 * form - application/x-www-form-urlencoded as AWS's query services want it, and percent-encoding (RFC 3986).
 *
 * Encoding leaves A-Z a-z 0-9 - . _ ~ as they are, everything else is %XX in upper case, a space is %20.
 * Pure.
 */
#include "base/str.h"

enum { FORM_NAME_MAX = 256 };

void form_encode(struct str s, struct buf *out);      /* one component */
void form_encode_path(struct str s, struct buf *out); /* the same, but '/' stays */
void form_add(struct buf *out, const char *name,
              struct str value); /* &name=value, without the & at the beginning; name encoded */
void form_addf(struct buf *out, struct str value, const char *name_fmt, ...)
    PRINTF_LIKE(3, 4); /* name by format: "Filter.%zu.Name"; longer than FORM_NAME_MAX is a bug */
/* Decodes one component: %XX and '+'. False on a broken escape. Appends. */
MUST_CHECK bool form_decode(struct str s, struct buf *out);

/*
 * Walks name=value pairs; a name without '=' has an empty value. Both are decoded into the buffers (cleared
 * first). False at the end, with e untouched, and false with an error in e for a broken escape or what does
 * not fit its buffer: ask e->kind.
 */
struct form_walk {
    struct str rest;
};
MUST_CHECK bool form_next(struct form_walk *w, struct buf *name, struct buf *value, struct err *e);
