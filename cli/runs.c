#include "base/mem.h"
#include "base/moment.h"
#include "cli/arguments.h"
#include "cli/history.h"
#include "cli/print.h"
#include "cli/since.h"
#include "cli/verbs.h"

#include <stdio.h>

enum { READ_BACK_MS = 120000, LIMIT_DEFAULT = 20, PARTITIONS_MAX = 1000 };

static bool hear(void *arg, const struct kafka_record *r, const struct event *ev)
{
    history_hear(arg, r, ev);
    return false;
}

static void add_moment(struct json *o, const char *name, int64_t ms)
{
    char text[MOMENT_MAX] = "";

    if (ms)
        moment_rfc3339(ms, text);
    json_add_str(o, name, str_of(text));
}

static struct json *run_json(const struct past_run *p)
{
    struct json *o = json_object();

    json_add_str(o, "workload", str_of(p->workload));
    json_add_str(o, "run", str_of(p->run));
    json_add_str(o, "action", p->action < 0 ? STR("") : str_of(action_names[p->action]));
    json_add_str(o, "result", str_of(result_names[p->result]));
    json_add_str(o, "cause", str_of(cause_names[p->cause]));
    add_moment(o, "asked", p->asked_ms);
    add_moment(o, "began", p->began_ms);
    add_moment(o, "ended", p->ended_ms);
    json_add(o, "counts", print_counts(&p->counts));
    json_add_str(o, "who", str_of(p->who));
    json_add_str(o, "reason", str_of(p->reason));
    return o;
}

static void moment_cell(struct table *t, int64_t ms)
{
    char text[MOMENT_MAX] = "";

    if (ms)
        moment_rfc3339(ms, text);
    table_cellf(t, "%.10s%s%.8s%s", text, ms ? " " : "", ms ? text + 11 : "", ms ? "Z" : "");
}

static const char *state_of(const struct past_run *p)
{
    if (p->result != RESULT_NONE)
        return result_names[p->result];
    return p->began_ms ? "in progress" : "waits";
}

static void run_row(struct table *t, const struct past_run *p)
{
    table_cellf(t, "%s@%s", p->workload, p->run);
    table_cell(t, p->action < 0 ? "" : action_names[p->action]);
    table_cell(t, state_of(p));
    moment_cell(t, p->asked_ms);
    moment_cell(t, p->ended_ms);
    table_cellf(t, "%lld", (long long)p->counts.done);
    table_cellf(t, "%lld", (long long)p->counts.unchanged);
    table_cellf(t, "%lld", (long long)p->counts.bypassed);
    table_cellf(t, "%lld", (long long)p->counts.failed);
    table_cell(t, p->who ? p->who : "");
    table_cellf(t, "%s%s%s", p->cause ? cause_sentence((enum cause)p->cause) : "",
                p->cause && p->reason ? "; " : "", p->reason ? p->reason : "");
}

static void show(const struct cli *c, const struct history *h, size_t limit)
{
    static const char *const columns[] = {"RUN",       "ACTION",   "STATE",  "ASKED", "ENDED", "DONE",
                                          "UNCHANGED", "BYPASSED", "FAILED", "WHO",   "WHY",   NULL};
    const struct past_run **latest = xcalloc(limit, sizeof *latest);
    size_t n = history_latest(h, latest, limit);
    TABLE_CLEANUP struct table *table = table_new(columns);
    JSON_CLEANUP struct json *document = print_document();
    struct json *all = json_array();

    for (size_t i = 0; i < n; i++) {
        run_row(table, latest[i]);
        json_push(all, run_json(latest[i]));
    }
    json_add(document, "runs", all);
    json_add_int(document, "known", (int64_t)history_count(h));
    if (c->json) {
        print_json(document);
    } else {
        table_print(table);
        if (n < history_count(h) || history_forgotten(h))
            print_error_line("%zu of %zu%s runs; --limit shows more", n, history_count(h),
                             history_forgotten(h) ? " and more" : "");
    }
    xfree(latest);
}

static int runs(struct cli *c, const char *workload, int64_t since_ms, size_t limit)
{
    struct err e = {0};
    int partitions = 0;
    struct cli_span spans[PARTITIONS_MAX];
    size_t n = 0;
    HISTORY_CLEANUP struct history *h = history_new(workload);

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
        {"--limit", ARGUMENT_NUMBER, &limit, "N", "the latest N (20)", .min = 1, .max = HISTORY_MAX},
        {"--since", ARGUMENT_DURATION, &since_ms, "D", "how far back (7d)"},
        {0},
    };

    if (!arguments_read(words, table, 0, 1, &positional, &e))
        return cli_usage(c, "runs", e.msg);
    return runs(c, positional.n ? positional.at[0] : NULL, since_ms, (size_t)limit);
}
