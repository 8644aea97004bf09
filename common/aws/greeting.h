#pragma once
/*
 * greeting - a daemon's first word to AWS: who it is there, or in one line why it can do nothing.
 *
 * Without it missing credentials or a region that does not exist would show only with the first run, at
 * night. Asks STS who we are (a question that needs no permission). The answer is logged once, "aws.ready". A
 * failure is logged as "aws.unusable" with its remedy, once for each new reason, and asked again each
 * GREETING_AGAIN_MS: the daemon runs on, since credentials may come. Has an engine of its own, which is gone
 * after the answer.
 *
 * Owner: main.c; single-threaded. Keeps ports. Nothing decides by it.
 */
#include "ports/ports.h"

enum { GREETING_AGAIN_MS = 30 * 1000 };

struct greeting; /* opaque */

/* program: as in struct aws_options, kept. NULL: ERR_CONFIG in plain words. */
struct greeting *greeting_new(const struct ports *ports, const char *program, struct err *e);
void greeting_free(struct greeting *g); /* NULL is fine */
/* Returns when to call again; INT64_MAX once it is answered. */
int64_t greeting_turn(struct greeting *g, int64_t now_ms);
