#include "core/stretch.h"

bool stretch_begin(struct stretch *s, int64_t low, int64_t high, int64_t since)
{
    s->until = high;
    s->from = since > low ? since : low;
    return since >= 0 || s->from >= s->until;
}

void stretch_last(struct stretch *s, int64_t stamp_ms, int64_t since_ms)
{
    if (stamp_ms < since_ms)
        s->from = s->until;
}
