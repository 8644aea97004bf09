#include "base/mem.h"
#include "base/moment.h"
#include "cli/arguments.h"
#include "cli/print.h"
#include "cli/specs.h"
#include "cli/state.h"
#include "cli/verbs.h"
#include "core/document.h"

#include <stdio.h>
#include <string.h>

static void add_moment(struct json *o, const char *name, int64_t ms)
{
    char text[MOMENT_MAX] = "";

    if (ms > 0)
        moment_rfc3339(ms, text);
    json_add_str(o, name, str_of(text));
}

static struct json *strings(const struct strs *l)
{
    struct json *a = json_array();

    for (size_t i = 0; i < l->n; i++)
        json_push_str(a, str_of(l->at[i]));
    return a;
}

static struct json *holds_json(const struct cli_state *s)
{
    struct json *all = json_array();

    for (size_t i = 0; i < s->hold_count; i++) {
        const struct cli_hold *h = &s->holds[i];
        struct json *o = json_object();
        json_add_str(o, "hold", str_of(h->hold));
        json_add_str(o, "tier", str_of(h->tier));
        json_add_str(o, "instance", str_of(h->instance));
        add_moment(o, "until", h->until_ms);
        json_push(all, o);
    }
    return all;
}

static struct json *steps_json(const struct cli_state *s)
{
    struct json *all = json_array();

    for (int64_t k = 0; s->run[0] && k < s->steps && k < STATE_STEPS_MAX; k++) {
        struct json *o = json_object();
        json_add_int(o, "step", k);
        json_add(o, "tiers", strings(&s->at[k].tiers));
        json_add_str(o, "state", str_of(cli_state_step_word(s, k)));
        json_add_int(o, "jobs", s->at[k].jobs);
        json_add_int(o, "pending", s->at[k].pending);
        if (s->from_view)
            json_add_int(o, "leased", s->at[k].leased);
        json_push(all, o);
    }
    return all;
}

static struct json *state_json(const char *workload, const struct cli_state *s)
{
    struct json *o = json_object();
    BUF_CLEANUP struct buf start = BUF_INIT(1000);

    cli_state_start(s, &start);
    json_add_str(o, "workload", str_of(workload));
    json_add_str(o, "state", str_of(s->state));
    json_add_str(o, "run", str_of(s->run));
    json_add_str(o, "action", str_of(s->action));
    json_add_str(o, "result", str_of(result_names[s->result]));
    json_add(o, "steps", steps_json(s));
    json_add(o, "counts", document_counts(&s->counts));
    add_moment(o, "deadline", s->deadline_ms);
    json_add_str(o, "next_run", str_of(s->next_run));
    json_add_str(o, "next_action", str_of(s->next_action));
    json_add_str(o, "why", str_of(s->why));
    add_moment(o, "not_before", s->until_ms);
    json_add_str(o, "start", buf_view(&start));
    json_add(o, "waiting", strings(&s->waiting));
    json_add(o, "holds", holds_json(s));
    json_add_str(o, "source", s->from_view ? STR("view") : STR("log"));
    json_add_int(o, "age_ms", s->age_ms);
    json_add_bool(o, "confirmed", s->confirmed);
    return o;
}

static void print_steps(const struct cli_state *s)
{
    static const char *const columns[] = {"STEP", "TIERS", "STATE", "JOBS", "PENDING", "LEASED", NULL};
    TABLE_CLEANUP struct table *t = table_new(columns);

    for (int64_t k = 0; k < s->steps && k < STATE_STEPS_MAX; k++) {
        BUF_CLEANUP struct buf tiers = BUF_INIT(64 * 1024);
        for (size_t i = 0; i < s->at[k].tiers.n; i++)
            buf_addf(&tiers, "%s%s", i ? ", " : "", s->at[k].tiers.at[i]);
        table_cellf(t, "%lld", (long long)k);
        table_cell(t, buf_cstr(&tiers));
        table_cell(t, cli_state_step_word(s, k));
        table_cellf(t, "%lld", (long long)s->at[k].jobs);
        table_cellf(t, "%lld", (long long)s->at[k].pending);
        if (s->at[k].leased < 0)
            table_cell(t, "?");
        else
            table_cellf(t, "%lld", (long long)s->at[k].leased);
    }
    table_print(t);
}

/* How far to trust it. */
static void print_source(const struct cli_state *s)
{
    if (!s->from_view)
        print_line("folded from the log, leases are unknown: %s", s->note);
    else if (s->confirmed)
        print_line("the view is %.1f s old", (double)(s->age_ms > 0 ? s->age_ms : 0) / 1000);
    else if (s->age_ms >= 0)
        print_line("no leader has confirmed the view for %.1f s: nothing moves until a producer runs",
                   (double)s->age_ms / 1000);
    else
        print_line("no leader confirms the view: nothing moves until a producer runs");
}

static void print_holds(const struct cli_state *s)
{
    for (size_t i = 0; i < s->hold_count; i++) {
        const struct cli_hold *h = &s->holds[i];
        char until[MOMENT_MAX];
        moment_rfc3339(h->until_ms, until);
        print_line("hold %s until %.10s %.8sZ: %s%s%s%s", h->hold, until, until + 11,
                   h->instance[0] ? "instance "
                   : h->tier[0]   ? ""
                                  : "the whole workload",
                   h->instance, h->tier[0] ? (h->instance[0] ? " of tier " : "tier ") : "", h->tier);
    }
    if (s->holds_unreadable)
        print_line("holds: they cannot be read in the view: nobody is acted on");
}

/* Why it does not go on, and who waits. */
static void print_waiting(const struct cli_state *s)
{
    BUF_CLEANUP struct buf start = BUF_INIT(1000);

    cli_state_start(s, &start);
    if (s->why[0] && strcmp(s->state, "running") == 0)
        print_line("%s: `ec2sched doctor`", s->why);
    if (s->next_run[0])
        print_line("next: %s %s%s%s", s->next_action, s->next_run,
                   start.n ? ": " : ": when the run has ended", buf_cstr(&start));
    for (size_t i = 0; i < s->waiting.n; i++)
        print_line("waits for admission: %s", s->waiting.at[i]);
}

static void print_state(const char *workload, const struct cli_state *s)
{
    print_line("%s: %s%s%s%s%s%s", workload, s->state, s->run[0] ? ", " : "", s->action, s->run[0] ? " " : "",
               s->run, s->result ? " (ended)" : "");
    if (s->run[0] && s->result == RESULT_NONE)
        print_steps(s);
    if (s->run[0])
        print_line("%lld done, %lld unchanged, %lld bypassed, %lld failed%s%s", (long long)s->counts.done,
                   (long long)s->counts.unchanged, (long long)s->counts.bypassed, (long long)s->counts.failed,
                   s->result ? ": " : " so far", s->result ? result_names[s->result] : "");
    print_waiting(s);
    print_holds(s);
    print_source(s);
}

/* A view without Kafka is what was so: nobody can fold what came after. */
static void add_kafka(const struct cli *c, struct json *document)
{
    json_add_str(document, "kafka", str_of(c->kafka_lost.msg));
}

static void print_kafka(const struct cli *c)
{
    if (c->kafka_lost.kind != ERR_NONE)
        print_line("Kafka cannot be asked, this is what Redis holds: %s", c->kafka_lost.msg);
}

/* One workload: all that is known of it. */
static int status_one(struct cli *c, const char *workload)
{
    struct err e = {0};
    struct cli_rows rows = {0};
    struct cli_state s;
    JSON_CLEANUP struct json *document = document_new();
    struct json *all = json_array();

    json_add(document, "workloads", all);
    bool ok = cli_state(c, workload, &s, &e);
    if (ok && !s.known && (!cli_rows(c, workload, &rows, &e) || !json_count(rows.workloads))) {
        if (e.kind == ERR_NONE)
            (void)err_set(&e, ERR_NOT_FOUND, "%s: neither a row nor the log names it", workload);
        cli_state_release(&s);
        return cli_fail(c, &e, "`ec2sched list` names the workloads");
    }
    if (!ok) {
        cli_state_release(&s);
        return cli_fail(c, &e, "check redis.url and kafka.brokers");
    }
    json_push(all, state_json(workload, &s));
    add_kafka(c, document);
    if (c->json) {
        print_json(document);
    } else {
        print_state(workload, &s);
        print_kafka(c);
    }
    cli_state_release(&s);
    return CLI_OK;
}

static void summary_row(struct table *t, const char *workload, const struct cli_state *s)
{
    BUF_CLEANUP struct buf start = BUF_INIT(1000);

    cli_state_start(s, &start);
    table_cell(t, workload);
    table_cell(t, s->state);
    table_cell(t, s->result ? "" : s->action);
    table_cell(t, s->result ? "" : s->run);
    if (s->run[0] && s->result == RESULT_NONE)
        table_cellf(t, "%lld of %lld", (long long)(s->step < s->steps ? s->step + 1 : s->steps),
                    (long long)s->steps);
    else
        table_cell(t, "");
    table_cell(t, s->next_run);
    table_cell(t, !s->from_view   ? "folded from the log"
                  : !s->confirmed ? "no leader confirms the view"
                  : start.n       ? buf_cstr(&start)
                                  : s->why);
}

static int status_all(struct cli *c)
{
    static const char *const columns[] = {"WORKLOAD", "STATE", "ACTION", "RUN", "STEP", "NEXT", "WHY", NULL};
    struct err e = {0};
    struct cli_rows rows = {0};
    TABLE_CLEANUP struct table *table = table_new(columns);
    JSON_CLEANUP struct json *document = document_new();
    struct json *all = json_array();

    json_add(document, "workloads", all);
    if (!cli_rows(c, NULL, &rows, &e))
        return cli_fail(
            c, &e, cli_remedy(&e) ? cli_remedy(&e) : "check specs.source, the credentials and the region");
    for (const struct json *row = json_first(rows.workloads); row; row = json_next(row)) {
        struct cli_state s;
        char *name = str_dup(json_str_or_empty(json_get(row, "SpecName")));
        bool ok = cli_state(c, name, &s, &e);
        if (ok) {
            summary_row(table, name, &s);
            json_push(all, state_json(name, &s));
        }
        cli_state_release(&s);
        xfree(name);
        if (!ok)
            return cli_fail(c, &e, "check redis.url and kafka.brokers");
    }
    add_kafka(c, document);
    if (c->json) {
        print_json(document);
    } else {
        table_print(table);
        print_kafka(c);
    }
    return CLI_OK;
}

int verb_status(struct cli *c, const struct strs *words)
{
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};

    if (!arguments_read(words, &(struct argument){0}, 0, 1, &positional, &e))
        return cli_usage(c, "status", e.msg);
    return positional.n ? status_one(c, positional.at[0]) : status_all(c);
}
