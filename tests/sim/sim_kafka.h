#pragma once
/*
 * sim_kafka - a Kafka cluster in memory, and ports/kafka.h over it for any number of processes.
 *
 * Partitions are arrays; a record is in the log at the moment at which its request reaches the broker, and
 * its acknowledgement is on its way after that. The promises K1 to K5 of the port hold whatever fault strikes
 * (tests/component/sim/test_sim_kafka.c runs the bodies of the tests on real brokers against it). The group
 * coordinator is Kafka's with eager round-robin: members hear of a rebalance with a heartbeat, revoke (and
 * commit what they stored) at their next read, and are assigned anew when all have joined; one that is
 * silent for session.timeout is left out, and hears of it when it asks again. Within one producer lane the
 * records of a partition arrive in the order of their appending; a failed one may land later (KAFKA_LATE).
 *
 * Faults are asked of the swarm where they may strike. What only a hand does (a tail that is lost, retention,
 * an offset that goes back) are functions here.
 *
 * Owner: the fleet, or a test. The cluster outlives its clients.
 */
#include "ports/kafka.h"
#include "sim/machine.h"
#include "sim/scheduler.h"
#include "sim/swarm.h"

struct sim_kafka;        /* the cluster; opaque */
struct sim_kafka_client; /* what one process has of it; opaque */

struct sim_kafka_record { /* in a log */
    char *key, *value;    /* owned; NULL: none */
    size_t key_n, value_n;
    struct kafka_header *headers; /* owned, with their texts */
    size_t header_count;
    int64_t ts_ms;
};

/* Told of each record at the moment at which it is in the log. */
typedef void sim_kafka_heard(void *self, const char *topic, int partition, int64_t offset,
                             const struct sim_kafka_record *r);

/* swarm NULL: no faults. */
struct sim_kafka *sim_kafka_new(struct scheduler *s, struct swarm *swarm, uint64_t seed);
void sim_kafka_free(struct sim_kafka *k); /* its clients must have been freed */
void sim_kafka_listen(struct sim_kafka *k, sim_kafka_heard *heard, void *self);

/* owner: its completions are his; machine: whose boot clock it reads. Both outlive it. */
struct sim_kafka_client *sim_kafka_client_new(struct sim_kafka *k, uint64_t owner, const struct machine *m);
/* As a death: what was on the wire goes on, nobody hears of it. After scheduler_end(owner). */
void sim_kafka_client_free(struct sim_kafka_client *c);
void sim_kafka_client_count(struct sim_kafka_client *c, struct calls *calls); /* tells it of each append */
struct kafka sim_kafka_port(struct sim_kafka_client *c);
/* The process has been stopped, or goes on: a member that is silent is left out. */
void sim_kafka_client_hold(struct sim_kafka_client *c, bool held);
/* The process alone cannot reach the cluster for so long; what it appends meanwhile waits, or ends. */
void sim_kafka_client_cut(struct sim_kafka_client *c, int64_t us);
/* A reader stopped before NOTHING since the last call: the next turn comes without a wait. */
bool sim_kafka_client_unread(struct sim_kafka_client *c);

/* By hand. */
void sim_kafka_create(struct sim_kafka *k, const char *topic, int partitions, const char *timestamp_type,
                      const char *cleanup);
int64_t sim_kafka_end(const struct sim_kafka *k, const char *topic, int partition);
void sim_kafka_cut(struct sim_kafka *k, const char *topic, int partition, int64_t low); /* retention */
void sim_kafka_lose(struct sim_kafka *k, const char *topic, int partition,
                    int64_t end); /* the tail: what was acknowledged is gone */
void sim_kafka_rebalance(struct sim_kafka *k, const char *group);
void sim_kafka_set_committed(struct sim_kafka *k, const char *group, const char *topic, int partition,
                             int64_t offset); /* -1: lost */
int64_t sim_kafka_committed(const struct sim_kafka *k, const char *group, const char *topic, int partition);
/* Nothing of this partition answers for so long. */
void sim_kafka_down(struct sim_kafka *k, const char *topic, int partition, int64_t us);
