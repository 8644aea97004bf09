/* Whatever bytes come as a zone: they are refused, or every moment lies in one span, and time and moment
 * agree. */
#include "base/mem.h"
#include "core/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void walk(const struct zone *z)
{
    for (int64_t at_s = -4000000000; at_s < 9000000000; at_s += 97654321) {
        struct zone_span s = zone_span_at(z, at_s);
        BUG_IF(s.begin_s > at_s || s.end_s <= at_s);
        int64_t shown_s = zone_shown_s(z, at_s);
        BUG_IF(shown_s < at_s + s.offset_s);
        BUG_IF(zone_moment_s(z, shown_s) > at_s); /* what has been shown has come */
        BUG_IF(zone_moment_s(z, shown_s + 200000) <= at_s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mem_account account = {0};
    struct err e = {0};

    (void)mem_account_set(&account);
    struct zone *z = zone_new(str_n((const char *)data, n), &e);
    BUG_IF(!z && e.kind != ERR_INVALID);
    if (z)
        walk(z);
    zone_free(z);
    BUG_IF(account.bytes || account.blocks);
    return 0;
}
