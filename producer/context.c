#include "producer/context.h"

#include "base/crypto.h"

int64_t context_wall_ms(const struct context *c)
{
    return clock_now(&c->ports->clock).wall_ms;
}

bool context_admits_wait(const struct context *c)
{
    return c->ticks_in_flight > 0 && c->now_ms - c->ticks_due_ms < CONTEXT_ADMITS_WAIT_MS;
}

bool context_folds_wait(const struct context *c)
{
    return c->ticks_in_hand >= CONTEXT_TICKS_MANY && c->now_ms - c->ticks_due_ms < CONTEXT_FOLDS_WAIT_MS;
}

void context_nonce(const struct context *c, char out[CONTEXT_ID_MAX])
{
    unsigned char bytes[(CONTEXT_ID_MAX - 1) / 2];

    rng_bytes(&c->ports->rng, bytes, sizeof bytes);
    crypto_hex(bytes, sizeof bytes, out);
}
