#include "base/mem.h"
#include "cli/arguments.h"
#include "cli/log.h"
#include "cli/print.h"
#include "cli/since.h"
#include "cli/state.h"
#include "cli/telling.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

enum { CONTROL_WAIT_MS = 10000, ID_DIGITS = 32 };

static bool hear(void *arg, const struct kafka_record *r, const struct event *ev)
{
    return story_hear(arg, r, ev);
}

/* The end of the cancelled run, from where its Cancel stands; a run that has its result already is not named
 * by later records. */
static int follow(struct cli *c, const char *workload, const char *run, const struct cli_place *at)
{
    struct err e = {0};
    char remedy[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 100];
    STORY_CLEANUP struct story *s = story_new(workload, run, true);
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
        print_line("%s@%s %s", workload, run, result_names[s->result]);
    else
        telling_whole(c, s);
    return s->result == RESULT_CANCELLED ? CLI_OK : CLI_FAILED;
}

/* ---- is there anything to cancel? ---- */

/* As the view (or, without Redis, the folded log) knows it now: current, next, or waiting for admission. */
static bool is_alive(const struct cli_state *now, const char *run)
{
    return (strcmp(now->run, run) == 0 && now->result == RESULT_NONE) || strcmp(now->next_run, run) == 0 ||
           strs_has(&now->waiting, str_of(run));
}

/*
 * What is not among the living is looked for in the log: it is over, or was never asked for, or was asked for
 * a moment ago. Then nothing is appended.
 */
static bool is_over(struct cli *c, const struct run_name *name, int64_t since_ms, struct err *e)
{
    enum { READ_BACK_MS = 120000 };
    struct stretch span;
    STORY_CLEANUP struct story *s = story_new(name->workload, name->run, true);

    if (!cli_recent(c, name->workload, since_ms, &span, e) ||
        !cli_read(c, &span, 1, hear, s, cli_now(c) + READ_BACK_MS, e))
        return true;
    if (!s->known)
        return !err_set(e, ERR_NOT_FOUND, "%s@%s: the log does not know this run since then", name->workload,
                        name->run);
    if (s->result == RESULT_NONE)
        return false;
    return !err_set(e, ERR_INVALID, "%s@%s: it is over already: %s", name->workload, name->run,
                    result_names[s->result]);
}

static const char *remedy_of(const struct err *e)
{
    if (e->kind == ERR_NOT_FOUND)
        return "`ec2sched runs` lists those that it knows; --since 30d looks further back";
    return e->kind == ERR_INVALID ? "nothing was cancelled" : NULL;
}

static void make(const struct cli *c, const struct run_name *name, const char *reason, struct event *ev)
{
    char who[600];
    char id[ID_DIGITS + 1];

    cli_who(c, who, sizeof who);
    cli_random_hex(c, id, ID_DIGITS);
    event_init(ev, EVENT_CANCEL, cli_wall(c), name->workload, name->run);
    ev->control.id = xstrdup(id);
    ev->control.who = xstrdup(who);
    ev->control.reason = reason ? xstrdup(reason) : NULL;
    ev->control.cause = CAUSE_CANCELLED;
}

static int cancel(struct cli *c, const struct run_name *name, const char *reason, int64_t since_ms)
{
    struct cli_state now;
    struct cli_place at;
    struct event ev;
    struct err e = {0};

    bool known = cli_state(c, name->workload, &now, &e);
    bool alive = known && is_alive(&now, name->run);
    cli_state_release(&now);
    if (!known || (!alive && is_over(c, name, since_ms, &e)))
        return cli_fail(c, &e, remedy_of(&e));
    make(c, name, reason, &ev);
    bool ok = cli_append(c, &ev, 0, &at, &e);
    event_release(&ev);
    if (ok)
        return follow(c, name->workload, name->run, &at);
    return cli_fail(c, &e,
                    at.partition < 0 ? "nothing was cancelled"
                                     : "it is not known whether the Cancel arrived: ask again");
}

int verb_cancel(struct cli *c, const struct strs *words)
{
    const char *reason = NULL;
    int64_t since_ms = SINCE_DEFAULT_MS;
    struct run_name name;
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {
        {"--reason", ARGUMENT_TEXT, &reason, "TEXT", "kept with the record"},
        {"--since", ARGUMENT_DURATION, &since_ms, "D", "how far back to look for a run that is over (7d)"},
        {0},
    };

    if (!arguments_read(words, table, 1, 1, &positional, &e) || !run_name_read(positional.at[0], &name, &e))
        return cli_usage(c, "cancel", e.msg);
    int exit = cancel(c, &name, reason, since_ms);
    run_name_release(&name);
    return exit;
}
