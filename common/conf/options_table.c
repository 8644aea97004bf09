#include "conf/options_table.h"

#include <stddef.h>

/* ---- what a value must look like ---- */

static bool all_of(struct str s, const char *also)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && !str_find(str_of(also), str_n(&c, 1), &(size_t){0}))
            return false;
    }
    return true;
}

/*
 * What Kafka allows in a topic name, with room for the rest of it (249 in all), and no brace of a Redis tag.
 */
static bool is_prefix(struct str s)
{
    return s.n >= 1 && s.n <= 100 && all_of(s, "._-");
}

static bool is_table_prefix(struct str s)
{
    return s.n <= 100 && all_of(s, "._-");
}

static bool is_region(struct str s)
{
    return s.n >= 1 && s.n <= 40 && all_of(s, "-");
}

static bool is_filled(struct str s)
{
    return s.n > 0;
}

static bool is_redis_url(struct str s)
{
    return str_starts(s, STR("redis://")) || str_starts(s, STR("rediss://")) ||
           str_starts(s, STR("unix:///"));
}

static bool is_source(struct str s)
{
    return str_is(s, "dynamodb") || (str_starts(s, STR("dir:")) && s.n > 4);
}

/* HOST:PORT; an IPv6 address stands in brackets. */
static bool is_listen(struct str s)
{
    size_t colon = s.n;
    int64_t port = 0;

    while (colon && s.p[colon - 1] != ':')
        colon--;
    if (colon < 2 || !all_of(str_skip(s, colon), "") || !str_to_i64(str_skip(s, colon), &port) ||
        port > 65535)
        return false;
    struct str host = str_n(s.p, colon - 1);
    if (str_starts(host, STR("[")))
        return str_ends(host, STR("]")) && host.n > 2 && all_of(str_n(host.p + 1, host.n - 2), ":.");
    return all_of(host, ".-");
}

/* ---- the table ---- */

static const char *const paces[] = {"published", "learn", NULL};                  /* enum aws_pace */
static const char *const log_formats[] = {"logfmt", "json", NULL};                /* enum log_format */
static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL}; /* enum log_level */
static const char *const catchup_policies[] = {"latest", "all", "none", NULL};    /* enum catchup_policy */

#define SECOND     INT64_C(1000)
#define MINUTE     (60 * SECOND)
#define HOUR       (60 * MINUTE)
#define DAY        (24 * HOUR)
#define AT(member) offsetof(struct options, member)

/* clang-format off */
const struct option option_table[] = {
    {"kafka.brokers", OPTION_STR, AT(kafka.brokers), .value = "HOST:PORT,…", .initial = "127.0.0.1:9092",
     .check = is_filled, .must = "name at least one broker",
     .help = "Kafka brokers to ask first for the cluster."},
    {"kafka.prefix", OPTION_STR, AT(kafka.prefix), .value = "NAME", .initial = "ec2sched",
     .check = is_prefix, .must = "be 1 to 100 of A-Z a-z 0-9 . _ -",
     .help = "First part of the names of topics and consumer groups: deployments may share a cluster."},
    {"kafka.jobs.partitions", OPTION_INT, AT(kafka.jobs_partitions), .value = "N", .initial = "64",
     .min = 1, .max = 10000,
     .help = "Partitions of the jobs topic when it is created; at least four for each worker that may ever run."},
    {"kafka.log.partitions", OPTION_INT, AT(kafka.log_partitions), .value = "N", .initial = "12",
     .min = 1, .max = 1000,
     .help = "Partitions of the event log when it is created. Fixed for ever after: they place each workload."},
    {"redis.url", OPTION_URL, AT(redis.url), .value = "URL", .initial = "redis://127.0.0.1:6379/0",
     .check = is_redis_url, .must = "begin with redis://, rediss:// (TLS) or unix:///",
     .help = "The Redis server that holds the view: redis://HOST:PORT/DB, rediss:// for TLS, unix:///PATH for a "
             "socket."},
    {"redis.username", OPTION_STR, AT(redis.username), .value = "NAME",
     .help = "User for Redis; none: the server's default user."},
    {"redis.password", OPTION_SECRET, AT(redis.password), .value = "SECRET",
     .help = "Password for Redis, best as @/path/to/file."},
    {"redis.prefix", OPTION_STR, AT(redis.prefix), .value = "NAME", .implied = "kafka.prefix",
     .check = is_prefix, .must = "be 1 to 100 of A-Z a-z 0-9 . _ -",
     .help = "First part of the keys: deployments may share a server."},
    {"redis.timeout", OPTION_DURATION, AT(redis.timeout_ms), .value = "TIME", .initial = "1s", .min = 50, .max = MINUTE,
     .help = "How long a command to Redis may take before its connection is given up."},
    {"specs.source", OPTION_STR, AT(specs.source), .value = "SOURCE", .initial = "dynamodb",
     .check = is_source, .must = "be dynamodb or dir:PATH",
     .help = "Where workloads are specified: dynamodb, or dir:PATH for a folder of JSON files in the tables' own "
             "shape."},
    {"specs.tables.prefix", OPTION_STR, AT(specs.tables_prefix), .value = "NAME", .initial = "",
     .check = is_table_prefix, .must = "be at most 100 of A-Z a-z 0-9 . _ -",
     .help = "First part of the names of the DynamoDB tables."},
    {"specs.region", OPTION_STR, AT(specs.region), .value = "REGION", .implied = "AWS's own settings (AWS_REGION)",
     .check = is_region, .must = "be the name of a region",
     .help = "Region of the DynamoDB tables."},
    {"specs.strict", OPTION_BOOL, AT(specs.strict), .initial = "false",
     .help = "Refuse a row with an unknown attribute, where otherwise lint warns of it."},
    {"aws.time.scale", OPTION_INT, AT(aws.time_scale), .value = "N", .initial = "1", .min = 1, .max = 100000,
     .help = "Divides the waits for instance states, and multiplies the pace of calls. For a simulator that runs faster "
             "than life; leave it at 1 for AWS."},
    {"aws.pace", OPTION_ENUM, AT(aws.pace), .initial = "published", .words = paces,
     .help = "Limits that calls begin with: those that AWS publishes for EC2, or none until AWS throttles (learn: "
             "your account's are raised)."},
    {"admin.listen", OPTION_STR, AT(admin.listen), .value = "HOST:PORT",
     .implied = "127.0.0.1:9464 producer, :9465 worker, :9466 monitor",
     .check = is_listen, .must = "be HOST:PORT, or [IPV6]:PORT",
     .help = "Where /healthz, /readyz and /metrics are served. Port 0 picks a free one and logs it."},
    {"worker.concurrency", OPTION_INT, AT(worker.concurrency), .value = "N", .initial = "2000", .min = 1, .max = 100000,
     .help = "Jobs that one worker has in hand at most."},
    {"worker.poll", OPTION_DURATION, AT(worker.poll_ms), .value = "TIME", .initial = "5s", .min = 10, .max = 5 * MINUTE,
     .help = "First two waits between looks at instances that change state; the third is twice, all later ones are "
             "three times as long."},
    {"worker.state", OPTION_STR, AT(worker.state), .value = "FOLDER", .initial = "/var/lib/ec2sched",
     .check = is_filled, .must = "name a folder",
     .help = "Folder of the notes that tell a worker's successor what it had in hand; workers may share it."},
    {"worker.max.expiries", OPTION_INT, AT(worker.max_expiries), .value = "N", .initial = "20", .min = 1, .max = 1000,
     .help = "How often the lease of a job may expire before the job counts as failed."},
    {"worker.max.publish", OPTION_INT, AT(worker.max_publish), .value = "N", .initial = "5", .min = 1, .max = 1000,
     .help = "How often a job may be delivered and not be claimed before it counts as failed."},
    {"monitor.since", OPTION_DURATION, AT(monitor.since_ms), .value = "TIME", .initial = "7d", .min = MINUTE, .max = 365 * DAY,
     .help = "How far back a monitor tells of runs that have ended. It reads the log from a day before that."},
    {"monitor.runs", OPTION_INT, AT(monitor.runs), .value = "N", .initial = "2000", .min = 1, .max = 20000,
     .help = "Runs that have ended and that a monitor keeps at most; those that ended first go first."},
    {"monitor.memory", OPTION_INT, AT(monitor.memory_mb), .value = "MB", .initial = "64", .min = 8, .max = 4096,
     .help = "Memory that the runs of a monitor may take together, in MB: beyond it the oldest go. The process takes up to "
             "60 MB more, and while it reads the log at its start up to 16 MB a log partition."},
    {"lease.ttl", OPTION_DURATION, AT(lease.ttl_ms), .value = "TIME", .initial = "15s", .min = 500, .max = 10 * MINUTE,
     .help = "How long a worker that falls silent keeps its jobs. The whole fleet's: `ec2sched topics settings` "
             "shows and raises it."},
    {"fence.window", OPTION_DURATION, AT(fence.window_ms), .value = "TIME", .initial = "17m", .min = 100, .max = HOUR,
     .help = "After a worker died with a call in flight: how long the workload's next run waits, since AWS may "
             "still accept that call. 17m is proof; 30s is fast, and lets a call that was delayed longer land in "
             "the next run. The whole fleet's, like lease.ttl."},
    {"drain.timeout", OPTION_DURATION, AT(drain.timeout_ms), .value = "TIME", .initial = "8s", .min = 100, .max = HOUR,
     .help = "On SIGTERM: how long open calls may take to end. Keep it 2 s below what follows (docker stop kills after "
             "10 s); 25s where that allows it, since an AWS call may take 20 s."},
    {"run.deadline", OPTION_DURATION, AT(run.deadline_ms), .value = "TIME", .initial = "0", .max = 30 * DAY,
     .help = "How long a run may take before it is cancelled. 0: reckoned at its admission from its size, 6h at "
             "least."},
    {"pause.max", OPTION_DURATION, AT(pause.max_ms), .value = "TIME", .initial = "7d", .min = SECOND, .max = 365 * DAY,
     .help = "How long a run may stay paused before it is cancelled."},
    {"schedule.refresh", OPTION_DURATION, AT(schedule.refresh_ms), .value = "TIME", .initial = "60s", .min = 100, .max = HOUR,
     .help = "How often the schedules are read anew: a changed row counts within it. A tick's row is read once more "
             "before it fires."},
    {"schedule.catchup", OPTION_DURATION, AT(schedule.catchup_ms), .value = "TIME", .initial = "15m", .min = MINUTE, .max = 7 * DAY,
     .help = "How late a tick may still fire after nobody was there to fire it; beyond it the tick is reported as "
             "missed. Its run must begin within it too."},
    {"schedule.policy", OPTION_ENUM, AT(schedule.policy), .initial = "latest", .words = catchup_policies,
     .help = "Which of several missed ticks of one workload fire: latest, the others are reported; all, in their "
             "order; none, once they are over a minute late."},
    {"schedule.zoneinfo", OPTION_STR, AT(schedule.zoneinfo), .value = "FOLDER", .initial = "/usr/share/zoneinfo",
     .check = is_filled, .must = "name a folder",
     .help = "Folder of the time zones' files (tzdata)."},
    {"observe", OPTION_BOOL, AT(observe), .initial = "false",
     .help = "Change nothing in AWS: the leading producer marks the runs it accepts, all workers obey, and each "
             "member ends as bypassed, cause observe. For running beside an older tool."},
    {"log.format", OPTION_ENUM, AT(log.format), .initial = "logfmt", .words = log_formats,
     .help = "Form of the log lines on standard error."},
    {"log.level", OPTION_ENUM, AT(log.level), .initial = "info", .words = log_levels,
     .help = "Lines below this level are not written."},
    {0},
};
/* clang-format on */
