#include "real/rng.h"

#include "base/err.h"

#include <errno.h>
#include <sys/random.h>

static void fill(void *self, void *out, size_t n)
{
    unsigned char *p = out;

    (void)self;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        BUG_IF(got < 0 && errno != EINTR); /* only a wrong call or a kernel without it can fail */
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
}

struct rng rng_real(void)
{
    return (struct rng){.bytes = fill};
}
