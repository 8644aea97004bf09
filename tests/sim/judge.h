#pragma once
/*
 * judge - whether what happened was right: told of each record at the moment at which it is in the log, of
 * each call at the moment of its effect in the simulated EC2, and of each change of a machine.
 *
 * Written from docs/contract.md and docs/protocol.md 3 by itself: it knows the workloads from the estate, the
 * runs from the log, and nothing of the product's fold or scripts. Rules:
 *   P1      a member is started or stopped only when every job of the earlier steps of its run has its
 *           terminal in the log, what they call done has been seen in its state since the run was accepted,
 *           and no failure or doubt among them ends the run there
 *   S1b     a step changes nothing any more once a later step of its run has begun; and what was left
 *           unsettled is then neither called for nor on the way
 *   P5      once a later run has touched a workload, an earlier one never does again; and once a Drained that
 *           ends a run is in the log, the run sends nothing more, and nothing of it is on the way that AWS
 *           would still accept
 *   ABSENT  a member of a tier that asks is stopped only after its guest said ABSENT to this very attempt,
 *           which is not old when the stop is sent
 *   KEPT    a machine that its guest keeps is never stopped
 *   ONE     a run has one result
 *   P6      a tick, and a request's id, begin one run: of two requests for one tick the first in the log, and
 *           no run is accepted for two requests
 *   P7      a job with which workers die in hand is given out no more after three deaths (and those that
 *           were on their way by then); one that is given up as poison has killed, and is in a dead letter
 *   P8      a run that is paused, cancelled or over starts no call of change any more, once who holds its
 *           leases must have heard of it; it is told as cancelled only if a Cancel names it
 *   MUST    nobody folds past a record that must be understood and is not
 *   COUNT   a run's counts are those of its members' outcomes
 *   OWN     no run touches what it has not planned
 * and at the end, after a time without faults: every run that was asked for has its result (P2), and none was
 * given up at its deadline, six hours after it began.
 *
 * Owner: the fleet. The first broken rule is kept in words; later ones are counted.
 */
#include "awssim/core.h"
#include "sim/estate.h"
#include "sim/sim_http.h"
#include "sim/sim_kafka.h"
#include "sim/trace.h"

enum { JUDGE_WORDS_MAX = 600 };

struct judge; /* opaque */

struct judge *judge_new(const struct estate *e, struct trace *trace, const char *log_topic);
void judge_free(struct judge *j);

/* When the request was sent whose effect is told next, true time in ms; 0: nobody sent one. */
void judge_sent(struct judge *j, int64_t sent_ms);
void judge_aws(void *self, const struct awssim_event *event); /* an awssim_listener */
/* A request has left a process. */
void judge_sending(struct judge *j, const struct sim_aws_sent *sent);
/* A process died with this job in hand. */
void judge_death(struct judge *j, const char *job);
/* The view may have been lost, and what it counted with it. */
void judge_forgot(struct judge *j);
void judge_record(struct judge *j, const char *topic, int partition, int64_t offset,
                  const struct sim_kafka_record *r);

/* Runs that were asked for and have no result yet. */
int judge_open(const struct judge *j);
void judge_end(struct judge *j); /* the time without faults is over: what is still open is a broken rule */

struct judge_counts {
    int64_t broken, calls, changes, records, runs, finished;
};
struct judge_counts judge_counts(const struct judge *j);
const char *judge_first(const struct judge *j); /* the first broken rule; "": none */
