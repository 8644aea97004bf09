#include "producer/wanted_step.h"

static bool is(struct str word, const char *name)
{
    return str_is(word, name);
}

static bool never_began(const struct view_run *r)
{
    return is(r->result, result_names[RESULT_REFUSED]) || is(r->result, result_names[RESULT_EXPIRED]);
}

/* Where the request stands in the log; false: that cannot be read. */
static bool asked_at(const struct view_run *r, int partition, struct epoch *out)
{
    return epoch_parse_in_view(r->request, partition, out);
}

static bool is_later(const struct epoch *a, const struct epoch *b)
{
    return a->generation != b->generation ? a->generation > b->generation : a->offset > b->offset;
}

/* The last run after `after` that began, or may. */
static const struct view_run *last_behind(const struct view_peeked *p, int partition,
                                          const struct epoch *after)
{
    const struct view_run *last = NULL;
    struct epoch at = *after;

    for (size_t i = 0; i < p->run_count; i++) {
        struct epoch here;
        if (never_began(&p->runs[i]) || !asked_at(&p->runs[i], partition, &here) || !is_later(&here, &at))
            continue;
        last = &p->runs[i];
        at = here;
    }
    return last;
}

static enum wanted_verdict judge_run(const struct wanted_tick *t, struct str action, struct str result)
{
    if (!is(action, action_names[t->action]))
        return WANTED_OVERRULED;
    return is(result, result_names[RESULT_SUCCEEDED]) ? WANTED_MET : WANTED_UNMET;
}

static bool by_will(const struct view_run *r)
{
    return is(r->result, result_names[RESULT_REFUSED]) &&
           (is(r->cause, cause_names[CAUSE_SWITCHED_OFF]) || is(r->cause, cause_names[CAUSE_HELD]));
}

/* The run that is current, or was last: it ended behind the tick? */
static enum wanted_verdict judge_last(const struct wanted_tick *t, const struct view_peeked *p)
{
    struct str action = view_pairs_get(&p->workload, "act");
    int64_t end_ms = 0;

    if (!str_to_i64(view_pairs_get(&p->workload, "end"), &end_ms) || end_ms < t->at_ms)
        return WANTED_UNMET;
    return judge_run(t, action, view_pairs_get(&p->workload, "res"));
}

enum wanted_verdict wanted_judge(const struct wanted_tick *t, int partition, const struct view_peeked *p)
{
    const struct view_run *own = NULL;
    struct epoch at;

    for (size_t i = 0; i < p->run_count; i++)
        if (is(p->runs[i].run, t->run))
            own = &p->runs[i];
    if (!own || !asked_at(own, partition, &at))
        return judge_last(t, p);
    const struct view_run *later = last_behind(p, partition, &at);
    if (later)
        return judge_run(t, later->action, later->result);
    return by_will(own) ? WANTED_OFF : judge_run(t, own->action, own->result);
}
