#include "aws/retry.h"

#include "aws/call.h"

bool retry_take(struct retry_budget *b, enum err_kind kind, int *cost)
{
    int price = kind == ERR_THROTTLED ? RETRY_COST_THROTTLE : RETRY_COST_OUTAGE;

    if (b->spent + price > RETRY_BUDGET)
        return false;
    b->spent += price;
    *cost = price;
    return true;
}

void retry_give(struct retry_budget *b, int cost)
{
    b->spent -= cost ? cost : 1;
    if (b->spent < 0)
        b->spent = 0;
}

int64_t retry_backoff_ms(enum err_kind kind, int retried, int64_t chance, int64_t hint_ms)
{
    enum { THROTTLE_MS = 1000, OUTAGE_MS = 50, CHANCES = 1000000, DOUBLINGS_MAX = 20 };
    int64_t top = kind == ERR_THROTTLED ? THROTTLE_MS : OUTAGE_MS;

    for (int i = 0; i < retried && i < DOUBLINGS_MAX && top < AWS_BACKOFF_MAX_MS; i++)
        top *= 2;
    if (top > AWS_BACKOFF_MAX_MS)
        top = AWS_BACKOFF_MAX_MS;
    int64_t wait = top * chance / CHANCES;
    if (hint_ms <= wait)
        return wait;
    return hint_ms < wait + RETRY_HINT_MAX_MS ? hint_ms : wait + RETRY_HINT_MAX_MS;
}
