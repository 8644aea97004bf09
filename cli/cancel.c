#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/log.h"
#include "cli/print.h"
#include "cli/story.h"
#include "cli/verbs.h"

#include <stdio.h>

enum { CONTROL_WAIT_MS = 10000, ID_DIGITS = 32 };

static bool hear(void *arg, const struct kafka_record *r, const struct event *ev)
{
    return story_hear(arg, r, ev, false);
}

/* The end of the cancelled run, from where its Cancel stands; a run that has its result already is not named
 * by later records. */
static int follow(struct cli *c, const char *workload, const char *run, const struct cli_place *at)
{
    struct err e = {0};
    char remedy[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 100];
    STORY_CLEANUP struct story *s = story_new(c, workload, run);
    bool heard =
        cli_follow(c, at->partition, at->offset, INT64_MAX, hear, s, cli_now(c) + CONTROL_WAIT_MS, &e);

    if (!heard) {
        (void)snprintf(remedy, sizeof remedy,
                       "the Cancel is in the log; a run that is already over is not changed by it, and one "
                       "that a worker still holds ends later: "
                       "`ec2sched show %.100s@%s`",
                       workload, run);
        return cli_fail(c, &e, remedy);
    }
    if (!c->json)
        print_line("%s@%s %s", workload, run, result_names[story_result(s)]);
    else
        story_print(s);
    return story_result(s) == RESULT_CANCELLED ? CLI_OK : CLI_FAILED;
}

int verb_cancel(struct cli *c, const struct strs *words)
{
    const char *reason = NULL;
    char who[600];
    char id[ID_DIGITS + 1];
    struct str workload;
    struct str run;
    struct event ev;
    struct cli_place at;
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {{"--reason", ARGUMENT_TEXT, &reason, "TEXT", "kept with the record"},
                                     {0}};

    if (!arguments_read(words, table, 1, 1, &positional, &e))
        return cli_usage(c, "cancel", e.msg);
    if (!ids_split_run(str_of(positional.at[0]), &workload, &run))
        return cli_usage(c, "cancel", "a run is written WORKLOAD@ID");
    char *w = str_dup(workload);
    char *r = str_dup(run);
    cli_who(c, who, sizeof who);
    cli_random_hex(c, id, ID_DIGITS);
    event_init(&ev, EVENT_CANCEL, cli_wall(c), w, r);
    ev.control.id = xstrdup(id);
    ev.control.who = xstrdup(who);
    ev.control.reason = reason ? xstrdup(reason) : NULL;
    ev.control.cause = CAUSE_CANCELLED;
    bool ok = cli_append(c, &ev, 0, &at, &e);
    event_release(&ev);
    int exit = ok ? follow(c, w, r, &at) : cli_fail(c, &e, NULL);
    xfree(w);
    xfree(r);
    return exit;
}
