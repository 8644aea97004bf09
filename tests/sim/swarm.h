#pragma once
/*
 * swarm - which faults are on in one history, how likely each is, and how often it struck.
 *
 * A seed switches a random part of all kinds on, each with a rate of its own, so that rare combinations are
 * met (Groce and others, "Swarm testing"). Whoever calls a seam asks swarm_strike() at the place of the
 * fault; nothing strikes once swarm_quiet() has been said. One table, so that coverage can be counted.
 */
#include "sim/place.h"

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
    FAULT_REDIS_OLDER,       /* the views are as an older build would have made them */
    FAULT_REDIS_WRONGTYPE,   /* a foreign writer makes a key of another type */
    /* rules of AWS's simulator: struck there, counted here; what is of the estate is counted as it is
     * drawn */
    FAULT_AWS_ERROR, /* 500, without an effect */
    FAULT_AWS_AFTER, /* and after it */
    FAULT_AWS_THROTTLE,
    FAULT_AWS_HTML,       /* a load balancer's page */
    FAULT_AWS_SLOW,       /* the reply comes late */
    FAULT_AWS_REFUSED,    /* a start or a stop, in one of EC2's words: no capacity, a limit, a right … */
    FAULT_AWS_SPECS_DOWN, /* DynamoDB answers nobody for minutes */
    FAULT_AWS_DESCRIBES_DOWN, /* nor does DescribeInstances */
    FAULT_AWS_SLOW_MACHINE,   /* of the estate: it starts or stops for minutes, */
    FAULT_AWS_STALE,          /* it is described as it was seconds before, */
    FAULT_AWS_FALLS_BACK,     /* its starts end in stopped or terminated, */
    FAULT_AWS_STUCK,          /* its stops do not end, */
    FAULT_AWS_AGENT,          /* its guest's agent is away, slow, or fails */
    FAULT_AWS_OF_ITS_KIND,    /* it is one of those that are not to be stopped */
    FAULT_AWS_TERMINATED,     /* a machine, by somebody else */
    FAULT_AWS_RETAGGED,       /* a machine has another tier's tag, or none */
    FAULT_PRODUCERS_DOWN,     /* all of them, for minutes */
    FAULT_WORKERS_DOWN,
    FAULT_CUT_KAFKA, /* one process alone hears nothing of it for a while */
    FAULT_CUT_REDIS, /* and nothing of that */
    FAULT_JOBS_LOST, /* what is in a partition of the jobs topic is gone */
    FAULT_OPTIONS,   /* a process comes again with other options */
    FAULTS
};
extern const char *const fault_names[FAULTS];

struct swarm {
    struct chance chance;
    double rate[FAULTS]; /* of a strike each time it is asked for; 0: off */
    int64_t struck[FAULTS];
    bool quiet;
    struct places *places; /* may be NULL */
    int place;             /* of the call that is asked about; PLACE_NONE: of none */
};

/* Draws what is on. `scale`: 0 no faults at all, 1 as usual. */
void swarm_init(struct swarm *s, uint64_t seed, double scale);
bool swarm_strike(struct swarm *s, enum fault f);
/* What is asked from now on is about a call there (NULL is nobody's swarm). Returns where it was before. */
int swarm_at(struct swarm *s, int place);
/* So many times as likely: where a fault hurts more than elsewhere. */
bool swarm_strike_by(struct swarm *s, enum fault f, double weight);
/* This kind is on, and strikes so many times as often as it may at most. */
void swarm_storm(struct swarm *s, enum fault f, double times);
void swarm_quiet(struct swarm *s); /* from now on nothing strikes */
int64_t swarm_total(const struct swarm *s);
