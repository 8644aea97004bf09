#pragma once
/*
 * chance - the simulator's only source of what is random: a seed in, the same numbers out on every machine.
 *
 * splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators"); not for secrets.
 */
#include "base/str.h"

#include <stdint.h>

struct chance {
    uint64_t state;
};

enum { CHANCE_UUID_BYTES = 37 };

uint64_t chance_next(struct chance *c);
bool chance_hit(struct chance *c, double probability); /* 0: never, 1: always; draws only in between */
int64_t chance_between(struct chance *c, int64_t low, int64_t high); /* both included; low when high <= low */
void chance_hex(struct chance *c, size_t n, char *out);              /* n lower-case digits and a NUL */
void chance_uuid(struct chance *c, char out[CHANCE_UUID_BYTES]);
