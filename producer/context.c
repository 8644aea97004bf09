#include "producer/context.h"

#include "base/crypto.h"

int64_t context_wall_ms(const struct context *c)
{
    return clock_now(&c->ports->clock).wall_ms;
}

void context_nonce(const struct context *c, char out[CONTEXT_ID_MAX])
{
    unsigned char bytes[(CONTEXT_ID_MAX - 1) / 2];

    rng_bytes(&c->ports->rng, bytes, sizeof bytes);
    crypto_hex(bytes, sizeof bytes, out);
}
