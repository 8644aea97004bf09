#pragma once
/*
 * options - every setting of the four programs, from one table.
 *
 * One dotted name is at once the flag `--kafka.brokers V` (or `=V`), the variable EC2SCHED_KAFKA_BROKERS and
 * the file key `kafka.brokers = V`. Flag > variable > file > default. One file serves all four programs: each
 * accepts the names of all. Unknown flags and file keys are errors with the nearest known name; unknown
 * EC2SCHED_ variables are a warning (a Kubernetes Service named ec2sched-redis injects EC2SCHED_REDIS_PORT).
 * An empty variable is no variable. Of a flag that is repeated the last counts; a key that is repeated in the
 * file is an error. `--help` and docs/configuration.md are printed from the table.
 *
 * The file: --config, else EC2SCHED_CONFIG, else /etc/ec2sched/ec2sched.conf if it exists. Lines are `key =
 * value`, empty, or a comment that begins with #. kafka.x.<property> goes to librdkafka as it is; what the
 * protocol sets itself is refused.
 *
 * Values: durations are seconds with an optional fraction ("2.5") or a unit (ms, s, m, h, d), kept as
 * milliseconds. Secrets accept @/path/to/file (read here, trailing newline dropped), print as ***, stand in
 * no error message, and are wiped on release; an URL prints without its user part. Booleans: the flag alone
 * is true, `--observe=false` is the other.
 *
 * Owner: main.c, for the life of the program; everyone else borrows it const.
 */
#include "base/log.h"
#include "base/str.h"
#include "ports/process.h"

struct options_pair { /* kafka.x.<property> = value */
    char *name, *value;
    bool secret;
};

struct options {
    char *config; /* the file that was read; NULL: none */
    /* names that the command line itself gave: a verb may have a meaning of its own for one */
    struct strs flags;
    struct {
        int format, level; /* enum log_format, enum log_level */
    } log;
    struct {
        char *brokers, *prefix;
        int64_t jobs_partitions; /* of the jobs topic, when it is created */
        int64_t log_partitions;  /* of the event log, when it is created: fixed for ever after (12) */
        struct options_pair *x;
        size_t x_count;
    } kafka;
    struct {
        char *url, *username, *password, *prefix; /* prefix: kafka.prefix unless set */
        int64_t timeout_ms;
    } redis;
    struct {
        char *source, *tables_prefix, *region; /* region: NULL = the SDK's */
        bool strict;                           /* an unknown attribute refuses the row */
    } specs;
    struct {
        int64_t time_scale; /* a simulator's: waits for states are divided by it, paces times it; 1 in life */
        enum aws_pace { PACE_PUBLISHED, PACE_LEARN } pace;
    } aws;
    struct {
        char *listen; /* the program's default unless set; NULL: a program without one */
    } admin;
    struct {
        int64_t concurrency;
        int64_t poll_ms; /* the first two waits; the third is twice, all later ones three times as long */
        char *state;
        int64_t max_expiries, max_publish;
    } worker;
    struct {
        int64_t since_ms, runs, memory_mb;
    } monitor;
    struct {
        int64_t ttl_ms;
    } lease;
    struct {
        int64_t window_ms; /* T_aws */
    } fence;
    struct {
        int64_t timeout_ms;
    } drain;
    struct {
        int64_t deadline_ms; /* 0: computed at admission */
    } run;
    struct {
        int64_t max_ms;
    } pause;
    struct {
        int64_t refresh_ms, catchup_ms;
        int policy; /* enum catchup_policy (core/catchup) */
        char *zoneinfo;
    } schedule;
    bool observe;
};

enum {
    OPTIONS_EXIT_WRONG = 2 /* what a program ends with when options_load failed; the command line's, too */
};

enum options_exit { OPTIONS_GO, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_HEALTH };

/* What a program tells about itself. */
struct options_program {
    const char *name;    /* "ec2sched-worker" */
    const char *summary; /* one line */
    const char *const
        *about; /* dotted names, or prefixes that end in '.', that --help shows first; NULL-terminated */
    const char *listen; /* default of admin.listen; NULL for the command line */
};

/*
 * Reads everything. argv[0] is skipped. Words and flags that are not in the table are errors for a daemon
 * (rest == NULL); for the command line they are left in `rest`, in order, for the verb's table: ours are
 * taken out wherever they stand before a `--`. Warnings (unknown variables) go to `warnings`. On failure *o
 * is released: ERR_CONFIG, one line with the place and the remedy. For OPTIONS_HELP and OPTIONS_VERSION
 * nothing but the flags was looked at, and *o is empty: help is to be had even when the file is broken.
 * --health is known to programs with a `listen`.
 */
MUST_CHECK bool options_load(struct options *o, const struct options_program *p,
                             const struct process *process, int argc, char *const *argv, struct strs *rest,
                             struct strs *warnings, enum options_exit *exit, struct err *e);
void options_release(struct options *o);

void options_help(const struct options_program *p, struct buf *out);
void options_markdown(struct buf *out); /* docs/configuration.md's table, every option */
void options_print(const struct options *o,
                   struct buf *out); /* name = value, secrets as *** : the start-up log's view */

/* The option that somebody who wrote `name` (without the --) may have meant; NULL: none is near. */
const char *options_nearest(struct str name);

/* A duration as people write it ("10m", "2.5", "500ms", "7d") in milliseconds. */
MUST_CHECK bool options_duration(struct str text, int64_t *ms);
