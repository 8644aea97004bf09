#pragma once
/*
 * strikes - the faults that strike the fleet from outside of any call: all of one role are down, a process is
 * cut off, machines are changed by somebody else, deliveries are lost, options change at a restart; and the
 * rules by which AWS's simulator is in trouble.
 *
 * Pure of the fleet: it is told what it may touch. Owner: the fleet.
 */
#include "sim/daemon.h"
#include "sim/estate.h"

/* AWS's own, for a history whose faults end after span_ms: rules of its scenario, JSON behind commas. */
void strikes_rules(struct swarm *s, struct chance *c, const struct estate *e, int64_t span_ms,
                   struct buf *out);
/* Options of a daemon's next life; none when nothing strikes. */
void strikes_options(struct swarm *s, struct chance *c, struct daemon *d);
/* Cuts it off from Kafka, or from Redis. */
void strikes_cut(struct swarm *s, struct chance *c, struct daemon *d);
/* Somebody terminates a machine, or takes its tag away. */
void strikes_machines(struct swarm *s, struct chance *c, const struct estate *e, struct sim_aws *aws);
/* A partition of the jobs topic is empty. */
void strikes_jobs(struct swarm *s, struct chance *c, struct sim_kafka *k, const char *topic, int partitions);
