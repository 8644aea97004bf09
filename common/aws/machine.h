#pragma once
/*
 * machine - credentials from the machine itself: a container's endpoint, or the instance's (IMDSv2; never
 * version 1).
 *
 * One try at a time, a few HTTP requests each, never by a proxy: machine_begin() starts it, completions are
 * only recorded, machine_turn() goes on. The owner decides about further tries. Source: "Container credential
 * provider", "Use the Instance Metadata Service", the SDKs.
 */
#include "aws/credentials.h"
#include "ports/ports.h"

enum {
    MACHINE_CONNECT_MS = 2000,
    MACHINE_TIMEOUT_MS = 3000,
    MACHINE_REPLY_MAX = 64 * 1024,
    MACHINE_TOKEN_S = 21600
};

struct machine; /* opaque */

struct machine *machine_new(const struct ports *ports, const struct credentials_plan *plan); /* keeps both */
void machine_free(struct machine *m);
void machine_begin(struct machine *m);

enum machine_state { MACHINE_BUSY, MACHINE_DONE, MACHINE_FAILED };
/* DONE: *out is the caller's. FAILED: e says why; ERR_UNAVAILABLE may be tried again. */
enum machine_state machine_turn(struct machine *m, struct credentials *out, struct err *e);
