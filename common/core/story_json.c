#include "core/story.h"

#include "base/moment.h"
#include "core/document.h"

void story_tiers(const struct told_step *s, struct buf *out)
{
    for (size_t i = 0; i < s->tier_count; i++)
        buf_addf(out, "%s%s", i ? ", " : "", s->tiers[i].name);
}

/*
 * A run that was cut (superseded, cancelled, past its deadline) has members in hand whose end it does not
 * learn: what was sent for them may have taken effect. Those of a step that had not begun are not reached.
 */
static bool is_cut(const struct story *s, const struct told_member *m)
{
    return !m->outcome && s->result != RESULT_NONE && s->steps[m->step].released;
}

const char *story_outcome(const struct story *s, const struct told_member *m)
{
    if (m->outcome)
        return outcome_names[m->outcome];
    if (s->result == RESULT_NONE)
        return "pending";
    return is_cut(s, m) ? "unresolved" : "not reached";
}

enum cause story_why(const struct story *s, const struct told_member *m)
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

int64_t story_unresolved(const struct story *s)
{
    int64_t n = 0;

    for (const struct told_member *m = s->members; m; m = m->hh.next)
        n += is_cut(s, m);
    return n;
}

/* ---- what programs read ---- */

static void add_moment(struct json *o, const char *name, int64_t ms)
{
    char text[MOMENT_MAX] = "";

    if (ms)
        moment_rfc3339(ms, text);
    json_add_str(o, name, str_of(text));
}

struct json *story_line_json(const struct story *s)
{
    struct json *o = json_object();

    json_add_str(o, "workload", str_of(s->workload));
    json_add_str(o, "run", str_of(s->run));
    json_add_str(o, "action", str_of(s->action));
    json_add_str(o, "result", str_of(result_names[s->result]));
    json_add_str(o, "cause", str_of(cause_names[s->cause]));
    add_moment(o, "asked", s->asked_ms);
    add_moment(o, "began", s->began_ms);
    add_moment(o, "ended", s->ended_ms);
    json_add(o, "counts", document_counts(&s->counts));
    json_add_str(o, "who", str_of(s->who));
    json_add_str(o, "reason", str_of(s->reason));
    return o;
}

static struct json *member_json(const struct story *s, const struct told_member *m)
{
    struct json *o = json_object();

    json_add_str(o, "id", str_of(m->id));
    json_add_str(o, "tier", str_of(m->tier));
    json_add_int(o, "step", m->step);
    json_add_str(o, "outcome", str_of(story_outcome(s, m)));
    json_add_str(o, "cause", str_of(cause_names[story_why(s, m)]));
    json_add_str(o, "from", str_of(m->from));
    json_add_str(o, "to", str_of(m->to));
    json_add_int(o, "took_ms", m->took_ms);
    json_add_str(o, "detail", str_of(m->detail));
    return o;
}

static struct json *steps_json(const struct story *s)
{
    struct json *steps = json_array();

    for (size_t i = 0; i < s->step_count; i++) {
        struct json *step = json_object();
        struct json *tiers = json_array();
        for (size_t t = 0; t < s->steps[i].tier_count; t++)
            json_push_str(tiers, str_of(s->steps[i].tiers[t].name));
        json_add(step, "tiers", tiers);
        json_add_bool(step, "reached", s->steps[i].planned);
        json_push(steps, step);
    }
    return steps;
}

void story_json(const struct story *s, struct json *document)
{
    struct json *members = json_array();
    struct json *counts = document_counts(&s->counts);

    json_add_str(document, "workload", str_of(s->workload));
    json_add_str(document, "run", str_of(s->run));
    json_add_str(document, "action", str_of(s->action));
    json_add_str(document, "result", str_of(result_names[s->result]));
    json_add_str(document, "cause", str_of(cause_names[s->cause]));
    json_add_str(document, "detail", str_of(s->detail));
    json_add_str(document, "who", str_of(s->who));
    json_add_str(document, "reason", str_of(s->reason));
    json_add_bool(document, "partial", s->partial);
    json_add(document, "steps", steps_json(s));
    for (const struct told_member *m = s->members; m; m = m->hh.next)
        json_push(members, member_json(s, m));
    json_add(document, "members", members);
    json_add_int(counts, "unresolved", story_unresolved(s));
    json_add(document, "counts", counts);
}
