#include "sim/judge_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * How long after its record a pause still lets a call go: leases are given out while a heartbeat is fresh
 * (5 s, it saw the log without the record), and last for 15 s, by the clock of a worker that runs a tenth
 * slow. The rest is for the way.
 */
enum { HEARD_BY_MS = 5000 + 15000 * 11 / 10 + 3000 };

/* ---- ticks and requests (P6) ---- */

/* NULL: there are too many. */
static struct schedule *schedule_of(struct judge *j, int workload, const char *schedule)
{
    for (size_t i = 0; i < j->schedule_count; i++)
        if (j->schedules[i].workload == workload && strcmp(j->schedules[i].schedule, schedule) == 0)
            return &j->schedules[i];
    BUG_IF(j->schedule_count == JUDGE_SCHEDULES_MAX);
    struct schedule *c = &j->schedules[j->schedule_count++];
    *c = (struct schedule){.workload = workload};
    (void)snprintf(c->schedule, sizeof c->schedule, "%s", schedule);
    return c;
}

void judge_requested(struct judge *j, struct run *r, const struct event *ev, const struct judge_place *at)
{
    const struct event_origin *o = &ev->requested.origin;

    if (r->requested)
        return;
    r->requested = true;
    r->partition = at->partition;
    if (!o->schedule || !o->schedule[0])
        return;
    struct schedule *c = schedule_of(j, r->workload, o->schedule);
    r->dropped = o->tick <= c->tick;
    if (!r->dropped)
        c->tick = o->tick;
}

/* Where a request stands, of G:partition:offset. */
static bool place_of(const char *request, int *partition, int64_t *offset)
{
    const char *second = request ? strchr(request, ':') : NULL;
    const char *third = second ? strchr(second + 1, ':') : NULL;

    if (!third)
        return false;
    *partition = (int)strtol(second + 1, NULL, 10);
    *offset = strtoll(third + 1, NULL, 10);
    return true;
}

void judge_answered(struct judge *j, struct run *r, const char *request)
{
    int partition = 0;
    int64_t offset = 0;

    if (!request)
        return;
    if (r->dropped)
        judge_say(j, "P6", "%s is answered, and its tick had been taken before", r->id);
    if (r->request[0] && strcmp(r->request, request) != 0)
        judge_say(j, "P6", "%s is answered for the requests %s and %s", r->id, r->request, request);
    (void)snprintf(r->request, sizeof r->request, "%s", request);
    if (place_of(request, &partition, &offset) && partition >= 0 && partition < JUDGE_PARTITIONS_MAX &&
        j->barred[partition] && offset >= j->barred[partition])
        judge_say(j, "MUST",
                  "%s is answered, whose request stands behind a record of partition %d that nobody knows",
                  r->id, partition);
}

/* ---- records that must be understood ---- */

void judge_barred(struct judge *j, const struct judge_place *at)
{
    BUG_IF(at->partition < 0 || at->partition >= JUDGE_PARTITIONS_MAX);
    if (!j->barred[at->partition])
        j->barred[at->partition] = at->offset + 1;
}

bool judge_waits_for_ever(const struct judge *j, const struct run *r)
{
    return r->dropped || j->barred[r->partition] > 0;
}

/* ---- pauses and cancels (P8) ---- */

/* A copy of one that was heard changes nothing, as long as the workload remembers it. */
static bool heard(struct judge *j, int workload, const char *id)
{
    struct controls *c = &j->controls[workload];

    for (size_t i = 0; i < JUDGE_CONTROLS; i++)
        if (strcmp(c->ids[i], id) == 0)
            return true;
    (void)snprintf(c->ids[c->next++ % JUDGE_CONTROLS], JUDGE_RUN_ID_MAX, "%s", id);
    return false;
}

void judge_control(struct judge *j, struct run *r, const struct event *ev, int64_t ts_ms)
{
    bool hold = ev->type == EVENT_HOLD_SET || ev->type == EVENT_HOLD_CLEARED;
    int workload = r ? r->workload : estate_workload(j->estate, ev->workload ? ev->workload : "");
    const char *id = hold ? ev->hold.id : ev->control.id;

    if (workload < 0 || !id || !id[0] || heard(j, workload, id) || !r || !r->requested)
        return;
    if (ev->type == EVENT_CANCEL)
        r->cancel_ms = r->cancel_ms ? r->cancel_ms : ts_ms;
    else if (ev->type == EVENT_RESUME)
        r->paused_ms = 0;
    else if (!r->paused_ms)
        r->paused_ms = ts_ms;
}

static void too_late(struct judge *j, const struct run *r, int member, int64_t since_ms, const char *what)
{
    if (since_ms && j->sent_ms - since_ms > HEARD_BY_MS)
        judge_say(j, "P8", "%s calls for %s %lld ms after it was %s", r->id, j->estate->members[member].id,
                  (long long)(j->sent_ms - since_ms), what);
}

void judge_will(struct judge *j, const struct run *r, int member)
{
    if (!j->sent_ms)
        return;
    too_late(j, r, member, r->paused_ms, "paused");
    too_late(j, r, member, r->cancel_ms, "cancelled");
    too_late(j, r, member, r->finished_ms, "over");
}

void judge_broken_off(struct judge *j, const struct run *r)
{
    bool cancelled =
        r->result == RESULT_CANCELLED || r->result == RESULT_EXPIRED || r->result == RESULT_DEADLINE;

    if (cancelled && !r->cancel_ms)
        judge_say(j, "P8", "%s is told as %s, and no Cancel names it", r->id, result_names[r->result]);
}
