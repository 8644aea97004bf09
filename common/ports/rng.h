#pragma once
/*
 * rng - the seam to chance: tokens, nonces, run ids, jitter. Real: the system's generator; simulated: one
 * seed.
 */
#include <stddef.h>
#include <stdint.h>

struct rng {
    void (*bytes)(void *self, void *out, size_t n); /* cannot fail; unpredictable bytes */
    void *self;
};

static inline void rng_bytes(const struct rng *r, void *out, size_t n)
{
    r->bytes(r->self, out, n);
}

/* Uniform in [0, below); 0 for below <= 1. (The bias is below 2^-32 for the ranges in use.) */
static inline int64_t rng_below(const struct rng *r, int64_t below)
{
    uint64_t x = 0;

    if (below <= 1)
        return 0;
    r->bytes(r->self, &x, sizeof x);
    return (int64_t)(x % (uint64_t)below);
}
