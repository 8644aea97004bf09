#pragma once
/*
 * telling - a story as people hear it: line by line while it happens, and whole at its end, every member with
 * outcome and cause.
 *
 * Plain lines for pipes, one JSON event a line with --output json, a bar for each tier on a terminal. Used by
 * watch, show, cancel, and by start and stop with --wait.
 */
#include "cli/bars.h"
#include "cli/cli.h"
#include "core/story.h"

void telling_line(const struct cli *c, const struct story *s, const struct kafka_record *r,
                  const struct event *ev);
/* A bar for each tier of each step, at most `max`; returns how many. */
size_t telling_bars(const struct story *s, struct bar *out, size_t max);
void telling_whole(const struct cli *c, const struct story *s); /* steps, tiers, every member */
/* The last line alone; the whole document as JSON. */
void telling_end(const struct cli *c, const struct story *s);
int telling_exit(const struct story *s); /* 0 only for succeeded */
