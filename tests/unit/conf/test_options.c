#include "conf/options.h"

#include "base/mem.h"
#include "conf/options_table.h"
#include "support/weigh.h"

#include <string.h>

/* A process whose environment and files are these tables. */
struct world {
    const char *env[8][2];
    const char *files[4][2];
};

static const char *env_get(void *port, const char *name)
{
    const struct world *w = port;

    for (size_t i = 0; i < 8 && w->env[i][0]; i++)
        if (strcmp(w->env[i][0], name) == 0)
            return w->env[i][1];
    return NULL;
}

static void env_names(void *port, const char *prefix, struct strs *names)
{
    const struct world *w = port;

    for (size_t i = 0; i < 8 && w->env[i][0]; i++)
        if (str_starts(str_of(w->env[i][0]), str_of(prefix)))
            strs_add(names, str_of(w->env[i][0]));
}

static bool read_file(void *port, const char *path, struct buf *out, struct err *e)
{
    const struct world *w = port;

    for (size_t i = 0; i < 4 && w->files[i][0]; i++) {
        if (strcmp(w->files[i][0], path) == 0) {
            buf_adds(out, w->files[i][1]);
            return buf_ok(out, path, e);
        }
    }
    return err_set(e, ERR_NOT_FOUND, "%s: no such file", path);
}

static const struct process_ops ops = {.env = env_get, .env_names = env_names, .read_file = read_file};

static const char usual[] = "/etc/ec2sched/ec2sched.conf";
static const char *const about_worker[] = {"worker.", "drain.timeout", NULL};
static const struct options_program worker = {"ec2sched-worker", "does the jobs", about_worker,
                                              "127.0.0.1:9465"};
static const struct options_program cli = {"ec2sched", "the command line", NULL, NULL};

struct loaded {
    struct options o;
    struct strs rest, warnings;
    enum options_exit exit;
    struct err e;
    bool ok;
};

static void unload(struct loaded *l)
{
    options_release(&l->o);
    strs_release(&l->rest);
    strs_release(&l->warnings);
}

#define LOADED CLEANUP(unload) struct loaded

/* The line is cut at blanks. */
static struct loaded load(const struct options_program *p, struct world *w, const char *line)
{
    STRS_CLEANUP struct strs argv = {0};
    struct process process = {&ops, w};
    struct str rest = str_of(line);
    struct str word;
    struct loaded l = {0};

    strs_add(&argv, str_of(p->name));
    while (rest.n) {
        (void)str_cut(rest, ' ', &word, &rest);
        strs_add(&argv, word);
    }
    struct strs *left = p->listen ? NULL : &l.rest;
    l.ok = options_load(&l.o, p, &process, (int)argv.n, argv.at, left, &l.warnings, &l.exit, &l.e);
    return l;
}

static void fails_with(const struct options_program *p, struct world *w, const char *line,
                       const char *message)
{
    LOADED l = load(p, w, line);
    const struct options zero = {0};

    if (l.ok)
        fail_msg("taken: %s", line);
    assert_int_equal(l.e.kind, ERR_CONFIG);
    assert_string_equal(l.e.msg, message);
    assert_memory_equal(&l.o, &zero, sizeof zero);
}

static void without_anything_the_defaults_hold(void **state)
{
    struct world w = {0};
    LOADED l = load(&worker, &w, "");

    (void)state;
    assert_true(l.ok);
    assert_int_equal(l.exit, OPTIONS_GO);
    assert_null(l.o.config);
    assert_string_equal(l.o.kafka.brokers, "127.0.0.1:9092");
    assert_string_equal(l.o.kafka.prefix, "ec2sched");
    assert_int_equal(l.o.kafka.jobs_partitions, 64);
    assert_int_equal(l.o.kafka.log_partitions, 12);
    assert_string_equal(l.o.redis.url, "redis://127.0.0.1:6379/0");
    assert_null(l.o.redis.username);
    assert_null(l.o.redis.password);
    assert_int_equal(l.o.redis.timeout_ms, 1000);
    assert_string_equal(l.o.specs.source, "dynamodb");
    assert_string_equal(l.o.specs.tables_prefix, "");
    assert_null(l.o.specs.region);
    assert_int_equal(l.o.aws.time_scale, 1);
    assert_string_equal(l.o.admin.listen, "127.0.0.1:9465"); /* the program's */
    assert_int_equal(l.o.worker.concurrency, 2000);
    assert_int_equal(l.o.worker.poll_ms, 5000);
    assert_string_equal(l.o.worker.state, "/var/lib/ec2sched");
    assert_int_equal(l.o.worker.max_expiries, 20);
    assert_int_equal(l.o.worker.max_publish, 5);
    assert_int_equal(l.o.lease.ttl_ms, 15000);
    assert_int_equal(l.o.fence.window_ms, 1020000);
    assert_int_equal(l.o.drain.timeout_ms, 8000);
    assert_int_equal(l.o.run.deadline_ms, 0);
    assert_int_equal(l.o.pause.max_ms, 7 * 86400000);
    assert_false(l.o.observe);
    assert_int_equal(l.o.log.format, LOG_LOGFMT);
    assert_int_equal(l.o.log.level, LOG_INFO);
    assert_int_equal(l.warnings.n, 0);
}

static void a_flag_counts_more_than_a_variable_and_that_more_than_the_file(void **state)
{
    struct world w = {
        .env = {{"EC2SCHED_KAFKA_PREFIX", "env"}, {"EC2SCHED_LOG_LEVEL", "warn"}, {"EC2SCHED_OBSERVE", ""}},
        .files = {{usual, "kafka.prefix = file\nlog.level=debug\nlog.format = json\nobserve=yes\n"}},
    };
    LOADED l = load(&worker, &w, "--kafka.prefix flag --kafka.prefix=last");

    (void)state;
    assert_true(l.ok);
    assert_string_equal(l.o.config, usual);
    assert_string_equal(l.o.kafka.prefix, "last");
    assert_int_equal(l.o.log.level, LOG_WARN);
    assert_int_equal(l.o.log.format, LOG_JSON);
    assert_true(l.o.observe); /* an empty variable is none */
}

static void the_redis_prefix_follows_kafkas_unless_set(void **state)
{
    struct world w = {0};
    LOADED a = load(&worker, &w, "--kafka.prefix k");
    LOADED b = load(&worker, &w, "--kafka.prefix k --redis.prefix r");

    (void)state;
    assert_string_equal(a.o.redis.prefix, "k");
    assert_string_equal(b.o.redis.prefix, "r");
}

/* Something that the option takes. */
static const char *sample(const struct option *row)
{
    if (row->initial && *row->initial)
        return row->initial;
    return strcmp(row->name, "admin.listen") == 0 ? "[::1]:0" : "x";
}

static void every_option_is_a_flag_a_variable_and_a_key(void **state)
{
    (void)state;
    for (const struct option *row = option_table; row->name; row++) {
        BUF_CLEANUP struct buf flag = BUF_INIT(200);
        BUF_CLEANUP struct buf line = BUF_INIT(200);
        char variable[OPTION_VARIABLE_MAX];
        option_variable(str_of(row->name), variable);
        buf_addf(&flag, "--%s=%s", row->name, sample(row));
        buf_addf(&line, "%s = %s", row->name, sample(row));
        struct world none = {0};
        struct world env = {.env = {{variable, sample(row)}}};
        struct world file = {.files = {{usual, buf_cstr(&line)}}};
        LOADED a = load(&worker, &none, buf_cstr(&flag));
        LOADED b = load(&worker, &env, "");
        LOADED c = load(&worker, &file, "");
        if (!a.ok || !b.ok || !c.ok || b.warnings.n)
            fail_msg("%s: %s %s %s", row->name, a.e.msg, b.e.msg, c.e.msg);
        assert_null(strchr(row->name, '_')); /* a variable must lead back to one name */
    }
}

static void an_unknown_flag_or_key_is_an_error_with_the_nearest_name(void **state)
{
    struct world none = {0};
    struct world file = {.files = {{usual, "# a comment\n\n  kafka.broker = x\r\n"}}};
    struct world plain = {.files = {{usual, "kafka.brokers\n"}}};
    struct world twice = {.files = {{usual, "observe=1\nobserve=0\n"}}};

    (void)state;
    fails_with(&worker, &none, "--kafka.broker=secret",
               "--kafka.broker: unknown option: did you mean kafka.brokers");
    fails_with(&worker, &none, "--zzz", "--zzz: unknown option: --help lists all");
    fails_with(&worker, &none, "--kafka.x.=1", "--kafka.x.: unknown option: --help lists all");
    fails_with(&worker, &none, "word", "'word': unexpected word: options are written --name VALUE");
    fails_with(&worker, &none, "--log.level",
               "--log.level: needs a value (one that begins with -- is written --log.level=VALUE)");
    fails_with(&worker, &none, "--kafka.prefix --observe",
               "--kafka.prefix: needs a value (one that begins with -- is written --kafka.prefix=VALUE)");
    fails_with(&worker, &file, "", "/etc/ec2sched/ec2sched.conf:3: unknown key: did you mean kafka.brokers");
    fails_with(&worker, &plain, "", "/etc/ec2sched/ec2sched.conf:1: not of the form key = value");
    fails_with(&worker, &twice, "",
               "/etc/ec2sched/ec2sched.conf:2: observe stands already at /etc/ec2sched/ec2sched.conf:1: "
               "remove one of them");
}

static void an_unknown_variable_is_only_a_warning(void **state)
{
    struct world w = {.env = {{"EC2SCHED_REDIS_PORT", "tcp://10.0.0.1:6379"},
                              {"EC2SCHED_KAFKA_BROKER", "x"},
                              {"OTHER", "x"}}};
    LOADED l = load(&worker, &w, "");

    (void)state;
    assert_true(l.ok);
    assert_int_equal(l.warnings.n, 2);
    assert_string_equal(
        l.warnings.at[0],
        "EC2SCHED_KAFKA_BROKER: no such option, ignored: did you mean EC2SCHED_KAFKA_BROKERS");
    assert_memory_equal(l.warnings.at[1], "EC2SCHED_REDIS_PORT: no such option, ignored", 44);
    assert_null(strstr(l.warnings.at[1], "tcp://"));
}

static void a_value_out_of_its_range_or_form_says_what_it_must_be_and_where_it_stands(void **state)
{
    struct world none = {0};
    struct world env = {.env = {{"EC2SCHED_OBSERVE", "maybe"}}};
    struct world file = {.files = {{usual, "lease.ttl = 1ms"}}};
    static const char *const bad[] = {
        "--kafka.prefix=a/b",    "--kafka.prefix=",       "--kafka.brokers=",    "--redis.url=http://x",
        "--specs.source=dynamo", "--specs.source=dir:",   "--admin.listen=9465", "--admin.listen=x:65536",
        "--admin.listen=:1",     "--admin.listen=[::1:1", "--admin.listen=a:-1", "--pause.max=0",
        "--log.format=xml",      "--worker.poll=5x",      "--worker.poll=-5",    "--worker.poll=0.0001",
        "--drain.timeout=1e3",   "--run.deadline=31d",    "--worker.state=",     "--worker.concurrency=1.5",
    };

    (void)state;
    fails_with(&worker, &none, "--worker.concurrency=0",
               "--worker.concurrency: must be a whole number from 1 to 100000, not '0'");
    fails_with(&worker, &env, "", "EC2SCHED_OBSERVE: observe: must be true or false, not 'maybe'");
    fails_with(&worker, &file, "",
               "/etc/ec2sched/ec2sched.conf:1: lease.ttl: must be a time from 500ms to 10m (units: ms, s, m, "
               "h, d; none: "
               "seconds), not '1ms'");
    fails_with(&worker, &none, "--log.level=loud",
               "--log.level: must be one of debug, info, warn, error, not 'loud'");
    fails_with(&worker, &none, "--redis.url=http://user:secret@x",
               "--redis.url: must begin with redis://, rediss:// (TLS) or unix:///");
    fails_with(&worker, &none, "--worker.state=/a\x01", "--worker.state: must not hold control characters");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        LOADED l = load(&worker, &none, bad[i]);
        if (l.ok)
            fail_msg("taken: %s", bad[i]);
    }
}

static void a_secret_may_stand_in_a_file_and_is_never_shown(void **state)
{
    struct world w = {
        .env = {{"EC2SCHED_KAFKA_X_SASL_PASSWORD", "@/run/kafka"}, {"EC2SCHED_KAFKA_X_CLIENT_ID", "me"}},
        .files = {{"/run/redis", "hush1\r\n"}, {"/run/kafka", "hush2"}, {"/run/empty", "\n"}},
    };
    LOADED l = load(&worker, &w, "--redis.password @/run/redis --redis.url rediss://u:hush3@h@host:1/0");
    BUF_CLEANUP struct buf b = BUF_INIT(100000);

    (void)state;
    assert_true(l.ok);
    assert_string_equal(l.o.redis.password, "hush1");
    assert_int_equal(l.o.kafka.x_count, 2);
    assert_string_equal(l.o.kafka.x[0].name, "client.id");
    assert_false(l.o.kafka.x[0].secret);
    assert_string_equal(l.o.kafka.x[1].name, "sasl.password");
    assert_string_equal(l.o.kafka.x[1].value, "hush2");
    assert_true(l.o.kafka.x[1].secret);
    options_print(&l.o, &b);
    assert_null(strstr(buf_cstr(&b), "hush"));
    assert_non_null(strstr(buf_cstr(&b), "redis.url = rediss://***@host:1/0\n"));
    assert_non_null(strstr(buf_cstr(&b), "redis.password = ***\n"));
    assert_non_null(strstr(buf_cstr(&b), "kafka.x.sasl.password = ***\n"));
    assert_non_null(strstr(buf_cstr(&b), "kafka.x.client.id = me\n"));
    fails_with(&worker, &w, "--redis.password=@/run/none",
               "--redis.password: cannot read the secret: /run/none: no such file");
    fails_with(&worker, &w, "--redis.password=@/run/empty",
               "--redis.password: the file /run/empty must hold the secret alone, in one line");
}

static void only_the_source_that_counts_has_its_secret_read(void **state)
{
    struct world w = {.files = {{usual, "redis.password = @/gone\n"}}};
    LOADED l = load(&worker, &w, "--redis.password here");

    (void)state;
    assert_true(l.ok);
    assert_string_equal(l.o.redis.password, "here");
}

static void what_the_protocol_sets_itself_cannot_be_passed_to_librdkafka(void **state)
{
    static const char *const fixed[] = {"group.id",
                                        "acks",
                                        "request.required.acks",
                                        "enable.idempotence",
                                        "enable.auto.commit",
                                        "enable.auto.offset.store",
                                        "partition.assignment.strategy",
                                        "isolation.level",
                                        "transactional.id"};
    struct world w = {0};

    (void)state;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        BUF_CLEANUP struct buf line = BUF_INIT(200);
        BUF_CLEANUP struct buf message = BUF_INIT(200);
        buf_addf(&line, "--kafka.x.%s=1", fixed[i]);
        buf_addf(&message, "--kafka.x.%s: is set by the protocol itself: remove it", fixed[i]);
        fails_with(&worker, &w, buf_cstr(&line), buf_cstr(&message));
    }
    fails_with(&worker, &w, "--kafka.x.bootstrap.servers=x",
               "--kafka.x.bootstrap.servers: is called kafka.brokers here");
}

static void the_file_that_is_asked_for_must_be_there(void **state)
{
    struct world w = {
        .env = {{"EC2SCHED_CONFIG", "/env.conf"}},
        .files = {{"/env.conf", "kafka.prefix=e"},
                  {"/flag.conf", "kafka.prefix=f"},
                  {usual, "kafka.prefix=u"}},
    };
    LOADED env = load(&worker, &w, "");
    LOADED flag = load(&worker, &w, "--config /flag.conf");

    (void)state;
    assert_string_equal(env.o.kafka.prefix, "e");
    assert_string_equal(env.o.config, "/env.conf");
    assert_string_equal(flag.o.kafka.prefix, "f");
    assert_int_equal(flag.warnings.n, 0);
    fails_with(&worker, &w, "--config=/no.conf", "--config: /no.conf: no such file");
}

static void help_and_version_are_to_be_had_when_the_file_is_broken(void **state)
{
    struct world w = {.files = {{usual, "broken"}}};
    LOADED help = load(&worker, &w, "--help");
    LOADED h = load(&worker, &w, "--observe -h");
    LOADED version = load(&worker, &w, "--version");

    (void)state;
    assert_true(help.ok && help.exit == OPTIONS_HELP);
    assert_true(h.ok && h.exit == OPTIONS_HELP);
    assert_true(version.ok && version.exit == OPTIONS_VERSION);
}

static void health_reads_the_options_and_is_known_to_daemons_alone(void **state)
{
    struct world w = {0};
    LOADED l = load(&worker, &w, "--health --admin.listen 0.0.0.0:1");
    LOADED c = load(&cli, &w, "--health");

    (void)state;
    assert_true(l.ok && l.exit == OPTIONS_HEALTH);
    assert_string_equal(l.o.admin.listen, "0.0.0.0:1");
    assert_true(c.ok && c.exit == OPTIONS_GO && c.rest.n == 1);
}

static void the_command_line_leaves_the_verbs_words_in_order(void **state)
{
    static const char *const expected[] = {"start", "shop", "--tier",    "web",   "--wait",
                                           "-x",    "--",   "--observe", "--help"};
    struct world w = {0};
    LOADED l =
        load(&cli, &w, "--observe start shop --tier web --log.level=debug --wait -x -- --observe --help");

    (void)state;
    assert_true(l.ok);
    assert_int_equal(l.exit, OPTIONS_GO);
    assert_true(l.o.observe);
    assert_int_equal(l.o.log.level, LOG_DEBUG);
    assert_null(l.o.admin.listen);
    assert_int_equal(l.rest.n, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < l.rest.n; i++)
        assert_string_equal(l.rest.at[i], expected[i]);
    LOADED help = load(&cli, &w, "start --help");
    assert_true(help.exit == OPTIONS_HELP && help.rest.n == 1);
}

static void durations_are_read_to_the_millisecond(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        {"0", 0},
        {"2.5", 2500},
        {"10m", 600000},
        {"500ms", 500},
        {"7d", 604800000},
        {"1.5h", 5400000},
        {"0.001", 1},
        {"0.001s", 1},
        {"9999999999d", 863999999913600000},
        {"", -1},
        {"s", -1},
        {"-1", -1},
        {"+1", -1},
        {"1.", -1},
        {".5", -1},
        {"0.5ms", -1},
        {"1 s", -1},
        {"1sec", -1},
        {"1m30s", -1},
        {"0.0001", -1},
        {"99999999999", -1},
        {"0.0000000001d", -1},
        {"1e3", -1},
        {"1M", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = -1;
        bool ok = options_duration(str_of(rows[i].text), &ms);
        if (ok != (rows[i].ms >= 0) || ms != rows[i].ms)
            fail_msg("%s: %lld", rows[i].text, (long long)ms);
    }
}

static void the_help_names_every_option_and_its_default_within_the_screen(void **state)
{
    static const struct options_program *const programs[] = {&worker, &cli};

    (void)state;
    for (size_t p = 0; p < 2; p++) {
        BUF_CLEANUP struct buf b = BUF_INIT(100000);
        options_help(programs[p], &b);
        assert_false(b.over);
        for (const struct option *row = option_table; row->name; row++) {
            BUF_CLEANUP struct buf flag = BUF_INIT(200);
            buf_addf(&flag, "  --%s", row->name);
            if (!strstr(buf_cstr(&b), buf_cstr(&flag)))
                fail_msg("no %s", row->name);
        }
        struct str rest = buf_view(&b);
        struct str line;
        while (rest.n) {
            (void)str_cut(rest, '\n', &line, &rest);
            assert_true(line.n <= 104); /* 100 columns, a … takes three bytes */
            assert_false(str_ends(line, STR(" ")));
        }
        assert_int_equal(strstr(buf_cstr(&b), "--health") != NULL, programs[p] == &worker);
    }
}

static void the_page_has_a_row_for_every_option(void **state)
{
    BUF_CLEANUP struct buf b = BUF_INIT(100000);
    size_t rows = 0;
    size_t lines = 0;

    (void)state;
    options_markdown(&b);
    for (const struct option *row = option_table; row->name; row++)
        rows++;
    for (size_t i = 0; i < b.n; i++)
        lines += b.p[i] == '\n';
    assert_int_equal(lines, rows + 3); /* two of the head, one for kafka.x */
    assert_non_null(
        strstr(buf_cstr(&b), "| `lease.ttl` | `EC2SCHED_LEASE_TTL` | 500ms to 10m | `15s` | How long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEIGHED(without_anything_the_defaults_hold),
        WEIGHED(a_flag_counts_more_than_a_variable_and_that_more_than_the_file),
        WEIGHED(the_redis_prefix_follows_kafkas_unless_set),
        WEIGHED(every_option_is_a_flag_a_variable_and_a_key),
        WEIGHED(an_unknown_flag_or_key_is_an_error_with_the_nearest_name),
        WEIGHED(an_unknown_variable_is_only_a_warning),
        WEIGHED(a_value_out_of_its_range_or_form_says_what_it_must_be_and_where_it_stands),
        WEIGHED(a_secret_may_stand_in_a_file_and_is_never_shown),
        WEIGHED(only_the_source_that_counts_has_its_secret_read),
        WEIGHED(what_the_protocol_sets_itself_cannot_be_passed_to_librdkafka),
        WEIGHED(the_file_that_is_asked_for_must_be_there),
        WEIGHED(help_and_version_are_to_be_had_when_the_file_is_broken),
        WEIGHED(health_reads_the_options_and_is_known_to_daemons_alone),
        WEIGHED(the_command_line_leaves_the_verbs_words_in_order),
        WEIGHED(durations_are_read_to_the_millisecond),
        WEIGHED(the_help_names_every_option_and_its_default_within_the_screen),
        WEIGHED(the_page_has_a_row_for_every_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
