#include "sim/machine.h"

#include "base/err.h"

enum { MILLION = 1000000, MS = 1000 };

/* a * (million + ppm) / million without leaving 63 bits: a is below 1e13, a hundred days. */
static int64_t stretched(int64_t us, int64_t ppm)
{
    return us + us / MILLION * ppm + us % MILLION * ppm / MILLION;
}

int64_t machine_true_wall_ms(int64_t now_us)
{
    return (int64_t)MACHINE_EPOCH_S * MS + now_us / MS;
}

int64_t machine_boot_us(const struct machine *m, int64_t now_us)
{
    return m->boot_us + stretched(now_us - m->since_us, m->drift_ppm);
}

/* The wall clock runs on the same crystal. */
struct instant machine_instant(const struct machine *m, int64_t now_us)
{
    int64_t boot_us = machine_boot_us(m, now_us);
    int64_t wall_us = (int64_t)MACHINE_EPOCH_S * MILLION + m->since_us + (boot_us - m->boot_us);

    return (struct instant){.boot_ms = boot_us / MS, .wall_ms = (wall_us + m->wall_ahead_us) / MS};
}

int64_t machine_until(const struct machine *m, int64_t now_us, int64_t at_ms)
{
    int64_t left_us = at_ms - machine_boot_us(m, now_us) / MS;

    if (left_us <= 0)
        return 0;
    left_us = at_ms > INT64_MAX / MILLION ? INT64_MAX / MILLION : at_ms * MS - machine_boot_us(m, now_us);
    int64_t us = left_us / (MILLION + m->drift_ppm) * MILLION +
                 left_us % (MILLION + m->drift_ppm) * MILLION / (MILLION + m->drift_ppm);
    while (machine_boot_us(m, now_us + us) < at_ms * MS && us < INT64_MAX / MILLION)
        us++;
    return us;
}

/* Both clocks go on from what they show. */
void machine_set_drift(struct machine *m, int64_t now_us, int64_t drift_ppm)
{
    int64_t boot_us = machine_boot_us(m, now_us);

    BUG_IF(drift_ppm > MACHINE_DRIFT_MAX_PPM || drift_ppm < -MACHINE_DRIFT_MAX_PPM);
    m->wall_ahead_us += (boot_us - m->boot_us) - (now_us - m->since_us);
    m->boot_us = boot_us;
    m->since_us = now_us;
    m->drift_ppm = drift_ppm;
}

void machine_jump(struct machine *m, int64_t us)
{
    m->wall_ahead_us += us;
}
