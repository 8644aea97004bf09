#pragma once
/*
 * fake_leader_files - what a producer under test finds around it: one region, one folder with one file of
 * rows (fake_leader.rows), and one time zone, UTC. The port is a struct fake_leader.
 */
#include "ports/process.h"

extern const struct process_ops fake_leader_files;
