#include "support/zone_bytes.h"

static void be32(struct buf *out, uint32_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_addc(out, (char)(n >> shift));
}

static void part(int32_t first_s, struct buf *out)
{
    static const uint32_t counts[] = {0, 0, 0, 0, 1, 4}; /* utc, std, leaps, changes, types, characters */

    buf_adds(out, "TZif2");
    for (int i = 0; i < 15; i++)
        buf_addc(out, 0);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        be32(out, counts[i]);
    be32(out, (uint32_t)first_s);
    buf_addc(out, 0); /* not daylight */
    buf_addc(out, 0); /* its name */
    buf_add(out, str_n("LMT", 4));
}

void zone_bytes(int32_t first_s, const char *rule, struct buf *out)
{
    part(first_s, out);
    part(first_s, out);
    buf_addf(out, "\n%s\n", rule);
}
