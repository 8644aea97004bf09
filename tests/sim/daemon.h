#pragma once
/*
 * daemon - a producer or a worker as a process of the simulation: the whole daemon over simulated ports, with
 * its turns, its death, its being stopped and its coming again.
 *
 * As in the program's loop, a turn follows each completion, and comes by itself when the last one said so. A
 * death takes everything that the process had: what was on its way to the world goes on, what was on its way
 * to the process is dropped. The next life is another owner, with chance and ports of its own, on the same
 * machine (clocks, disk).
 *
 * Owner: the fleet, which decides when; a daemon may be killed or stopped only between two completions.
 */
#include "base/log.h"
#include "base/mem.h"
#include "conf/options.h"
#include "ports/ports.h"
#include "sim/sim_http.h"
#include "sim/sim_kafka.h"
#include "sim/sim_process.h"
#include "sim/sim_redis.h"
#include "sim/trace.h"

enum daemon_kind { DAEMON_PRODUCER, DAEMON_WORKER };
enum daemon_illness { DAEMON_WELL, DAEMON_SPINS, DAEMON_GROWS, DAEMON_HANGS };
enum {
    DAEMON_NAME_MAX = 16,
    DAEMON_OPTIONS_MAX = 4,
    DAEMON_OPTION_MAX = 48,
    DAEMON_MEMORY_MAX = 128 * 1024 * 1024, /* bytes that one process may hold */
};

struct daemon;
/* It does not come to rest, or is too large: the history ends. */
typedef void daemon_failed(void *self, const struct daemon *d, const char *words);

struct daemon_world { /* what all share; borrowed */
    struct scheduler *s;
    struct swarm *swarm;
    struct sim_kafka *kafka;
    struct sim_aws *aws;
    struct sim_redis *redis;
    struct sim_disk *disk;
    struct trace *trace;
    struct places *places;
    const char *const *flags; /* of every daemon, NULL-terminated */
    const char *const *env;
    daemon_failed *failed;
    void *self; /* of failed */
};

struct daemon {
    const struct daemon_world *w;
    enum daemon_kind kind;
    char name[DAEMON_NAME_MAX];
    struct machine machine;
    struct chance chance; /* of all its lives */
    struct mem_account memory;
    char options_text[DAEMON_OPTIONS_MAX][DAEMON_OPTION_MAX]; /* of its next life, behind everybody's flags */
    int option_count;
    uint64_t owner; /* 0: not running */
    bool held;
    int lives;
    int64_t drain_by_us;  /* INT64_MAX: no drain has begun */
    place_befall *befall; /* an aim strikes: of the fleet's */
    place_answered *answered;
    void *fleet;
    /* of one life */
    struct chance own;
    struct options options;
    struct log log;
    struct ports ports;
    struct calls calls;
    struct sim_kafka_client *kafka;
    struct sim_http_client *http;
    struct sim_redis_client *redis;
    struct sim_process_client *process;
    void *program; /* struct producer or struct worker */
    struct greeting *greeting;
    uint64_t turn; /* ticket; 0: none is due */
    int64_t turn_us;
    int64_t busy_turns;          /* in a row, that asked for the next one at once */
    enum daemon_illness illness; /* put on: to see that it is told */
    void *growth;
    size_t growth_bytes;
};

void daemon_init(struct daemon *d, const struct daemon_world *w, enum daemon_kind kind, int number,
                 uint64_t seed);
/* A new life. False: it refused to start, and said why in the trace. */
bool daemon_start(struct daemon *d);
/* Whose turn it is just now; NULL: the world's. For who looks from outside. */
const struct daemon *daemon_in_turn(void);
void daemon_kill(struct daemon *d);            /* SIGKILL; also of one that is stopped */
void daemon_hold(struct daemon *d, bool held); /* SIGSTOP, SIGCONT */
void daemon_drain(struct daemon *d);           /* SIGTERM */
void daemon_release(struct daemon *d);         /* at the simulation's end */
/* One of its completions is about to be fired: a turn follows it. */
void daemon_heard(struct daemon *d, const char *what);
