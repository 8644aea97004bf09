/*
 * The readers' fold as a program, for test_fold_c.py: records in, what it knows out.
 *
 * stdin, a line each:  {"offset":0,"ts":1000,"key":"a","value":"{…}"}   fold it
 *                      {"show":"a"}                                      print what is known of this workload
 * stdout, a line each: the answer's word, or {"parsed":false} before it; or one JSON object in the view's own
 * words. usage: protocol_fold PARTITION PARTITIONS GENERATION
 */
#include "base/mem.h"
#include "codec/json.h"
#include "core/fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4 * 1024 * 1024 };

static void add_number(struct json *o, const char *name, int64_t n)
{
    json_add_int(o, name, n);
}

static struct json *counts_json(const struct counts *c)
{
    const int64_t six[] = {c->done, c->unchanged, c->bypassed, c->failed, c->doubt, c->unsettled};
    struct json *a = json_array();

    for (size_t i = 0; i < sizeof six / sizeof *six; i++)
        json_push(a, json_new_int(six[i]));
    return a;
}

static struct json *delays_json(const int64_t *delays, int64_t n)
{
    struct json *a = json_array();

    for (int64_t i = 0; i < n; i++)
        json_push(a, json_new_int(delays[i]));
    return a;
}

static void show_current(struct json *o, const struct fold_workload *w)
{
    const struct fold_current *c = &w->current;
    struct json *left = json_object();
    struct json *pending = json_object();

    add_number(o, "ep", c->epoch);
    json_add_str(o, "run", str_of(c->run));
    json_add_str(o, "act", str_of(action_names[c->action]));
    json_add_str(o, "onfail", str_of(on_failure_names[c->on_failure]));
    add_number(o, "nt", c->steps);
    add_number(o, "step", c->step);
    add_number(o, "planned", c->planned);
    add_number(o, "open", c->open);
    add_number(o, "gate", c->gate_ms);
    add_number(o, "fo", c->opened_unsettled);
    add_number(o, "dl", c->deadline_s);
    add_number(o, "pm", c->pause_s);
    add_number(o, "dleft", c->left_ms);
    json_add(o, "delays", delays_json(c->delays_ms, c->steps));
    json_add(o, "counts", counts_json(&c->counts));
    json_add_str(o, "res", str_of(result_names[c->result]));
    json_add_str(o, "why", str_of(result_names[c->why]));
    add_number(o, "end", c->end_ms);
    json_add_str(o, "pn", str_of(c->nonce));
    add_number(o, "pm_parts", c->parts);
    add_number(o, "pp", c->parts_taken);
    json_add(o, "pc", counts_json(&c->parts_left_out));
    for (int64_t k = 0; k < c->steps; k++) {
        char step[24];
        STRS_CLEANUP struct strs ids = {0};
        struct json *list = json_array();
        (void)snprintf(step, sizeof step, "%lld", (long long)k);
        fold_pending_ids(w, k, &ids);
        for (size_t i = 0; i < ids.n; i++)
            json_push_str(list, str_of(ids.at[i]));
        json_add(pending, step, list);
        if (c->at[k].has_left_out)
            json_add(left, step, counts_json(&c->at[k].left_out));
    }
    json_add(o, "lo", left);
    json_add(o, "p", pending);
}

static struct json *next_json(const struct fold_next *n)
{
    struct json *o = json_object();

    add_number(o, "q", n->epoch);
    json_add_str(o, "qrun", str_of(n->run));
    json_add_str(o, "qact", str_of(action_names[n->action]));
    json_add_str(o, "qonf", str_of(on_failure_names[n->on_failure]));
    add_number(o, "qnt", n->steps);
    json_add(o, "qdelays", delays_json(n->delays_ms, n->steps));
    add_number(o, "qdl", n->deadline_s);
    add_number(o, "qpm", n->pause_s);
    json_add_bool(o, "qp", n->paused);
    return o;
}

static struct json *runs_json(const struct fold_workload *w)
{
    struct json *all = json_object();

    for (size_t i = 0; i < w->run_count; i++) {
        const struct fold_run *r = &w->runs[i];
        struct json *o = json_object();
        add_number(o, "request", r->request);
        json_add_str(o, "action", str_of(action_names[r->action]));
        add_number(o, "epoch", r->epoch);
        json_add_str(o, "result", str_of(result_names[r->result]));
        json_add_str(o, "cause", str_of(cause_names[r->cause]));
        json_add(o, "counts", counts_json(&r->counts));
        add_number(o, "finish", r->finish_due_ms);
        json_add(all, r->run, o);
    }
    return all;
}

static struct json *waiting_json(const struct fold_workload *w)
{
    struct json *all = json_array();

    for (size_t i = 0; i < w->waiting_count; i++) {
        const struct fold_waiting *q = &w->waiting[i];
        struct json *o = json_object();
        add_number(o, "request", q->request);
        json_add_str(o, "run", str_of(q->run));
        json_add_str(o, "action", str_of(action_names[q->action]));
        json_add_str(o, "busy", str_of(if_busy_names[q->busy]));
        json_add_bool(o, "paused", q->paused);
        add_number(o, "admit", q->asked_ms);
        json_push(all, o);
    }
    return all;
}

static void show_rest(struct json *o, const struct fold_workload *w)
{
    struct json *holds = json_object();
    struct json *ticks = json_object();
    struct json *ids = json_array();

    for (size_t i = 0; i < w->hold_count; i++) {
        struct json *h = json_array();
        json_push(h, json_new_int(w->holds[i].until_ms));
        json_push_str(h, str_of(w->holds[i].tier));
        json_push_str(h, str_of(w->holds[i].instance));
        json_add(holds, w->holds[i].hold, h);
    }
    for (size_t i = 0; i < w->tick_count; i++)
        add_number(ticks, w->ticks[i].schedule, w->ticks[i].tick);
    for (size_t i = 0; i < w->controls.n; i++)
        json_push_str(ids, str_of(w->controls.at[i]));
    json_add(o, "holds", holds);
    json_add(o, "ticks", ticks);
    json_add(o, "ids", ids);
    add_number(o, "hv", w->hold_changes);
    add_number(o, "cnt", w->accepted);
    add_number(o, "last", w->last);
    add_number(o, "drain", w->drain_due_ms);
    add_number(o, "plan", w->plan_due_ms);
    add_number(o, "deadline", w->deadline_ms);
}

static void show(const struct fold *f, struct str name)
{
    const struct fold_workload *w = fold_workload(f, name);
    JSON_CLEANUP struct json *o = json_object();
    BUF_CLEANUP struct buf text = BUF_INIT(LINE_MAX_BYTES);

    add_number(o, "applied", fold_applied(f));
    add_number(o, "runs_accepted", fold_accepted(f));
    if (w) {
        json_add_str(o, "st", str_of(fold_state_names[w->state]));
        if (w->current.run)
            show_current(o, w);
        if (w->next.run)
            json_add(o, "next", next_json(&w->next));
        json_add(o, "runs", runs_json(w));
        json_add(o, "waiting", waiting_json(w));
        show_rest(o, w);
    }
    json_print(o, &text);
    BUG_IF(text.over);
    (void)puts(buf_cstr(&text));
}

static void take(struct fold *f, const struct json *j)
{
    static const char *const words[] = {"OK", "IGN", "DUP", "GAP", "UPGRADE"};
    struct fold_place at = {.key = json_str_or_empty(json_get(j, "key"))};
    struct event ev;
    struct err e = {0};

    BUG_IF(!json_int(json_get(j, "offset"), &at.offset) || !json_int(json_get(j, "ts"), &at.ts_ms));
    bool parsed = event_parse(json_str_or_empty(json_get(j, "value")), &ev, &e);
    enum fold_answer a = fold_take(f, &at, parsed ? &ev : NULL);
    (void)printf("%s %s\n", words[a], parsed ? "parsed" : e.msg);
    if (parsed)
        event_release(&ev);
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n = 0;

    if (argc != 4)
        return 2;
    FOLD_CLEANUP struct fold *f = fold_new((int)strtol(argv[1], NULL, 10), (int)strtol(argv[2], NULL, 10),
                                           strtol(argv[3], NULL, 10), 0);
    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct err e = {0};
        JSON_CLEANUP struct json *j = json_parse(str_n(line, (size_t)n), LINE_MAX_BYTES, &e);
        struct str name;
        if (!j) {
            (void)fprintf(stderr, "%s\n", e.msg);
            return 2;
        }
        if (json_str(json_get(j, "show"), &name))
            show(f, name);
        else
            take(f, j);
        (void)fflush(stdout); /* the test waits for each answer */
    }
    free(line);
    return fflush(stdout) == 0 ? 0 : 1;
}
