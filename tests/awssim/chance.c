#include "awssim/chance.h"

uint64_t chance_next(struct chance *c)
{
    uint64_t z = c->state += 0x9e3779b97f4a7c15U;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

bool chance_hit(struct chance *c, double probability)
{
    if (probability <= 0)
        return false;
    if (probability >= 1)
        return true;
    return (double)(chance_next(c) >> 11) * 0x1p-53 < probability;
}

int64_t chance_between(struct chance *c, int64_t low, int64_t high)
{
    if (high <= low)
        return low;
    return low + (int64_t)(chance_next(c) % (uint64_t)(high - low + 1));
}

void chance_hex(struct chance *c, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t bits = 0;

    for (size_t i = 0; i < n; i++) {
        if (i % 16 == 0)
            bits = chance_next(c);
        out[i] = digits[bits & 15];
        bits >>= 4;
    }
    out[n] = '\0';
}

void chance_uuid(struct chance *c, char out[CHANCE_UUID_BYTES])
{
    chance_hex(c, CHANCE_UUID_BYTES - 1, out);
    out[8] = out[13] = out[18] = out[23] = '-';
    out[14] = '4';
    out[19] = 'a';
}
