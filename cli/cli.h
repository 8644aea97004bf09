#pragma once
/*
 * cli - what every verb of the command line shares: options, ports, the wait, the output, and how to fail.
 *
 * A verb is a function from its words to an exit code. It starts calls over the ports and waits for them with
 * cli_wait(), which runs the loop until a condition holds or a deadline passes: verbs read from top to
 * bottom. Only main.c knows the real world.
 *
 * Output: tables and sentences on a person's terminal or in a pipe, one JSON document with "v": 1 for
 * programs. Errors go to stderr in one line `ec2sched: what failed: why: what to do`, or as
 * {"v":1,"error":{…}} on stdout with --output json; nothing half on stdout.
 */
#include "codec/json.h"
#include "conf/options.h"
#include "ports/ports.h"

enum cli_exit { /* the contract with scripts */
                CLI_OK = 0,
                CLI_FAILED = 1,      /* the run ended otherwise; lint, doctor, check: something failed */
                CLI_USAGE = 2,       /* usage or configuration error */
                CLI_REFUSED = 3,     /* not valid, switched off, held, too many, expired, busy */
                CLI_UNREACHABLE = 4, /* Kafka, Redis or AWS cannot be reached or denies access */
                CLI_NO_ANSWER = 5,   /* no answer in time; the run goes on */
};

struct aws;
struct source;
struct view;
struct zones;
struct kept;
struct fold;

struct cli {
    const struct options *options;
    const struct ports *ports;
    /* Runs the loop until `turn` answers TURN_DONE. False: interrupted by a signal. */
    bool (*run)(void *self, int64_t (*turn)(void *arg, int64_t now_ms), void *arg, struct err *e);
    void *self;
    bool json;          /* --output json */
    bool lost;          /* cli_lost() has told it */
    bool terminal;      /* stdout is one: bars and colours are allowed */
    bool asks;          /* stdin and stderr are: a question can be answered */
    int (*width)(void); /* of the terminal now; 0: not one */
    /* Reads the answer to a question, one line; false: there is none. Ctrl-C ends the program there. */
    bool (*answer)(char *out, size_t n);
    char user[256], host[256]; /* for `who`, as claimed */

    /* Made at first use by the functions below; freed by cli_release. */
    struct aws *aws;
    struct source *source;
    struct view *view;
    struct zones *zones;
    struct kept *kept;
    struct json *rows[4];  /* of the last cli_rows() and cli_schedules(), cli/specs.c says which */
    struct err redis_lost; /* ERR_NONE: it was not asked, or answers */
    struct err kafka_lost; /* the same of Kafka, by cli_state() */
    struct fold **folds;   /* the log without the view, one a partition (cli/state) */
    int fold_count;
    int log_partitions; /* as the brokers said; 0: not asked yet */
};

/*
 * Zeroed memory that lives as long as the cli: what a completion writes into. A wait that runs out of time
 * leaves its calls in the air, so nothing on a verb's stack may be handed to one.
 */
void *cli_keep(struct cli *c, size_t n);

void cli_release(struct cli *c);

/* The shared parts; NULL with an error when they cannot be made. */
struct aws *cli_aws(struct cli *c, struct err *e);
struct source *cli_source(struct cli *c, struct err *e);
struct view *cli_view(struct cli *c);

/*
 * Waits until *done, or the boot clock passes deadline_ms (INT64_MAX: none). False: the time is over (e:
 * ERR_UNAVAILABLE, code CLI_TIMEOUT) or a signal came. Drives the AWS engine and the source on the way.
 */
#define CLI_TIMEOUT     "Timeout"
#define CLI_INTERRUPTED "Interrupted" /* by a signal */
#define CLI_NO_NAME     "NoName"      /* a word that cannot be a workload's name */
MUST_CHECK bool cli_wait(struct cli *c, const bool *done, int64_t deadline_ms, struct err *e);
/* Between two looks at something that changes by itself. False: a signal came. */
MUST_CHECK bool cli_pause(struct cli *c, int64_t ms, struct err *e);
int64_t cli_now(const struct cli *c); /* boot clock */
int64_t cli_wall(const struct cli *c);

/* Prints an error as the output form wants it, and gives the exit code of its kind. `remedy` NULL: the kind's
 * own. */
int cli_fail(const struct cli *c, const struct err *e, const char *remedy);
/* What mends this very failure (no credentials, no region, no table …); NULL: only its kind is known. */
const char *cli_remedy(const struct err *e);
int cli_refuse(const struct cli *c, const char *what, const char *why, const char *remedy);
int cli_usage(const struct cli *c, const char *verb,
              const char *why); /* an empty `why`: help was asked for and given */

/* stdout cannot be written: one line on stderr, once, also with --output json. `remedy` NULL: the usual. */
int cli_lost(struct cli *c, const char *remedy);

/* user@host, as claimed. */
void cli_who(const struct cli *c, char *out, size_t n);
void cli_random_hex(const struct cli *c, char *out, size_t digits); /* digits + 1 bytes */

/* redis.url as it may be shown: a user and password in it become ***. */
enum { CLI_REDIS_MAX = 256 };
const char *cli_redis(const struct cli *c, char out[CLI_REDIS_MAX]);

/* Topics by the options' prefix; the number of log partitions is asked from the brokers once. */
MUST_CHECK bool cli_log_partitions(struct cli *c, int *partitions, struct err *e);
