#include "core/topic_found.h"

#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/checks.h"
#include "cli/log.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "core/document.h"
#include "view/view.h"

#include <stdio.h>
#include <string.h>

enum {
    BROKER_WAIT_MS = 30000,
    SPREAD_WAIT_MS = 15000,
    SPREAD_POLL_MS = 100,
    GOOD_REPLICATION = 3,
    REPLICATION_MAX = 32
};

struct found {
    int partitions;
    struct err err; /* of the question or the creation */
    bool config_known;
    struct err wrong; /* ERR_NONE: it is what it must be */
};

struct question {
    bool done;
    struct err err;
    int brokers;
    struct topic_wanted wanted[TOPICS];
    struct found found[TOPICS];
};

static struct question *question_new(struct cli *c, int replication)
{
    const struct options *o = c->options;
    struct question *q = cli_keep(c, sizeof *q);

    for (int t = 0; t < TOPICS; t++)
        topic_want((enum topic)t, o->kafka.prefix, (int)o->kafka.log_partitions,
                   (int)o->kafka.jobs_partitions, replication, &q->wanted[t]);
    return q;
}

static void note(struct question *q, size_t i, const struct kafka_topic *t)
{
    struct found *f = &q->found[i];

    f->partitions = t->partitions;
    f->config_known = t->config_known;
    if (topic_found_ok(&q->wanted[i], t, &f->err, &f->wrong))
        f->wrong = (struct err){0};
}

static void on_topics(void *self, uint64_t id, const struct kafka_topics *t)
{
    struct question *q = self;

    (void)id;
    q->err = t->err;
    q->brokers = t->brokers;
    for (size_t i = 0; i < t->n && i < TOPICS; i++) {
        if (t->errs)
            q->found[i].err = t->errs[i];
        note(q, i, &t->at[i]);
    }
    q->done = true;
}

static bool ask(struct cli *c, struct question *q, struct err *e)
{
    if (!cli_wait(c, &q->done, cli_now(c) + BROKER_WAIT_MS, e))
        return err_wrap(e, "kafka at %s", c->options->kafka.brokers);
    if (q->err.kind == ERR_NONE)
        return true;
    *e = q->err;
    return err_wrap(e, "kafka at %s", c->options->kafka.brokers);
}

static struct question *describe(struct cli *c, struct err *e)
{
    struct question *q = question_new(c, 1);
    const char *names[TOPICS];

    for (int t = 0; t < TOPICS; t++)
        names[t] = q->wanted[t].name;
    (void)c->ports->kafka.ops->describe(c->ports->kafka.port, names, TOPICS, on_topics, q);
    return ask(c, q, e) ? q : NULL;
}

static void print_state(const struct found *f, const char *grown, struct table *table)
{
    if (f->wrong.kind != ERR_NONE)
        table_cell(table, f->wrong.msg);
    else
        table_cellf(table, "ok%s%s%s", grown[0] ? ": " : "", grown,
                    f->config_known ? "" : " (the broker does not show its settings)");
}

static bool show_one(const struct topic_wanted *w, const struct found *f, struct table *table,
                     struct json *topics)
{
    bool ok = f->wrong.kind == ERR_NONE;
    int partitions = f->partitions > 0 ? f->partitions : 0;
    struct json *one = json_object();
    char grown[TOPIC_GROWN_MAX] = "";

    (void)topic_found_grown(w, f->partitions, grown);
    json_add_str(one, "topic", str_of(w->name));
    json_add_int(one, "partitions", partitions);
    json_add_bool(one, "ok", ok);
    json_add_str(one, "message", str_of(ok ? grown : f->wrong.msg));
    json_push(topics, one);
    table_cell(table, w->name);
    table_cellf(table, "%d", partitions);
    print_state(f, grown, table);
    return ok;
}

static int show(const struct cli *c, const struct question *q)
{
    static const char *const columns[] = {"TOPIC", "PARTITIONS", "STATE", NULL};
    JSON_CLEANUP struct json *document = document_new();
    struct json *topics = json_array();
    TABLE_CLEANUP struct table *table = table_new(columns);
    bool good = true;

    for (int t = 0; t < TOPICS; t++)
        good = show_one(&q->wanted[t], &q->found[t], table, topics) && good;
    json_add(document, "topics", topics);
    if (c->json)
        print_json(document);
    else
        table_print(table);
    return good ? CLI_OK : CLI_FAILED;
}

static void check_topic(struct checks *k, const struct topic_wanted *wanted, const struct found *found)
{
    const struct err *wrong = &found->wrong; /* holds its remedy */

    if (wrong->kind != ERR_NONE)
        checks_add(k, CHECK_FAIL, "topic",
                   wrong->kind == ERR_NOT_FOUND ? "`ec2sched topics create` makes what is missing"
                                                : "until then nothing is led, and nothing is asked for",
                   "%s", wrong->msg);
    else
        checks_add(k, found->config_known ? CHECK_OK : CHECK_WARN, "topic",
                   found->config_known ? NULL : "the broker does not show its settings", "%s, %d partitions",
                   wanted->name, found->partitions);
}

void checks_topics(struct cli *c, struct checks *k)
{
    struct err e = {0};
    const struct question *q = describe(c, &e);

    if (!q) {
        checks_add(k, CHECK_FAIL, "kafka", "check kafka.brokers, and that the cluster is up", "%s", e.msg);
        return;
    }
    checks_add(k, q->brokers < GOOD_REPLICATION ? CHECK_WARN : CHECK_OK, "kafka",
               q->brokers < GOOD_REPLICATION ? "a lost broker can lose the log; production wants 3" : NULL,
               "%d broker%s at %s", q->brokers, q->brokers == 1 ? "" : "s", c->options->kafka.brokers);
    for (int t = 0; t < TOPICS; t++)
        check_topic(k, &q->wanted[t], &q->found[t]);
}

static int check(struct cli *c)
{
    struct err e = {0};
    struct question *q = describe(c, &e);

    return q ? show(c, q) : cli_fail(c, &e, "check kafka.brokers, and that the cluster is up");
}

/* Brokers learn of a new topic a moment after it was made: looks until all are there, or long enough. */
static int check_made(struct cli *c)
{
    struct err e = {0};
    int64_t deadline = cli_now(c) + SPREAD_WAIT_MS;
    struct question *q = NULL;

    for (bool there = false; !there && cli_now(c) < deadline;) {
        if (!(q = describe(c, &e)))
            return cli_fail(c, &e, "check kafka.brokers, and that the cluster is up");
        there = true;
        for (int t = 0; t < TOPICS; t++)
            there = there && q->found[t].partitions > 0;
        if (!there && !cli_pause(c, SPREAD_POLL_MS, &e))
            return cli_fail(c, &e, NULL);
    }
    return show(c, q);
}

static void wish(const struct topic_wanted *w, int replication, struct kafka_header *config,
                 struct kafka_topic *out)
{
    for (size_t s = 0; s < w->n; s++)
        config[s] = (struct kafka_header){str_of(w->settings[s].name), str_of(w->settings[s].value)};
    *out = (struct kafka_topic){.name = w->name,
                                .partitions = w->partitions,
                                .replication = replication,
                                .config = config,
                                .config_count = w->n};
}

static int create(struct cli *c, int64_t replication)
{
    struct err e = {0};
    struct question *was = describe(c, &e);

    if (!was)
        return cli_fail(c, &e, "check kafka.brokers, and that the cluster is up");
    if (replication == 0)
        replication =
            was->brokers < GOOD_REPLICATION ? (was->brokers > 0 ? was->brokers : 1) : GOOD_REPLICATION;
    if (replication < GOOD_REPLICATION && !c->json)
        (void)fprintf(
            stderr,
            "ec2sched: warning: replication %lld: a lost broker can lose the log; production wants %d\n",
            (long long)replication, GOOD_REPLICATION);
    struct question *q = question_new(c, (int)replication);
    struct kafka_header config[TOPICS][TOPICS_CONFIG_MAX];
    struct kafka_topic topics[TOPICS];
    for (int t = 0; t < TOPICS; t++)
        wish(&q->wanted[t], (int)replication, config[t], &topics[t]);
    (void)c->ports->kafka.ops->create(c->ports->kafka.port, topics, TOPICS, on_topics, q);
    if (!ask(c, q, &e))
        return cli_fail(c, &e, "check that this client may create topics");
    for (int t = 0; t < TOPICS; t++)
        if (q->found[t].err.kind != ERR_NONE && q->found[t].err.kind != ERR_CONFLICT)
            return cli_fail(c, &q->found[t].err,
                            "check that this client may create topics, and the replication");
    return check_made(c);
}

/* ---- the fleet's times ---- */

struct place {
    bool done;
    struct err err;
    int64_t ttl_ms, taws_ms;
    bool there;
    char inc[REDIS_RUN_ID_MAX];
};

static void on_place(void *self, uint64_t id, const struct view_place *p)
{
    struct place *a = self;

    (void)id;
    a->err = p->err;
    a->there = p->there;
    a->ttl_ms = p->ttl_ms;
    a->taws_ms = p->taws_ms;
    (void)snprintf(a->inc, sizeof a->inc, STR_FMT, STR_ARG(p->inc));
    a->done = true;
}

static bool raise_one(struct cli *c, int partition, const struct place *p, int64_t ttl_ms, int64_t taws_ms,
                      struct err *e)
{
    struct event ev;
    struct cli_place at;

    event_init(&ev, EVENT_VIEW_OPENED, cli_wall(c), NULL, NULL);
    ev.view.inc = xstrdup(p->inc);
    ev.view.ttl_ms = ttl_ms ? ttl_ms : p->ttl_ms;
    ev.view.taws_ms = taws_ms ? taws_ms : p->taws_ms;
    bool ok = cli_append(c, &ev, partition, &at, e);
    event_release(&ev);
    return ok;
}

static bool read_place(struct cli *c, int partition, struct place *p, struct err *e)
{
    (void)view_where(cli_view(c), partition, on_place, p);
    if (!cli_wait(c, &p->done, cli_now(c) + BROKER_WAIT_MS, e))
        return err_wrap(e, "redis at %s", cli_redis(c, (char[CLI_REDIS_MAX]){0}));
    if (p->err.kind != ERR_NONE) {
        *e = p->err;
        return err_wrap(e, "redis at %s", cli_redis(c, (char[CLI_REDIS_MAX]){0}));
    }
    return true;
}

static bool shrinks(const struct place *p, int64_t ttl_ms, int64_t taws_ms)
{
    return p->there && ((ttl_ms && ttl_ms < p->ttl_ms) || (taws_ms && taws_ms < p->taws_ms));
}

static void show_place(int partition, const struct place *p, struct table *table, struct json *all)
{
    struct json *one = json_object();

    json_add_int(one, "partition", partition);
    json_add_int(one, "lease_ttl_ms", p->there ? p->ttl_ms : 0);
    json_add_int(one, "fence_window_ms", p->there ? p->taws_ms : 0);
    json_push(all, one);
    table_cellf(table, "%d", partition);
    if (p->there) {
        table_cellf(table, "%.3f s", (double)p->ttl_ms / 1000);
        table_cellf(table, "%.3f s", (double)p->taws_ms / 1000);
    } else {
        table_cell(table, "no view yet");
        table_cell(table, "");
    }
}

static bool raise_all(struct cli *c, struct place *places, int partitions, int64_t ttl_ms, int64_t taws_ms,
                      struct err *e)
{
    for (int i = 0; i < partitions; i++) {
        struct place *p = &places[i];
        if (!raise_one(c, i, p, ttl_ms, taws_ms, e))
            return false;
        p->ttl_ms = ttl_ms ? ttl_ms : p->ttl_ms;
        p->taws_ms = taws_ms ? taws_ms : p->taws_ms;
    }
    return true;
}

static void show_places(const struct cli *c, const struct place *places, int partitions)
{
    static const char *const columns[] = {"PARTITION", "LEASE.TTL", "FENCE.WINDOW", NULL};
    TABLE_CLEANUP struct table *table = table_new(columns);
    JSON_CLEANUP struct json *document = document_new();
    struct json *all = json_array();

    json_add(document, "partitions", all);
    for (int i = 0; i < partitions; i++)
        show_place(i, &places[i], table, all);
    if (c->json)
        print_json(document);
    else
        table_print(table);
}

/* All partitions are looked at before the first is changed: nothing is raised half. */
static int settings(struct cli *c, int64_t ttl_ms, int64_t taws_ms)
{
    struct err e = {0};
    int partitions = 0;
    bool raises = ttl_ms || taws_ms;

    if (!cli_log_partitions(c, &partitions, &e))
        return cli_fail(c, &e, NULL);
    struct place *places = cli_keep(c, (size_t)partitions * sizeof *places);
    for (int i = 0; i < partitions; i++) {
        if (!read_place(c, i, &places[i], &e))
            return cli_fail(c, &e, "check redis.url");
        if (shrinks(&places[i], ttl_ms, taws_ms))
            return cli_refuse(c, "topics settings", "a window that runs must not shrink",
                              "to lower it stop the whole fleet, drop the view's keys in Redis, and start it "
                              "with the new options");
        if (raises && !places[i].there)
            return cli_refuse(c, "topics settings", "a log partition has no view yet",
                              "its first leader records its own options: start a producer, then ask again");
    }
    if (raises && !raise_all(c, places, partitions, ttl_ms, taws_ms, &e))
        return cli_fail(c, &e, "`ec2sched topics settings` shows what holds; the same again is harmless");
    show_places(c, places, partitions);
    if (raises && !c->json)
        print_error_line("ec2sched: give each producer and worker these options, too: one that starts with "
                         "others does not lead");
    return CLI_OK;
}

int verb_topics(struct cli *c, const struct strs *words)
{
    const char *replication = "auto";
    int64_t ttl_ms = 0;
    int64_t taws_ms = 0;
    int64_t n = 0;
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {
        {"--replication", ARGUMENT_TEXT, &replication, "auto|N",
         "copies of each partition; auto: 3, or as many as there are brokers"},
        /* Options of all programs, so they are read before the verb is: here for the help. */
        {"--lease.ttl", ARGUMENT_DURATION, &ttl_ms, "D", "settings: raise the fleet's lease time"},
        {"--fence.window", ARGUMENT_DURATION, &taws_ms, "D", "settings: raise the fleet's signature window"},
        {0},
    };

    if (!arguments_read(words, table, 1, 1, &positional, &e))
        return cli_usage(c, "topics", e.msg);
    if (strcmp(replication, "auto") != 0 &&
        (!str_to_i64(str_of(replication), &n) || n < 1 || n > REPLICATION_MAX))
        return cli_usage(c, "topics", "--replication is auto or a number from 1 to 32");
    if (strcmp(positional.at[0], "create") == 0)
        return create(c, n);
    if (strcmp(positional.at[0], "check") == 0)
        return check(c);
    if (strcmp(positional.at[0], "settings") == 0) {
        const struct options *o = c->options;
        if (strs_has(&o->flags, STR("lease.ttl")))
            ttl_ms = o->lease.ttl_ms;
        if (strs_has(&o->flags, STR("fence.window")))
            taws_ms = o->fence.window_ms;
        return settings(c, ttl_ms, taws_ms);
    }
    return cli_usage(c, "topics", "the word behind topics is create, check or settings");
}
