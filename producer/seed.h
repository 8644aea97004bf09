#pragma once
/*
 * seed - builds the lost view of one partition: everything dropped, every workload's idle snapshot loaded,
 * and the position set to where folding has to begin (docs/protocol.md 4.11). Ends by entering REPLAY, by
 * trouble, or by a halt when Kafka no longer holds what is needed.
 */
#include "producer/partition.h"

void seed_start(struct partition *p); /* the committed start and the watermarks of the log are known */
void seed_turn(struct partition *p);  /* reads snapshots */
void seed_stop(struct partition *p);  /* forgets it; nothing happens if there is none */
