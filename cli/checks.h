#pragma once
/*
 * checks - one line of the doctor: what was looked at, how it stands, and what to do. And what other verbs
 * look at for it.
 */
#include "cli/cli.h"

enum check_state { CHECK_OK, CHECK_WARN, CHECK_FAIL };

struct checks; /* opaque */
#define CHECKS_CLEANUP CLEANUP(checks_freep)

struct checks *checks_new(const struct cli *c);
void checks_freep(struct checks **k);

/* `remedy` NULL: none is needed. Printed at once unless the output is JSON: the next question may take its
 * time. */
void checks_add(struct checks *k, enum check_state state, const char *what, const char *remedy,
                const char *fmt, ...) PRINTF_LIKE(5, 6);
int checks_end(const struct checks *k); /* the sum, or the document; CLI_FAILED when one failed */

/* Of the topics (topics.c) and the tables (tables.c): a line each. */
void checks_topics(struct cli *c, struct checks *k);
void checks_tables(struct cli *c, struct checks *k);
