#pragma once
/*
 * redis_foreign - commands that others send, never the product: tests, tools, a foreign writer.
 *
 * Admit the table to a server that serves such; the fleet's own does without, so that a command that the
 * product comes to need is noticed. DUMP and RESTORE pass a value by a name: to the simulated Redis its own
 * payload, or one that redis_foreign_dumped was told of, stands for the value at that time.
 */
#include "sim/redis_command.h"

extern const struct redis_command redis_foreign_commands[];

/* From now on RESTORE of this payload makes the value that `key` has. False: there is no such key. */
bool redis_foreign_dumped(struct redis_server *s, int db, struct str key, struct str payload);
