#pragma once
/*
 * gate - before the first job: are the topics there, and what they must be?
 *
 * Asked of Kafka until the answer is yes; until then nothing is claimed, and the log and /readyz say which
 * topic, what differs and the remedy, in the producer's words. A broker that does not tell configurations is
 * believed, with a warning. Owner: the worker's loop. Source: docs/protocol.md 4.2.
 */
#include "conf/options.h"
#include "ports/ports.h"

enum { GATE_AGAIN_MS = 1000, GATE_SAY_MS = 30 * 1000, GATE_TOPICS = 4 };

struct gate; /* opaque */

struct gate *gate_new(const struct options *o, const struct ports *ports);
void gate_free(struct gate *g);
/* Once yes, yes for ever. No: why says what the last answer was; ERR_NONE: there was none yet. */
bool gate_open(const struct gate *g, struct err *why);
int64_t gate_turn(struct gate *g, int64_t now_ms);
