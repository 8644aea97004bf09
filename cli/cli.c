#include "cli/cli.h"

#include "aws/call.h"
#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "base/mem.h"
#include "cli/print.h"
#include "core/document.h"
#include "core/fold.h"
#include "core/zones.h"
#include "model/topics.h"
#include "specs/source.h"
#include "view/view.h"

#include <stdio.h>
#include <string.h>

struct kept { /* before each kept block */
    struct kept *next;
};

void *cli_keep(struct cli *c, size_t n)
{
    struct kept *k = xcalloc(1, sizeof *k + n);

    k->next = c->kept;
    c->kept = k;
    return k + 1;
}

void cli_release(struct cli *c)
{
    source_free(c->source);
    view_free(c->view);
    aws_free(c->aws);
    c->source = NULL;
    c->view = NULL;
    c->aws = NULL;
    zones_free(c->zones);
    c->zones = NULL;
    for (int i = 0; i < 4; i++) {
        json_free(c->rows[i]);
        c->rows[i] = NULL;
    }
    for (int i = 0; i < c->fold_count; i++)
        fold_freep(&c->folds[i]);
    xfree(c->folds);
    c->folds = NULL;
    c->fold_count = 0;
    while (c->kept) {
        struct kept *k = c->kept;
        c->kept = k->next;
        xfree(k);
    }
}

struct aws *cli_aws(struct cli *c, struct err *e)
{
    if (!c->aws)
        c->aws = aws_new(c->ports, &(struct aws_options){.program = "ec2sched/" EC2SCHED_VERSION}, e);
    return c->aws;
}

struct source *cli_source(struct cli *c, struct err *e)
{
    bool folder = str_starts(str_of(c->options->specs.source), STR("dir:"));

    if (!c->source && (folder || cli_aws(c, e)))
        c->source = source_new(c->options, c->ports, c->aws, e);
    return c->source;
}

struct view *cli_view(struct cli *c)
{
    const struct options *o = c->options;

    if (!c->view)
        c->view = view_new(&c->ports->redis, o->redis.prefix ? o->redis.prefix : o->kafka.prefix);
    return c->view;
}

int64_t cli_now(const struct cli *c)
{
    return clock_now(&c->ports->clock).boot_ms;
}

int64_t cli_wall(const struct cli *c)
{
    return clock_now(&c->ports->clock).wall_ms;
}

struct waiting {
    struct cli *cli;
    const bool *done;
    int64_t deadline_ms;
    bool late;
};

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t wait_turn(void *arg, int64_t now_ms)
{
    struct waiting *w = arg;
    int64_t next = w->deadline_ms;

    if (w->cli->aws)
        next = earlier(next, aws_turn(w->cli->aws, now_ms));
    if (w->cli->source)
        next = earlier(next, source_turn(w->cli->source, now_ms));
    w->late = !*w->done && now_ms >= w->deadline_ms;
    return *w->done || w->late ? TURN_DONE : next;
}

bool cli_wait(struct cli *c, const bool *done, int64_t deadline_ms, struct err *e)
{
    struct waiting w = {.cli = c, .done = done, .deadline_ms = deadline_ms};

    if (!c->run(c->self, wait_turn, &w, e))
        return false;
    if (!w.late)
        return true;
    (void)err_set(e, ERR_UNAVAILABLE, "no answer in time");
    return err_code(e, CLI_TIMEOUT);
}

bool cli_pause(struct cli *c, int64_t ms, struct err *e)
{
    bool never = false;
    struct err over = {0};

    if (cli_wait(c, &never, cli_now(c) + ms, &over) || strcmp(over.code, CLI_TIMEOUT) == 0)
        return true;
    *e = over;
    return false;
}

static int exit_of(const struct err *e)
{
    if (strcmp(e->code, CLI_INTERRUPTED) == 0)
        return CLI_NO_ANSWER;
    switch (e->kind) {
    case ERR_CONFIG:
        return CLI_USAGE;
    case ERR_THROTTLED:
    case ERR_DENIED:
        return CLI_UNREACHABLE;
    case ERR_UNAVAILABLE:
        return strcmp(e->code, CLI_TIMEOUT) == 0 ? CLI_NO_ANSWER : CLI_UNREACHABLE;
    case ERR_CONFLICT:
        return CLI_REFUSED;
    default:
        return CLI_FAILED;
    }
}

static void say(const struct cli *c, const char *kind, const char *message, const char *remedy)
{
    if (!c->json) {
        (void)fflush(stdout);
        print_error_line("ec2sched: %s%s%s", message, remedy ? ": " : "", remedy ? remedy : "");
        return;
    }
    JSON_CLEANUP struct json *document = document_error(str_of(kind), str_of(message), str_of(remedy));
    print_json(document);
}

const char *cli_remedy(const struct err *e)
{
    static const char *const table[][2] = {
        {AWS_NO_CREDENTIALS,
         "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"},
        {AWS_NO_REGION, "set AWS_REGION, or --specs.region for the tables alone"},
        {"ResourceNotFoundException",
         "`ec2sched tables create` makes it; or set specs.tables.prefix or specs.region"},
        {CLI_NO_NAME, "`ec2sched list` names the workloads"},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(e->code, table[i][0]) == 0)
            return table[i][1];
    return NULL;
}

/* What to do about a failure of which the caller knows nothing better. */
static const char *remedy_of(const struct err *e)
{
    const char *own = cli_remedy(e);

    if (own)
        return own;
    switch (e->kind) {
    case ERR_CONFIG:
        return "`ec2sched --help` shows the options";
    case ERR_THROTTLED:
        return "ask again in a minute";
    case ERR_DENIED:
        return "check the credentials and what they are allowed";
    case ERR_UNAVAILABLE:
        return "`ec2sched doctor` looks at each part";
    default:
        return "`ec2sched doctor` and `ec2sched lint` look closer";
    }
}

int cli_fail(const struct cli *c, const struct err *e, const char *remedy)
{
    say(c, err_kind_name(e->kind), e->msg, remedy ? remedy : remedy_of(e));
    return exit_of(e);
}

int cli_refuse(const struct cli *c, const char *what, const char *why, const char *remedy)
{
    char text[ERR_MSG_MAX];

    (void)snprintf(text, sizeof text, "%s: %s", what, why);
    say(c, "refused", text, remedy);
    return CLI_REFUSED;
}

int cli_usage(const struct cli *c, const char *verb, const char *why)
{
    char remedy[200];

    if (!why[0])
        return CLI_OK; /* it was --help, and is told already */
    (void)snprintf(remedy, sizeof remedy, "`ec2sched %s --help` shows how", verb);
    say(c, "usage", why, remedy);
    return CLI_USAGE;
}

int cli_lost(struct cli *c, const char *remedy)
{
    if (!c->lost)
        print_error_line("ec2sched: standard output: it could not be written: %s",
                         remedy ? remedy : "see that its disk has room and that its reader reads to the end");
    c->lost = true;
    return CLI_FAILED;
}

void cli_who(const struct cli *c, char *out, size_t n)
{
    (void)snprintf(out, n, "%.120s@%.120s", c->user, c->host);
}

const char *cli_redis(const struct cli *c, char out[CLI_REDIS_MAX])
{
    struct str url = str_of(c->options->redis.url);
    size_t scheme = 0;
    size_t end = 0;

    for (size_t i = 0; i < url.n; i++)
        end = url.p[i] == '@' ? i : end; /* the last one: a password may hold more */
    if (end && str_find(url, STR("://"), &scheme) && scheme + 3 < end)
        (void)snprintf(out, CLI_REDIS_MAX, "%.*s***%s", (int)scheme + 3, url.p, url.p + end);
    else
        (void)snprintf(out, CLI_REDIS_MAX, "%s", url.p);
    return out;
}

void cli_random_hex(const struct cli *c, char *out, size_t digits)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < digits; i++)
        out[i] = hex[rng_below(&c->ports->rng, 16)];
    out[digits] = '\0';
}

struct asked_topics {
    bool done;
    struct err err;
    int partitions;
};

static void topics_done(void *self, uint64_t id, const struct kafka_topics *t)
{
    struct asked_topics *a = self;

    (void)id;
    a->err = t->err;
    a->partitions = t->n == 1 ? t->at[0].partitions : -1;
    a->done = true;
}

bool cli_log_partitions(struct cli *c, int *partitions, struct err *e)
{
    enum { BROKER_WAIT_MS = 10000 };
    char name[TOPIC_NAME_MAX];
    const char *names[] = {name};
    struct asked_topics *a = cli_keep(c, sizeof *a);

    if (c->log_partitions) {
        *partitions = c->log_partitions;
        return true;
    }
    topic_name(TOPIC_EVENTS, c->options->kafka.prefix, name);
    (void)c->ports->kafka.ops->describe(c->ports->kafka.port, names, 1, topics_done, a);
    if (!cli_wait(c, &a->done, cli_now(c) + BROKER_WAIT_MS, e))
        return err_wrap(e, "kafka at %s", c->options->kafka.brokers);
    if (a->err.kind != ERR_NONE) {
        *e = a->err;
        return err_wrap(e, "kafka at %s", c->options->kafka.brokers);
    }
    if (a->partitions < 1)
        return err_set(e, ERR_CONFIG, "topic %s does not exist: create it with `ec2sched topics create`",
                       name);
    *partitions = c->log_partitions = a->partitions;
    return true;
}
