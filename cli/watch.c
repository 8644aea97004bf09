#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/print.h"
#include "cli/since.h"
#include "cli/specs.h"
#include "cli/stage.h"
#include "cli/state.h"
#include "cli/verbs.h"
#include "view/view.h"

#include <stdio.h>
#include <string.h>

enum { READ_BACK_MS = 120000, VIEW_WAIT_MS = 3000, PARTITIONS_MAX = 1000 };

static bool hear(void *arg, const struct kafka_record *r, const struct event *ev)
{
    return stage_hear(arg, r, ev);
}

/* Ctrl-C is how a watch without an end is meant to end. */
static int ended(const struct cli *c, const struct err *e, const char *remedy)
{
    if (strcmp(e->code, CLI_INTERRUPTED) == 0 && !remedy)
        return CLI_OK;
    return cli_fail(c, e, remedy);
}

/* ---- one run: from its request to its end ---- */

static int watch_run(struct cli *c, const struct run_name *name, int64_t since_ms)
{
    struct err e = {0};
    struct stretch span;
    STAGE_CLEANUP struct stage *s = stage_new(c, name->workload, name->run, false);

    if (!cli_recent(c, name->workload, since_ms, &span, &e) ||
        !cli_read(c, &span, 1, hear, s, cli_now(c) + READ_BACK_MS, &e))
        return cli_fail(c, &e, "check kafka.brokers, and that the cluster is up");
    const struct story *story = stage_story(s);
    if (!story) {
        (void)err_set(&e, ERR_NOT_FOUND, "%s@%s: the log does not know this run since then", name->workload,
                      name->run);
        return cli_fail(c, &e, "`ec2sched runs` lists those that it knows; --since 30d looks further back");
    }
    if (print_lost())
        return cli_lost(c, NULL);
    const struct stretch rest = {span.partition, span.until, INT64_MAX};
    if (story->result == RESULT_NONE && !cli_read(c, &rest, 1, hear, s, INT64_MAX, &e)) {
        stage_settle(s);
        return ended(c, &e, "the run goes on; the same command follows it again");
    }
    stage_settle(s);
    if (print_lost() && story->result == RESULT_NONE)
        return cli_lost(c, "the run goes on; the same command follows it again");
    if (!c->json)
        telling_end(c, story);
    return telling_exit(story);
}

/* ---- a workload, or all: what happens from now on ---- */

struct asked_epoch {
    bool done;
    struct err err;
    int64_t offset; /* of the current run's acceptance; -1: it is idle */
};

static void on_peek(void *self, uint64_t id, const struct view_peeked *p)
{
    struct asked_epoch *a = self;
    struct epoch ep;

    (void)id;
    a->err = p->err;
    a->offset = -1;
    a->done = true;
    if (p->err.kind != ERR_NONE || !p->there || str_is(view_pairs_get(&p->workload, "st"), "I"))
        return;
    if (epoch_parse_in_view(view_pairs_get(&p->workload, "ep"), 0, &ep))
        a->offset = ep.offset;
}

/* A run in progress is told from its acceptance on, if Redis can say where that is. */
static void begin_with_current(struct cli *c, const char *workload, struct stretch *span)
{
    struct err e = {0};
    struct asked_epoch *a = cli_keep(c, sizeof *a);

    (void)view_peek(cli_view(c), span->partition, workload, on_peek, a);
    if (cli_wait(c, &a->done, cli_now(c) + VIEW_WAIT_MS, &e) && a->offset >= 0 && a->offset < span->from)
        span->from = a->offset;
}

/* False: neither a row nor the log names it, so nothing would ever be told. What cannot be asked is
 * watched. */
static bool is_named(struct cli *c, const char *workload, struct err *e)
{
    struct cli_rows rows = {0};
    struct cli_state now;
    struct err why = {0};

    bool known = cli_state(c, workload, &now, &why) && now.known;
    cli_state_release(&now);
    why = (struct err){0};
    if (known || (cli_rows(c, workload, &rows, &why) && json_count(rows.workloads)))
        return true;
    if (strcmp(why.code, CLI_NO_NAME) == 0)
        *e = why;
    else if (why.kind == ERR_NONE)
        (void)err_set(e, ERR_NOT_FOUND, "%s: neither a row nor the log names it", workload);
    else
        print_error_line("ec2sched: warning: %s: whether there is such a workload is not known", why.msg);
    return e->kind == ERR_NONE;
}

static int watch_live(struct cli *c, const char *workload)
{
    struct err e = {0};
    int partitions = 0;
    int64_t low = 0;
    struct stretch spans[PARTITIONS_MAX];
    size_t n = 0;
    STAGE_CLEANUP struct stage *s = stage_new(c, workload, NULL, false);

    if (!cli_log_partitions(c, &partitions, &e))
        return cli_fail(c, &e, "check kafka.brokers, and that the cluster is up");
    if (workload && !is_named(c, workload, &e))
        return cli_fail(c, &e, "`ec2sched list` names the workloads");
    for (int p = 0; p < partitions && n < PARTITIONS_MAX; p++) {
        struct stretch *span = &spans[n];
        if (workload && p != ids_partition(str_of(workload), partitions))
            continue;
        *span = (struct stretch){.partition = p, .until = INT64_MAX};
        if (!cli_watermarks(c, p, &low, &span->from, &e))
            return cli_fail(c, &e, "check kafka.brokers, and that the cluster is up");
        if (workload)
            begin_with_current(c, workload, span);
        n++;
    }
    if (c->asks)
        (void)fprintf(stderr, "watching; Ctrl-C ends it\n");
    if (cli_read(c, spans, n, hear, s, INT64_MAX, &e))
        return CLI_OK;
    stage_settle(s);
    return ended(c, &e, NULL);
}

int verb_watch(struct cli *c, const struct strs *words)
{
    int64_t since_ms = SINCE_DEFAULT_MS;
    struct run_name name = {0};
    struct err e = {0};
    int exit = CLI_OK;
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {
        {"--since", ARGUMENT_DURATION, &since_ms, "D", "of a run: how far back to look for it (7d)"}, {0}};

    if (!arguments_read(words, table, 0, 1, &positional, &e))
        return cli_usage(c, "watch", e.msg);
    if (!positional.n || !strchr(positional.at[0], '@'))
        return watch_live(c, positional.n ? positional.at[0] : NULL);
    if (!run_name_read(positional.at[0], &name, &e))
        return cli_usage(c, "watch", e.msg);
    exit = watch_run(c, &name, since_ms);
    run_name_release(&name);
    return exit;
}
