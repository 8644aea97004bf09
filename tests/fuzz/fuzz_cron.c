/* Whatever text comes as an expression: it is refused with its place, or names times that only go forward. */
#include "core/cron.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { TIMES = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct cron c;
    struct err e = {0};
    int64_t at = INT64_C(29000000);
    int64_t next = 0;

    if (!cron_parse(str_n((const char *)data, n), &c, &e)) {
        BUG_IF(e.kind != ERR_INVALID || !(strstr(e.msg, "character") || strstr(e.msg, "field")));
        return 0;
    }
    for (int i = 0; i < TIMES; i++) {
        BUG_IF(!cron_next(&c, at, &next));
        BUG_IF(next <= at || !(c.minutes >> (next % 60) & 1) || !(c.hours >> (next / 60 % 24) & 1));
        at = next;
    }
    return 0;
}
