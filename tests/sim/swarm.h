#pragma once
/*
 * swarm - which faults are on in one history, how likely each is, and how often it struck.
 *
 * A seed switches a random part of all kinds on, each with a rate of its own, so that rare combinations are
 * met (Groce and others, "Swarm testing"). Whoever calls a seam asks swarm_strike() at the place of the
 * fault; nothing strikes once swarm_quiet() has been said. One table, so that coverage can be counted.
 */
#include "awssim/chance.h"

enum fault {
    FAULT_KILL,              /* a process dies, at any completion */
    FAULT_STOP,              /* stopped, for up to minutes, and goes on */
    FAULT_DRAIN,             /* SIGTERM, and started anew */
    FAULT_CLOCK_JUMP,        /* a wall clock */
    FAULT_HTTP_DELAY,        /* a request under way for up to minutes: it may land when its sender is gone */
    FAULT_HTTP_LOST,         /* the request */
    FAULT_HTTP_REPLY_LOST,   /* after the effect */
    FAULT_HTTP_CUT,          /* the reply, in the middle */
    FAULT_HTTP_REFUSED,      /* never sent */
    FAULT_KAFKA_ACK_LATE,    /* by seconds */
    FAULT_KAFKA_ACK_LOST,    /* appended, and reported as failed */
    FAULT_KAFKA_LOST,        /* not appended, and reported as failed */
    FAULT_KAFKA_LATE,        /* reported as failed, and appended after that */
    FAULT_KAFKA_TWICE,       /* appended twice */
    FAULT_KAFKA_FATAL,       /* the producer's whole lane fails */
    FAULT_KAFKA_FETCH_STALL, /* a reader hears nothing for seconds */
    FAULT_KAFKA_DOWN,        /* a partition has no leader for seconds */
    FAULT_KAFKA_ASK_LOST,    /* a question is not answered */
    FAULT_KAFKA_REBALANCE,   /* without a reason */
    FAULT_KAFKA_SLOW_REVOKE, /* a member hears of a rebalance late */
    FAULT_KAFKA_OFFSET_OLD,  /* a group's committed offset goes back */
    FAULT_REDIS_LOST_BEFORE, /* the connection, before the command ran */
    FAULT_REDIS_LOST_AFTER,  /* and after it ran */
    FAULT_REDIS_SLOW,        /* beyond the deadline, or below it */
    FAULT_REDIS_FLUSH,       /* FLUSHALL */
    FAULT_REDIS_RESTART,     /* with everything lost, another run_id */
    FAULT_REDIS_ROLLBACK,    /* a restart with the last seconds lost */
    FAULT_REDIS_FAILOVER,    /* to a replica that is behind */
    FAULT_REDIS_SPLIT,       /* the same, and the old primary lives on, and comes back */
    FAULT_REDIS_LOADING,     /* for seconds, as the next two */
    FAULT_REDIS_OOM,         /* no memory */
    FAULT_REDIS_READONLY,    /* a replica for a while */
    FAULT_REDIS_NOSCRIPT,    /* it forgets its scripts */
    FAULT_REDIS_WRONGTYPE,   /* a foreign writer makes a key of another type */
    /* rules of AWS's simulator: struck there, counted here */
    FAULT_AWS_ERROR, /* 500, without an effect */
    FAULT_AWS_AFTER, /* and after it */
    FAULT_AWS_THROTTLE,
    FAULT_AWS_HTML, /* a load balancer's page */
    FAULT_AWS_SLOW, /* the reply comes late */
    FAULTS
};
extern const char *const fault_names[FAULTS];

struct swarm {
    struct chance chance;
    double rate[FAULTS]; /* of a strike each time it is asked for; 0: off */
    int64_t struck[FAULTS];
    bool quiet;
};

/* Draws what is on. `scale`: 0 no faults at all, 1 as usual. */
void swarm_init(struct swarm *s, uint64_t seed, double scale);
bool swarm_strike(struct swarm *s, enum fault f);
/* So many times as likely: where a fault hurts more than elsewhere. */
bool swarm_strike_by(struct swarm *s, enum fault f, double weight);
/* This kind is on, and strikes so many times as often as it may at most. */
void swarm_storm(struct swarm *s, enum fault f, double times);
void swarm_quiet(struct swarm *s); /* from now on nothing strikes */
int64_t swarm_total(const struct swarm *s);
