#include "cli/arguments.h"
#include "cli/since.h"
#include "cli/telling.h"
#include "cli/verbs.h"

enum { READ_BACK_MS = 120000 };

static bool hear(void *arg, const struct kafka_record *r, const struct event *ev)
{
    return story_hear(arg, r, ev);
}

static int show(struct cli *c, const struct run_name *name, int64_t since_ms)
{
    struct err e = {0};
    struct stretch span;
    STORY_CLEANUP struct story *s = story_new(name->workload, name->run, true);

    if (!cli_recent(c, name->workload, since_ms, &span, &e) ||
        !cli_read(c, &span, 1, hear, s, cli_now(c) + READ_BACK_MS, &e))
        return cli_fail(c, &e, "check kafka.brokers, and that the cluster is up");
    if (!s->known) {
        (void)err_set(&e, ERR_NOT_FOUND, "%s@%s: the log does not know this run since then", name->workload,
                      name->run);
        return cli_fail(c, &e, "`ec2sched runs` lists those that it knows; --since 30d looks further back");
    }
    telling_whole(c, s);
    return CLI_OK;
}

int verb_show(struct cli *c, const struct strs *words)
{
    int64_t since_ms = SINCE_DEFAULT_MS;
    struct run_name name;
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {
        {"--since", ARGUMENT_DURATION, &since_ms, "D", "how far back to look for it (7d)"}, {0}};

    if (!arguments_read(words, table, 1, 1, &positional, &e) || !run_name_read(positional.at[0], &name, &e))
        return cli_usage(c, "show", e.msg);
    int exit = show(c, &name, since_ms);
    run_name_release(&name);
    return exit;
}
