#pragma once
/*
 * clock - the machine's boot and wall clocks as the clock port.
 */
#include "ports/clock.h"

struct clock clock_real(void);
int64_t clock_boot_ms(void); /* CLOCK_BOOTTIME: what `now_ms` means everywhere in this room */
