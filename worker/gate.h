#pragma once
/*
 * gate - before the first job: are the topics there, and what they must be?
 *
 * A topic that is missing is waited for, and said so. One whose cleanup policy or timestamps are not the
 * expected ones is refused: the barrier's proof stands on them. A broker that does not tell configurations is
 * believed, with a warning. Owner: the worker's loop. Source: docs/protocol.md 4.2.
 */
#include "conf/options.h"
#include "ports/ports.h"

enum { GATE_AGAIN_MS = 1000, GATE_TOPICS = 4 };
enum gate_state { GATE_ASKING, GATE_OPEN, GATE_REFUSED };

struct gate; /* opaque */

struct gate *gate_new(const struct options *o, const struct ports *ports);
void gate_free(struct gate *g);
enum gate_state gate_state(const struct gate *g, struct err *e); /* REFUSED: e says which topic and why */
int64_t gate_turn(struct gate *g, int64_t now_ms);
