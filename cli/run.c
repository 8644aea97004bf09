#include "cli/arguments.h"
#include "cli/log.h"
#include "cli/members.h"
#include "cli/print.h"
#include "cli/specs.h"
#include "cli/stage.h"
#include "cli/state.h"
#include "cli/telling.h"
#include "cli/verbs.h"
#include "core/plan.h"
#include "view/view.h"

#include "base/mem.h"
#include "base/moment.h"
#include "core/document.h"

#include <stdio.h>
#include <string.h>

enum {
    ADMISSION_WAIT_MS = 10000,
    SETTLE_MS = 2000, /* after an acceptance: whether a busy workload refuses it */
    EXPIRES_DEFAULT_MS = 600000,
    WAIT_DEFAULT_MS = 7 * 86400000,
    RUN_DIGITS = 12,
    VIEW_WAIT_MS = 3000,
};

struct asked { /* what was typed */
    enum action action;
    char *workload; /* owned */
    const char *reason, *on_failure, *run;
    struct strs tiers;
    int if_busy;
    int64_t expires_ms, timeout_ms;
    bool wait, yes, dry_run;
    char id[IDS_RUN_MAX + 1];
};

static bool read_words(const struct strs *words, struct asked *a, struct err *e)
{
    static const char *const on_failure[] = {"", "halt", "continue", NULL};
    int policy = 0;
    STRS_CLEANUP struct strs positional = {0};
    const struct argument table[] = {
        {"--tier", ARGUMENT_TEXTS, &a->tiers, "T", "only this tier; may be given again"},
        {"--reason", ARGUMENT_TEXT, &a->reason, "TEXT", "kept with the run"},
        {"--if-busy", ARGUMENT_WORD, &a->if_busy, "MODE", "reject (default), queue, supersede",
         if_busy_names},
        {"--on-failure", ARGUMENT_WORD, &policy, "MODE",
         "halt or continue; goes before the row's FailurePolicy", on_failure},
        {"--expires", ARGUMENT_DURATION, &a->expires_ms, "D", "must have begun by then (10m)"},
        {"--run", ARGUMENT_TEXT, &a->run, "ID", "the run's id; the same id twice is one run"},
        {"--wait", ARGUMENT_SWITCH, &a->wait, NULL, "wait for the run's end"},
        {"--timeout", ARGUMENT_DURATION, &a->timeout_ms, "D",
         "with --wait: give up waiting, the run goes on"},
        {"--yes", ARGUMENT_SWITCH, &a->yes, NULL, "do not ask"},
        {"--dry-run", ARGUMENT_SWITCH, &a->dry_run, NULL, "the same as plan"},
        {0},
    };

    if (!arguments_read(words, table, 1, 1, &positional, e))
        return false;
    a->workload = xstrdup(positional.at[0]);
    a->on_failure = policy ? on_failure[policy] : NULL;
    if (a->run && !ids_run_ok(str_of(a->run)))
        return err_set(e, ERR_CONFIG, "--run %.80s: 1 to 64 of A-Z a-z 0-9 . _ -", a->run);
    return true;
}

/* "20261124T183002-4f0c2a7b91de": sorts by time, and nobody else makes the same. */
static void make_id(const struct cli *c, struct asked *a)
{
    char random[RUN_DIGITS + 1];
    struct civil t = moment_civil(cli_wall(c));

    cli_random_hex(c, random, RUN_DIGITS);
    if (a->run)
        (void)snprintf(a->id, sizeof a->id, "%s", a->run);
    else
        (void)snprintf(a->id, sizeof a->id, "%04d%02d%02dT%02d%02d%02d-%s", t.year, t.month, t.day, t.hour,
                       t.minute, t.second, random);
}

static void make_request(const struct cli *c, const struct asked *a, struct event *ev)
{
    char who[600];

    cli_who(c, who, sizeof who);
    event_init(ev, EVENT_RUN_REQUESTED, cli_wall(c), a->workload, a->id);
    ev->action = xstrdup(action_names[a->action]);
    struct event_request *r = &ev->requested;
    r->origin.who = xstrdup(who);
    r->origin.reason = a->reason ? xstrdup(a->reason) : NULL;
    r->if_busy = a->if_busy;
    r->on_failure = a->on_failure ? xstrdup(a->on_failure) : NULL;
    r->not_after_ms = cli_wall(c) + a->expires_ms;
    strs_copy(&r->tiers, &a->tiers);
}

/* A person on a terminal is asked once before a stop, with the counts. */
static bool agreed(const struct cli *c, const struct asked *a, const struct cli_members *m)
{
    char answer[16] = "";

    BUF_CLEANUP struct buf name = BUF_INIT(1024);

    print_clean(str_of(a->workload), &name);
    (void)fprintf(stderr, "stop %zu instance%s of %s in %zu step%s? [y/N] ", m->to_act,
                  m->to_act == 1 ? "" : "s", buf_cstr(&name), m->steps.n, m->steps.n == 1 ? "" : "s");
    (void)fflush(stderr);
    return c->answer(answer, sizeof answer) && (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0);
}

struct hearing {
    struct story *story;
    const char *action; /* that was asked for */
    bool rejects, admitted;
};

/* The same id again is the same run, or it is a mistake. */
static bool is_another(const struct story *s, const char *action)
{
    return story_action(s)[0] && strcmp(story_action(s), action) != 0;
}

static bool hear(void *arg, const struct kafka_record *r, const struct event *ev)
{
    struct hearing *h = arg;
    bool ended = story_hear(h->story, r, ev);

    h->admitted = h->story->accepted && (!h->rejects || h->story->began);
    return ended || h->admitted || is_another(h->story, h->action);
}

const char *cli_refusal_remedy(enum cause why, const char *detail)
{
    static const struct {
        enum cause why;
        const char *remedy;
    } table[] = {
        {CAUSE_BUSY, "--if-busy queue waits for it, --if-busy supersede takes its place"},
        {CAUSE_SWITCHED_OFF, "set DisableAllSchedulingActions to 0 in its row"},
        {CAUSE_HELD, "`ec2sched status` shows the holds; one ends by itself, or is cleared by its id"},
        {CAUSE_EXPIRED, "ask again, with a longer --expires"},
        {CAUSE_QUEUE_FULL, "ask again when fewer requests wait: `ec2sched status` shows them"},
        {CAUSE_SPECS_UNREACHABLE, "`ec2sched doctor` says what the producers cannot read; then ask again"},
    };

    if (why == CAUSE_TOO_MANY)
        return plan_too_many_remedy(detail);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].why == why)
            return table[i].remedy;
    return "`ec2sched lint` looks at its rows";
}

static int refused(const struct cli *c, const struct asked *a, const struct story *s)
{
    char what[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 40];
    char why[ERR_MSG_MAX];

    (void)snprintf(what, sizeof what, "%s@%s was refused", a->workload, a->id);
    (void)snprintf(why, sizeof why, "%s%s%.300s", cause_sentence(s->cause), story_detail(s)[0] ? ": " : "",
                   story_detail(s));
    return cli_refuse(c, what, why, cli_refusal_remedy(s->cause, story_detail(s)));
}

static int another(const struct cli *c, const struct asked *a, const struct story *s)
{
    char what[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 40];
    char why[100];

    (void)snprintf(what, sizeof what, "%s@%s", a->workload, a->id);
    (void)snprintf(why, sizeof why, "this id is a %.20s's already", story_action(s));
    return cli_refuse(c, what, why, "another --run, or none: nothing was begun");
}

static int no_answer(const struct cli *c, const struct asked *a, const struct err *e)
{
    char remedy[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 100];

    (void)snprintf(remedy, sizeof remedy, "the run is not lost: follow it with `ec2sched watch %s@%s`",
                   a->workload, a->id);
    return cli_fail(c, e, remedy);
}

/* Accepted, and whether it has begun; if not, why not and until when, as far as the view can say. */
static void tell_accepted(struct cli *c, const struct asked *a, const struct story *s)
{
    struct err e = {0};
    struct cli_state now = {0};
    BUF_CLEANUP struct buf start = BUF_INIT(1000);

    if (!s->began && cli_state(c, a->workload, &now, &e))
        cli_state_start(&now, &start);
    cli_state_release(&now);
    if (c->json) {
        JSON_CLEANUP struct json *document = document_new();
        json_add_str(document, "workload", str_of(a->workload));
        json_add_str(document, "run", str_of(a->id));
        json_add_str(document, "state", s->began ? STR("running") : STR("accepted"));
        json_add_str(document, "start", buf_view(&start));
        json_add_bool(document, "observe", s->observe);
        print_json(document);
    } else {
        print_line("%s@%s accepted%s%s%s", a->workload, a->id,
                   s->began  ? ""
                   : start.n ? "; it "
                             : "; it begins when the run before it has ended",
                   buf_cstr(&start), telling_observe(s));
    }
}

static bool hear_all(void *arg, const struct kafka_record *r, const struct event *ev)
{
    return stage_hear(arg, r, ev);
}

/* --wait: the whole run, told while it happens. */
static int to_the_end(struct cli *c, const struct asked *a, const struct cli_place *at, int64_t deadline_ms)
{
    struct err e = {0};
    STAGE_CLEANUP struct stage *s = stage_new(c, a->workload, a->id, c->json);
    bool heard = cli_follow(c, at->partition, at->offset, INT64_MAX, hear_all, s, deadline_ms, &e);

    stage_settle(s);
    if (print_lost() && stage_story(s) && stage_story(s)->result == RESULT_NONE) {
        char remedy[IDS_WORKLOAD_MAX + IDS_RUN_MAX + 100];
        (void)snprintf(remedy, sizeof remedy, "the run goes on: follow it with `ec2sched watch %s@%s`",
                       a->workload, a->id);
        return cli_lost(c, remedy);
    }
    if (!heard || !stage_story(s))
        return no_answer(c, a, &e);
    if (stage_story(s)->result == RESULT_REFUSED)
        return refused(c, a, stage_story(s));
    telling_end(c, stage_story(s));
    return telling_exit(stage_story(s));
}

static int follow(struct cli *c, const struct asked *a, const struct spec *spec, const struct cli_place *at)
{
    STORY_CLEANUP struct story *s = story_new(a->workload, a->id, true);
    struct hearing h = {
        .story = s, .action = action_names[a->action], .rejects = a->if_busy == IF_BUSY_REJECT};
    int64_t begun = cli_now(c);
    struct err e = {0};
    bool heard = cli_follow(c, at->partition, at->offset, INT64_MAX, hear, &h, begun + ADMISSION_WAIT_MS, &e);

    if (is_another(s, h.action))
        return another(c, a, s);
    if (!heard && !s->accepted)
        return no_answer(c, a, &e);
    if (s->result == RESULT_REFUSED)
        return refused(c, a, s);
    if (!s->counted && !c->json)
        cli_members_none(spec, 0);
    if (!a->wait) {
        tell_accepted(c, a, s);
        return CLI_OK;
    }
    return to_the_end(c, a, at, begun + a->timeout_ms);
}

/* ---- the same --run ID again is the same run: where its request stands ---- */

struct asked_run {
    bool done, known;
    struct err err;
    char run[IDS_RUN_MAX + 1];
    int64_t offset;
};

static void on_peek(void *self, uint64_t id, const struct view_peeked *p)
{
    struct asked_run *a = self;
    struct epoch at;

    (void)id;
    a->err = p->err;
    a->done = true;
    for (size_t i = 0; p->err.kind == ERR_NONE && i < p->run_count; i++) {
        if (!str_is(p->runs[i].run, a->run) || !epoch_parse_in_view(p->runs[i].request, 0, &at))
            continue;
        a->known = true;
        a->offset = at.offset;
    }
}

/* False also when Redis cannot be asked: the fold drops a second request with the same id in any case. */
static bool is_known(struct cli *c, const struct asked *a, struct cli_place *at)
{
    int partitions = 0;
    struct err e = {0};
    struct asked_run *q = cli_keep(c, sizeof *q);

    if (!a->run || !cli_log_partitions(c, &partitions, &e))
        return false;
    (void)snprintf(q->run, sizeof q->run, "%s", a->run);
    int partition = ids_partition(str_of(a->workload), partitions);
    (void)view_peek(cli_view(c), partition, a->workload, on_peek, q);
    if (!cli_wait(c, &q->done, cli_now(c) + VIEW_WAIT_MS, &e) || !q->known)
        return false;
    *at = (struct cli_place){partition, q->offset};
    return true;
}

/* Nothing is worse than a person who does not know whether the fleet stops. */
static int not_appended(const struct cli *c, const struct asked *a, const struct cli_place *at,
                        const struct err *e)
{
    char remedy[IDS_RUN_MAX + 100];

    if (at->partition < 0)
        return cli_fail(c, e, "nothing was sent; `ec2sched doctor` looks at each part");
    (void)snprintf(remedy, sizeof remedy,
                   "it is not known whether the request arrived: ask again with --run %s, which is one run",
                   a->id);
    return cli_fail(c, e, remedy);
}

static int request(struct cli *c, const struct asked *a, const struct spec *spec)
{
    struct event ev;
    struct cli_place at;
    struct err e = {0};

    if (is_known(c, a, &at))
        return follow(c, a, spec, &at);
    make_request(c, a, &ev);
    if (!event_request_fits(&ev.requested, &e)) {
        event_release(&ev);
        return cli_refuse(c, a->workload, e.msg, "fewer --tier, or a shorter --reason");
    }
    bool ok = cli_append(c, &ev, 0, &at, &e);
    event_release(&ev);
    return ok ? follow(c, a, spec, &at) : not_appended(c, a, &at, &e);
}

static int act(struct cli *c, struct asked *a)
{
    struct spec spec = {0};
    struct err e = {0};
    int exit = CLI_OK;
    struct cli_members m = {0};

    if (!cli_spec(c, a->workload, a->action, &a->tiers, &spec, &exit))
        return exit;
    make_id(c, a);
    bool ask = a->action == ACTION_STOP && !a->yes && c->asks;
    if (a->dry_run)
        exit = cli_plan(c, &spec, a->action, &a->tiers, a->if_busy);
    else if (ask && !cli_foresee(c, &spec, a->action, &a->tiers, a->if_busy, &m, &e))
        exit = cli_fail(c, &e, "nothing was started");
    else if (ask && (cli_members_doubts(&m), !agreed(c, a, &m)))
        exit = cli_refuse(c, a->workload, "not confirmed", "nothing was stopped");
    else
        exit = request(c, a, &spec);
    cli_members_release(&m);
    spec_release(&spec);
    return exit;
}

static int verb_action(struct cli *c, const struct strs *words, enum action action, const char *name)
{
    struct asked a = {.action = action, .expires_ms = EXPIRES_DEFAULT_MS, .timeout_ms = WAIT_DEFAULT_MS};
    struct err e = {0};
    int exit = read_words(words, &a, &e) ? act(c, &a) : cli_usage(c, name, e.msg);

    xfree(a.workload);
    strs_release(&a.tiers);
    return exit;
}

int verb_start(struct cli *c, const struct strs *words)
{
    return verb_action(c, words, ACTION_START, "start");
}

int verb_stop(struct cli *c, const struct strs *words)
{
    return verb_action(c, words, ACTION_STOP, "stop");
}
