#pragma once
/*
 * metadata - credentials from the machine itself: a container's endpoint, or the instance's (IMDSv2; never version 1).
 *
 * One try at a time, a few HTTP requests each, never by a proxy: metadata_begin() starts it, completions are only recorded,
 * metadata_turn() goes on. The owner decides about further tries. Source: "Container credential provider", "Use the Instance
 * Metadata Service", the SDKs.
 */
#include "aws/credentials.h"
#include "ports/ports.h"

enum {
    METADATA_CONNECT_MS = 2000,
    METADATA_TIMEOUT_MS = 3000,
    METADATA_REPLY_MAX = 64 * 1024,
    METADATA_TOKEN_S = 21600
};

struct metadata; /* opaque */

struct metadata *metadata_new(const struct ports *ports,
                              const struct credentials_plan *plan); /* keeps both */
void metadata_free(struct metadata *m);
void metadata_begin(struct metadata *m);

enum metadata_state { METADATA_BUSY, METADATA_DONE, METADATA_FAILED };
/* DONE: *out is the caller's. FAILED: e says why; ERR_UNAVAILABLE may be tried again. */
enum metadata_state metadata_turn(struct metadata *m, struct credentials *out, struct err *e);
