#include "core/job_step.h"

#include "base/mem.h"

#include <string.h>

const char *const job_lease_names[] = {"ok", "hold", "fenced", "lost", NULL};

struct job_step {
    const struct job *job;
    struct member_rules rules;
    struct member_life *members;
    size_t n;
    size_t *picked;
    size_t cursor; /* synchronous: whose turn it is */
    enum job_lease lease;
    int64_t deadline_ms;
    bool holds_stale, draining, unanswered, half_told;
    bool call_out;            /* a changing call has been given and is not answered */
    int64_t last_accepted_ms; /* 0: none in this attempt */
    size_t call_max;          /* halved by each refusal that names nobody, doubled by each success */
    int64_t act_after_ms;
    int failures;      /* calls in a row that AWS throttled or an outage swallowed: the backoff's */
    int outages;       /* of them since AWS last answered, and since when */
    int64_t outage_ms; /* 0: none */
    bool throttled;    /* the last call was, or was paced */
    int64_t far_ms;    /* the tokens of the last refused call are so far off */
    int64_t watch_since_ms;
    uint64_t changes;
};

struct job_step *job_step_new(const struct job *job, int64_t attempt, int64_t deadline_ms, int64_t now_ms)
{
    struct job_step *s = xcalloc(1, sizeof *s);

    s->job = job;
    s->rules = (struct member_rules){&job->options, job->tier, (enum action)job->action, attempt};
    s->n = job->members.n;
    s->members = xcalloc(s->n, sizeof *s->members);
    s->picked = xcalloc(s->n, sizeof *s->picked);
    s->call_max = JOB_CALL_MAX;
    s->deadline_ms = deadline_ms;
    s->watch_since_ms = now_ms;
    for (size_t i = 0; i < s->n; i++) {
        s->members[i].id = job->members.at[i];
        s->members[i].phase_ms = now_ms;
    }
    return s;
}

void job_step_free(struct job_step *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        xfree(s->members[i].detail);
    xfree(s->members);
    xfree(s->picked);
    xfree(s);
}

static struct member_life *at(struct job_step *s, size_t member)
{
    BUG_IF(member >= s->n);
    return &s->members[member];
}

/* Its turn has come: always in an asynchronous tier. */
static bool has_turn(const struct job_step *s, size_t member)
{
    return !s->job->options.sync || member == s->cursor;
}

/* ---- events ---- */

void job_step_lease(struct job_step *s, enum job_lease lease, int64_t deadline_ms)
{
    if (s->lease != LEASE_OK)
        return;
    s->lease = lease;
    if (lease == LEASE_OK && deadline_ms > s->deadline_ms)
        s->deadline_ms = deadline_ms;
}

void job_step_holds_stale(struct job_step *s)
{
    s->holds_stale = true;
}

void job_step_held(struct job_step *s, size_t member, int64_t until_ms)
{
    at(s, member)->held_until_ms = until_ms;
}

void job_step_holds_read(struct job_step *s)
{
    s->holds_stale = false;
}

void job_step_drain(struct job_step *s)
{
    s->draining = true;
}

void job_step_seen(struct job_step *s, size_t member, const struct sighting *seen, int64_t asked_ms,
                   int64_t now_ms, int64_t wall_ms)
{
    struct member_life *m = at(s, member);
    enum member_phase phase = m->phase;
    enum sight state = m->state;

    if (!has_turn(s, member))
        return;
    member_seen(m, &s->rules, seen, asked_ms, now_ms, wall_ms);
    s->changes += m->phase != phase || m->state != state;
}

void job_step_half_told(struct job_step *s, bool half)
{
    s->half_told = half;
}

void job_step_status(struct job_step *s, size_t member, bool ok, int64_t now_ms)
{
    struct member_life *m = at(s, member);

    member_status(m, &s->rules, ok, now_ms);
    s->changes += m->phase == MEMBER_OVER;
}

void job_step_blind(struct job_step *s, const char *detail)
{
    for (size_t i = 0; i < s->n; i++)
        if (has_turn(s, i) && s->members[i].phase == MEMBER_LOOK)
            member_over(&s->members[i], OUTCOME_FAILED, CAUSE_DENIED, detail);
}

void job_step_answered(struct job_step *s, size_t member, const struct member_answer *a, int64_t now_ms)
{
    member_answered(at(s, member), &s->rules, a, now_ms);
    s->changes++;
}

void job_step_unasked(struct job_step *s, size_t member, int64_t now_ms)
{
    member_unasked(at(s, member), now_ms);
}

static void aws_answers(struct job_step *s)
{
    s->outages = 0;
    s->outage_ms = 0;
}

static void accepted(struct job_step *s, const struct job_called *c, int64_t now_ms)
{
    for (size_t i = 0; i < c->n; i++)
        member_accepted(at(s, c->members[i]), &s->rules, now_ms);
    s->last_accepted_ms = now_ms;
    s->call_max = s->call_max * 2 < JOB_CALL_MAX ? s->call_max * 2 : JOB_CALL_MAX;
    s->failures = 0;
    s->throttled = false;
    aws_answers(s);
}

/* How long until the next call. One that did not leave loads nobody: it waits for what it lacks, no
 * longer. */
static int64_t wait_after(struct job_step *s, const struct job_called *c)
{
    if (c->waits && c->retry_after_ms > 0)
        return c->retry_after_ms;
    if (c->waits && c->err->kind == ERR_THROTTLED)
        return BACKOFF_MIN_MS;
    s->failures++;
    return backoff_ms(s->failures, c->chance, c->retry_after_ms);
}

/* One more call without a word from AWS. True: it has lasted too long. A throttle is a word. */
static bool outage_is_over_long(struct job_step *s, const struct job_called *c, int64_t now_ms)
{
    if (c->err->kind == ERR_THROTTLED) {
        if (!c->waits)
            aws_answers(s);
        return false;
    }
    if (!s->outages)
        s->outage_ms = now_ms;
    s->outages++;
    return s->outages >= JOB_OUTAGE_CALLS && now_ms - s->outage_ms >= JOB_OUTAGE_MS;
}

/* Nobody's fault but AWS's or the network's: again later. */
static void failed_retriably(struct job_step *s, const struct job_called *c, int64_t now_ms)
{
    int64_t wait_ms = wait_after(s, c);
    bool over_long = outage_is_over_long(s, c, now_ms);

    s->throttled = c->err->kind == ERR_THROTTLED;
    s->act_after_ms = now_ms + wait_ms;
    s->far_ms = wait_ms > JOB_FAR_MS ? wait_ms : 0;
    s->unanswered = s->unanswered || c->unanswered;
    for (size_t i = 0; i < c->n; i++) {
        struct member_life *m = at(s, c->members[i]);
        if (over_long)
            member_over(m, OUTCOME_FAILED, CAUSE_UNAVAILABLE, c->err->msg);
        else if (c->unanswered)
            member_unanswered(m, now_ms);
        else
            member_back(m, now_ms);
    }
}

/* The ids that the message names, of those that were in the call. */
static size_t refuse_named(struct job_step *s, const struct job_called *c, int64_t now_ms)
{
    size_t refused = 0;

    for (size_t i = 0; i < c->n; i++) {
        struct member_life *m = at(s, c->members[i]);
        if (!c->named || !strs_has(c->named, str_of(m->id)))
            continue;
        member_refused(m, c->err->code, c->err->msg, now_ms);
        refused++;
    }
    return refused;
}

/* The whole call was refused and nothing was done: by name, else alone, else by halves. */
static void refused(struct job_step *s, const struct job_called *c, int64_t now_ms)
{
    bool named = refuse_named(s, c, now_ms) > 0;

    aws_answers(s);
    s->throttled = false;
    for (size_t i = 0; i < c->n; i++) {
        struct member_life *m = at(s, c->members[i]);
        if (m->phase != MEMBER_CALLED)
            continue;
        if (!named && c->err->kind == ERR_DENIED)
            member_over(m, OUTCOME_FAILED, CAUSE_DENIED, c->err->msg);
        else if (!named && c->n == 1)
            member_refused(m, c->err->code, c->err->msg, now_ms);
        else
            member_back(m, now_ms);
    }
    if (!named)
        s->call_max = c->n > 1 ? c->n / 2 : 1;
}

void job_step_called(struct job_step *s, const struct job_called *c, int64_t now_ms)
{
    s->call_out = false;
    s->watch_since_ms = now_ms;
    s->changes++;
    if (c->err->kind == ERR_NONE)
        accepted(s, c, now_ms);
    else if (c->unanswered || c->waits || err_is_retriable(c->err))
        failed_retriably(s, c, now_ms);
    else
        refused(s, c, now_ms);
}

/* ---- what next ---- */

bool job_step_may_change(const struct job_step *s, int64_t now_ms)
{
    return s->lease == LEASE_OK && now_ms < s->deadline_ms && !s->draining && !s->holds_stale;
}

bool job_step_throttled(const struct job_step *s, int64_t now_ms)
{
    return s->throttled && s->act_after_ms > now_ms;
}

bool job_step_clean(const struct job_step *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!member_clean(&s->members[i]))
            return false;
    return true;
}

static bool all_over(const struct job_step *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->members[i].phase != MEMBER_OVER)
            return false;
    return true;
}

/* A failed member of a synchronous tier ends it under halt: nobody after it is touched. */
static void move_on(struct job_step *s, int64_t now_ms)
{
    while (s->cursor < s->n && s->members[s->cursor].phase == MEMBER_OVER) {
        bool failed = s->members[s->cursor].outcome == OUTCOME_FAILED;
        s->cursor++;
        s->watch_since_ms = now_ms;
        if (s->cursor < s->n)
            s->members[s->cursor].phase_ms = s->members[s->cursor].after_ms = now_ms;
        if (!failed || s->job->options.on_failure != ON_FAILURE_HALT)
            continue;
        for (; s->cursor < s->n; s->cursor++)
            member_over(&s->members[s->cursor], OUTCOME_FAILED, CAUSE_NOT_ATTEMPTED, NULL);
    }
}

static int64_t tick_members(struct job_step *s, int64_t now_ms)
{
    int64_t next = INT64_MAX;

    if (s->job->options.sync)
        move_on(s, now_ms);
    for (size_t i = 0; i < s->n; i++) {
        if (!has_turn(s, i))
            continue;
        enum member_phase phase = s->members[i].phase;
        int64_t when = member_tick(&s->members[i], &s->rules, now_ms);
        s->changes += phase != s->members[i].phase;
        next = when < next ? when : next;
    }
    if (s->job->options.sync)
        move_on(s, now_ms);
    return next;
}

static bool picks(struct job_step *s, size_t member, enum member_phase phase, int64_t now_ms)
{
    struct member_life *m = &s->members[member];

    if (m->phase != phase || m->after_ms > now_ms || !has_turn(s, member))
        return false;
    if (m->held_until_ms > now_ms) {
        member_over(m, OUTCOME_BYPASSED, CAUSE_HELD, NULL);
        s->changes++;
        return false;
    }
    return phase == MEMBER_ASK || member_proven(m, &s->rules, now_ms);
}

static size_t pick(struct job_step *s, enum member_phase phase, size_t max, int64_t now_ms)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n && n < max; i++)
        if (picks(s, i, phase, now_ms))
            s->picked[n++] = i;
    return n;
}

/* Members that are ready go when nobody can join them any more, or have waited long enough for company. */
static bool gathered(const struct job_step *s, int64_t now_ms, int64_t *at_ms)
{
    bool company = false;
    int64_t since = INT64_MAX;

    for (size_t i = 0; i < s->n; i++) {
        const struct member_life *m = &s->members[i];
        if (!has_turn(s, i))
            continue;
        company = company || m->phase == MEMBER_LOOK || m->phase == MEMBER_ASK || m->phase == MEMBER_ASKED;
        if (m->phase == MEMBER_READY && m->phase_ms < since)
            since = m->phase_ms;
    }
    if (!company || since == INT64_MAX || now_ms - since >= JOB_GATHER_MS)
        return true;
    *at_ms = since + JOB_GATHER_MS < *at_ms ? since + JOB_GATHER_MS : *at_ms;
    return false;
}

/* The next question or call, if there is one. */
static bool begin(struct job_step *s, struct job_next *next, int64_t now_ms)
{
    if (s->half_told)
        return false;
    next->members = s->picked;
    next->n = pick(s, MEMBER_ASK, JOB_GUESTS_MAX, now_ms);
    if (next->n) {
        next->command = JOB_ASK;
        for (size_t i = 0; i < next->n; i++)
            member_ask(&s->members[s->picked[i]], now_ms);
        return true;
    }
    if (s->call_out)
        return false;
    if (s->act_after_ms > now_ms) {
        next->at_ms = s->act_after_ms < next->at_ms ? s->act_after_ms : next->at_ms;
        return false;
    }
    if (!gathered(s, now_ms, &next->at_ms))
        return false;
    next->n = pick(s, MEMBER_READY, s->call_max, now_ms);
    if (!next->n)
        return false;
    next->command = JOB_ACT;
    s->call_out = true;
    for (size_t i = 0; i < next->n; i++)
        member_call(&s->members[s->picked[i]], now_ms);
    return true;
}

static void set(struct job_next *next, enum job_command command)
{
    *next = (struct job_next){.command = command, .at_ms = INT64_MAX};
}

/* Everything is decided: who may hear of it? */
static void finish(const struct job_step *s, struct job_next *next, int64_t now_ms)
{
    bool living = s->lease == LEASE_OK && now_ms < s->deadline_ms;

    if (living || job_step_clean(s))
        set(next, JOB_REPORT);
    else if (s->lease == LEASE_LOST || now_ms >= s->deadline_ms + JOB_LATE_MS)
        set(next, JOB_DROP);
    else if (s->lease != LEASE_OK)
        set(next, s->unanswered ? JOB_DROP : JOB_RELEASE);
    else
        next->at_ms = s->deadline_ms + JOB_LATE_MS; /* a renewal may still say OK */
}

static int64_t release_due(const struct job_step *s, int64_t now_ms)
{
    if (!s->last_accepted_ms || now_ms >= s->last_accepted_ms + JOB_RELEASE_LAG_MS)
        return 0;
    return s->last_accepted_ms + JOB_RELEASE_LAG_MS - now_ms;
}

/* It may begin nothing more: hand it back, or be silent. A call that is out is waited for first. */
static void leave(const struct job_step *s, struct job_next *next, int64_t now_ms)
{
    if (s->call_out)
        return;
    if (s->lease == LEASE_LOST || now_ms >= s->deadline_ms + JOB_LATE_MS) {
        set(next, JOB_DROP);
    } else if (s->unanswered || (s->lease == LEASE_OK && !s->draining)) {
        /* With an unanswered call it is never released; what is reached until then may still be reported. */
        int64_t late_ms = s->deadline_ms + JOB_LATE_MS;
        next->at_ms = late_ms < next->at_ms ? late_ms : next->at_ms;
    } else {
        set(next, JOB_RELEASE);
        next->due_ms = release_due(s, now_ms);
    }
}

/* Nothing is under way, and the tokens are far: somebody else may come back for it. */
static bool far_off(const struct job_step *s, int64_t now_ms)
{
    if (!s->far_ms || s->act_after_ms <= now_ms || s->unanswered || s->call_out)
        return false;
    for (size_t i = 0; i < s->n; i++) {
        enum member_phase p = s->members[i].phase;
        if (p == MEMBER_WAIT || p == MEMBER_ASKED || p == MEMBER_CALLED || s->members[i].touched)
            return false;
    }
    return true;
}

struct job_next job_step(struct job_step *s, int64_t now_ms)
{
    struct job_next next = {.command = JOB_NOTHING, .at_ms = tick_members(s, now_ms)};

    if (all_over(s)) {
        finish(s, &next, now_ms);
    } else if (!job_step_may_change(s, now_ms)) {
        if (s->draining || s->lease != LEASE_OK || now_ms >= s->deadline_ms)
            leave(s, &next, now_ms);
    } else if (far_off(s, now_ms)) {
        int64_t due_ms = s->act_after_ms - now_ms;
        set(&next, JOB_RELEASE);
        next.due_ms = due_ms;
    } else if (!begin(s, &next, now_ms)) {
        if (all_over(s)) /* the last ones were held */
            finish(s, &next, now_ms);
        else if (s->job->options.sync && s->cursor < s->n && s->members[s->cursor].phase == MEMBER_OVER)
            next.at_ms = now_ms;
        else
            next.at_ms = s->deadline_ms < next.at_ms ? s->deadline_ms : next.at_ms;
    }
    return next;
}

bool job_step_watches(const struct job_step *s, size_t member)
{
    enum member_phase p = s->members[member].phase;

    return has_turn(s, member) && (p == MEMBER_LOOK || p == MEMBER_SETTLE || p == MEMBER_WAIT);
}

bool job_step_wants_status(const struct job_step *s, size_t member)
{
    return member_wants_status(&s->members[member], &s->rules);
}

int64_t job_step_watch_since(const struct job_step *s)
{
    return s->watch_since_ms;
}

bool job_step_unanswered(const struct job_step *s)
{
    return s->unanswered || s->call_out;
}

const struct member_life *job_step_member(const struct job_step *s, size_t member)
{
    BUG_IF(member >= s->n);
    return &s->members[member];
}

uint64_t job_step_changes(const struct job_step *s)
{
    return s->changes;
}

static char *word(enum sight state, bool seen)
{
    return seen ? xstrdup(sight_names[state]) : NULL;
}

void job_step_outcomes(const struct job_step *s, struct member_outcomes *out)
{
    *out = (struct member_outcomes){.at = xcalloc(s->n, sizeof *out->at), .n = s->n};
    for (size_t i = 0; i < s->n; i++) {
        const struct member_life *m = &s->members[i];
        out->at[i] = (struct member_outcome){
            .id = xstrdup(m->id),
            .outcome = m->outcome,
            .cause = m->cause,
            .from = word(m->from, m->seen),
            .to = word(m->state, m->seen),
            .took_ms = m->took_ms,
            .detail = m->detail ? xstrdup(m->detail) : NULL,
        };
    }
}
