#include "base/mem.h"
#include "sim/judge_parts.h"

#include <stdio.h>
#include <string.h>

/* Three that are counted; and before the third is told, each worker may have the job once more. */
enum { DEATHS_MAX = 3 + 4 + 2 };

static struct victim *victim_of(struct judge *j, struct str job)
{
    for (size_t i = 0; i < j->victim_count; i++)
        if (str_is(job, j->victims[i].job))
            return &j->victims[i];
    if (j->victim_count == j->victim_cap) {
        j->victim_cap = j->victim_cap ? 2 * j->victim_cap : 16;
        j->victims = xrealloc(j->victims, j->victim_cap * sizeof *j->victims);
    }
    struct victim *v = &j->victims[j->victim_count++];
    *v = (struct victim){0};
    (void)snprintf(v->job, sizeof v->job, STR_FMT, STR_ARG(job));
    return v;
}

void judge_death(struct judge *j, const char *job)
{
    struct victim *v = victim_of(j, str_of(job));

    v->deaths++;
    v->since++;
    trace_line(j->trace, "judge", "death %d with %s in hand", v->deaths, job);
    if (v->since > DEATHS_MAX)
        judge_say(j, "P7", "%s has killed %d workers since the view was last lost", job, v->since);
}

void judge_forgot(struct judge *j)
{
    for (size_t i = 0; i < j->victim_count; i++)
        j->victims[i].since = 0;
}

void judge_letter(struct judge *j, const struct sim_kafka_record *r)
{
    victim_of(j, str_n(r->key, r->key_n))->letter = true;
}

void judge_given_up(struct judge *j, const struct run *r, const struct event *ev)
{
    bool poison = false;

    for (size_t i = 0; i < ev->terminal.members.n; i++)
        poison = poison || ev->terminal.members.at[i].cause == CAUSE_POISON;
    if (!poison)
        return;
    const struct victim *v = victim_of(j, str_of(ev->terminal.job));
    if (!v->letter)
        judge_say(j, "P7", "%s gives %s up as poison, and no dead letter tells of it", r->id, v->job);
    if (!v->deaths)
        judge_say(j, "P7", "%s gives %s up as poison, and nobody has died with it in hand", r->id, v->job);
}
