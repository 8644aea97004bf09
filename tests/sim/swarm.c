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
    [FAULT_REDIS_OLDER] = "redis-older",
    [FAULT_REDIS_WRONGTYPE] = "redis-wrongtype",
    [FAULT_AWS_ERROR] = "aws-error",
    [FAULT_AWS_AFTER] = "aws-after",
    [FAULT_AWS_THROTTLE] = "aws-throttle",
    [FAULT_AWS_HTML] = "aws-html",
    [FAULT_AWS_SLOW] = "aws-slow",
    [FAULT_AWS_REFUSED] = "aws-refused",
    [FAULT_AWS_SPECS_DOWN] = "aws-specs-down",
    [FAULT_AWS_DESCRIBES_DOWN] = "aws-describes-down",
    [FAULT_AWS_SLOW_MACHINE] = "aws-slow-machine",
    [FAULT_AWS_STALE] = "aws-stale",
    [FAULT_AWS_FALLS_BACK] = "aws-falls-back",
    [FAULT_AWS_STUCK] = "aws-stuck",
    [FAULT_AWS_AGENT] = "aws-agent",
    [FAULT_AWS_OF_ITS_KIND] = "aws-of-its-kind",
    [FAULT_AWS_TERMINATED] = "aws-terminated",
    [FAULT_AWS_RETAGGED] = "aws-retagged",
    [FAULT_PRODUCERS_DOWN] = "producers-down",
    [FAULT_WORKERS_DOWN] = "workers-down",
    [FAULT_CUT_KAFKA] = "cut-kafka",
    [FAULT_CUT_REDIS] = "cut-redis",
    [FAULT_JOBS_LOST] = "jobs-lost",
    [FAULT_OPTIONS] = "options",
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
    [FAULT_KAFKA_REBALANCE] = 0.02,
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
    [FAULT_REDIS_OLDER] = 1e-5,
    [FAULT_REDIS_WRONGTYPE] = 1e-5,
    [FAULT_AWS_ERROR] = 0.05,
    [FAULT_AWS_AFTER] = 0.05,
    [FAULT_AWS_THROTTLE] = 0.1,
    [FAULT_AWS_HTML] = 0.03,
    [FAULT_AWS_SLOW] = 0.05,
    [FAULT_AWS_REFUSED] = 0.3,
    [FAULT_AWS_SPECS_DOWN] = 1,
    [FAULT_AWS_DESCRIBES_DOWN] = 1,
    [FAULT_AWS_SLOW_MACHINE] = 0.3,
    [FAULT_AWS_STALE] = 0.3,
    [FAULT_AWS_FALLS_BACK] = 0.2,
    [FAULT_AWS_STUCK] = 0.1,
    [FAULT_AWS_AGENT] = 0.5,
    [FAULT_AWS_OF_ITS_KIND] = 0.2,
    [FAULT_AWS_TERMINATED] = 1e-3,
    [FAULT_AWS_RETAGGED] = 5e-3,
    [FAULT_PRODUCERS_DOWN] = 1e-3,
    [FAULT_WORKERS_DOWN] = 1e-3,
    [FAULT_CUT_KAFKA] = 3e-3,
    [FAULT_CUT_REDIS] = 3e-3,
    [FAULT_JOBS_LOST] = 3e-3,
    [FAULT_OPTIONS] = 1,
};

/* What a fault means for the call that it strikes, and one more: 0 is none. */
static const int act_of[FAULTS] = {
    [FAULT_HTTP_DELAY] = PLACE_DELAY + 1,      [FAULT_HTTP_LOST] = PLACE_LOSS + 1,
    [FAULT_HTTP_REPLY_LOST] = PLACE_LOSS + 1,  [FAULT_HTTP_REFUSED] = PLACE_LOSS + 1,
    [FAULT_HTTP_CUT] = PLACE_LOSS + 1,         [FAULT_KAFKA_ACK_LATE] = PLACE_DELAY + 1,
    [FAULT_KAFKA_ACK_LOST] = PLACE_LOSS + 1,   [FAULT_KAFKA_LOST] = PLACE_LOSS + 1,
    [FAULT_KAFKA_LATE] = PLACE_DELAY + 1,      [FAULT_REDIS_LOST_BEFORE] = PLACE_LOSS + 1,
    [FAULT_REDIS_LOST_AFTER] = PLACE_LOSS + 1, [FAULT_REDIS_SLOW] = PLACE_DELAY + 1,
};

enum { ONE_OF = 3 /* kinds are on; a rate is a random part of the most */ };

void swarm_init(struct swarm *s, uint64_t seed, double scale)
{
    *s = (struct swarm){.chance = {seed}, .place = PLACE_NONE};
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
    bool here = s->places && s->place >= 0 && act_of[f];
    enum place_act act = here ? (enum place_act)(act_of[f] - 1) : PLACE_ACTS;

    if (s->quiet)
        return false;
    if (!chance_hit(&s->chance, s->rate[f] * weight) && !(here && places_aim(s->places, s->place, act)))
        return false;
    s->struck[f]++;
    if (here)
        places_met(s->places, s->place, act);
    return true;
}

int swarm_at(struct swarm *s, int place)
{
    int before = s ? s->place : PLACE_NONE;

    if (s)
        s->place = place;
    return before;
}

void swarm_quiet(struct swarm *s)
{
    s->quiet = true;
    if (s->places)
        s->places->quiet = true;
}

int64_t swarm_total(const struct swarm *s)
{
    int64_t n = 0;

    for (int f = 0; f < FAULTS; f++)
        n += s->struck[f];
    return n;
}
