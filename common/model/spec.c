#include "model/spec.h"

const char *const guest_os_names[] = {"", "Linux", "Windows", NULL};
const char *const ready_check_names[] = {"state", "status-ok", NULL};

/* clang-format off */
static const struct json_field action_fields[] = {
    {"present",  JSON_F_BOOL, offsetof(struct tier_action, present)},
    {"sequence", JSON_F_INT,  offsetof(struct tier_action, sequence)},
    {"sync",     JSON_F_BOOL, offsetof(struct tier_action, sync)},
    {"delay_s",  JSON_F_INT,  offsetof(struct tier_action, delay_s)},
    {0},
};

static const struct json_field tier_fields[] = {
    {"tier",          JSON_F_STR,    offsetof(struct tier, name), .required = true, .help = "the tier's tag value"},
    {"start",         JSON_F_OBJECT, offsetof(struct tier, start), .fields = action_fields},
    {"stop",          JSON_F_OBJECT, offsetof(struct tier, stop), .fields = action_fields},
    {"override_file", JSON_F_STR,    offsetof(struct tier, override_file)},
    {"override_os",   JSON_F_ENUM,   offsetof(struct tier, override_os), .names = guest_os_names},
    {"ignore_stop",   JSON_F_BOOL,   offsetof(struct tier, ignore_stop)},
    {"ready",         JSON_F_ENUM,   offsetof(struct tier, ready), .names = ready_check_names},
    {"timeout_s",     JSON_F_INT,    offsetof(struct tier, timeout_s)},
    {0},
};

const struct json_field spec_fields[] = {
    {"workload",      JSON_F_STR,  offsetof(struct spec, workload), .required = true},
    {"filter_key",    JSON_F_STR,  offsetof(struct spec, filter_key), .required = true},
    {"filter_value",  JSON_F_STR,  offsetof(struct spec, filter_value), .required = true},
    {"tier_key",      JSON_F_STR,  offsetof(struct spec, tier_key), .required = true},
    {"region",        JSON_F_STR,  offsetof(struct spec, region), .required = true},
    {"vpcs",          JSON_F_STRS, offsetof(struct spec, vpcs)},
    {"role",          JSON_F_STR,  offsetof(struct spec, role)},
    {"external_id",   JSON_F_STR,  offsetof(struct spec, external_id)},
    {"output_bucket", JSON_F_STR,  offsetof(struct spec, output_bucket)},
    {"output_prefix", JSON_F_STR,  offsetof(struct spec, output_prefix)},
    {"sns_topic",     JSON_F_STR,  offsetof(struct spec, sns_topic)},
    {"owner",         JSON_F_STR,  offsetof(struct spec, owner)},
    {"description",   JSON_F_STR,  offsetof(struct spec, description)},
    {"disabled",      JSON_F_BOOL, offsetof(struct spec, disabled)},
    {"on_failure",    JSON_F_ENUM, offsetof(struct spec, on_failure), .names = on_failure_names},
    {"max_instances", JSON_F_INT,  offsetof(struct spec, max_instances)},
    {"tiers",         JSON_F_LIST, offsetof(struct spec, tiers), .fields = tier_fields, .size = sizeof(struct tier), .max = SPEC_TIERS_MAX},
    {0},
};
/* clang-format on */

void spec_release(struct spec *s)
{
    json_release(spec_fields, s);
}

const struct tier_action *tier_in(const struct tier *t, enum action action)
{
    return action == ACTION_START ? &t->start : &t->stop;
}
