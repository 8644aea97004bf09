#pragma once
/*
 * rng - the system's generator (getrandom) as the chance port.
 */
#include "ports/rng.h"

struct rng rng_real(void);
