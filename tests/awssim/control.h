#pragma once
/*
 * control - the paths below /_/, by which a test reads and changes the simulator. They are not signed and not
 * in the call log.
 *
 *   GET  /_/healthz              {"ok":true}
 *   GET  /_/calls[?after=SEQ]    the call log, a JSON line an entry
 *   GET  /_/instances            [{"id","state","shown","type","tags",…}]
 *   POST /_/set                  {"instances":[{"id":…, "state":…, "tags":…, "agent":{…}, …}],
 *   "terminate":[…]} POST /_/faults               {"clear": true | "NAME", "faults":[…]}
 */
#include "awssim/core.h"

/* True if the path is one of these: the reply is whole. */
bool control_answer(struct awssim *sim, const struct awssim_request *request, struct awssim_reply *reply);
