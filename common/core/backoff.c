#include "core/backoff.h"

int64_t backoff_ms(int failures, int64_t chance, int64_t hint_ms)
{
    int64_t top = BACKOFF_MIN_MS;
    int64_t hint = hint_ms < BACKOFF_HINT_MAX_MS ? hint_ms : BACKOFF_HINT_MAX_MS;

    for (int i = 1; i < failures && top < BACKOFF_MAX_MS; i++)
        top *= 2;
    if (top > BACKOFF_MAX_MS)
        top = BACKOFF_MAX_MS;
    int64_t wait = top * chance / BACKOFF_CHANCES;
    return hint > wait ? hint : wait;
}
