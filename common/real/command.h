#pragma once
/*
 * command - other programs, run beside the loop: no shell, standard input empty, standard output kept up to a
 * bound, standard error ours. Internal to real/.
 *
 * Each command is a process group of its own; past its deadline, or over its bound, the whole group is
 * killed. Signals are as a program expects them. As PID 1 the orphans that others leave to us are reaped as
 * well.
 */
#include "ports/process.h"
#include "real/reactor.h"

enum { COMMAND_RUNNING_MAX = 16, COMMAND_OUT_MAX = 1024 * 1024 };

struct commands; /* opaque */

struct commands *commands_new(struct reactor *r);
void commands_free(struct commands *all); /* kills what still runs; no completion */
void commands_run(struct commands *all, uint64_t id, const char *const *argv, int64_t timeout_ms,
                  size_t out_max, process_exited *done, void *self);
