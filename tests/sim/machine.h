#pragma once
/*
 * machine - the clocks of one simulated machine: boot and wall, each with its own beginning, both running at
 * the machine's own rate, the wall clock with jumps.
 *
 * A process that is started anew on the same machine finds the same clocks. Rates differ from the true one by
 * less than a tenth (docs/protocol.md 3, A2). Pure: it is told the scheduler's moment.
 */
#include "ports/clock.h"

enum { MACHINE_DRIFT_MAX_PPM = 90000 }; /* a tenth less what rounding to milliseconds takes */

struct machine {
    int64_t boot_us, wall_ahead_us; /* at `since_us`; the wall clock's lead over true time */
    int64_t since_us;
    int64_t drift_ppm; /* more (or less) microseconds in a million */
};

/* True time at the beginning of a simulation, on a wall. */
enum { MACHINE_EPOCH_S = 1780000000 };

int64_t machine_true_wall_ms(int64_t now_us);
int64_t machine_boot_us(const struct machine *m, int64_t now_us);
struct instant machine_instant(const struct machine *m, int64_t now_us);
/* How long from now until the boot clock shows at_ms; 0 when it does. */
int64_t machine_until(const struct machine *m, int64_t now_us, int64_t at_ms);
void machine_set_drift(struct machine *m, int64_t now_us, int64_t drift_ppm);
void machine_jump(struct machine *m, int64_t us); /* the wall clock alone */
