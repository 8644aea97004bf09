#pragma once
/*
 * story - one run as the log tells it: told line by line while it happens, and whole at its end, every member
 * with outcome and cause.
 *
 * Fed with the records of the run's partition in order; those of other runs are ignored. Plain lines for
 * pipes, one JSON event a line with --output json, a bar for each step on a terminal. Used by watch, show and
 * by start and stop with --wait.
 */
#include "cli/bars.h"
#include "cli/cli.h"
#include "model/event.h"

struct story; /* opaque */
#define STORY_CLEANUP CLEANUP(story_freep)

struct story *story_new(const struct cli *c, const char *workload, const char *run);
void story_freep(struct story **p);

/* Takes one record in; true when the run has its result. `aloud`: tell it as it is heard. */
bool story_hear(struct story *s, const struct kafka_record *r, const struct event *ev, bool aloud);

void story_tell(const struct story *s, const struct kafka_record *r, const struct event *ev); /* one line */
/* A bar for each tier of each step, at most `max`; returns how many. */
size_t story_bars(const struct story *s, struct bar *out, size_t max);

bool story_known(const struct story *s); /* any record of the run was heard */
bool story_accepted(const struct story *s);
/* What to add where its acceptance is told: "" or that the fleet only observes. */
const char *story_observe(const struct story *s);
/* What the run does: "start", "stop"; "": not heard yet. */
const char *story_action(const struct story *s);
int64_t story_counted(const struct story *s);    /* members, as counted when it was accepted */
bool story_began(const struct story *s);         /* its turn has come (Drained) */
enum result story_result(const struct story *s); /* RESULT_NONE: it goes on */
enum cause story_cause(const struct story *s);
const char *story_detail(const struct story *s); /* "" for none */
int story_exit(const struct story *s);           /* 0 only for succeeded */

void story_print(const struct story *s);     /* steps, tiers, every member */
void story_print_end(const struct story *s); /* the last line alone; the whole document as JSON */
