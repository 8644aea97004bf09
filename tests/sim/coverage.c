#include "sim/coverage.h"

#include "view/scripts.h"
#include "view/view.h"

#include <stdio.h>
#include <string.h>

/* The rows that name a state of the world, each with the kinds that bring it about. */
static const struct {
    const char *row;
    enum fault fault;
} states[] = {
    {"C10", FAULT_STOP},           {"C11", FAULT_REDIS_SPLIT},     {"C18", FAULT_STOP},
    {"C21", FAULT_REDIS_ROLLBACK}, {"C22", FAULT_REDIS_FLUSH},     {"C22", FAULT_REDIS_RESTART},
    {"C23", FAULT_REDIS_FAILOVER}, {"C24", FAULT_REDIS_SPLIT},     {"C25", FAULT_REDIS_OOM},
    {"C25", FAULT_REDIS_READONLY}, {"C25", FAULT_REDIS_LOADING},   {"C26", FAULT_REDIS_NOSCRIPT},
    {"C27", FAULT_KAFKA_DOWN},     {"C28", FAULT_KAFKA_FATAL},     {"C36", FAULT_HTTP_REPLY_LOST},
    {"C36", FAULT_HTTP_DELAY},     {"C38", FAULT_REDIS_WRONGTYPE}, {"C19", FAULT_CUT_KAFKA},
    {"C20", FAULT_CUT_REDIS},      {"C31", FAULT_JOBS_LOST},       {"C33", FAULT_PRODUCERS_DOWN},
    {"C34", FAULT_WORKERS_DOWN},
};

/* ---- what is seen ---- */

static void see_members(struct coverage *c, const struct member_outcomes *m)
{
    for (size_t i = 0; i < m->n; i++) {
        c->outcomes[m->at[i].outcome] = true;
        c->causes[m->at[i].cause] = true;
    }
}

static void see_plan(struct coverage *c, const struct event_planned *p)
{
    for (size_t t = 0; t < p->tiers.n; t++)
        see_members(c, &p->tiers.at[t].left_out);
}

void coverage_record(struct coverage *c, struct str value)
{
    struct event ev;
    struct err e = {0};

    if (!value.p || !event_parse(value, &ev, &e))
        return;
    c->types[ev.type] = true;
    switch (ev.type) {
    case EVENT_TIER_PLANNED:
        see_plan(c, &ev.planned);
        break;
    case EVENT_JOB_TERMINAL:
        see_members(c, &ev.terminal.members);
        break;
    case EVENT_RUN_REFUSED:
        c->causes[ev.refused.cause] = true;
        break;
    case EVENT_PLAN_FAILED:
        c->causes[ev.plan_failed.cause] = true;
        break;
    case EVENT_PLAN_DELAYED:
        c->causes[ev.plan_delayed.cause] = true;
        break;
    case EVENT_CANCEL:
        c->causes[ev.control.cause] = true;
        break;
    case EVENT_RUN_FINISHED:
        c->causes[ev.finished.cause] = true;
        c->results[ev.finished.result] = true;
        break;
    default:
        break;
    }
    event_release(&ev);
}

/* ---- answers ---- */

static void see_answer(struct coverage *c, struct str script, struct str word)
{
    char text[COVERAGE_WORD_MAX];

    (void)snprintf(text, sizeof text, STR_FMT " " STR_FMT, STR_ARG(script), STR_ARG(word));
    for (size_t i = 0; i < c->answer_count; i++)
        if (strcmp(c->answers[i], text) == 0)
            return;
    BUG_IF(c->answer_count == COVERAGE_ANSWERS_MAX);
    memcpy(c->answers[c->answer_count++], text, sizeof text);
}

static bool is_text(const struct redis_value *v)
{
    return v->type == REDIS_STR || v->type == REDIS_STATUS;
}

static void see_number(struct coverage *c, struct str script, int64_t i)
{
    see_answer(c, script, i ? STR("1") : STR("0"));
}

/* WORD …, or 0 why …, or 1 … */
static void see_list(struct coverage *c, struct str script, const struct redis_value *v)
{
    char why[COVERAGE_WORD_MAX];

    if (v->n == 0)
        return;
    if (is_text(&v->at[0])) {
        see_answer(c, script, v->at[0].s);
    } else if (v->at[0].type == REDIS_INT && v->at[0].i == 0 && v->n > 1 && is_text(&v->at[1])) {
        (void)snprintf(why, sizeof why, "0 " STR_FMT, STR_ARG(v->at[1].s));
        see_answer(c, script, str_of(why));
    } else if (v->at[0].type == REDIS_INT) {
        see_number(c, script, v->at[0].i);
    }
}

void coverage_answer(struct coverage *c, const char *place, const struct redis_value *v)
{
    struct str seam;
    struct str script;
    bool known = false;

    (void)str_cut(str_of(place), ' ', &seam, &script);
    for (size_t i = 0; view_scripts[i].name; i++)
        known = known || str_is(script, view_scripts[i].name);
    if (!known)
        return;
    if (v->type == REDIS_INT)
        see_number(c, script, v->i);
    if (v->type != REDIS_LIST)
        return;
    bool several = str_is(script, "renew") || str_is(script, "owed");
    if (str_is(script, "take") || str_is(script, "published"))
        return;
    if (!several)
        see_list(c, script, v);
    for (size_t i = 0; several && i < v->n; i++)
        if (v->at[i].type == REDIS_LIST)
            see_list(c, script, &v->at[i]);
}

/* The words that a script can answer, by its own text; `script`: its name. */
static void read_answers(struct coverage *c, struct str script, struct str text)
{
    struct str word;
    struct str rest;
    char why[COVERAGE_WORD_MAX];
    size_t at = 0;

    while (str_find(text, STR("return "), &at)) {
        text = str_skip(text, at + sizeof "return " - 1);
        bool ends = text.n < 2 || text.p[1] == ' ' || text.p[1] == '\n';
        bool counts = ends && text.n && text.p[0] == 'n' && str_is(script, "killed");
        if (str_starts(text, STR("{'")) && str_cut(str_skip(text, 2), '\'', &word, &rest)) {
            see_answer(c, script, word);
        } else if (str_starts(text, STR("{0, '")) && str_cut(str_skip(text, 5), '\'', &word, &rest)) {
            (void)snprintf(why, sizeof why, "0 " STR_FMT, STR_ARG(word));
            see_answer(c, script, str_of(why));
        } else if (counts || str_starts(text, STR("{1}")) || str_starts(text, STR("{1, "))) {
            see_answer(c, script, STR("1"));
        } else if (ends && text.n && (text.p[0] == '0' || text.p[0] == '1')) {
            see_answer(c, script, str_n(text.p, 1));
        }
    }
}

static bool has_answer(const struct coverage *c, const char *script, const char *word)
{
    char text[COVERAGE_WORD_MAX];

    (void)snprintf(text, sizeof text, "%s %s", script, word);
    for (size_t i = 0; i < c->answer_count; i++)
        if (strcmp(c->answers[i], text) == 0)
            return true;
    return false;
}

/* By the scripts' texts, held to the tables of those that read them. */
static void all_answers(struct coverage *c)
{
    for (size_t i = 0; view_scripts[i].name; i++)
        read_answers(c, str_of(view_scripts[i].name), str_of(view_scripts[i].text));
    for (size_t i = 0; view_debt_names[i]; i++)
        see_answer(c, STR("owed"), str_of(view_debt_names[i]));
    for (size_t i = 0; view_fold_names[i]; i++)
        BUG_IF(!has_answer(c, "fold", view_fold_names[i]));
    for (size_t i = 0; view_beat_names[i]; i++)
        BUG_IF(!has_answer(c, "beat", view_beat_names[i]));
}

/* ---- the list ---- */

struct telling {
    coverage_item *each;
    void *self;
    const struct coverage *c; /* NULL: all that there is */
    const struct swarm *s;
    const struct places *p;
};

static void tell(const struct telling *t, bool met, const char *kind, const char *word)
{
    char item[COVERAGE_ITEM_MAX + 16]; /* and its kind */

    if (t->c && !met)
        return;
    (void)snprintf(item, sizeof item, "%s %s", kind, word);
    t->each(t->self, item);
}

static void tell_table(const struct telling *t, const char *kind, const char *const *names, const bool *met)
{
    for (size_t i = 1; names[i]; i++) /* the first is none */
        tell(t, t->c && met[i], kind, names[i]);
}

static void tell_rows(const struct telling *t)
{
    char words[COVERAGE_ITEM_MAX];

    for (const struct place_row *r = place_rows; r->row; r++)
        for (int a = 0; a < PLACE_ACTS; a++) {
            (void)snprintf(words, sizeof words, "%s %s %s", r->row, r->place, place_act_names[a]);
            if (r->acts >> a & 1)
                tell(t, t->c && places_count(t->p, r->place, (enum place_act)a) > 0, "row", words);
        }
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        (void)snprintf(words, sizeof words, "%s %s", states[i].row, fault_names[states[i].fault]);
        tell(t, t->c && t->s->struck[states[i].fault] > 0, "row", words);
    }
}

static void tell_all(const struct telling *t)
{
    static struct coverage all;
    const struct coverage *c = t->c ? t->c : &all;

    for (int f = 0; f < FAULTS; f++)
        tell(t, t->c && t->s->struck[f] > 0, "fault", fault_names[f]);
    tell_table(t, "record", event_type_names, c->types);
    tell_table(t, "cause", cause_names, c->causes);
    tell_table(t, "outcome", outcome_names, c->outcomes);
    tell_table(t, "result", result_names, c->results);
    if (!t->c && all.answer_count == 0)
        all_answers(&all);
    for (size_t i = 0; i < c->answer_count; i++)
        tell(t, true, "answer", c->answers[i]);
    tell_rows(t);
}

void coverage_wanted(coverage_item *each, void *self)
{
    tell_all(&(struct telling){.each = each, .self = self});
}

void coverage_met(const struct coverage *c, const struct swarm *s, const struct places *p,
                  coverage_item *each, void *self)
{
    tell_all(&(struct telling){each, self, c, s, p});
}
