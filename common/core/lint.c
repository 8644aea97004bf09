#include "core/lint.h"

#include "base/mem.h"
#include "core/attribute.h"
#include "core/override.h"
#include "model/ids.h"

#include <stdio.h>
#include <string.h>

enum { ROW_NAME_MAX = 520, NUMBER_MAX = 1000000000, TIMEOUT_MAX_S = 7 * 86400, DELAY_MAX_S = 7 * 86400 };

static const char *const tier_kind_names[] = {"ec2", NULL};
static const char *const tier_kinds_reserved[] = {"asg", "rds", NULL};

struct tier_row { /* a row as it is read, before it is a tier */
    struct tier tier;
    int kind;
};

/* clang-format off */
static const struct attribute workload_attributes[] = {
    {"SpecName", ATTRIBUTE_KEY, .required = true, .help = "the workload's name"},
    {"WorkloadFilterTagName", ATTRIBUTE_TEXT, "EnvFilterTagName", true, offsetof(struct spec, filter_key), .help = "the tag key that marks the workload's instances"},
    {"WorkloadFilterTagValue", ATTRIBUTE_TEXT, "EnvFilterTagValue", true, offsetof(struct spec, filter_value), .help = "the exact tag value of the workload's instances"},
    {"WorkloadRegion", ATTRIBUTE_TEXT, "Region", true, offsetof(struct spec, region), .help = "the region where the workload runs, e.g. eu-west-1; there is no default"},
    {"TierFilterTagName", ATTRIBUTE_TEXT, NULL, true, offsetof(struct spec, tier_key), .help = "the tag key that holds the tier's name"},
    {"VPC_ID", ATTRIBUTE_TEXTS, .offset = offsetof(struct spec, vpcs)},
    {"SSMS3BucketName", ATTRIBUTE_TEXT, .offset = offsetof(struct spec, output_bucket)},
    {"SSMS3KeyPrefixName", ATTRIBUTE_TEXT, .offset = offsetof(struct spec, output_prefix)},
    {"SNSTopicName", ATTRIBUTE_UNBUILT},
    {"DisableAllSchedulingActions", ATTRIBUTE_FLAG, .offset = offsetof(struct spec, disabled)},
    {"CrossAccountRole", ATTRIBUTE_TEXT, .offset = offsetof(struct spec, role)},
    {"CrossAccountRoleExternalId", ATTRIBUTE_TEXT, .offset = offsetof(struct spec, external_id)},
    {"ScaleInstanceDelay", ATTRIBUTE_UNBUILT},
    {"FailurePolicy", ATTRIBUTE_WORD, .offset = offsetof(struct spec, on_failure), .words = on_failure_names},
    {"MaxInstances", ATTRIBUTE_NUMBER, .offset = offsetof(struct spec, max_instances), .min = 1, .max = NUMBER_MAX},
    {"Owner", ATTRIBUTE_TEXT, .offset = offsetof(struct spec, owner)},
    {"Description", ATTRIBUTE_TEXT, .offset = offsetof(struct spec, description)},
    {0},
};

static const char sequence_help[] = "a whole number from 0 up; the lowest goes first";

static const struct attribute start_attributes[] = {
    {"TierSequence", ATTRIBUTE_NUMBER, .required = true, .offset = offsetof(struct tier_row, tier.start.sequence), .min = 0, .max = NUMBER_MAX, .help = sequence_help},
    {"TierSynchronization", ATTRIBUTE_FLAG, .offset = offsetof(struct tier_row, tier.start.sync)},
    {"InterTierOrchestrationDelay", ATTRIBUTE_NUMBER, .offset = offsetof(struct tier_row, tier.start.delay_s), .min = 0, .max = DELAY_MAX_S},
    {"ReadyCheck", ATTRIBUTE_WORD, .offset = offsetof(struct tier_row, tier.ready), .words = ready_check_names, .reserved_map = "probes are not supported by this version: use state or status-ok"},
    {0},
};

static const struct attribute stop_attributes[] = {
    {"TierSequence", ATTRIBUTE_NUMBER, .required = true, .offset = offsetof(struct tier_row, tier.stop.sequence), .min = 0, .max = NUMBER_MAX, .help = sequence_help},
    {"TierSynchronization", ATTRIBUTE_FLAG, .offset = offsetof(struct tier_row, tier.stop.sync)},
    {"InterTierOrchestrationDelay", ATTRIBUTE_NUMBER, .offset = offsetof(struct tier_row, tier.stop.delay_s), .min = 0, .max = DELAY_MAX_S},
    {"TierStopOverrideFilename", ATTRIBUTE_TEXT, .offset = offsetof(struct tier_row, tier.override_file)},
    {"TierStopOverrideOperatingSystem", ATTRIBUTE_WORD, .offset = offsetof(struct tier_row, tier.override_os), .words = guest_os_names},
    {"IgnoreStop", ATTRIBUTE_FLAG, .offset = offsetof(struct tier_row, tier.ignore_stop)},
    {0},
};

static const struct attribute tier_attributes[] = {
    {"SpecName", ATTRIBUTE_KEY, .required = true, .help = "the workload's name"},
    {"TierTagValue", ATTRIBUTE_TEXT, NULL, true, offsetof(struct tier_row, tier.name), .help = "the tier's name: the value of its tier tag"},
    {"TierStart", ATTRIBUTE_SECTION, .present = offsetof(struct tier_row, tier.start.present), .fields = start_attributes},
    {"TierStop", ATTRIBUTE_SECTION, .present = offsetof(struct tier_row, tier.stop.present), .fields = stop_attributes},
    {"TierKind", ATTRIBUTE_WORD, .offset = offsetof(struct tier_row, kind), .words = tier_kind_names, .reserved = tier_kinds_reserved},
    {"TierTimeout", ATTRIBUTE_NUMBER, .offset = offsetof(struct tier_row, tier.timeout_s), .min = 1, .max = TIMEOUT_MAX_S},
    {"TierScaling", ATTRIBUTE_UNBUILT},
    {0},
};
/* clang-format on */

/* What stands there and is not valid has its finding already: nothing is said of it a second time. */
static bool check_override(const struct attribute_reader *r, const struct json *row, struct tier *t)
{
    struct err e = {0};
    const struct json *stop = json_get(row, "TierStop");
    bool file = !attribute_is_empty(json_get(stop, "TierStopOverrideFilename"));
    bool os = !attribute_is_empty(json_get(stop, "TierStopOverrideOperatingSystem"));

    if (!t->override_file) {
        if (!file && t->override_os != GUEST_NONE)
            findings_add(r->findings, SEVERITY_NOTICE, CAUSE_NONE, r->row,
                         "TierStop.TierStopOverrideOperatingSystem",
                         "has no effect without TierStopOverrideFilename");
        t->override_os = GUEST_NONE;
        return true;
    }
    if (t->override_os == GUEST_NONE && os)
        return false;
    if (t->override_os == GUEST_NONE) {
        findings_add(r->findings, SEVERITY_ERROR, CAUSE_INVALID, r->row,
                     "TierStop.TierStopOverrideOperatingSystem",
                     "is missing: an override file needs Linux or Windows beside it");
        return false;
    }
    if (override_path_ok(str_of(t->override_file), (enum guest_os)t->override_os, &e))
        return true;
    findings_add(r->findings, SEVERITY_ERROR, CAUSE_INVALID, r->row, "TierStop.TierStopOverrideFilename",
                 "%s", e.msg);
    return false;
}

static void notice_sections(const struct attribute_reader *r, const struct json *row)
{
    if (attribute_is_empty(json_get(row, "TierStart")))
        findings_add(r->findings, SEVERITY_NOTICE, CAUSE_NONE, r->row, "TierStart",
                     "is absent: the tier takes no part in a start");
    if (attribute_is_empty(json_get(row, "TierStop")))
        findings_add(r->findings, SEVERITY_NOTICE, CAUSE_NONE, r->row, "TierStop",
                     "is absent: the tier takes no part in a stop");
}

static bool read_tier(const char *workload, const struct json *row, bool strict, struct tier *out,
                      struct findings *f)
{
    char name[ROW_NAME_MAX];
    struct tier_row t = {.tier = {.timeout_s = SPEC_TIMEOUT_DEFAULT_S}};
    struct str value = json_str_or_empty(json_get(row, "TierTagValue"));
    struct attribute_reader r = {.row = name, .prefix = "", .strict = strict, .findings = f};

    (void)snprintf(name, sizeof name, "TierSpecification %s/" STR_FMT, workload, STR_ARG(value));
    bool ok = attributes_read(&r, row, tier_attributes, &t);
    ok = check_override(&r, row, &t.tier) && ok;
    notice_sections(&r, row);
    *out = t.tier;
    return ok;
}

static bool check_name(const char *name, struct findings *f)
{
    if (ids_workload_ok(str_of(name)))
        return true;
    findings_add(f, SEVERITY_ERROR, CAUSE_INVALID, "WorkloadSpecification", "SpecName",
                 "'%.60s' is not a valid name: 1 to 200 bytes of UTF-8 without control characters and '|'",
                 name);
    return false;
}

static bool check_workload(const char *row_name, const struct spec *s, struct findings *f)
{
    bool ok = true;

    if (s->external_id && !s->role)
        findings_add(f, SEVERITY_WARNING, CAUSE_NONE, row_name, "CrossAccountRoleExternalId",
                     "has no effect without CrossAccountRole");
    for (size_t i = 0; i < s->vpcs.n; i++) {
        if (strncmp(s->vpcs.at[i], "vpc-", 4) == 0)
            continue;
        findings_add(f, SEVERITY_ERROR, CAUSE_INVALID, row_name, "VPC_ID", "'%.60s' is not a VPC id (vpc-…)",
                     s->vpcs.at[i]);
        ok = false;
    }
    if (s->role && strncmp(s->role, "arn:", 4) != 0) {
        findings_add(f, SEVERITY_ERROR, CAUSE_INVALID, row_name, "CrossAccountRole",
                     "'%.100s' is not a role ARN (arn:aws:iam::ACCOUNT:role/NAME)", s->role);
        ok = false;
    }
    return ok;
}

/* The second of its name: each name is told once, however often it stands. */
static bool is_second(const struct spec *s, size_t tier)
{
    size_t before = 0;

    for (size_t i = 0; i < tier && s->tiers.at[tier].name; i++)
        before += s->tiers.at[i].name && strcmp(s->tiers.at[i].name, s->tiers.at[tier].name) == 0;
    return before == 1;
}

static void name_row(char out[static ROW_NAME_MAX], const char *workload, const char *tier)
{
    (void)snprintf(out, ROW_NAME_MAX, "TierSpecification %.200s%s%s", workload, tier ? "/" : "",
                   tier ? tier : "");
}

static bool read_tiers(const char *name, const struct json *rows, bool strict, struct spec *out,
                       struct findings *f)
{
    size_t n = json_count(rows);
    char row_name[ROW_NAME_MAX];
    bool ok = true;

    name_row(row_name, name, NULL);
    if (n == 0) {
        findings_add(f, SEVERITY_ERROR, CAUSE_INVALID, row_name, "SpecName",
                     "no row has this name: a workload needs at least one tier");
        return false;
    }
    if (n > SPEC_TIERS_MAX) {
        findings_add(f, SEVERITY_ERROR, CAUSE_TOO_MANY_TIERS, row_name, "TierTagValue",
                     "%zu tiers, allowed are %d: make two workloads of it", n, SPEC_TIERS_MAX);
        return false;
    }
    out->tiers.at = xcalloc(n, sizeof *out->tiers.at);
    for (const struct json *row = json_first(rows); row; row = json_next(row))
        ok = read_tier(name, row, strict, &out->tiers.at[out->tiers.n++], f) && ok;
    for (size_t i = 0; i < out->tiers.n; i++) {
        if (!is_second(out, i))
            continue;
        name_row(row_name, name, out->tiers.at[i].name);
        findings_add(f, SEVERITY_ERROR, CAUSE_INVALID, row_name, "TierTagValue",
                     "stands twice: keep one row");
        ok = false;
    }
    return ok;
}

bool lint_workload(const char *name, const struct json *workload, const struct json *tier_rows, bool strict,
                   struct spec *out, struct findings *f)
{
    char row[ROW_NAME_MAX];
    struct attribute_reader r = {.row = row, .prefix = "", .strict = strict, .findings = f};
    struct str own = json_str_or_empty(json_get(workload, "SpecName"));

    *out = (struct spec){.workload = xstrdup(name)};
    (void)snprintf(row, sizeof row, "WorkloadSpecification %.200s", name);
    bool ok = check_name(name, f);
    if (!workload) {
        findings_add(f, SEVERITY_ERROR, CAUSE_UNKNOWN_WORKLOAD, row, "SpecName",
                     "there is no such row: `ec2sched list` shows those that there are");
        ok = false;
    } else {
        if (own.n && !str_is(own, name)) {
            findings_add(f, SEVERITY_ERROR, CAUSE_INVALID, row, "SpecName", "the row says '" STR_FMT "'",
                         STR_ARG(own));
            ok = false;
        }
        ok = attributes_read(&r, workload, workload_attributes, out) && ok;
        ok = check_workload(row, out, f) && ok;
        ok = read_tiers(name, tier_rows, strict, out, f) && ok;
    }
    if (!ok)
        spec_release(out);
    return ok;
}

static bool is_wanted(const struct strs *only, const char *tier)
{
    return only->n == 0 || strs_has(only, str_of(tier));
}

static bool check_only(const struct spec *s, const struct strs *only, struct findings *f)
{
    char row[ROW_NAME_MAX];
    bool ok = true;

    for (size_t i = 0; i < only->n; i++) {
        size_t j = 0;
        while (j < s->tiers.n && strcmp(s->tiers.at[j].name, only->at[i]) != 0)
            j++;
        if (j < s->tiers.n)
            continue;
        name_row(row, s->workload, only->at[i]);
        findings_add(f, SEVERITY_ERROR, CAUSE_INVALID, row, "TierTagValue",
                     "the workload has no tier '%.200s'", only->at[i]);
        ok = false;
    }
    return ok;
}

/* Distinct sequence numbers of the tiers that take part. */
static size_t count_steps(const struct spec *s, enum action action, const struct strs *only)
{
    size_t steps = 0;

    for (size_t i = 0; i < s->tiers.n; i++) {
        const struct tier_action *a = tier_in(&s->tiers.at[i], action);
        bool first = a->present && is_wanted(only, s->tiers.at[i].name);
        for (size_t j = 0; j < i && first; j++) {
            const struct tier_action *b = tier_in(&s->tiers.at[j], action);
            first = !(b->present && is_wanted(only, s->tiers.at[j].name) && b->sequence == a->sequence);
        }
        steps += first;
    }
    return steps;
}

bool lint_action(const struct spec *s, enum action action, const struct strs *only_tiers, struct findings *f)
{
    bool ok = check_only(s, only_tiers, f);
    size_t steps = count_steps(s, action, only_tiers);
    char row[ROW_NAME_MAX];

    name_row(row, s->workload, NULL);
    if (steps > SPEC_STEPS_MAX) {
        findings_add(
            f, SEVERITY_ERROR, CAUSE_TOO_MANY_STEPS, row,
            action == ACTION_START ? "TierStart.TierSequence" : "TierStop.TierSequence",
            "%zu different sequence numbers, allowed are %d steps: give tiers that may go together the "
            "same number",
            steps, SPEC_STEPS_MAX);
        ok = false;
    }
    if (steps == 0) {
        findings_add(f, SEVERITY_ERROR, CAUSE_INVALID, row, action == ACTION_START ? "TierStart" : "TierStop",
                     "no tier takes part in this action: give one the section");
        ok = false;
    }
    return ok;
}
