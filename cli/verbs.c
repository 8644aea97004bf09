#include "cli/verbs.h"

#include "cli/print.h"

#include <string.h>

#define ACTION_USAGE                                                                                         \
    "WORKLOAD [--tier T]... [--reason TEXT] [--if-busy MODE] [--on-failure MODE] [--expires 10m] "           \
    "[--run ID] [--wait [--timeout D]] [--yes] [--dry-run]"

/* clang-format off */
const struct verb verbs[] = {
    {"list",   "", "workloads: region, tiers, state, next action", verb_list},
    {"plan",   "WORKLOAD start|stop [--tier T]...", "what would happen; changes nothing, sends nothing to guests", verb_plan},
    {"start",  ACTION_USAGE, "start a workload, tier by tier", verb_start},
    {"stop",   ACTION_USAGE, "stop a workload, tier by tier; asks once on a terminal", verb_stop},
    {"status", "[WORKLOAD]", "what runs now, and why it does not go on", verb_status},
    {"watch",  "[WORKLOAD|WORKLOAD@RUN] [--since D]", "live from the log: bars on a terminal, lines in a pipe", verb_watch},
    {"runs",   "[WORKLOAD] [--limit N] [--since D]", "history: the latest runs and how they ended", verb_runs},
    {"cancel", "WORKLOAD@RUN [--reason TEXT] [--since D]", "end a run at a definite point of the log", verb_cancel},
    {"lint",   "[WORKLOAD]", "check the specifications: names row, attribute and remedy", verb_lint},
    {"doctor", "[WORKLOAD]", "what the deployment rests on, checked, each with its remedy", verb_doctor},
    {"show",   "WORKLOAD@RUN [--since D]", "one run: steps, tiers, every member with outcome and cause", verb_show},
    {"schedule", "list [WORKLOAD] | next [WORKLOAD] [--days N] | pause WORKLOAD NAME | resume WORKLOAD NAME", "when what is started and stopped by itself", verb_schedule},
    {"tables", "create|check [--billing on-demand|provisioned]", "the DynamoDB tables of the specifications", verb_tables},
    {"topics", "create|check|settings [--replication auto|N]", "the Kafka topics, and the fleet's time settings", verb_topics},
    {"completion", "bash|zsh|fish", "prints what makes your shell complete this command", verb_completion},
    {"schema", "[--markdown|--asyncapi|--options]", NULL, verb_schema},
    {0},
};
/* clang-format on */

static const struct verb *find(const char *name)
{
    for (const struct verb *v = verbs; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

static const char *nearest(const char *name)
{
    enum { NEAR_ENOUGH = 2 };
    const char *best = NULL;
    size_t least = NEAR_ENOUGH + 1;

    for (const struct verb *v = verbs; v->name; v++) {
        size_t d = str_distance(str_of(v->name), str_of(name));
        if (d < least) {
            least = d;
            best = v->name;
        }
    }
    return best;
}

/* Before the verb only options of all programs can stand, and those were taken already. */
static int unknown_option(const struct cli *c, const char *word)
{
    struct err e = {0};
    struct str name;
    struct str value;

    (void)str_cut(str_skip(str_of(word), 2), '=', &name, &value); /* the value may be a secret */
    if (name.n > 60)
        name.n = 60;
    const char *near = options_nearest(name);
    (void)err_set(&e, ERR_CONFIG, "unknown option --" STR_FMT "%s%s%s", STR_ARG(name),
                  near ? ": did you mean --" : "", near ? near : "", near ? "?" : "");
    return cli_fail(c, &e, "`ec2sched --help` lists the options; a command's own flags stand behind it");
}

int verbs_run(struct cli *c, const struct strs *words)
{
    const struct verb *v = find(words->at[0]);
    struct strs rest = {.at = words->at + 1, .n = words->n - 1};
    struct err e = {0};

    if (v)
        return v->run(c, &rest);
    if (str_starts(str_of(words->at[0]), STR("--")))
        return unknown_option(c, words->at[0]);
    const char *near = nearest(words->at[0]);
    if (near)
        (void)err_set(&e, ERR_CONFIG, "unknown command '%.60s': did you mean %s?", words->at[0], near);
    else
        (void)err_set(&e, ERR_CONFIG, "unknown command '%.60s'", words->at[0]);
    return cli_fail(c, &e, "`ec2sched --help` lists the commands");
}

void verbs_help(struct buf *out)
{
    for (const struct verb *v = verbs; v->name; v++)
        if (v->summary)
            buf_addf(out, "  %-8s %s\n  %-8s   %s\n", v->name, v->usage, "", v->summary);
}

int verbs_help_of(const char *name)
{
    STRS_CLEANUP struct strs words = {0};
    const struct verb *v = find(name);
    struct cli c = {0};

    if (!v) {
        strs_add(&words, str_of(name));
        return verbs_run(&c, &words);
    }
    strs_add(&words, STR("--help"));
    print_line("usage: ec2sched %s %s", v->name, v->usage);
    print_line("%s", "");
    print_line("%s", v->summary ? v->summary : "");
    print_line("%s", "");
    int exit = v->run(&c, &words); /* each verb reads its flags before anything else */
    print_line("  %-24s%s", "--output table|json", "for people (default), or one document for programs");
    print_line("%s", "");
    print_line("%s", "`ec2sched --help` lists the options of all programs, such as --kafka.brokers.");
    return exit;
}
