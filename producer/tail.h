#pragma once
/*
 * tail - follows the log of one partition from a known offset and folds every record into the view, in order,
 * pipelined.
 *
 * What the fold says is acted on at once: ADMIT, DRAIN, PLAN, DONE look at what is owed, OPEN pumps. A record
 * that the view did not take stops the tail (partition_trouble, partition_halt): what was sent after it is
 * forgotten, and read again from the view's position.
 */
#include "producer/partition.h"

void tail_start(struct partition *p, int64_t offset); /* reads from there; forgets what was on its way */
void tail_stop(struct partition *p);
void tail_turn(struct partition *p); /* reads what is there, up to the pipeline's bound */
