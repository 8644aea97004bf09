#include "real/sink.h"

#include "real/clock.h"

#include <errno.h>
#include <unistd.h>

static void write_line(void *self, struct str line)
{
    (void)self;
    while (line.n > 0) {
        ssize_t n = write(STDERR_FILENO, line.p, line.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        line = str_skip(line, (size_t)n);
    }
}

static int64_t wall_ms(void *self)
{
    (void)self;
    struct clock c = clock_real();
    return clock_now(&c).wall_ms;
}

struct log sink_log(enum log_level level, enum log_format format)
{
    return (struct log){.level = level, .format = format, .wall_ms = wall_ms, .write = write_line};
}
