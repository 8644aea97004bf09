#pragma once
/*
 * replay - where a lost view would have to begin: the replay start L of one partition, kept as the committed
 * offset of <prefix>.coord.
 *
 * L = the lowest offset of a record that no acknowledged idle snapshot covers (docs/protocol.md 4.6); too low
 * only costs replay, too high would lose history, so L moves only when every workload that is not at rest, or
 * owes a snapshot, is one whose first uncovered record this leader has itself read. What the view owes names
 * exactly those workloads. A view that is gone owes nothing to anybody, so that the answer counts when a
 * heartbeat that was sent after it has found the same view.
 */
#include "producer/partition.h"

void replay_saw(struct partition *p, const char *workload, int64_t offset); /* a record of it is in the log */
void replay_covered(struct partition *p); /* a snapshot has been acknowledged: L may move */
void replay_reset(struct partition *p);   /* a new term: nothing has been read */
void replay_beats(struct partition *p);   /* a heartbeat is being sent */
void replay_beaten(struct partition *p,
                   bool ok); /* and its answer: the view stands where this leader's folds end */
void replay_turn(struct partition *p);
