#include "sim/redis_number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 256 };

void redis_number_format(double n, char out[REDIS_NUMBER_MAX])
{
    (void)snprintf(out, REDIS_NUMBER_MAX, "%.17g", n);
}

bool redis_number_integer(struct str s, int64_t *out)
{
    struct str digits = str_starts(s, STR("-")) ? str_skip(s, 1) : s;

    if (str_is(s, "0")) {
        *out = 0;
        return true;
    }
    if (digits.n == 0 || digits.p[0] < '1' || digits.p[0] > '9')
        return false;
    return str_to_i64(s, out);
}

/* strtod over the whole text; false where something is left. */
static bool read_whole(struct str s, double *out)
{
    char text[TEXT_MAX];
    char *end = NULL;

    if (s.n >= sizeof text)
        return false;
    if (s.n)
        memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    errno = 0;
    *out = strtod(text, &end);
    return end == text + s.n && !isnan(*out);
}

bool redis_number_score(struct str s, double *out)
{
    if (s.n == 0 || isspace((unsigned char)s.p[0]) || !read_whole(s, out))
        return false;
    return errno != ERANGE || (fabs(*out) < HUGE_VAL && *out != 0);
}

bool redis_number_bound(struct str s, double *out, bool *excluded)
{
    *excluded = str_starts(s, STR("("));
    return read_whole(*excluded ? str_skip(s, 1) : s, out);
}

int64_t redis_number_truncate(double n)
{
    static const double beyond = 9223372036854775808.0; /* 2^63 */

    return n >= -beyond && n < beyond ? (int64_t)n : INT64_MIN;
}
