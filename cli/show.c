#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/log.h"
#include "cli/story.h"
#include "cli/verbs.h"

#include <stdio.h>

enum { READ_BACK_MS = 120000 };

static bool hear(void *arg, const struct kafka_record *r, const struct event *ev)
{
    return story_hear(arg, r, ev, false);
}

static int show(struct cli *c, const char *workload, const char *run)
{
    struct err e = {0};
    int partitions = 0;
    int64_t low = 0;
    int64_t high = 0;
    STORY_CLEANUP struct story *s = story_new(c, workload, run);

    if (!cli_log_partitions(c, &partitions, &e))
        return cli_fail(c, &e, NULL);
    int partition = ids_partition(str_of(workload), partitions);
    if (!cli_watermarks(c, partition, &low, &high, &e) ||
        !cli_follow(c, partition, low, high, hear, s, cli_now(c) + READ_BACK_MS, &e))
        return cli_fail(c, &e, NULL);
    if (!story_known(s)) {
        (void)err_set(&e, ERR_NOT_FOUND, "%s@%s: the log does not know this run", workload, run);
        return cli_fail(c, &e, "`ec2sched runs` lists those that it keeps");
    }
    story_print(s);
    return CLI_OK;
}

int verb_show(struct cli *c, const struct strs *words)
{
    struct str workload;
    struct str run;
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};

    if (!arguments_read(words, &(struct argument){0}, 1, 1, &positional, &e))
        return cli_usage(c, "show", e.msg);
    if (!ids_split_run(str_of(positional.at[0]), &workload, &run))
        return cli_usage(c, "show", "a run is written WORKLOAD@ID");
    char *w = str_dup(workload);
    char *r = str_dup(run);
    int exit = show(c, w, r);
    xfree(w);
    xfree(r);
    return exit;
}
