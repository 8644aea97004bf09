#pragma once
/*
 * verbs - the one table of what `ec2sched` can do: dispatch, help and completion come from it.
 */
#include "cli/cli.h"

struct verb {
    const char *name;    /* "topics" */
    const char *usage;   /* behind the name: "create|check|settings [--replication auto|N]" */
    const char *summary; /* one line; NULL: hidden */
    int (*run)(struct cli *c,
               const struct strs *words); /* an enum cli_exit; `words` without the verb's name */
};

extern const struct verb verbs[]; /* ended by a NULL name */

/* The verb's name is words->at[0]. */
int verbs_run(struct cli *c, const struct strs *words);
void verbs_help(struct buf *out);
int verbs_help_of(const char *name); /* prints one verb's usage and flags */

int verb_list(struct cli *c, const struct strs *words);
int verb_lint(struct cli *c, const struct strs *words);
int verb_plan(struct cli *c, const struct strs *words);
int verb_start(struct cli *c, const struct strs *words);
int verb_stop(struct cli *c, const struct strs *words);
int verb_cancel(struct cli *c, const struct strs *words);
int verb_topics(struct cli *c, const struct strs *words);
int verb_watch(struct cli *c, const struct strs *words);
int verb_runs(struct cli *c, const struct strs *words);
int verb_status(struct cli *c, const struct strs *words);
int verb_doctor(struct cli *c, const struct strs *words);
int verb_show(struct cli *c, const struct strs *words);
int verb_schema(struct cli *c, const struct strs *words); /* hidden: for readers and for docs/events.md */
int verb_completion(struct cli *c, const struct strs *words);
int verb_schedule(struct cli *c, const struct strs *words);
int verb_tables(struct cli *c, const struct strs *words);
