#pragma once
/*
 * json_check - is this text one JSON value, to the letter of RFC 8259? For json.c alone.
 *
 * cJSON is lax: it takes 01, bytes below space as blanks, invalid UTF-8, \u0000 (where its C strings end),
 * control characters in strings, and nests to 1,000 levels on the stack. So the text is looked at first,
 * here; cJSON then only builds the tree. Bounds: JSON_DEPTH_MAX levels. A byte order mark is refused.
 * Repeated names are json.c's to find. Pure.
 */
#include "base/str.h"

MUST_CHECK bool json_check(struct str text, struct err *e); /* ERR_INVALID: "not JSON: byte 17: …" */
