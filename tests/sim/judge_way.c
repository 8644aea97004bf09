#include "base/mem.h"
#include "codec/form.h"
#include "sim/judge_parts.h"

#include <stdio.h>
#include <string.h>

/* AWS refuses what was signed 15 minutes ago; no worker's clock is more than a minute off (A6). */
enum { ACCEPTED_MS = (15 + 1) * 60 * 1000, RUN_TEXT_MAX = 200 };

/* RUN/JOB/ATTEMPT in the User-Agent. */
static bool sender(const struct sim_aws_sent *sent, char run[RUN_TEXT_MAX])
{
    struct str rest = http_header_get(sent->headers, sent->header_count, "user-agent");
    struct str token, name, job, attempt, more;
    int64_t number;

    while (rest.n) {
        BUF_CLEANUP struct buf plain = BUF_INIT(RUN_TEXT_MAX);
        (void)str_cut(rest, ' ', &token, &rest);
        if (!str_cut(token, '/', &name, &more) || !str_cut(more, '/', &job, &attempt) ||
            !str_to_i64(attempt, &number) || !form_decode(name, &plain))
            continue;
        (void)snprintf(run, RUN_TEXT_MAX, "%s", buf_cstr(&plain));
        return true;
    }
    return false;
}

static struct way *add_way(struct judge *j)
{
    if (j->way_count == j->way_cap) {
        j->way_cap = j->way_cap ? 2 * j->way_cap : 16;
        j->ways = xrealloc(j->ways, j->way_cap * sizeof *j->ways);
    }
    return &j->ways[j->way_count++];
}

static void forget_landed(struct judge *j, int64_t now_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < j->way_count; i++)
        if (j->ways[i].lands_ms >= now_ms)
            j->ways[kept++] = j->ways[i];
    j->way_count = kept;
}

static bool unsettled(const struct run *r, int member)
{
    return member_unsettled((enum outcome)r->outcome[member], (enum cause)r->why[member]);
}

static void check_sent(struct judge *j, const struct run *r, int member)
{
    const char *id = j->estate->members[member].id;

    if (r->drained)
        judge_say(j, "P5", "%s sends a call for %s, and its Drained is in the log", r->id, id);
    if (r->step[member] >= 0 && r->step[member] < r->begun && unsettled(r, member))
        judge_say(j, "S1b",
                  "%s sends a call for %s of step %d, which was left unsettled, and step %d has begun", r->id,
                  id, r->step[member], r->begun);
}

void judge_sending(struct judge *j, const struct sim_aws_sent *sent)
{
    char name[RUN_TEXT_MAX];
    struct way way = {.sent_ms = sent->sent_ms, .lands_ms = sent->lands_ms};
    size_t at = 0;

    if (!(str_find(sent->body, STR("Action=StopInstances"), &at) ||
          str_find(sent->body, STR("Action=StartInstances"), &at)) ||
        !sender(sent, name))
        return;
    for (int m = 0; m < j->estate->member_count; m++) {
        way.of[m] = str_find(sent->body, str_of(j->estate->members[m].id), &at);
        const struct run *r = way.of[m] ? judge_caller(j, m, name) : NULL;
        if (!r)
            continue;
        way.run = r;
        check_sent(j, r, m);
    }
    forget_landed(j, sent->sent_ms);
    if (way.run && way.lands_ms - way.sent_ms <= ACCEPTED_MS)
        *add_way(j) = way;
}

void judge_drained(struct judge *j, const struct event *ev, int64_t ts_ms)
{
    for (size_t i = 0; ev->drained.old_epoch && i < j->run_count; i++) {
        struct run *r = &j->runs[i];
        if (strcmp(r->epoch, ev->drained.old_epoch) != 0 || r->drained)
            continue;
        r->drained = true;
        for (size_t k = 0; k < j->way_count; k++)
            if (j->ways[k].run == r && j->ways[k].lands_ms > ts_ms)
                judge_say(j, "P5", "%s is drained, and a call of it is on the way, for %lld ms more", r->id,
                          (long long)(j->ways[k].lands_ms - ts_ms));
    }
}

void judge_step_begins(struct judge *j, const struct run *r, int step, int64_t now_ms)
{
    for (size_t k = 0; k < j->way_count; k++)
        for (int m = 0; j->ways[k].run == r && j->ways[k].lands_ms > now_ms && m < j->estate->member_count;
             m++)
            if (j->ways[k].of[m] && r->step[m] >= 0 && r->step[m] < step && unsettled(r, m))
                judge_say(j, "S1b", "step %d of %s begins, and a call for %s of step %d is on the way", step,
                          r->id, j->estate->members[m].id, r->step[m]);
}
