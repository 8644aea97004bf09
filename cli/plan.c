#include "cli/arguments.h"
#include "cli/members.h"
#include "cli/print.h"
#include "cli/specs.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

/* A run under way is in the way of one that would not wait for it. */
static void ask_busy(const struct cli_state *now, int if_busy, struct cli_members *m)
{
    bool busy = now->next_run[0] || (now->run[0] && now->result == RESULT_NONE);

    if (m->refused != CAUSE_NONE || !busy || if_busy != IF_BUSY_REJECT)
        return;
    m->refused = CAUSE_BUSY;
    (void)snprintf(m->detail, sizeof m->detail, "%s %s is %s",
                   now->next_run[0] ? now->next_action : now->action,
                   now->next_run[0] ? now->next_run : now->run, now->next_run[0] ? "next" : now->state);
}

bool cli_foresee(struct cli *c, const struct spec *spec, enum action action, const struct strs *tiers,
                 int if_busy, struct cli_members *out, struct err *e)
{
    struct cli_state now = {0};
    struct err unknown = {0};
    bool known = cli_state(c, spec->workload, &now, &unknown);

    if (known && now.holds_unreadable)
        known = err_set(&unknown, ERR_INVALID, "its holds in the view cannot be read");
    bool ok = cli_members(c, spec, action, tiers, known ? &now : NULL, out, e);
    if (known)
        ask_busy(&now, if_busy, out);
    else
        (void)snprintf(out->unknown, sizeof out->unknown, "%s", unknown.msg);
    cli_state_release(&now);
    return ok;
}

int cli_plan(struct cli *c, const struct spec *spec, enum action action, const struct strs *tiers,
             int if_busy)
{
    struct cli_members m = {0};
    struct err e = {0};
    int exit = CLI_OK;

    if (spec->disabled)
        return cli_refuse(c, spec->workload, cause_sentence(CAUSE_SWITCHED_OFF),
                          "set DisableAllSchedulingActions to 0 in its row");
    if (!cli_foresee(c, spec, action, tiers, if_busy, &m, &e))
        exit = cli_fail(c, &e, "check the credentials and the region");
    else {
        struct cli_rows all = {0};
        if (cli_rows(c, NULL, &all, &e))
            m.shared = cli_shared(&all, spec);
        else if (!c->json)
            print_error_line(
                "ec2sched: warning: whether another workload has the same members is not known: %s", e.msg);
        exit = cli_members_print(c, spec, action, &m);
    }
    cli_members_release(&m);
    return exit;
}

static int plan(struct cli *c, const char *workload, enum action action, const struct strs *tiers)
{
    struct spec spec = {0};
    int exit = CLI_OK;

    if (!cli_spec(c, workload, action, tiers, &spec, &exit))
        return exit;
    exit = cli_plan(c, &spec, action, tiers, IF_BUSY_REJECT);
    spec_release(&spec);
    return exit;
}

int verb_plan(struct cli *c, const struct strs *words)
{
    struct err e = {0};
    STRS_CLEANUP struct strs tiers = {0};
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {
        {"--tier", ARGUMENT_TEXTS, &tiers, "T", "only this tier; may be given again"}, {0}};

    if (!arguments_read(words, table, 2, 2, &positional, &e))
        return cli_usage(c, "plan", e.msg);
    for (int action = 0; action_names[action]; action++)
        if (strcmp(positional.at[1], action_names[action]) == 0)
            return plan(c, positional.at[0], (enum action)action, &tiers);
    return cli_usage(c, "plan", "the second word is start or stop");
}
