#include "cli/story_parts.h"

#include "cli/print.h"

#include <stdio.h>

/*
 * A run that was cut (superseded, cancelled, past its deadline) has members in hand whose end it does not
 * learn: what was sent for them may have taken effect. Those of a step that had not begun are not reached.
 */
static bool is_cut(const struct story *s, const struct told_member *m)
{
    return !m->outcome && s->result != RESULT_NONE && s->steps[m->step].released;
}

static const char *outcome_of(const struct story *s, const struct told_member *m)
{
    if (m->outcome)
        return outcome_names[m->outcome];
    if (s->result == RESULT_NONE)
        return "pending";
    return is_cut(s, m) ? "unresolved" : "not reached";
}

static enum cause why_of(const struct story *s, const struct told_member *m)
{
    static const enum cause of[] = {[RESULT_SUPERSEDED] = CAUSE_SUPERSEDED,
                                    [RESULT_CANCELLED] = CAUSE_CANCELLED,
                                    [RESULT_DEADLINE] = CAUSE_DEADLINE};

    if (m->outcome || s->result == RESULT_NONE)
        return (enum cause)m->cause;
    if (s->cause)
        return (enum cause)s->cause;
    return (size_t)s->result < sizeof of / sizeof *of ? of[s->result] : CAUSE_NONE;
}

static int64_t count_cut(const struct story *s)
{
    int64_t n = 0;

    for (const struct told_member *m = s->members; m; m = m->hh.next)
        n += is_cut(s, m);
    return n;
}

static struct json *member_json(const struct story *s, const struct told_member *m)
{
    struct json *o = json_object();

    json_add_str(o, "id", str_of(m->id));
    json_add_str(o, "tier", str_of(m->tier));
    json_add_int(o, "step", m->step);
    json_add_str(o, "outcome", str_of(outcome_of(s, m)));
    json_add_str(o, "cause", str_of(cause_names[why_of(s, m)]));
    json_add_str(o, "from", str_of(m->from));
    json_add_str(o, "to", str_of(m->to));
    json_add_int(o, "took_ms", m->took_ms);
    json_add_str(o, "detail", str_of(m->detail));
    return o;
}

static void print_whole_json(const struct story *s)
{
    JSON_CLEANUP struct json *document = print_document();
    struct json *steps = json_array();
    struct json *members = json_array();

    json_add_str(document, "workload", str_of(s->workload));
    json_add_str(document, "run", str_of(s->run));
    json_add_str(document, "action", str_of(s->action));
    json_add_str(document, "result", str_of(result_names[s->result]));
    json_add_str(document, "cause", str_of(cause_names[s->cause]));
    json_add_str(document, "detail", str_of(s->detail));
    json_add_str(document, "who", str_of(s->origin.who));
    json_add_str(document, "reason", str_of(s->origin.reason));
    json_add_bool(document, "observe", s->observe);
    for (size_t i = 0; i < s->step_count; i++) {
        struct json *step = json_object();
        struct json *tiers = json_array();
        for (size_t t = 0; t < s->steps[i].tier_count; t++)
            json_push_str(tiers, str_of(s->steps[i].tiers[t].name));
        json_add(step, "tiers", tiers);
        json_add_bool(step, "reached", s->steps[i].planned);
        json_push(steps, step);
    }
    for (const struct told_member *m = s->members; m; m = m->hh.next)
        json_push(members, member_json(s, m));
    json_add(document, "steps", steps);
    json_add(document, "members", members);
    struct json *counts = print_counts(&s->counts);
    json_add_int(counts, "unresolved", count_cut(s));
    json_add(document, "counts", counts);
    print_json(document);
}

static void print_member(struct table *t, const struct story *s, const struct told_member *m)
{
    enum cause why = why_of(s, m);
    char moved[100] = "";

    if (m->from && m->to)
        (void)snprintf(moved, sizeof moved, "%.32s -> %.32s", m->from, m->to);
    table_cellf(t, "%lld", (long long)m->step);
    table_cell(t, m->tier);
    table_cell(t, m->id);
    table_cell(t, outcome_of(s, m));
    table_cell(t, moved);
    table_cellf(t, m->took_ms ? "%.1f s" : "", (double)m->took_ms / 1000);
    table_cellf(t, "%s%s%s", why ? cause_sentence(why) : "", m->detail ? ": " : "",
                m->detail ? m->detail : "");
}

static void print_end(const struct story *s)
{
    int64_t cut = count_cut(s);
    char unresolved[60] = "";

    if (cut)
        (void)snprintf(unresolved, sizeof unresolved, ", %lld unresolved", (long long)cut);
    print_line("%s@%s %s: %s%s%s: %lld done, %lld unchanged, %lld bypassed, %lld failed%s", s->workload,
               s->run, s->action ? s->action : "", s->result ? result_names[s->result] : "in progress",
               s->cause ? ", " : "", s->cause ? cause_sentence((enum cause)s->cause) : "",
               (long long)s->counts.done, (long long)s->counts.unchanged, (long long)s->counts.bypassed,
               (long long)s->counts.failed, unresolved);
}

void story_print_end(const struct story *s)
{
    if (s->cli->json)
        print_whole_json(s);
    else
        print_end(s);
}

void story_print(const struct story *s)
{
    static const char *const columns[] = {"STEP",  "TIER", "INSTANCE", "OUTCOME",
                                          "STATE", "TOOK", "WHY",      NULL};
    TABLE_CLEANUP struct table *table = table_new(columns);

    if (s->cli->json) {
        print_whole_json(s);
        return;
    }
    for (const struct told_member *m = s->members; m; m = m->hh.next)
        print_member(table, s, m);
    table_print(table);
    for (size_t i = 0; i < s->step_count; i++) {
        if (s->steps[i].planned || s->result == RESULT_NONE)
            continue;
        BUF_CLEANUP struct buf text = BUF_INIT(64 * 1024);
        story_tiers(&s->steps[i], &text);
        print_line("step %zu (%s): not reached", i, buf_cstr(&text));
    }
    print_end(s);
}
