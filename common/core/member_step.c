#include "core/member_step.h"

#include "base/mem.h"

#include <string.h>

enum { DETAIL_MAX = 300 };

const char *const sight_names[] = {"absent",        "pending",    "running", "stopping", "stopped",
                                   "shutting-down", "terminated", "unknown", NULL};

static void enter(struct member_life *m, enum member_phase phase, int64_t now_ms)
{
    m->phase = phase;
    m->phase_ms = now_ms;
    m->misses = 0;
}

void member_over(struct member_life *m, enum outcome o, enum cause c, const char *detail)
{
    m->phase = MEMBER_OVER;
    m->outcome = o;
    m->cause = c;
    xfree(m->detail);
    m->detail = detail && detail[0] ? xstrndup(detail, strnlen(detail, DETAIL_MAX)) : NULL;
}

static void over_with(struct member_life *m, enum outcome o, enum cause c, struct str detail)
{
    char text[DETAIL_MAX + 1];
    size_t n = detail.n < DETAIL_MAX ? detail.n : DETAIL_MAX;

    if (n)
        memcpy(text, detail.p, n);
    text[n] = '\0';
    member_over(m, o, c, text);
}

bool member_clean(const struct member_life *m)
{
    return m->phase == MEMBER_OVER && m->outcome != OUTCOME_FAILED && m->outcome != OUTCOME_NONE;
}

static bool needs_answer(const struct member_rules *r)
{
    return r->action == ACTION_STOP && r->options->override_file != NULL;
}

static enum sight target(const struct member_rules *r)
{
    return r->action == ACTION_START ? SIGHT_RUNNING : SIGHT_STOPPED;
}

static bool on_its_way(const struct member_rules *r, enum sight state)
{
    return state == (r->action == ACTION_START ? SIGHT_PENDING : SIGHT_STOPPING);
}

/* Byte for byte: the filter of the question only narrows. */
static bool is_ours(const struct member_rules *r, const struct sighting *s)
{
    return s->filter_value.p && s->tier_value.p && str_is(s->filter_value, r->options->filter_value) &&
           str_is(s->tier_value, r->tier);
}

/* It came there since the run was admitted: times of EC2 are whole seconds. */
static bool since_admission(const struct member_rules *r, const struct sighting *s)
{
    int64_t at = r->action == ACTION_START ? s->launch_wall_ms : s->transition_wall_ms;

    return at > 0 && at / 1000 >= r->options->accepted_ms / 1000;
}

static bool ready(const struct member_life *m, const struct member_rules *r)
{
    return r->action == ACTION_STOP || r->options->ready != READY_STATUS_OK || m->status_ok;
}

static void wait_for_state(struct member_life *m, const struct member_rules *r, int64_t now_ms)
{
    enter(m, MEMBER_WAIT, now_ms);
    m->accepted_ms = now_ms;
    m->limit_ms = now_ms + r->options->timeout_s * 1000;
}

static void reached(struct member_life *m, int64_t now_ms)
{
    m->took_ms = m->phase == MEMBER_WAIT ? now_ms - m->accepted_ms : 0;
    if (m->touched)
        member_over(m, OUTCOME_DONE, CAUSE_NONE, NULL);
    else if (m->earlier)
        member_over(m, OUTCOME_DONE, CAUSE_EARLIER_ATTEMPT, NULL);
    else
        member_over(m, OUTCOME_UNCHANGED, CAUSE_NONE, NULL);
}

/* Left alone, whatever its state; false: it may be acted on. */
static bool left_out(struct member_life *m, const struct member_rules *r, const struct sighting *s)
{
    if (s->state == SIGHT_TERMINATED || s->state == SIGHT_SHUTTING_DOWN)
        over_with(m, OUTCOME_FAILED, CAUSE_TERMINATED, s->reason);
    else if (!is_ours(r, s))
        member_over(m, OUTCOME_FAILED, CAUSE_TAGS_CHANGED, NULL);
    else if (s->asg_member)
        member_over(m, OUTCOME_BYPASSED, CAUSE_ASG_MEMBER, NULL);
    else if (s->spot_one_time)
        member_over(m, OUTCOME_BYPASSED, CAUSE_SPOT_ONE_TIME, NULL);
    else if (s->instance_store)
        member_over(m, OUTCOME_BYPASSED, CAUSE_INSTANCE_STORE, NULL);
    return m->phase == MEMBER_OVER;
}

/* What it would need: a proof, or nothing more. In a fleet that observes, the decision is all there is. */
static void may_act(struct member_life *m, const struct member_rules *r, int64_t now_ms)
{
    if (!member_proven(m, r, now_ms))
        enter(m, MEMBER_ASK, now_ms);
    else if (r->options->observe)
        member_over(m, OUTCOME_BYPASSED, CAUSE_OBSERVE, NULL);
    else
        enter(m, MEMBER_READY, now_ms);
}

static void look(struct member_life *m, const struct member_rules *r, const struct sighting *s,
                 int64_t now_ms)
{
    if (left_out(m, r, s))
        return;
    m->earlier = m->earlier || (r->attempt >= 2 && since_admission(r, s));
    if (s->state == target(r)) {
        if (ready(m, r))
            reached(m, now_ms);
        else
            wait_for_state(m, r, now_ms);
    } else if (on_its_way(r, s->state)) {
        wait_for_state(m, r, now_ms);
        m->moved = true;
    } else if (s->state == SIGHT_PENDING || s->state == SIGHT_STOPPING) {
        enter(m, MEMBER_SETTLE, now_ms);
        m->limit_ms = now_ms + r->options->timeout_s * 1000;
    } else if (s->state == SIGHT_OTHER) {
        member_over(m, OUTCOME_FAILED, CAUSE_WRONG_STATE, "a state that this build does not know");
    } else {
        may_act(m, r, now_ms);
    }
}

static void settle(struct member_life *m, const struct member_rules *r, const struct sighting *s,
                   int64_t now_ms)
{
    bool still = s->state == SIGHT_PENDING || s->state == SIGHT_STOPPING;

    if (!still || on_its_way(r, s->state))
        look(m, r, s, now_ms);
}

/*
 * A start that EC2 took back. "stopped" right after the call may be an old reply, whatever was seen in
 * between and whatever else it tells: replies come from servers that lag each on its own.
 */
static bool fell_back(const struct member_life *m, const struct member_rules *r, const struct sighting *s,
                      int64_t asked_ms)
{
    int64_t since_ms = asked_ms - m->accepted_ms;

    return r->action == ACTION_START && s->state == SIGHT_STOPPED &&
           ((since_ms > MEMBER_DESCRIBE_LAG_MS && (m->moved || s->launch_wall_ms > m->launch_wall_ms)) ||
            since_ms > MEMBER_FALL_BACK_MS);
}

static void waited(struct member_life *m, const struct member_rules *r, const struct sighting *s,
                   int64_t asked_ms, int64_t now_ms)
{
    if (s->state == SIGHT_TERMINATED || s->state == SIGHT_SHUTTING_DOWN)
        over_with(m, OUTCOME_FAILED, CAUSE_TERMINATED, s->reason);
    else if (s->state == target(r) && ready(m, r))
        reached(m, now_ms);
    else if (fell_back(m, r, s, asked_ms))
        over_with(m, OUTCOME_FAILED, CAUSE_FELL_BACK, s->reason);
    else if (s->state == target(r) || on_its_way(r, s->state))
        m->moved = true;
}

static bool looks(const struct member_life *m)
{
    return m->phase == MEMBER_LOOK || m->phase == MEMBER_SETTLE || m->phase == MEMBER_WAIT;
}

void member_seen(struct member_life *m, const struct member_rules *r, const struct sighting *s,
                 int64_t asked_ms, int64_t now_ms, int64_t wall_ms)
{
    if (!looks(m) || asked_ms < m->after_ms)
        return;
    if (s->state == SIGHT_ABSENT) {
        if (++m->misses >= MEMBER_MISSES_MAX)
            member_over(m, OUTCOME_FAILED, CAUSE_NOT_FOUND, NULL);
        return;
    }
    m->misses = 0;
    m->state = s->state;
    m->spot = s->spot;
    if (!m->seen) {
        m->seen = true;
        m->from = s->state;
        m->launch_wall_ms = s->launch_wall_ms;
    }
    if (s->launch_wall_ms)
        m->young_until_ms = now_ms + s->launch_wall_ms + OVERRIDE_YOUNG_MS - wall_ms;
    if (m->phase == MEMBER_LOOK)
        look(m, r, s, now_ms);
    else if (m->phase == MEMBER_SETTLE)
        settle(m, r, s, now_ms);
    else
        waited(m, r, s, asked_ms, now_ms);
}

bool member_wants_status(const struct member_life *m, const struct member_rules *r)
{
    return r->action == ACTION_START && r->options->ready == READY_STATUS_OK && !m->status_ok &&
           m->phase == MEMBER_WAIT && m->state == SIGHT_RUNNING;
}

void member_status(struct member_life *m, const struct member_rules *r, bool ok, int64_t now_ms)
{
    if (!member_wants_status(m, r) || !ok)
        return;
    m->status_ok = true;
    reached(m, now_ms);
}

bool member_proven(const struct member_life *m, const struct member_rules *r, int64_t now_ms)
{
    return !needs_answer(r) || (m->absent_ms > 0 && now_ms - m->absent_ms <= OVERRIDE_ABSENT_MS);
}

void member_ask(struct member_life *m, int64_t now_ms)
{
    enter(m, MEMBER_ASKED, now_ms);
    m->absent_ms = 0;
    m->asks++;
}

void member_unasked(struct member_life *m, int64_t now_ms)
{
    if (m->phase != MEMBER_ASKED)
        return;
    enter(m, MEMBER_ASK, now_ms);
    m->asks--;
}

/* The proof has grown old. */
static void ask_anew(struct member_life *m, int64_t now_ms)
{
    if (m->asks >= MEMBER_ASKS_MAX)
        member_over(m, OUTCOME_BYPASSED, CAUSE_OVERRIDE_UNKNOWN,
                    "its answers grew old before it could be stopped");
    else
        enter(m, MEMBER_ASK, now_ms);
}

void member_answered(struct member_life *m, const struct member_rules *r, const struct member_answer *a,
                     int64_t now_ms)
{
    if (m->phase != MEMBER_ASKED)
        return;
    if (a->answer == OVERRIDE_ABSENT) {
        m->absent_ms = a->asked_ms;
        if (member_proven(m, r, now_ms))
            may_act(m, r, now_ms);
        else
            ask_anew(m, now_ms);
    } else if (a->answer == OVERRIDE_PRESENT) {
        member_over(m, OUTCOME_BYPASSED, CAUSE_OVERRIDE_PRESENT, NULL);
    } else if (a->offline && now_ms + MEMBER_ASK_AGAIN_MS < m->young_until_ms &&
               m->asks < 2 * MEMBER_ASKS_MAX) {
        enter(m, MEMBER_ASK, now_ms);
        m->after_ms = now_ms + MEMBER_ASK_AGAIN_MS;
    } else {
        member_over(m, OUTCOME_BYPASSED, CAUSE_OVERRIDE_UNKNOWN, a->why);
    }
}

void member_call(struct member_life *m, int64_t now_ms)
{
    enter(m, MEMBER_CALLED, now_ms);
}

void member_accepted(struct member_life *m, const struct member_rules *r, int64_t now_ms)
{
    m->touched = true;
    m->moved = false;
    m->after_ms = 0;
    wait_for_state(m, r, now_ms);
}

void member_unanswered(struct member_life *m, int64_t now_ms)
{
    m->touched = true;
    enter(m, MEMBER_LOOK, now_ms);
    m->after_ms = now_ms + MEMBER_DESCRIBE_LAG_MS;
}

void member_back(struct member_life *m, int64_t now_ms)
{
    int64_t since = m->phase_ms;

    enter(m, MEMBER_READY, now_ms);
    m->phase_ms = since; /* it has waited for its company long enough */
}

static bool has_code(const char *code, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(code, *list) == 0)
            return true;
    return false;
}

static const char *const again_codes[] = {"IncorrectInstanceState", "IncorrectSpotRequestState",
                                          "IncorrectState", NULL};
static const char *const capacity_codes[] = {
    "InsufficientInstanceCapacity",         "InsufficientHostCapacity",   "InsufficientCapacity",
    "InsufficientReservedInstanceCapacity", "InsufficientCapacityOnHost", NULL};
static const char *const limit_codes[] = {"InstanceLimitExceeded", "VcpuLimitExceeded",
                                          "InsufficientFreeAddressesInSubnet", "MaxSpotInstanceCountExceeded",
                                          NULL};

enum cause member_cause_of(enum err_kind kind, const char *code, const char *message)
{
    if (has_code(code, again_codes))
        return CAUSE_WRONG_STATE;
    if (has_code(code, capacity_codes))
        return CAUSE_CAPACITY;
    if (has_code(code, limit_codes))
        return CAUSE_LIMIT;
    if (strncmp(code, "InvalidInstanceID.", 18) == 0)
        return CAUSE_NOT_FOUND;
    if (strcmp(code, "UnsupportedOperation") == 0 || strcmp(code, "UnsupportedHibernationConfiguration") == 0)
        return CAUSE_NOT_SUPPORTED;
    if (strcmp(code, "OperationNotPermitted") == 0 && strstr(message, "disableApiStop"))
        return CAUSE_STOP_PROTECTED;
    if (kind == ERR_DENIED)
        return CAUSE_DENIED;
    if (kind == ERR_THROTTLED)
        return CAUSE_THROTTLED;
    return kind == ERR_UNAVAILABLE ? CAUSE_UNAVAILABLE : CAUSE_REFUSED_BY_EC2;
}

void member_refused(struct member_life *m, const char *code, const char *message, int64_t now_ms)
{
    enum cause c = member_cause_of(ERR_CONFLICT, code, message);

    if (c == CAUSE_WRONG_STATE && ++m->refusals < MEMBER_REFUSALS_MAX) {
        enter(m, MEMBER_LOOK, now_ms); /* Describe lags, or somebody else acts: look again */
        m->after_ms = now_ms + (int64_t)m->refusals * MEMBER_REFUSED_WAIT_MS;
    } else if (c == CAUSE_CAPACITY && ++m->capacity < MEMBER_CAPACITY_MAX) {
        enter(m, MEMBER_READY, now_ms);
        m->after_ms = now_ms + MEMBER_CAPACITY_WAIT_MS;
    } else if (c == CAUSE_NOT_SUPPORTED && m->spot) {
        member_over(m, OUTCOME_BYPASSED, CAUSE_SPOT_ONE_TIME, message);
    } else {
        member_over(m, OUTCOME_FAILED, c, message);
    }
}

int64_t member_tick(struct member_life *m, const struct member_rules *r, int64_t now_ms)
{
    if (m->phase == MEMBER_LOOK) {
        if (now_ms - m->phase_ms < MEMBER_LOOK_MS)
            return m->phase_ms + MEMBER_LOOK_MS;
        member_over(m, OUTCOME_FAILED, CAUSE_UNAVAILABLE, "DescribeInstances did not tell its state");
    } else if (m->phase == MEMBER_SETTLE || m->phase == MEMBER_WAIT) {
        if (now_ms < m->limit_ms)
            return m->limit_ms;
        member_over(m, OUTCOME_FAILED, member_wants_status(m, r) ? CAUSE_NOT_READY : CAUSE_TIMED_OUT, NULL);
        m->took_ms = now_ms - m->accepted_ms;
    } else if (m->phase == MEMBER_READY && !member_proven(m, r, now_ms)) {
        ask_anew(m, now_ms);
    } else if ((m->phase == MEMBER_ASK || m->phase == MEMBER_READY) && m->after_ms > now_ms) {
        return m->after_ms;
    }
    return INT64_MAX;
}
