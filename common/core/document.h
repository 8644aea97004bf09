#pragma once
/*
 * document - what programs read of us: one JSON object with "v": 1, and the parts that all documents share.
 *
 * The command line's --output json and the monitor's pages print these. Pure. Owner: the caller.
 */
#include "model/member.h"

struct json *document_new(void);                      /* {"v": 1} */
struct json *document_counts(const struct counts *n); /* every key, also where it is 0 */
struct json *document_error(struct str kind, struct str message, struct str remedy); /* {"v":1,"error":{…}} */
