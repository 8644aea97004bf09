#pragma once
/*
 * backlog - how many jobs of a led partition are due and how many are in flight, for whoever scales the
 * workers.
 *
 * Counted from the view each BACKLOG_MS, while this producer leads the partition: the jobs of all open steps
 * that are not terminal, and those of them that a worker has leased. A paused run counts nothing. Who has
 * counted nothing yet says nothing, so that "not known" is never taken for "no worker is needed". Nothing
 * decides by it here. (The lag of the workers' group says nothing: offsets are stored at the claim.) Owner:
 * the partition.
 */
#include "producer/partition.h"

enum { BACKLOG_MS = 2000 };

void backlog_turn(struct partition *p);
void backlog_again(struct partition *p); /* the view is looked for anew: the last count stands meanwhile */
void backlog_drop(struct partition *p);  /* it is not led any more: nothing is known here */
