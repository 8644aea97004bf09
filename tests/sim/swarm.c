#include "sim/swarm.h"

const char *const fault_names[FAULTS] = {
    [FAULT_KILL] = "kill",
    [FAULT_STOP] = "stop",
    [FAULT_DRAIN] = "drain",
    [FAULT_CLOCK_JUMP] = "clock-jump",
    [FAULT_HTTP_DELAY] = "http-delay",
    [FAULT_HTTP_LOST] = "http-lost",
    [FAULT_HTTP_REPLY_LOST] = "http-reply-lost",
    [FAULT_HTTP_CUT] = "http-cut",
    [FAULT_HTTP_REFUSED] = "http-refused",
    [FAULT_KAFKA_ACK_LATE] = "kafka-ack-late",
    [FAULT_KAFKA_ACK_LOST] = "kafka-ack-lost",
    [FAULT_KAFKA_LOST] = "kafka-lost",
    [FAULT_KAFKA_LATE] = "kafka-late",
    [FAULT_KAFKA_TWICE] = "kafka-twice",
    [FAULT_KAFKA_FATAL] = "kafka-fatal",
    [FAULT_KAFKA_FETCH_STALL] = "kafka-fetch-stall",
    [FAULT_KAFKA_DOWN] = "kafka-down",
    [FAULT_KAFKA_ASK_LOST] = "kafka-ask-lost",
    [FAULT_KAFKA_REBALANCE] = "kafka-rebalance",
    [FAULT_KAFKA_SLOW_REVOKE] = "kafka-slow-revoke",
    [FAULT_KAFKA_OFFSET_OLD] = "kafka-offset-old",
    [FAULT_REDIS_LOST_BEFORE] = "redis-lost-before",
    [FAULT_REDIS_LOST_AFTER] = "redis-lost-after",
    [FAULT_REDIS_SLOW] = "redis-slow",
    [FAULT_REDIS_FLUSH] = "redis-flush",
    [FAULT_REDIS_RESTART] = "redis-restart",
    [FAULT_REDIS_ROLLBACK] = "redis-rollback",
    [FAULT_REDIS_FAILOVER] = "redis-failover",
    [FAULT_REDIS_SPLIT] = "redis-split",
    [FAULT_REDIS_LOADING] = "redis-loading",
    [FAULT_REDIS_OOM] = "redis-oom",
    [FAULT_REDIS_READONLY] = "redis-readonly",
    [FAULT_REDIS_NOSCRIPT] = "redis-noscript",
    [FAULT_REDIS_WRONGTYPE] = "redis-wrongtype",
    [FAULT_AWS_ERROR] = "aws-error",
    [FAULT_AWS_AFTER] = "aws-after",
    [FAULT_AWS_THROTTLE] = "aws-throttle",
    [FAULT_AWS_HTML] = "aws-html",
    [FAULT_AWS_SLOW] = "aws-slow",
};

/* How likely a fault that is on may be at most, each time that it is asked for: by how often that is. */
static const double most[FAULTS] = {
    [FAULT_KILL] = 1e-4,
    [FAULT_STOP] = 5e-5,
    [FAULT_DRAIN] = 3e-5,
    [FAULT_CLOCK_JUMP] = 1e-4,
    [FAULT_HTTP_DELAY] = 0.05,
    [FAULT_HTTP_LOST] = 0.05,
    [FAULT_HTTP_REPLY_LOST] = 0.05,
    [FAULT_HTTP_CUT] = 0.05,
    [FAULT_HTTP_REFUSED] = 0.05,
    [FAULT_KAFKA_ACK_LATE] = 0.05,
    [FAULT_KAFKA_ACK_LOST] = 0.02,
    [FAULT_KAFKA_LOST] = 0.02,
    [FAULT_KAFKA_LATE] = 0.02,
    [FAULT_KAFKA_TWICE] = 0.02,
    [FAULT_KAFKA_FATAL] = 0.005,
    [FAULT_KAFKA_FETCH_STALL] = 0.02,
    [FAULT_KAFKA_DOWN] = 0.002,
    [FAULT_KAFKA_ASK_LOST] = 0.01,
    [FAULT_KAFKA_REBALANCE] = 0.002,
    [FAULT_KAFKA_SLOW_REVOKE] = 0.3,
    [FAULT_KAFKA_OFFSET_OLD] = 0.05,
    [FAULT_REDIS_LOST_BEFORE] = 5e-4,
    [FAULT_REDIS_LOST_AFTER] = 5e-4,
    [FAULT_REDIS_SLOW] = 5e-4,
    [FAULT_REDIS_FLUSH] = 3e-5,
    [FAULT_REDIS_RESTART] = 3e-5,
    [FAULT_REDIS_ROLLBACK] = 3e-5,
    [FAULT_REDIS_FAILOVER] = 3e-5,
    [FAULT_REDIS_SPLIT] = 3e-5,
    [FAULT_REDIS_LOADING] = 3e-5,
    [FAULT_REDIS_OOM] = 3e-5,
    [FAULT_REDIS_READONLY] = 3e-5,
    [FAULT_REDIS_NOSCRIPT] = 1e-4,
    [FAULT_REDIS_WRONGTYPE] = 1e-5,
    [FAULT_AWS_ERROR] = 0.05,
    [FAULT_AWS_AFTER] = 0.05,
    [FAULT_AWS_THROTTLE] = 0.1,
    [FAULT_AWS_HTML] = 0.03,
    [FAULT_AWS_SLOW] = 0.05,
};

enum { ONE_OF = 3 /* kinds are on; a rate is a random part of the most */ };

void swarm_init(struct swarm *s, uint64_t seed, double scale)
{
    *s = (struct swarm){.chance = {seed}};
    for (int f = 0; f < FAULTS; f++) {
        bool on = chance_between(&s->chance, 1, ONE_OF) == 1;
        double part = (double)chance_between(&s->chance, 1, 100) / 100;
        s->rate[f] = on ? most[f] * part * scale : 0;
    }
}

void swarm_storm(struct swarm *s, enum fault f, double times)
{
    s->rate[f] = most[f] * times;
}

bool swarm_strike(struct swarm *s, enum fault f)
{
    return swarm_strike_by(s, f, 1);
}

bool swarm_strike_by(struct swarm *s, enum fault f, double weight)
{
    if (s->quiet || !chance_hit(&s->chance, s->rate[f] * weight))
        return false;
    s->struck[f]++;
    return true;
}

void swarm_quiet(struct swarm *s)
{
    s->quiet = true;
}

int64_t swarm_total(const struct swarm *s)
{
    int64_t n = 0;

    for (int f = 0; f < FAULTS; f++)
        n += s->struck[f];
    return n;
}
