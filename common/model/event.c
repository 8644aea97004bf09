#include "model/event.h"

#include "base/mem.h"
#include "base/moment.h"

#include <string.h>

const char *const event_type_names[] = {
    "",
    "RunRequested",
    "RunAccepted",
    "RunRefused",
    "Drained",
    "TierPlanned",
    "PlanFailed",
    "JobTerminal",
    "Pause",
    "Resume",
    "Cancel",
    "HoldSet",
    "HoldCleared",
    "ViewOpened",
    "RunFinished",
    "TierReleased",
    "TierCompleted",
    "PlanDelayed",
    "ScheduleMissed",
    "JobProgress",
    NULL,
};
const char *const if_busy_names[] = {"reject", "queue", "supersede", NULL};
const char *const missed_why_names[] = {"too-late", "newer-tick", "policy", NULL};
const char *const origin_kind_names[] = {"cli", "schedule", "retry", "api", NULL};

/* clang-format off */
#define AT(member) offsetof(struct event, member)

const struct json_field event_common_fields[] = {
    {"v",        JSON_F_INT,  AT(v), .required = true, .help = "1"},
    {"type",     JSON_F_STR,  AT(type_name), .required = true, .max = 64, .help = "the record's type"},
    {"ts",       JSON_F_STR,  AT(ts), .max = 40, .help = "when it was written, RFC 3339, UTC", .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z$"},
    {"workload", JSON_F_STR,  AT(workload), .max = 1024, .help = "absent in records of a whole partition"},
    {"run",      JSON_F_STR,  AT(run), .max = 256, .help = "id, unique in its workload", .pattern = IDS_RUN_PATTERN},
    {"epoch",    JSON_F_STR,  AT(epoch), .max = IDS_EPOCH_MAX, .help = "G:partition:offset of the run's RunAccepted", .pattern = IDS_EPOCH_PATTERN},
    {"action",   JSON_F_STR,  AT(action), .max = 32, .names = action_names},
    {"must",     JSON_F_BOOL, AT(must), .help = "a fold that does not know the type must stop"},
    {"needs",    JSON_F_STRS, AT(needs), .max = 16, .help = "words that a fold must know"},
    {0},
};

const struct json_field event_origin_fields[] = {
    {"kind",     JSON_F_ENUM, offsetof(struct event_origin, kind), .required = true, .names = origin_kind_names},
    {"who",      JSON_F_STR,  offsetof(struct event_origin, who), .max = 300, .help = "user@host, as claimed"},
    {"reason",   JSON_F_STR,  offsetof(struct event_origin, reason), .max = 300},
    {"schedule", JSON_F_STR,  offsetof(struct event_origin, schedule), .max = EVENT_SCHEDULE_MAX, .help = "name, action and zone of the schedule, joined by bars"},
    {"tick",     JSON_F_INT,  offsetof(struct event_origin, tick), .help = "YYYYMMDDhhmm, nominal local time"},
    {"of",       JSON_F_STR,  offsetof(struct event_origin, of), .max = IDS_RUN_MAX, .help = "the run that is tried again", .pattern = IDS_RUN_PATTERN},
    {0},
};

const struct json_field event_request_fields[] = {
    {"origin",       JSON_F_OBJECT, offsetof(struct event_request, origin), .required = true, .fields = event_origin_fields},
    {"profile",      JSON_F_STR,    offsetof(struct event_request, profile), .max = 100},
    {"tiers",        JSON_F_STRS,   offsetof(struct event_request, tiers), .max = SPEC_TIERS_MAX, .help = "only these"},
    {"if_busy",      JSON_F_ENUM,   offsetof(struct event_request, if_busy), .required = true, .names = if_busy_names},
    {"on_failure",   JSON_F_STR,    offsetof(struct event_request, on_failure), .max = 16, .names = on_failure_names, .help = "absent: as the row says"},
    {"not_after_ms", JSON_F_INT,    offsetof(struct event_request, not_after_ms), .help = "must not begin after this, ms since 1970"},
    {"force",        JSON_F_BOOL,   offsetof(struct event_request, force)},
    {0},
};

static const struct json_field requested_fields[] = {
    {"origin",       JSON_F_OBJECT, AT(requested.origin), .required = true, .fields = event_origin_fields, .help = "who or what asked"},
    {"profile",      JSON_F_STR,    AT(requested.profile), .max = 100},
    {"tiers",        JSON_F_STRS,   AT(requested.tiers), .max = SPEC_TIERS_MAX, .help = "only these"},
    {"if_busy",      JSON_F_ENUM,   AT(requested.if_busy), .required = true, .names = if_busy_names},
    {"on_failure",   JSON_F_STR,    AT(requested.on_failure), .max = 16, .names = on_failure_names, .help = "absent: as the row says"},
    {"not_after_ms", JSON_F_INT,    AT(requested.not_after_ms), .help = "must not begin after this, ms since 1970"},
    {"force",        JSON_F_BOOL,   AT(requested.force)},
    {0},
};

static const struct json_field step_fields[] = {
    {"tiers",   JSON_F_STRS, offsetof(struct event_step, tiers), .required = true},
    {"delay_s", JSON_F_INT,  offsetof(struct event_step, delay_s)},
    {0},
};

static const struct json_field accepted_fields[] = {
    {"request",      JSON_F_STR,    AT(accepted.request), .required = true, .max = IDS_EPOCH_MAX, .help = "G:partition:offset of the RunRequested", .pattern = IDS_EPOCH_PATTERN},
    {"steps",        JSON_F_LIST,   AT(accepted.steps), .required = true, .fields = step_fields, .size = sizeof(struct event_step), .max = SPEC_STEPS_MAX},
    {"spec",         JSON_F_OBJECT, AT(accepted.spec), .required = true, .fields = spec_fields, .help = "the rows, validated and frozen"},
    {"on_failure",   JSON_F_ENUM,   AT(accepted.on_failure), .required = true, .names = on_failure_names},
    {"profile",      JSON_F_STR,    AT(accepted.profile), .max = 100},
    {"not_after_ms", JSON_F_INT,    AT(accepted.not_after_ms)},
    {"deadline_s",   JSON_F_INT,    AT(accepted.deadline_s), .required = true},
    {"pause_s",      JSON_F_INT,    AT(accepted.pause_s), .required = true},
    {"members",      JSON_F_INT,    AT(accepted.members), .required = true, .help = "counted at admission"},
    {"observe",      JSON_F_BOOL,   AT(accepted.observe)},
    {"origin",       JSON_F_OBJECT, AT(accepted.origin), .fields = event_origin_fields},
    {0},
};

static const struct json_field refused_fields[] = {
    {"request", JSON_F_STR,  AT(refused.request), .required = true, .max = IDS_EPOCH_MAX, .help = "G:partition:offset of the RunRequested", .pattern = IDS_EPOCH_PATTERN},
    {"cause",   JSON_F_ENUM, AT(refused.cause), .required = true, .names = cause_names},
    {"detail",  JSON_F_STR,  AT(refused.detail), .max = EVENT_TEXT_KEPT_MAX},
    {0},
};

static const struct json_field drained_fields[] = {
    {"old_epoch",  JSON_F_STR, AT(drained.old_epoch), .max = IDS_EPOCH_MAX, .help = "no lease of it can reach EC2 any more", .pattern = IDS_EPOCH_PATTERN},
    {"next_epoch", JSON_F_STR, AT(drained.next_epoch), .max = IDS_EPOCH_MAX, .help = "becomes the current one", .pattern = IDS_EPOCH_PATTERN},
    {0},
};

static const struct json_field plan_job_fields[] = {
    {"job",     JSON_F_STR,  offsetof(struct event_plan_job, job), .required = true, .max = IDS_JOB_MAX},
    {"members", JSON_F_STRS, offsetof(struct event_plan_job, members), .required = true, .max = JOB_MEMBERS_MAX, .pattern = IDS_INSTANCE_PATTERN},
    {0},
};

static const struct json_field plan_tier_fields[] = {
    {"tier",     JSON_F_STR,    offsetof(struct event_plan_tier, tier), .required = true},
    {"kind",     JSON_F_STR,    offsetof(struct event_plan_tier, kind), .required = true, .max = 16},
    {"options",  JSON_F_OBJECT, offsetof(struct event_plan_tier, options), .required = true, .fields = job_options_fields},
    {"jobs",     JSON_F_LIST,   offsetof(struct event_plan_tier, jobs), .fields = plan_job_fields, .size = sizeof(struct event_plan_job)},
    {"left_out", JSON_F_LIST,   offsetof(struct event_plan_tier, left_out), .fields = member_outcome_fields, .size = sizeof(struct member_outcome)},
    {0},
};

static const struct json_field planned_fields[] = {
    {"step",  JSON_F_INT,  AT(planned.step), .required = true},
    {"plan",  JSON_F_STR,  AT(planned.plan), .required = true, .max = 64, .help = "nonce: parts of one plan share it"},
    {"part",  JSON_F_INT,  AT(planned.part), .required = true},
    {"parts", JSON_F_INT,  AT(planned.parts), .required = true},
    {"tiers", JSON_F_LIST, AT(planned.tiers), .required = true, .fields = plan_tier_fields, .size = sizeof(struct event_plan_tier)},
    {0},
};

static const struct json_field plan_failed_fields[] = {
    {"step",   JSON_F_INT,  AT(plan_failed.step), .required = true},
    {"cause",  JSON_F_ENUM, AT(plan_failed.cause), .required = true, .names = cause_names},
    {"detail", JSON_F_STR,  AT(plan_failed.detail), .max = EVENT_TEXT_KEPT_MAX},
    {0},
};

static const struct json_field plan_delayed_fields[] = {
    {"step",     JSON_F_INT,  AT(plan_delayed.step), .required = true},
    {"cause",    JSON_F_ENUM, AT(plan_delayed.cause), .required = true, .names = cause_names},
    {"detail",   JSON_F_STR,  AT(plan_delayed.detail), .max = EVENT_TEXT_KEPT_MAX},
    {"until_ms", JSON_F_INT,  AT(plan_delayed.until_ms), .required = true, .help = "it is tried again until then, ms since 1970; then the run fails"},
    {0},
};

static const struct json_field terminal_fields[] = {
    {"step",       JSON_F_INT,  AT(terminal.step), .required = true},
    {"tier",       JSON_F_STR,  AT(terminal.tier), .required = true},
    {"job",        JSON_F_STR,  AT(terminal.job), .required = true, .max = IDS_JOB_MAX},
    {"attempt",    JSON_F_INT,  AT(terminal.attempt), .required = true},
    {"token",      JSON_F_STR,  AT(terminal.token), .required = true, .max = 64, .help = "of the lease"},
    {"worker",     JSON_F_STR,  AT(terminal.worker), .required = true, .max = 200},
    {"unanswered", JSON_F_BOOL, AT(terminal.unanswered), .help = "a changing call was sent whose answer never came"},
    {"members",    JSON_F_LIST, AT(terminal.members), .required = true, .fields = member_outcome_fields, .size = sizeof(struct member_outcome), .max = JOB_MEMBERS_MAX},
    {0},
};

static const struct json_field control_fields[] = {
    {"id",     JSON_F_STR,  AT(control.id), .required = true, .max = IDS_RUN_MAX, .help = "unique: a copy changes nothing"},
    {"who",    JSON_F_STR,  AT(control.who), .max = 300},
    {"reason", JSON_F_STR,  AT(control.reason), .max = 300},
    {"cause",  JSON_F_ENUM, AT(control.cause), .names = cause_names},
    {0},
};

static const struct json_field scope_fields[] = {
    {"tier",     JSON_F_STR, offsetof(struct event_hold_scope, tier), .max = 256},
    {"instance", JSON_F_STR, offsetof(struct event_hold_scope, instance), .max = 32, .pattern = IDS_INSTANCE_PATTERN},
    {0},
};

static const struct json_field hold_fields[] = {
    {"id",       JSON_F_STR,    AT(hold.id), .required = true, .max = IDS_RUN_MAX},
    {"hold",     JSON_F_STR,    AT(hold.hold), .required = true, .max = IDS_RUN_MAX, .help = "the hold's own id"},
    {"scope",    JSON_F_OBJECT, AT(hold.scope), .fields = scope_fields, .help = "absent: the whole workload"},
    {"until_ms", JSON_F_INT,    AT(hold.until_ms), .help = "ms since 1970"},
    {"who",      JSON_F_STR,    AT(hold.who), .max = 300},
    {"reason",   JSON_F_STR,    AT(hold.reason), .max = 300},
    {0},
};

static const struct json_field view_fields[] = {
    {"inc",     JSON_F_STR, AT(view.inc), .required = true, .max = 64, .help = "run_id of the Redis that may grant leases"},
    {"ttl_ms",  JSON_F_INT, AT(view.ttl_ms), .required = true},
    {"taws_ms", JSON_F_INT, AT(view.taws_ms), .required = true},
    {0},
};

static const struct json_field finished_fields[] = {
    {"result", JSON_F_ENUM,   AT(finished.result), .required = true, .names = result_names},
    {"cause",  JSON_F_ENUM,   AT(finished.cause), .names = cause_names},
    {"detail", JSON_F_STR,    AT(finished.detail), .max = EVENT_TEXT_KEPT_MAX},
    {"counts", JSON_F_OBJECT, AT(finished.counts), .required = true, .fields = counts_fields},
    {0},
};

static const struct json_field missed_fields[] = {
    {"schedule", JSON_F_STR,  AT(missed.schedule), .required = true, .max = EVENT_SCHEDULE_MAX, .help = "name, action and zone, joined by bars"},
    {"tick",     JSON_F_INT,  AT(missed.tick), .required = true, .help = "YYYYMMDDhhmm, nominal local time: it did not fire and will not"},
    {"why",      JSON_F_ENUM, AT(missed.why), .required = true, .names = missed_why_names, .help = "nobody fired it within schedule.catchup; a newer one of the workload fired in its place; schedule.policy is none"},
    {"earlier",  JSON_F_INT,  AT(missed.earlier), .help = "so many ticks before this one were missed too and are not reported singly"},
    {0},
};

static const struct json_field tier_event_fields[] = {
    {"step",  JSON_F_INT,  AT(tier.step), .required = true},
    {"tiers", JSON_F_STRS, AT(tier.tiers), .required = true},
    {0},
};

static const struct json_field progress_member_fields[] = {
    {"id",    JSON_F_STR, offsetof(struct event_progress_member, id), .required = true, .max = 32, .pattern = IDS_INSTANCE_PATTERN},
    {"state", JSON_F_STR, offsetof(struct event_progress_member, state), .required = true, .max = 40},
    {0},
};

static const struct json_field progress_fields[] = {
    {"job",     JSON_F_STR,  AT(progress.job), .required = true, .max = IDS_JOB_MAX},
    {"tier",    JSON_F_STR,  AT(progress.tier), .required = true},
    {"step",    JSON_F_INT,  AT(progress.step), .required = true},
    {"members", JSON_F_LIST, AT(progress.members), .required = true, .fields = progress_member_fields, .size = sizeof(struct event_progress_member), .max = JOB_MEMBERS_MAX},
    {0},
};

static const struct json_field *const tables[EVENT_TYPES] = {
    [EVENT_RUN_REQUESTED] = requested_fields, [EVENT_RUN_ACCEPTED] = accepted_fields, [EVENT_RUN_REFUSED] = refused_fields,
    [EVENT_DRAINED] = drained_fields,         [EVENT_TIER_PLANNED] = planned_fields,  [EVENT_PLAN_FAILED] = plan_failed_fields,
    [EVENT_JOB_TERMINAL] = terminal_fields,   [EVENT_PAUSE] = control_fields,         [EVENT_RESUME] = control_fields,
    [EVENT_CANCEL] = control_fields,          [EVENT_HOLD_SET] = hold_fields,         [EVENT_HOLD_CLEARED] = hold_fields,
    [EVENT_VIEW_OPENED] = view_fields,        [EVENT_RUN_FINISHED] = finished_fields, [EVENT_TIER_RELEASED] = tier_event_fields,
    [EVENT_TIER_COMPLETED] = tier_event_fields, [EVENT_PLAN_DELAYED] = plan_delayed_fields, [EVENT_SCHEDULE_MISSED] = missed_fields, [EVENT_JOB_PROGRESS] = progress_fields,
};
/* clang-format on */

bool event_request_fits(const struct event_request *r, struct err *e)
{
    BUF_CLEANUP struct buf text = BUF_INIT(EVENT_TEXT_MAX);
    JSON_CLEANUP struct json *j = json_encode(event_request_fields, r);

    json_print(j, &text);
    if (!text.over && text.n <= EVENT_TEXT_KEPT_MAX)
        return true;
    return err_set(e, ERR_INVALID, "the request has %zu bytes, at most %d are kept", text.n,
                   EVENT_TEXT_KEPT_MAX);
}

const struct json_field *event_fields(enum event_type type)
{
    return (unsigned)type < EVENT_TYPES ? tables[type] : NULL;
}

static enum event_type type_of(const char *name)
{
    for (int t = 1; t < EVENT_TYPES; t++)
        if (strcmp(name, event_type_names[t]) == 0)
            return (enum event_type)t;
    return EVENT_OTHER;
}

bool event_parse(struct str text, struct event *out, struct err *e)
{
    JSON_CLEANUP struct json *j = json_parse(text, EVENT_TEXT_MAX, e);

    *out = (struct event){0};
    if (!j || !json_decode(j, event_common_fields, out, e))
        return false;
    out->type = type_of(out->type_name);
    if (out->type == EVENT_OTHER)
        return true;
    if (out->v == 1 && json_decode(j, tables[out->type], out, e))
        return true;
    if (out->v != 1)
        (void)err_set(e, ERR_INVALID, "%s: version %lld, this build knows 1", out->type_name,
                      (long long)out->v);
    else
        (void)err_wrap(e, "%s", out->type_name);
    json_release(event_common_fields, out);
    return false;
}

void event_print(const struct event *ev, struct buf *out)
{
    JSON_CLEANUP struct json *j = json_encode(event_common_fields, ev);

    if (tables[ev->type])
        json_encode_into(j, tables[ev->type], ev);
    json_print(j, out);
}

void event_release(struct event *ev)
{
    if (tables[ev->type])
        json_release(tables[ev->type], ev);
    json_release(event_common_fields, ev);
    *ev = (struct event){0};
}

void event_init(struct event *ev, enum event_type type, int64_t wall_ms, const char *workload,
                const char *run)
{
    char ts[MOMENT_MAX];

    moment_rfc3339(wall_ms, ts);
    *ev =
        (struct event){.type = type, .v = 1, .type_name = xstrdup(event_type_names[type]), .ts = xstrdup(ts)};
    ev->workload = workload ? xstrdup(workload) : NULL;
    ev->run = run ? xstrdup(run) : NULL;
}
