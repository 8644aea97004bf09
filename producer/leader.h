#pragma once
/*
 * leader - the lock, the high watermark and the heartbeat of one partition.
 *
 * The heartbeat lets leases be granted for the next 5 s; it is sent only when no record is on its way into
 * the view, so that "the last offset that I folded" is exact, and with a high watermark whose age counts from
 * before it was asked for.
 */
#include "producer/partition.h"

void leader_lock(struct partition *p); /* asks for it, or renews it, when it is time */
bool leader_held(const struct partition *p);
void leader_marks(struct partition *p); /* asks for the watermarks when the known ones are old */
void leader_beat(struct partition *p);  /* beats when it is time and the tail is quiet */
/* The beat wants the tail to be quiet: no further records until it has been sent. */
bool leader_waits(const struct partition *p);
void leader_open(struct partition *p); /* appends ViewOpened, not more often than OPEN_AGAIN_MS */
