#include "base/mem.h"
#include "base/moment.h"
#include "cli/arguments.h"
#include "cli/log.h"
#include "cli/print.h"
#include "cli/since.h"
#include "cli/verbs.h"
#include "core/history.h"

#include <stdio.h>

enum { READ_BACK_MS = 120000, LIMIT_DEFAULT = 20, PARTITIONS_MAX = 1000, RUNS_MAX = 20000 /* kept */ };

static bool hear(void *arg, const struct kafka_record *r, const struct event *ev)
{
    history_hear(arg, r, ev);
    return false;
}

static void moment_cell(struct table *t, int64_t ms)
{
    char text[MOMENT_MAX] = "";

    if (ms)
        moment_rfc3339(ms, text);
    table_cellf(t, "%.10s%s%.8s%s", text, ms ? " " : "", ms ? text + 11 : "", ms ? "Z" : "");
}

static const char *state_of(const struct story *s)
{
    if (s->result != RESULT_NONE)
        return result_names[s->result];
    return s->began_ms ? "in progress" : "waits";
}

static void run_row(struct table *t, const struct story *s)
{
    table_cellf(t, "%s@%s", s->workload, s->run);
    table_cell(t, story_action(s));
    table_cell(t, state_of(s));
    moment_cell(t, s->asked_ms);
    moment_cell(t, s->ended_ms);
    table_cellf(t, "%lld", (long long)s->counts.done);
    table_cellf(t, "%lld", (long long)s->counts.unchanged);
    table_cellf(t, "%lld", (long long)s->counts.bypassed);
    table_cellf(t, "%lld", (long long)s->counts.failed);
    table_cell(t, s->who ? s->who : "");
    table_cellf(t, "%s%s%s", s->cause ? cause_sentence((enum cause)s->cause) : "",
                s->cause && s->reason ? "; " : "", s->reason ? s->reason : "");
}

static void show_table(const struct history *h, size_t limit)
{
    static const char *const columns[] = {"RUN",       "ACTION",   "STATE",  "ASKED", "ENDED", "DONE",
                                          "UNCHANGED", "BYPASSED", "FAILED", "WHO",   "WHY",   NULL};
    const struct story **latest = xcalloc(limit, sizeof *latest);
    size_t n = history_latest(h, NULL, latest, limit);
    size_t known = history_count(h, NULL);
    TABLE_CLEANUP struct table *table = table_new(columns);

    for (size_t i = 0; i < n; i++)
        run_row(table, latest[i]);
    table_print(table);
    if (n < known || history_forgotten(h))
        print_error_line("%zu of %zu%s runs; --limit shows more", n, known,
                         history_forgotten(h) ? " and more" : "");
    xfree(latest);
}

static void show(const struct cli *c, const struct history *h, size_t limit)
{
    JSON_CLEANUP struct json *document = c->json ? history_json(h, NULL, limit) : NULL;

    if (c->json)
        print_json(document);
    else
        show_table(h, limit);
}

static int runs(struct cli *c, const char *workload, int64_t since_ms, size_t limit)
{
    struct err e = {0};
    int partitions = 0;
    struct stretch spans[PARTITIONS_MAX];
    size_t n = 0;
    const struct history_bounds bounds = {.ended = RUNS_MAX, .going = RUNS_MAX};
    HISTORY_CLEANUP struct history *h = history_new(workload, &bounds);

    if (!cli_log_partitions(c, &partitions, &e))
        return cli_fail(c, &e, "check kafka.brokers, and that the cluster is up");
    for (int p = 0; p < partitions && n < PARTITIONS_MAX; p++) {
        if (workload && p != ids_partition(str_of(workload), partitions))
            continue;
        if (!cli_since(c, p, cli_wall(c) - since_ms, &spans[n++], &e))
            return cli_fail(c, &e, NULL);
    }
    if (!cli_read(c, spans, n, hear, h, cli_now(c) + READ_BACK_MS, &e))
        return cli_fail(c, &e, "a shorter --since reads less");
    show(c, h, limit);
    return CLI_OK;
}

int verb_runs(struct cli *c, const struct strs *words)
{
    int64_t since_ms = SINCE_DEFAULT_MS;
    int64_t limit = LIMIT_DEFAULT;
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {
        {"--limit", ARGUMENT_NUMBER, &limit, "N", "the latest N (20)", .min = 1, .max = RUNS_MAX},
        {"--since", ARGUMENT_DURATION, &since_ms, "D", "how far back (7d)"},
        {0},
    };

    if (!arguments_read(words, table, 0, 1, &positional, &e))
        return cli_usage(c, "runs", e.msg);
    return runs(c, positional.n ? positional.at[0] : NULL, since_ms, (size_t)limit);
}
