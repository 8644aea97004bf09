#include "cli/telling.h"

#include "base/moment.h"
#include "cli/print.h"

#include <stdio.h>

static void say_members(const struct event_terminal *t)
{
    for (size_t i = 0; i < t->members.n; i++) {
        const struct member_outcome *m = &t->members.at[i];
        print_line("    %-20s %-10s %s", m->id, outcome_names[m->outcome],
                   m->cause ? cause_sentence((enum cause)m->cause) : "");
    }
}

/* All tiers of a step together. */
static struct told_tier step_sum(const struct story *s, int64_t step)
{
    struct told_tier sum = {0};

    if (step < 0 || (size_t)step >= s->step_count)
        return sum;
    for (size_t i = 0; i < s->steps[step].tier_count; i++) {
        sum.members += s->steps[step].tiers[i].members;
        sum.settled += s->steps[step].tiers[i].settled;
    }
    return sum;
}

/* False: its plan is not complete. */
static bool add_planned(const struct story *s, int64_t step, struct buf *text)
{
    struct told_tier sum = step_sum(s, step);

    if (step < 0 || (size_t)step >= s->step_count || !s->steps[step].planned)
        return false;
    buf_addf(text, "step %lld (", (long long)step);
    story_tiers(&s->steps[step], text);
    buf_addf(text, "): %zu member%s, %zu left out", sum.members, sum.members == 1 ? "" : "s", sum.settled);
    return true;
}

static void add_why(struct buf *text, const char *before, int cause, const char *detail)
{
    if (cause)
        buf_addf(text, "%s%s", before, cause_sentence((enum cause)cause));
    if (detail)
        buf_addf(text, ": %s", detail);
}

/* How it stands with the run. False: nothing that people need to hear. */
static bool add_turn(const struct story *s, const struct event *ev, struct buf *text)
{
    struct told_tier sum;

    switch (ev->type) {
    case EVENT_RUN_ACCEPTED:
        buf_addf(text, "accepted: %s, %zu step%s, %lld member%s", ev->action ? ev->action : "", s->step_count,
                 s->step_count == 1 ? "" : "s", (long long)ev->accepted.members,
                 ev->accepted.members == 1 ? "" : "s");
        return true;
    case EVENT_DRAINED:
        buf_adds(text, "begins");
        return true;
    case EVENT_TIER_PLANNED:
        return add_planned(s, ev->planned.step, text);
    case EVENT_JOB_TERMINAL:
        sum = step_sum(s, ev->terminal.step);
        buf_addf(text, "%s: %zu of %zu settled", ev->terminal.tier, sum.settled, sum.members);
        return true;
    case EVENT_TIER_COMPLETED:
        buf_addf(text, "step %lld complete", (long long)ev->tier.step);
        return true;
    default:
        return false;
    }
}

/* What keeps it from going on, or ends it. */
static bool add_end(const struct event *ev, struct buf *text)
{
    char ts[MOMENT_MAX];

    switch (ev->type) {
    case EVENT_PLAN_FAILED:
        buf_addf(text, "step %lld could not be planned", (long long)ev->plan_failed.step);
        add_why(text, ": ", ev->plan_failed.cause, ev->plan_failed.detail);
        return true;
    case EVENT_PLAN_DELAYED:
        moment_rfc3339(ev->plan_delayed.until_ms, ts);
        buf_addf(text, "step %lld cannot be planned yet, tried again until %.19sZ",
                 (long long)ev->plan_delayed.step, ts);
        add_why(text, ": ", ev->plan_delayed.cause, ev->plan_delayed.detail);
        return true;
    case EVENT_PAUSE:
    case EVENT_RESUME:
    case EVENT_CANCEL:
        buf_addf(text, "%s by %s", ev->type_name, ev->control.who ? ev->control.who : "nobody named");
        return true;
    case EVENT_RUN_REFUSED:
        buf_adds(text, "refused");
        add_why(text, ": ", ev->refused.cause, ev->refused.detail);
        return true;
    case EVENT_RUN_FINISHED:
        buf_addf(text, "finished: %s", result_names[ev->finished.result]);
        add_why(text, ", ", ev->finished.cause, NULL);
        return true;
    default:
        return false;
    }
}

static void say(const struct story *s, const struct kafka_record *r, const struct event *ev)
{
    char ts[MOMENT_MAX];
    BUF_CLEANUP struct buf text = BUF_INIT(64 * 1024);

    moment_rfc3339(r->ts_ms, ts);
    buf_addf(&text, "%.19sZ %s@%s ", ts, s->workload, s->run);
    if (!add_turn(s, ev, &text) && !add_end(ev, &text))
        return;
    print_line("%s", buf_cstr(&text));
    if (ev->type == EVENT_JOB_TERMINAL)
        say_members(&ev->terminal);
}

/* One event a line, however it was written. */
static void say_json(const struct kafka_record *r)
{
    struct err e = {0};
    JSON_CLEANUP struct json *j = json_parse(r->value, KAFKA_RECORD_MAX, &e);

    if (j)
        print_json(j);
}

void telling_line(const struct cli *c, const struct story *s, const struct kafka_record *r,
                  const struct event *ev)
{
    if (c->json)
        say_json(r);
    else
        say(s, r, ev);
}

/* ---- bars ---- */

static void note_of(const struct story *s, size_t step, const struct told_tier *t, struct bar *b)
{
    const struct told_step *of = &s->steps[step];
    const char *word = !s->began ? "waits" : !of->planned ? "not begun" : s->result ? "" : "in progress";

    if (of->planned && t->settled == t->members)
        word = "complete";
    if (t->failed)
        (void)snprintf(b->note, sizeof b->note, "%s%s%zu failed", word, word[0] ? ", " : "", t->failed);
    else if (t->bypassed)
        (void)snprintf(b->note, sizeof b->note, "%s%s%zu bypassed", word, word[0] ? ", " : "", t->bypassed);
    else
        (void)snprintf(b->note, sizeof b->note, "%s", word);
}

size_t telling_bars(const struct story *s, struct bar *out, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < s->step_count; i++)
        for (size_t t = 0; t < s->steps[i].tier_count && n < max; t++) {
            const struct told_tier *tier = &s->steps[i].tiers[t];
            struct bar *b = &out[n++];
            *b = (struct bar){.done = tier->settled, .total = tier->members};
            (void)snprintf(b->label, sizeof b->label, "%zu %.100s", i, tier->name);
            note_of(s, i, tier, b);
        }
    return n;
}
