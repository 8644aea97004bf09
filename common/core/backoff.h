#pragma once
/*
 * backoff - how long to wait before a call that changes something is made again.
 *
 * Full jitter: anything between nothing and a bound that doubles with each failure in a row, from
 * BACKOFF_MIN_MS to BACKOFF_MAX_MS, so that a fleet that failed together does not come back together. What
 * the server asks for may lengthen the wait, never shorten it. Pure: chance is a parameter. Source:
 * "Timeouts, retries, and backoff with jitter", the Amazon Builders' Library.
 */
#include <stdint.h>

enum {
    BACKOFF_MIN_MS = 1000, /* the bound after the first failure */
    BACKOFF_MAX_MS = 30 * 1000,
    BACKOFF_HINT_MAX_MS = 60 * 1000, /* a server that asks for more is not believed */
    BACKOFF_CHANCES = 1000000,
};

/* failures: in a row, the last one included (>= 1). chance: 0..BACKOFF_CHANCES - 1. hint_ms: the server's, 0
 * for none. */
int64_t backoff_ms(int failures, int64_t chance, int64_t hint_ms);
