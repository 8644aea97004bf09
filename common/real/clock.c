#include "real/clock.h"

#include "base/err.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec t;

    BUG_IF(clock_gettime(id, &t) != 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct instant now(void *self)
{
    (void)self;
    return (struct instant){.boot_ms = read_ms(CLOCK_BOOTTIME), .wall_ms = read_ms(CLOCK_REALTIME)};
}

struct clock clock_real(void)
{
    return (struct clock){.now = now};
}

int64_t clock_boot_ms(void)
{
    return read_ms(CLOCK_BOOTTIME);
}
